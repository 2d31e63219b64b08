"""What bench/gold.py says of figures, and that contestants who disagree are told."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from assay.lake.metric_check import problems
from assay.spec import Blueprint

BENCH = Path(__file__).parents[3] / "bench"
Bench = dict[str, Any]


@pytest.fixture
def gold(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.syspath_prepend(BENCH)
    return runpy.run_path(str(BENCH / "gold.py"))


def measured(assay: float, duckdb: float) -> dict[str, Any]:
    one = {"read": 1.0, "whole": 2.0, "memory": 3.0}
    return {
        "assay": {"seconds": assay, **one, "parts": {"audits": 1.0}},
        "duckdb": {"seconds": duckdb, **one},
    }


def test_growth_and_where_one_overtakes(gold: Bench) -> None:
    said = gold["growth"]({100: measured(10, 1), 10_000: measured(100, 1000)})
    assert said[0] == "Assay: time grows with events to the power of 0.50."
    assert "power of 1.50" in said[1]
    assert "Of Assay's time: audits 1.0 s." in said
    assert "Assay overtakes DuckDB + tea-tasting at about 1,000 events (interpolated)." in said
    slower = gold["growth"]({100: measured(10, 1), 1000: measured(100, 1)})
    assert "Assay is slower than DuckDB + tea-tasting at all measured sizes." in slower


def test_the_greatest_size_has_the_goals(gold: Bench) -> None:
    rows = gold["rows_of"](100, measured(10, 4), greatest=True)
    assert [(row["ratio"], row["met"]) for row in rows if row["goal"]] == [(2.5, True)]
    assert not any(row["goal"] for row in gold["rows_of"](100, measured(10, 4), greatest=False))


def kept(folder: Path, name: str, **changed: Any) -> None:
    row = {
        "experiment": "e", "metric": "m", "units": [10, 11], "means": [1.0, 2.0], "estimate": 1.0,
        "p_value": 0.5, "std_error": 0.1,
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps({"results": [row | changed]}))


def test_results_are_compared(gold: Bench, tmp_path: Path) -> None:
    kept(tmp_path, "assay")
    kept(tmp_path, "duckdb", estimate=1.01, means=[1.0, 2.0 + 1e-12])
    (said,) = gold["differences"](tmp_path, ["duckdb"])
    assert "the same units in all 1 comparisons" in said
    assert "by 0.1 standard errors, p-values by 0." in said
    kept(tmp_path, "duckdb", units=[10, 12])
    with pytest.raises(SystemExit, match="counted other units"):
        gold["differences"](tmp_path, ["duckdb"])
    kept(tmp_path, "duckdb", metric="other")
    with pytest.raises(SystemExit, match="has other results"):
        gold["differences"](tmp_path, ["duckdb"])


def test_the_world_is_as_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    world = runpy.run_path(str(BENCH / "gold_world.py"))
    analysed = Blueprint.parse(world["analysed_by"](), "bench")
    drawn = Blueprint.parse(world["drawn_by"](1000), "bench")
    assert problems(analysed) == []
    rounds = analysed.plan(world["AS_OF"])
    assert len(rounds) == 20
    assert {len(each.metrics) for each in rounds} == {6}
    assert {analysed.metrics[name].analysis for name in rounds[0].metrics} == {"cuped"}
    assert drawn.generated("trades").rate.mean * world["WEEKS"] == pytest.approx(world["EVENTS_EACH"])
    for layer in ("layer0", "layer1"):
        shares = [each.traffic for each in drawn.experiments.values() if each.layer == layer]
        assert sum(shares) == pytest.approx(1.0)

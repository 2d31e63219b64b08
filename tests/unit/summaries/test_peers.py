"""Ours beside theirs: what gbstats 0.8.0 and tea-tasting 1.14.0 said, and how they are asked."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from assay.errors import InputError
from assay.serving.summaries import Compared, compare, peer_answers, peers

DATA = Path(__file__).parent / "data" / "peers.json"
"""Made by `make_peers.py`."""
RECORDED = json.loads(DATA.read_text())
PYTHON = Path(__file__).parents[3] / ".venv-peers" / "bin" / "python"
CASES = ("plain", "cuped")


def compared(case: str) -> Compared:
    options = {"metrics": ["spent"], "method": "cuped"} if case == "cuped" else {}
    return compare(RECORDED["table"], control="a", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES)
def test_theirs_as_recorded_agree_with_ours_as_far_as_the_methods_do(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared(case)
    monkeypatch.setattr(peers, "_run", lambda *_: RECORDED[case])
    beside = found.beside()
    assert not beside.missing
    assert list(beside.to_pandas()["tool"]) == [row.tool for row in beside.rows]
    assert "<table" in found._repr_html_()
    assert [row.tool for row in beside.rows[:: len(found.analysis.comparisons)]] == ["gbstats", "tea-tasting"]
    types = {row.metric: row.type for row in found.analysis.comparisons}
    for row in beside.rows:
        # Welch and the delta method are the same; scores and the slope of CUPED are not quite theirs.
        close = 1e-12 if case == "plain" and types[row.metric] != "proportion" else 2e-3
        assert abs(row.p_value_minus) < close
        assert abs(row.estimate_minus) < close
        mine = next(each for each in found.analysis.comparisons if each.metric == row.metric)
        assert (row.lower, row.upper) == pytest.approx((mine.lower, mine.upper), abs=max(close, 1e-9))
        assert row.reason == ""
        assert (row.relative_p_value is None) == (row.tool == "tea-tasting")


@pytest.mark.skipif(not PYTHON.exists(), reason="`make bench` makes the environment of the peers")
@pytest.mark.parametrize("case", CASES)
def test_theirs_are_what_the_installed_tools_say(case: str) -> None:
    found = compared(case)
    beside = peers.ask(found.analysis, found.pairs, PYTHON)
    recorded = [row for tool in RECORDED[case].values() for row in tool["rows"]]
    for row, expected in zip(beside.rows, recorded, strict=True):
        assert row.p_value == pytest.approx(expected["p_value"], rel=1e-9)


def test_a_tool_that_is_not_there_is_named_with_the_way_to_it() -> None:
    found = compared("plain")
    beside = peers.ask(found.analysis, found.pairs)  # asks a process of this very Python
    assert beside.rows == ()
    assert [line.partition(":")[0] for line in beside.missing] == [
        "gbstats is not installed",
        "tea-tasting is not installed",
    ]


@pytest.mark.parametrize(
    ("python", "says"), [("no/python", "cannot be asked"), ("/bin/false", "does not answer: it says nothing")]
)
def test_a_python_that_is_none(python: str, says: str) -> None:
    found = compared("plain")
    with pytest.raises(InputError, match=says):
        peers.ask(found.analysis, found.pairs, Path(python))


# --- the script, which the other Python runs --------------------------------------------------------------


class Tools:
    """Stand-ins that note what they are asked; their answers have the shape of the real ones."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.tests: list[tuple[object, ...]] = []

    def process_experiment_results(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        self.asked = data
        arms = len(data["query_results"][0]["rows"])
        one = {"expected": 1.0, "ci": (0.0, 2.0), "pValue": 0.5, "errorMessage": None}
        analysis = {"dimensions": [{"variations": [{}, *([one] * (arms - 1))]}]}
        return [{"metric": "m", "analyses": [analysis, analysis]}]

    def RatioOfMeans(self, *columns: object, confidence_level: float) -> Any:  # noqa: N802 as it is named
        self.tests.append((*columns, confidence_level))
        names = ("effect_size", "rel_effect_size")
        values = {f"{name}{end}": 1.0 for name in names for end in ("", "_ci_lower", "_ci_upper")}
        return SimpleNamespace(analyze_aggregates=lambda *_: SimpleNamespace(**values, pvalue=0.25))


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    found = Tools()
    parts: dict[str, dict[str, object]] = {
        "gbstats": {},
        "gbstats.gbstats": {"process_experiment_results": found.process_experiment_results},
        "tea_tasting": {"RatioOfMeans": found.RatioOfMeans},
        "tea_tasting.aggr": {"Aggregates": lambda **parts: parts},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(peer_answers.importlib.metadata, "version", lambda _: "1")
    return found


def asked(case: str) -> dict[str, Any]:
    found = compared(case)
    names = dict.fromkeys(row.metric for row in found.analysis.comparisons)
    metrics = [peers._asked(name, [p for p in found.pairs if p.ends[0].metric == name]) for name in names]
    return {"alpha": 0.1, "metrics": metrics}


def test_gbstats_is_asked_for_the_sums_that_were_given(tools: Tools) -> None:
    found = peer_answers.answers(asked("cuped"))["gbstats"]
    assert found["rows"][0] == {
        "metric": "spent", "treatment": 1, "estimate": 1.0, "lower": 0.0, "upper": 2.0, "p_value": 0.5,
        "relative_estimate": 1.0, "relative_lower": 0.0, "relative_upper": 2.0, "relative_p_value": 0.5,
        "reason": "",
    }  # fmt: skip
    assert tools.asked["metrics"]["m"]["statistic_type"] == "mean_ra"
    assert [each["difference_type"] for each in tools.asked["analyses"]] == ["absolute", "relative"]
    given = RECORDED["table"]
    row = tools.asked["query_results"][0]["rows"][0]
    for name in (
        "users",
        "main_sum",
        "main_sum_squares",
        "covariate_sum_squares",
        "main_covariate_sum_product",
    ):
        assert row[name] == pytest.approx(given[name][0], rel=1e-12)


def test_each_type_of_metric_has_its_statistic(tools: Tools) -> None:
    for metric, statistic, kind in zip(
        asked("plain")["metrics"], ("mean", "ratio", "mean"), ("count", "count", "binomial"), strict=True
    ):
        peer_answers.gbstats(metric, 0.1)
        settings = tools.asked["metrics"]["m"]
        assert (settings["statistic_type"], settings["main_metric_type"]) == (statistic, kind)
        assert ("denominator_sum" in tools.asked["query_results"][0]["rows"][0]) == (statistic == "ratio")


def test_tea_tasting_is_asked_for_a_ratio_a_covariate_or_neither(tools: Tools) -> None:
    peer_answers.answers(asked("plain"))
    found = peer_answers.answers(asked("cuped"))["tea-tasting"]
    assert tools.tests == [
        ("y", None, None, 0.9),
        ("y", "d", None, 0.9),
        ("y", None, None, 0.9),
        ("y", None, "x", 0.9),
    ]
    assert found["rows"][0]["p_value"] == 0.25


def test_what_a_tool_cannot_do_is_its_answer(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the control is 0")

    monkeypatch.setitem(peer_answers.TOOLS, "gbstats", broken)
    answers = peer_answers.answers(asked("cuped"))
    assert answers["gbstats"]["rows"] == [
        {"metric": "spent", "treatment": 1, "reason": "ZeroDivisionError: the control is 0"}
    ]
    assert tools.tests
    monkeypatch.setattr(peers, "_run", lambda *_: answers)
    found = compared("cuped")
    row = peers.ask(found.analysis, found.pairs).rows[0]
    assert row.reason == "ZeroDivisionError: the control is 0"
    assert row.p_value != row.p_value


def test_the_script_reads_and_writes_json(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asked("plain"))))
    peer_answers.main()
    assert set(json.loads(capsys.readouterr().out)) == {"gbstats", "tea-tasting"}
    assert tools.tests

"""Experiments that others have published, from their files to gold: what they found, and what Assay says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assay.lake.certification import certify_waiting, planned
from assay.lake.tables import Lake
from faults.landed import WEEK, Place

from .conftest import Declared, week

pytestmark = pytest.mark.long

EXAMPLES = Path(__file__).parents[3] / "examples"
PAGE = (Path(__file__).parents[3] / "docs" / "worked-examples.md").read_text()


def results(place: Place) -> dict[tuple[str, str], Any]:
    """(metric, treatment) → the row of gold, with its certificate."""
    assert week(1) == WEEK
    lake = Lake(place.spark, "reader")
    certify_waiting(lake, planned(lake, WEEK, week(2)))
    return {(row["metric"], row["treatment"]): row for row in lake.read("gold.experiment_results").collect()}


def missing(found: dict[tuple[str, str], Any], digits: dict[str, int]) -> list[str]:
    """Results that the page does not show, as it should show them."""
    lines = [
        f"| {metric} | {arm} | {shown(row, digits.get(metric, 2))} |" for (metric, arm), row in found.items()
    ]
    return [line for line in lines if line not in PAGE]


def shown(row: Any, digits: int) -> str:
    """How the page shows a result."""
    numbers = [row[name] for name in ("estimate", "std_error", "lower", "upper")]
    estimate, error, lower, upper = ("–" if each is None else f"{each:,.{digits}f}" for each in numbers)
    return f"{estimate} ({error}) | {lower} to {upper} | {100 * row['type_i_error']:.1f} %"


def test_small_classes_teach_better(declared: Declared, tmp_path: Path) -> None:
    """Stock and Watson (Introduction to Econometrics, table 13.1): 13.90 (2.45) and 0.31 (2.27) points."""
    place = declared(EXAMPLES / "star", "star")
    runpy.run_path(str(EXAMPLES / "star" / "get.py"))["main"](tmp_path / "star.csv")
    place.put_key("dropped/pupils/star.csv", (tmp_path / "star.csv").read_bytes())
    place.run("sources", "bronze", "silver", "gold")
    found = results(place)
    small, aide = found["score", "small"], found["score", "aide"]
    assert (small["n_control"], small["n_treatment"], aide["n_treatment"]) == (2005, 1738, 2043)
    assert (round(small["estimate"], 2), round(small["std_error"], 2)) == (13.90, 2.45)
    assert (round(aide["estimate"], 2), round(aide["std_error"], 2)) == (0.31, 2.27)
    assert (small["decision"], aide["decision"]) == ("better", "no difference shown")
    data = pd.read_csv(tmp_path / "star.csv").dropna(subset=["stark", "score"])
    medians = data.groupby("stark")["score"].median()
    assert found["median_score", "small"]["mean_control"] == medians["regular"]
    assert found["median_score", "small"]["mean_treatment"] == medians["small"]
    assert not missing(found, {})


def test_supported_work_raises_earnings(declared: Declared, tmp_path: Path) -> None:
    """Dehejia and Wahba (1999, table 3): 1,794 (633) dollars, by the pooled standard error."""
    place = declared(EXAMPLES / "nsw", "nsw")
    runpy.run_path(str(EXAMPLES / "nsw" / "get.py"))["main"](tmp_path)
    for name in ("assigned", "earnings"):
        place.put_key(f"dropped/{name}/{name}.csv", (tmp_path / f"{name}.csv").read_bytes())
    place.run("sources", "bronze", "silver", "gold")
    found = results(place)
    plain = found["earnings", "programme"]
    assert (plain["n_control"], plain["n_treatment"]) == (260, 185)
    assert round(plain["estimate"]) == 1794
    wide = pd.read_csv(tmp_path / "earnings.csv").pivot_table(index="man", columns="year", values="earnings")
    treated = pd.read_csv(tmp_path / "assigned.csv").set_index("man")["treat"]
    arms = [wide.loc[treated == arm, "re78"] for arm in (0, 1)]
    squares = sum(float(((arm - arm.mean()) ** 2).sum()) for arm in arms)
    assert round(np.sqrt(squares / 443 * (1 / 260 + 1 / 185))) == 633  # the published one
    assert plain["std_error"] == pytest.approx(
        np.sqrt(sum(float(arm.var()) / len(arm) for arm in arms)), rel=1e-6
    )
    assert found["any_earnings", "programme"]["mean_treatment"] == pytest.approx(float((arms[1] > 0).mean()))
    digits = {"earnings": 0, "earnings_adjusted": 0, "earnings_ranked": 3, "any_earnings": 3}
    assert not missing(found, digits)


def test_the_page_names_what_was_published() -> None:
    assert "13.90 (2.45)" in PAGE
    assert "1,794 (633)" in " ".join(PAGE.split())

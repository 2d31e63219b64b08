"""Drift: a shift is told from noise, and growth only counts commits of new data."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from assay.lake.drift import LEAST_ROWS, growth, shift, usual
from assay.lake.iceberg import Snapshot
from assay.lake.summary import RUN, WATERMARK


def bins(values: np.ndarray) -> dict[int, int]:  # type: ignore[type-arg]
    return dict(Counter(np.floor(values * 8).astype(int).tolist()))


# -- distributions -------------------------------------------------------------------------------
def test_the_index_of_two_known_histograms() -> None:
    # Smoothed shares 600.5/1001 and 400.5/1001 against halves: 2 x (0.59990 - 0.5) x ln(0.59990/0.5), twice.
    found = shift({0: 600, 1: 400}, {0: 500, 1: 500}, ordered=False)
    assert found is not None
    p = 600.5 / 1001
    assert found.index == pytest.approx((p - 0.5) * np.log(p / 0.5) + (0.5 - p) * np.log((1 - p) / 0.5))
    assert found.p_value == pytest.approx(7.6e-6, rel=0.2)  # chi-squared of 20.3, one degree


def test_the_same_histogram_has_not_moved() -> None:
    found = shift({0: 600, 1: 400}, {0: 600, 1: 400}, ordered=True)
    assert found is not None
    assert (found.index, found.p_value) == (pytest.approx(0), pytest.approx(1))


def test_noise_is_no_drift_and_its_p_values_are_uniform() -> None:
    rng = np.random.default_rng(7)
    found = [shift(bins(rng.normal(size=400)), bins(rng.normal(size=1600)), ordered=True) for _ in range(400)]
    low = sum(each.p_value < 0.1 for each in found if each is not None)
    assert 20 <= low <= 64  # 40 expected; 4 standard deviations
    assert not any(each.exceeds(0.1) for each in found if each is not None)


def test_a_real_shift_exceeds_its_limit() -> None:
    rng = np.random.default_rng(8)
    now, past = bins(rng.normal(0.8, 1, 400)), bins(rng.normal(0, 1, 1600))
    found = shift(now, past, ordered=True)
    assert found is not None
    assert found.index == pytest.approx(0.64, abs=0.15)  # Jeffreys' divergence of the laws: 0.8²
    assert found.exceeds(0.25)


def test_few_rows_are_not_compared() -> None:
    assert shift({0: LEAST_ROWS - 1}, {0: 1000}, ordered=True) is None
    assert shift({}, {}, ordered=False) is None
    found = shift({0: LEAST_ROWS}, {0: LEAST_ROWS}, ordered=True)
    assert found is not None
    assert not found.exceeds(0.1)


# -- growth --------------------------------------------------------------------------------------
def snapshot(total: int, mark: str | None, *, ours: bool = True) -> Snapshot:
    summary = {"total-records": str(total)} | ({RUN: "r"} if ours else {})
    summary |= {} if mark is None else {WATERMARK + "bronze.trades": mark}
    return Snapshot(total, None, datetime(2026, 1, 5, tzinfo=UTC), "append", summary)


def test_only_commits_of_new_data_grow_a_table() -> None:
    history = [
        snapshot(1150, "4"),
        snapshot(1103, None, ours=False),  # compacted by another tool
        snapshot(1103, "3"),  # a replay: no new data
        snapshot(1100, "3"),
        snapshot(1000, "2"),
        snapshot(0, "1"),  # nothing had been there: the first load is no growth
    ]
    assert [*growth(history)] == [47, 100]
    assert [*growth([])] == []


@pytest.mark.parametrize(
    ("growths", "expected"),
    [([100, 90, 110], (50, 200)), ([100, 90], None), ([0, 0, 0, 9], None), ([-5, -5, -5], None)],
)
def test_the_usual_growth(growths: list[int], expected: tuple[float, float] | None) -> None:
    assert usual(growths, 2.0) == expected

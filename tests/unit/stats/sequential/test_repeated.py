from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.sequential import (
    PocockSpending,
    information_fraction,
    repeated_intervals,
    repeated_p_values,
    spending_bounds,
)
from assay.stats.tails import Alternative

LOOKS = (0.3, 0.7, 1.0)
SIDES: list[Alternative] = ["two-sided", "greater", "less"]


@pytest.mark.parametrize("alternative", SIDES)
def test_p_is_below_alpha_exactly_where_that_design_stops(alternative: Alternative) -> None:
    for alpha in (0.01, 0.2):
        design = spending_bounds(LOOKS, alpha=alpha, spending=PocockSpending(), alternative=alternative)
        edge = design.lower if alternative == "less" else design.upper
        p = repeated_p_values(edge, LOOKS, spending=PocockSpending(), alternative=alternative)
        assert p == pytest.approx(np.full(3, alpha), rel=1e-9)


@pytest.mark.parametrize("alternative", SIDES)
def test_an_interval_leaves_out_0_exactly_where_the_design_stops(alternative: Alternative) -> None:
    design = spending_bounds(LOOKS, alternative=alternative)
    z = np.array([[5.0, 2.0, 2.1], [-5.0, -2.0, -2.1], [0.0, 3.0, np.nan]])
    found = repeated_intervals(design, z * 0.1, 0.1)
    stops = (z >= design.upper) | (z <= design.lower)
    assert np.array_equal((found.lower > 0) | (found.upper < 0), stops)
    assert np.isnan(found.lower[2, 2])
    assert np.isnan(found.upper[2, 2])
    if alternative == "greater":
        assert np.all(np.isposinf(found.upper[:2]))


def test_a_look_that_spends_nothing_says_nothing() -> None:
    design = spending_bounds([1e-4, 1.0])
    found = repeated_intervals(design, [1.0, 1.0], [0.1, 0.1])
    assert (found.lower[0], found.upper[0]) == (-np.inf, np.inf)


def test_p_values_of_no_evidence_all_evidence_and_none_at_all() -> None:
    assert repeated_p_values([0.0, 0.0], [0.5, 1.0])[-1] == 1
    assert repeated_p_values([-7.0], [1.0], alternative="greater")[0] == 1
    assert repeated_p_values([1e-3], [1.0], alternative="less")[0] == pytest.approx(0.5, abs=1e-3)
    assert 0 < repeated_p_values([90.0], [1.0])[0] < 1e-298
    found = repeated_p_values([[np.nan, 2.5], [1.0, 3.0]], [0.5, 1.0])
    assert np.isnan(found[0, 0])
    assert np.isfinite(found).sum() == 3


def test_a_p_value_depends_on_nothing_that_comes_later() -> None:
    whole = repeated_p_values([1.5, 2.2, 2.6], LOOKS)
    assert repeated_p_values([1.5, 2.2], LOOKS[:2]) == pytest.approx(whole[:2])


def test_information_is_one_over_variance() -> None:
    assert information_fraction([[0.2], [0.1]], [0.1, 0.2]).tolist() == [[0.25, 1.0], [1.0, 4.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: repeated_intervals(spending_bounds(LOOKS), [1.0, 2.0], 0.1), "the 3 looks"),
        (lambda: repeated_intervals(spending_bounds(LOOKS), 1.0, -0.1), "std_error is -0.1"),
        (lambda: repeated_p_values([1.0, 2.0], LOOKS), "the 3 looks"),
        (lambda: repeated_p_values([1.0], [1.0], alternative="more"), "alternative is 'more'"),  # type: ignore[arg-type]
        (lambda: information_fraction(0.0, 1.0), "std_error is 0"),
        (lambda: information_fraction(1.0, np.inf), "planned_std_error is inf"),
        (lambda: information_fraction([1.0, 2.0], [1.0, 2.0, 3.0]), "must broadcast"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.stats.quantiles.convolution import Bounds, Law, chance_below, difference_end, ratio_ends

RNG = np.random.default_rng(14)


def law(size: int, *, least: float = -5.0, digits: int = 6) -> Law:
    return Law.of(np.sort(np.round(RNG.uniform(least, 9, size), digits)), RNG.dirichlet(np.ones(size)))


def least(places: NDArray[np.float64], weights: NDArray[np.float64], tail: float) -> float:
    """The slow twin: every pair in order."""
    order = np.argsort(places.ravel())
    return float(places.ravel()[order][np.searchsorted(np.cumsum(weights.ravel()[order]), tail)])


def test_equal_values_are_joined_and_the_negative_of_the_negative_is_the_law() -> None:
    joined = Law.of(np.array([1.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5]))
    assert joined.values.tolist() == [1, 2]
    assert joined.weights.tolist() == [0.5, 0.5]
    twice = joined.flipped().flipped()
    assert twice.values.tolist() == [1, 2]
    both = Bounds(joined, law(3)).flipped()
    assert both.high.values.tolist() == [-2, -1]


@pytest.mark.parametrize("digits", [0, 1, 6])
@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("tail", [0.001, 0.025, 0.4, 0.9])
def test_ends_are_those_of_all_pairs_in_order(size: int, digits: int, tail: float) -> None:
    control, treatment = law(size, digits=digits), law(size + 3, digits=digits)
    bounds = Bounds(control, control), Bounds(treatment, treatment)
    weights = treatment.weights[:, None] * control.weights
    differences = treatment.values[:, None] - control.values
    at_null = chance_below(control, treatment)
    assert at_null == pytest.approx(np.sum(weights[differences <= 0]), abs=1e-14)
    assert difference_end(*bounds, tail, at_null) == least(differences, weights, tail)


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("tail", [0.001, 0.025, 0.4])
def test_ratios_are_those_of_all_pairs_in_order(size: int, tail: float) -> None:
    control, treatment = law(size, least=0.5), law(size + 3)
    weights, ratios = treatment.weights[:, None] * control.weights, treatment.values[:, None] / control.values
    at_null = chance_below(control, treatment), float(np.sum(weights[ratios >= 1]))
    found = ratio_ends(Bounds(control, control), Bounds(treatment, treatment), tail, at_null)
    assert found == (least(ratios, weights, tail), -least(-ratios, weights, tail))


def test_a_tail_that_no_ratio_reaches_leaves_the_end_open() -> None:
    # Half of the control is below 0, half above: neither verdict alone bounds a ratio at a tail of 0.6.
    control = Law(np.array([-1.0, 1.0]), np.array([0.55, 0.45]))
    treatment = Law(np.array([3.0]), np.array([1.0]))
    bounds = Bounds(control, control), Bounds(treatment, treatment)
    assert ratio_ends(*bounds, 0.6, (0.0, 1.0))[0] == -np.inf

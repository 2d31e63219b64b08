"""The law of a sample keeps its mean, variance and zeros, however few values it may have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.datasets import fair

from assay.distributions import Empirical
from assay.errors import InputError


def test_a_short_sample_is_kept_whole() -> None:
    assert Empirical.of([3, 0, 0, 1.5]) == Empirical((0.0, 1.5, 3.0), (2, 1, 1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.integers(3, 20))
def test_mean_variance_zeros_and_ends_are_kept(sample: list[float], most: int) -> None:
    law = Empirical.of(sample, most=most)
    data, size = np.array(sample), float(np.max(np.abs(sample)))
    assert len(law.values) <= max(most, 3)
    assert law.mean == pytest.approx(data.mean(), rel=1e-9, abs=1e-9 * size)
    assert law.variance == pytest.approx(data.var(), rel=1e-7, abs=1e-9 * size**2)
    assert law.support[0] >= data.min() - 1e-9 * size
    assert law.support[1] <= data.max() + 1e-9 * size
    if np.all(data >= 0):
        there = dict(zip(law.values, law.weights, strict=True))
        assert there.get(0.0, 0.0) == pytest.approx(float(np.sum(data == 0)), abs=1e-9)


def test_values_whose_squares_are_0_are_kept_apart() -> None:
    law = Empirical.of([8e-228, 2e-183, 9e-169, 1.0, 2.0, 3.0], most=5)
    assert law.mean == pytest.approx(1.0)
    assert law.variance == pytest.approx(np.var([0, 0, 0, 1, 2, 3]))


def test_two_hundred_values_stand_for_six_thousand() -> None:
    data = np.asarray(fair.load_pandas().data["affairs"], dtype=np.float64)
    law = Empirical.of(data, most=50)
    assert len(law.values) <= 50
    assert law.mean == pytest.approx(data.mean())
    assert law.variance == pytest.approx(data.var())
    assert float(law.cdf(0.0)) == pytest.approx(np.mean(data == 0))
    seen = np.mean(data[:, None] <= np.array([1.0, 4.0, 10.0]), axis=0)
    assert np.max(np.abs(law.cdf([1.0, 4.0, 10.0]) - seen)) < 0.02


def test_weight_0_is_outside_the_support() -> None:
    assert Empirical((1.0, 2.0, 3.0), (0, 1, 0)).support == (2.0, 2.0)


@pytest.mark.parametrize(
    ("values", "weights", "sentence"),
    [
        ((1.0, 1.0), (1, 1), "empirical.values do not rise"),
        ((), (), "empirical.values do not rise"),
        ((1.0,), (1, 1), "empirical has 1 values and 2 weights"),
        ((1.0, 2.0), (1, -1), "empirical.weights is -1.0; it must be 0 or greater"),
        ((1.0,), (0,), "empirical.weights are all 0"),
        ("12", (1, 1), "empirical.values is '12'; it must be a list of numbers"),
        (3, (1,), "empirical.values is 3; it must be a list of numbers"),
        ((float("nan"),), (1,), "empirical.values is nan; it must be a finite number"),
    ],
)
def test_refusals(values: tuple[float, ...], weights: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        Empirical(values, weights)
    assert sentence in caught.value.message


@pytest.mark.parametrize("sample", [[], [1.0, float("inf")]])
def test_a_law_needs_finite_numbers(sample: list[float]) -> None:
    with pytest.raises(InputError, match="one finite number or more"):
        Empirical.of(sample)

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import special

from assay.errors import InputError
from assay.stats import METHODS, Moments, Posterior, Reason
from assay.stats.bayes import ends

C, T = Moments.of_counts(3, 20), Moments.of_counts(7, 25)
BOTH = ("beta_binomial", "gamma_poisson")


def posterior(name: str, control: Moments, treatment: Moments, **options: Any) -> Posterior:
    found = METHODS[name](control, treatment, **options)
    assert isinstance(found, Posterior)
    return found


@pytest.mark.parametrize("name", BOTH)
def test_swapped_arms_mirror(name: str) -> None:
    one = posterior(name, C, T, region=(-0.02, 0.3))
    other = posterior(name, T, C, region=(-0.3, 0.02))
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-9)
    np.testing.assert_allclose(1 + one.relative_lower, 1 / (1 + other.relative_upper), rtol=1e-9)
    np.testing.assert_allclose(one.probability_better, 1 - other.probability_better, rtol=1e-9)
    np.testing.assert_allclose(one.loss_treatment, other.loss_control, rtol=1e-9)
    np.testing.assert_allclose(one.probability_equivalent, other.probability_equivalent, rtol=1e-9)
    np.testing.assert_allclose(one.loss_control - one.loss_treatment, one.estimate, rtol=1e-9)
    assert one.reason == Reason.NOT_DEFINED


def test_gamma_probability_is_an_incomplete_beta_far_into_the_tail() -> None:
    low = Moments(n=np.array(1000), mean_y=np.array([0.1, 0.2]), m2_y=np.array(90.0))
    high = Moments(n=np.array(3000), mean_y=np.array(0.3), m2_y=np.array(500.0))
    found = posterior("gamma_poisson", high, low)
    exact = special.betaincc([101, 201], 901, 1000.001 / 4000.002)
    np.testing.assert_allclose(found.probability_better, exact, rtol=1e-9)


@pytest.mark.parametrize("name", BOTH)
def test_one_side_is_open(name: str) -> None:
    found = posterior(name, C, T, alternative="less")
    assert found.lower == -np.inf
    assert found.relative_lower == -1
    np.testing.assert_allclose(found.upper, posterior(name, C, T, alpha=0.1).upper, rtol=1e-9)


@pytest.mark.parametrize("name", BOTH)
def test_an_empty_arm_has_its_prior(name: str) -> None:
    empty = Moments.of_counts(0, 0)
    found = posterior(name, empty, empty)
    np.testing.assert_allclose(found.probability_better, 0.5, rtol=1e-9)
    assert found.reason == Reason.NOT_DEFINED | Reason.TOO_FEW_UNITS


@pytest.mark.parametrize("name", BOTH)
def test_no_event_and_all_events_are_answered(name: str) -> None:
    found = posterior(name, Moments.of_counts([0, 9], 9), Moments.of_counts([9, 9], 9))
    assert np.all(np.isfinite(found.lower) & np.isfinite(found.relative_upper))
    np.testing.assert_allclose(found.probability_better[1], 0.5, rtol=1e-9)


@pytest.mark.parametrize("name", BOTH)
def test_not_a_number_has_a_reason(name: str) -> None:
    broken = Moments(n=np.array(4), mean_y=np.array(np.nan), m2_y=np.array(1.0))
    found = posterior(name, broken, T)
    assert found.reason & Reason.NOT_FINITE
    assert np.isnan(found.probability_better)


def test_exposure_is_the_denominator() -> None:
    by_unit = Moments.of([1.0, 0.0, 2.0], [2.0, 2.0, 2.0])
    found = posterior("gamma_poisson", by_unit, by_unit)
    np.testing.assert_allclose(found.std_error, np.sqrt(2 * 4) / 6.001, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("beta_binomial", "prior_successes"),
        ("beta_binomial", "prior_failures"),
        ("gamma_poisson", "prior_shape"),
        ("gamma_poisson", "prior_rate"),
    ],
)
def test_refusals(name: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        posterior(name, C, T, **{wrong: 0.0})


# exact twin


def exact_beta(control: tuple[int, int], treatment: tuple[int, int]) -> Fraction:
    """P(T > C) of whole beta parameters: Σ B(a_c + i, b_c + b_t) / ((b_t + i)·B(1 + i, b_t)·B(a_c, b_c))."""
    (a, b), (c, d) = control, treatment

    def beta(x: int, y: int) -> Fraction:
        return Fraction(math.factorial(x - 1) * math.factorial(y - 1), math.factorial(x + y - 1))

    whole = sum((beta(a + i, b + d) / (d + i) / beta(1 + i, d) for i in range(c)), Fraction(0))
    return whole / beta(a, b)


@pytest.mark.parametrize(
    "counts",
    [(3, 20, 7, 25), (0, 40, 1, 300), (1, 30, 28, 30), (2, 400, 399, 400), (90, 400, 5, 60), (5, 5, 0, 9)],
)
def test_probability_and_losses_keep_their_digits_into_the_tails_of_both(counts: tuple[int, ...]) -> None:
    x_c, n_c, x_t, n_t = counts
    a, b, c, d = x_c + 1, n_c - x_c + 1, x_t + 1, n_t - x_t + 1
    better = exact_beta((a, b), (c, d))
    mean_c, mean_t = Fraction(a, a + b), Fraction(c, c + d)
    gain = mean_t * exact_beta((a, b), (c + 1, d)) - mean_c * exact_beta((a + 1, b), (c, d))
    found = posterior("beta_binomial", Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t))
    np.testing.assert_allclose(found.probability_better, float(better), rtol=1e-12)
    np.testing.assert_allclose(found.loss_control, float(gain), rtol=1e-10)
    np.testing.assert_allclose(found.loss_treatment, float(gain - mean_t + mean_c), rtol=1e-10)
    mirrored = posterior("beta_binomial", Moments.of_counts(x_t, n_t), Moments.of_counts(x_c, n_c))
    np.testing.assert_allclose(mirrored.probability_better, float(1 - better), rtol=1e-12)


def test_the_lift_of_rates_has_the_quantiles_of_the_f_law() -> None:
    found = posterior("gamma_poisson", C, T, alpha=[0.05, 1e-9], prior_rate=1.0)
    ratio = special.fdtri(16, 8, [0.025, 5e-10]) * (8 / 26) / (4 / 21)
    np.testing.assert_allclose(found.relative_lower, ratio - 1, rtol=1e-10)


@pytest.mark.parametrize("name", BOTH)
def test_a_batch_is_its_tests_to_the_last_bit(name: str) -> None:
    successes = np.array([3.0, 0, 200, 3, 25, 1])
    many = posterior(name, Moments.of_counts(successes, 200), T, region=(-0.1, 0.4))
    for i, x in enumerate(successes):
        one = posterior(name, Moments.of_counts(x, 200), T, region=(-0.1, 0.4))
        assert all(getattr(one, f) == getattr(many, f)[i] or np.isnan(getattr(one, f)) for f in one.names())


@pytest.mark.parametrize("name", BOTH)
def test_a_level_far_in_the_tail_is_reached(name: str) -> None:
    found = posterior(name, C, T, alpha=[1e-3, 1e-12, 1e-30])
    assert np.all(np.diff(found.lower) < 0)
    assert np.all(np.diff(found.upper) > 0)
    assert np.all(np.isfinite(found.relative_upper))


@pytest.mark.parametrize(("steps", "error"), [(1, 1e-3), (4, 1e-12)])
def test_a_search_cut_short_is_near_already(
    monkeypatch: pytest.MonkeyPatch, steps: int, error: float
) -> None:
    c, t = Moments.of_counts(95, 1000), Moments.of_counts(130, 1000)
    settled = posterior("beta_binomial", c, t)
    monkeypatch.setattr(ends, "_STEPS", steps)
    found = posterior("beta_binomial", c, t)
    np.testing.assert_allclose(found.lower, settled.lower, rtol=error)
    np.testing.assert_allclose(found.relative_upper, settled.relative_upper, rtol=error)

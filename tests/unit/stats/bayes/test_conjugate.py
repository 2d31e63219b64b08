from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from assay.errors import InputError
from assay.stats import METHODS, Moments, Posterior, Reason

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

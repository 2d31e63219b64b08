from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Moments, Posterior, Reason

C = Moments.of([1.0, 2.0, 4.0, 3.0, 2.5])
T = Moments.of([2.0, 3.0, 4.5, 3.5])


def normal(control: Moments, treatment: Moments, **options: Any) -> Posterior:
    found = METHODS["normal_normal"](control, treatment, **options)
    assert isinstance(found, Posterior)
    return found


def test_a_flat_prior_gives_the_interval_of_a_z_test() -> None:
    found = normal(C, T)
    variance = C.var_y / C.n + T.var_y / T.n
    half = 1.959963984540054 * np.sqrt(variance)
    np.testing.assert_allclose(found.upper - found.lower, 2 * half, rtol=1e-13)
    np.testing.assert_allclose(found.estimate, T.mean_y - C.mean_y, rtol=1e-13)
    assert np.isnan(found.p_value)
    assert found.reason == Reason.NOT_DEFINED


def test_swapped_arms_mirror() -> None:
    one, other = normal(C, T, region=(-0.2, 0.5)), normal(T, C, region=(-0.5, 0.2))
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-12)
    np.testing.assert_allclose(one.probability_better, 1 - other.probability_better, rtol=1e-12)
    np.testing.assert_allclose(one.loss_treatment, other.loss_control, rtol=1e-12)
    np.testing.assert_allclose(one.probability_equivalent, other.probability_equivalent, rtol=1e-12)


def test_a_sharp_prior_wins() -> None:
    found = normal(C, T, prior_mean=5.0, prior_sd=1e-6)
    np.testing.assert_allclose(found.estimate, 5.0, rtol=1e-9)
    np.testing.assert_allclose(found.std_error, 1e-6, rtol=1e-9)


def test_a_batch_is_its_elements() -> None:
    both = Moments(n=np.array([5, 8]), mean_y=np.array([2.0, 3.0]), m2_y=np.array([4.0, 9.0]))
    each = Moments(n=np.array(8), mean_y=np.array(3.0), m2_y=np.array(9.0))
    assert normal(both, T).loss_control[1] == normal(each, T).loss_control


@pytest.mark.parametrize(("alternative", "open_end"), [("greater", "upper"), ("less", "lower")])
def test_one_side_is_open(alternative: str, open_end: str) -> None:
    found = normal(C, T, alternative=alternative)
    assert np.isinf(getattr(found, open_end))
    assert found.probability_better == normal(C, T).probability_better


def test_an_empty_arm_leaves_the_prior() -> None:
    empty = Moments.of(np.empty(0))
    found = normal(empty, T, prior_mean=0.5, prior_sd=2.0)
    assert found.estimate == 0.5
    assert found.std_error == 2.0
    assert np.isfinite(found.lower)
    assert np.isnan(found.relative_lower)
    assert found.reason & Reason.TOO_FEW_UNITS
    flat = normal(empty, T)
    assert np.isnan(flat.lower)
    assert np.isnan(flat.probability_better)
    assert flat.reason & Reason.TOO_FEW_UNITS


def test_no_variance_leaves_the_estimate() -> None:
    found = normal(Moments.of([1.0, 1.0]), Moments.of([2.0, 2.0]))
    assert found.estimate == 1.0
    assert np.isnan(found.lower)
    assert found.reason & Reason.NO_VARIANCE


def test_not_a_number_has_a_reason() -> None:
    assert normal(Moments.of([1.0, np.nan]), T).reason & Reason.NOT_FINITE


@pytest.mark.parametrize(
    "wrong",
    [
        {"prior_sd": 0.0},
        {"prior_sd": np.nan},
        {"prior_mean": np.inf},
        {"region": (1.0, 0.0)},
        {"region": (np.nan, 0.0)},
        {"region": (0.0,)},
    ],
)
def test_refusals(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        normal(C, T, **wrong)

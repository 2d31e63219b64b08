from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.pivot import t_p_value

Y_C = np.array([0, 0, 0, 4, 1, 0, 7, 0, 2, 0, 0, 1.0])
Y_T = np.array([0, 3, 0, 9, 1, 0, 11, 0, 5, 2.0])


def pair(name: str, y_c: np.ndarray = Y_C, y_t: np.ndarray = Y_T, **options: object) -> Effect:
    return METHODS[name](Moments.of(y_c), Moments.of(y_t), **options)


def test_quasi_poisson_is_the_score_test_over_the_root_of_the_dispersion() -> None:
    quasi, plain = pair("quasi_poisson"), pair("rate_score")
    phi = (np.sum((Y_C - Y_C.mean()) ** 2) / Y_C.mean() + np.sum((Y_T - Y_T.mean()) ** 2) / Y_T.mean()) / 20
    np.testing.assert_allclose(quasi.statistic, plain.statistic / np.sqrt(phi), rtol=1e-12)
    np.testing.assert_allclose(quasi.std_error, plain.std_error * np.sqrt(phi), rtol=1e-12)
    assert float(quasi.df) == 20
    assert float(quasi.p_value) == float(t_p_value(quasi.statistic, np.asarray(20.0), "two-sided"))


def test_power_1_is_quasi_poisson_but_for_how_the_rates_are_restricted_to_a_difference() -> None:
    quasi, tweedie = pair("quasi_poisson"), pair("compound_poisson_gamma", power=1)
    for field in ("estimate", "std_error", "statistic", "df", "p_value", "relative_lower", "relative_upper"):
        np.testing.assert_allclose(getattr(tweedie, field), getattr(quasi, field), rtol=1e-11, err_msg=field)
    np.testing.assert_allclose(tweedie.lower, quasi.lower, rtol=0.2)


def test_totals_in_cents_or_in_euros_give_the_same_lift() -> None:
    euros, cents = pair("compound_poisson_gamma"), pair("compound_poisson_gamma", 100 * Y_C, 100 * Y_T)
    for field in ("p_value", "statistic", "relative_lower", "relative_upper"):
        np.testing.assert_allclose(getattr(cents, field), getattr(euros, field), rtol=1e-11, err_msg=field)
    for field in ("estimate", "std_error", "lower", "upper"):
        np.testing.assert_allclose(
            getattr(cents, field), 100 * getattr(euros, field), rtol=1e-11, err_msg=field
        )


def test_a_batch_of_powers() -> None:
    powers = np.array([1.0, 1.3, 2.0])
    batch = pair("compound_poisson_gamma", power=powers)
    assert batch.shape == (3,)
    for i, power in enumerate(powers):
        one = pair("compound_poisson_gamma", power=power)
        assert float(batch.p_value[i]) == pytest.approx(float(one.p_value), rel=1e-13)
        assert float(batch.upper[i]) == pytest.approx(float(one.upper), rel=1e-13)


@pytest.mark.parametrize("name", ["quasi_poisson", "compound_poisson_gamma"])
def test_too_few_units_and_units_that_do_not_vary(name: str) -> None:
    few = pair(name, np.array([1.0]), np.array([3.0]))
    assert int(few.reason) == Reason.TOO_FEW_UNITS
    assert float(few.estimate) == 2
    fixed = pair(name, np.ones(4), np.full(5, 2.0))
    assert int(fixed.reason) == Reason.NO_VARIANCE
    assert np.isnan([fixed.p_value, fixed.lower, fixed.relative_upper]).all()
    unknown = METHODS[name](
        Moments(n=np.array(5.0), mean_y=np.array(1.0), m2_y=np.array(np.nan)), Moments.of(Y_T)
    )
    assert int(unknown.reason) == Reason.NOT_FINITE
    assert np.isnan(unknown.p_value)


@pytest.mark.parametrize("power", [0.9, 2.1, np.nan])
def test_a_power_outside_1_to_2_is_refused(power: float) -> None:
    with pytest.raises(InputError, match=r"power is .*; it must lie between 1 \(Poisson\) and 2 \(gamma\)"):
        pair("compound_poisson_gamma", power=power)

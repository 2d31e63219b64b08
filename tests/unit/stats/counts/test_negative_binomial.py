from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason, Samples
from assay.stats.counts.negative_binomial import _second_order, likeliest_dispersion

Y_C = np.array([0, 0, 0, 4, 1, 0, 7, 0, 2, 0, 0, 1.0])
Y_T = np.array([0, 3, 0, 9, 1, 0, 11, 0, 5, 2.0])


def both(y_c: np.ndarray = Y_C, y_t: np.ndarray = Y_T, **options: object) -> Effect:
    return METHODS["negative_binomial"](Moments.of(y_c), Moments.of(y_t), **options)


def test_a_dispersion_of_0_is_the_poisson_score_test() -> None:
    none, poisson = both(dispersion=0.0), METHODS["rate_score"](Moments.of(Y_C), Moments.of(Y_T))
    for field in ("estimate", "std_error", "statistic", "df", "p_value", "relative_lower", "relative_upper"):
        np.testing.assert_allclose(getattr(none, field), getattr(poisson, field), rtol=1e-11, err_msg=field)


def test_more_dispersion_is_less_certainty() -> None:
    effects = both(dispersion=np.array([0.0, 0.3, 1.0, 3.0]))
    assert np.all(np.diff(effects.p_value) > 0)
    assert np.all(np.diff(effects.upper) > 0)
    assert np.all(np.diff(effects.relative_lower) < 0)


def test_moments_recover_the_dispersion_of_many_units_with_unequal_exposure() -> None:
    rng = np.random.default_rng(5)
    d = rng.integers(1, 6, 60_000).astype(float)
    y = rng.poisson(0.8 * d * rng.gamma(2.0, 0.5, d.size)).astype(float)
    arm = Moments.of(y, d)
    known = METHODS["negative_binomial"](arm, arm, dispersion=0.5)
    assert float(METHODS["negative_binomial"](arm, arm).std_error) == pytest.approx(
        float(known.std_error), rel=0.01
    )


def test_units_that_vary_less_than_poisson_count_as_poisson() -> None:
    y = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    assert float(both(y, y + 1).p_value) == pytest.approx(
        float(both(y, y + 1, dispersion=0).p_value), rel=1e-12
    )
    assert float(likeliest_dispersion(y, y + 1)) == 0


def test_tiny_arms_of_great_dispersion_leave_the_difference_unbounded() -> None:
    effect = both(dispersion=50.0)
    assert (float(effect.lower), float(effect.upper)) == (-np.inf, np.inf)
    assert int(effect.reason) & Reason.UNBOUNDED
    assert float(effect.p_value) > 0.05


def test_the_likeliest_dispersion_is_where_the_likelihood_is_greatest() -> None:
    found = float(likeliest_dispersion(Y_C, Y_T))

    def likelihood(alpha: float) -> float:
        return float(
            sum(np.sum(stats.nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * y.mean()))) for y in (Y_C, Y_T))
        )

    best = likelihood(found)
    assert all(likelihood(found * f) < best for f in (0.9, 0.999, 1.001, 1.1))


def test_the_series_near_0_meets_the_closed_form() -> None:
    assert _second_order(0.0) == -0.5
    assert _second_order(1.0) == pytest.approx(np.log(2) - 1, rel=1e-15)
    assert _second_order(0.9999e-3) == pytest.approx(_second_order(1.0001e-3), abs=1e-7)
    x = 1e-3 * (1 - 1e-9)
    assert _second_order(x) == pytest.approx((np.log1p(x) - x) / x**2, rel=1e-11)


def test_a_batch_of_samples_is_its_rows() -> None:
    rng = np.random.default_rng(3)
    y_c, y_t = rng.negative_binomial(0.7, 0.3, (4, 30)), rng.negative_binomial(0.7, 0.25, (4, 25))
    batch = METHODS["negative_binomial_ml"](Samples(y_c.astype(float)), Samples(y_t.astype(float)))
    for i in range(4):
        one = METHODS["negative_binomial_ml"](Samples(y_c[i].astype(float)), Samples(y_t[i].astype(float)))
        assert float(batch.p_value[i]) == pytest.approx(float(one.p_value), rel=1e-12)
        assert float(batch.lower[i]) == pytest.approx(float(one.lower), rel=1e-10)


@pytest.mark.parametrize(
    ("y_c", "y_t", "reason"),
    [
        ([], [1.0, 2.0], Reason.TOO_FEW_UNITS),
        ([1.0], [2.0], Reason.TOO_FEW_UNITS),
        ([1.0, 0.5], [2.0, 1.0], Reason.OUTSIDE_DOMAIN),
        ([1.0, -2.0, 3.0], [2.0, 1.0], Reason.OUTSIDE_DOMAIN),
        ([1.0, 1e8], [2.0, 1.0], Reason.OUTSIDE_DOMAIN),
        ([1.0, np.nan], [2.0, 1.0], Reason.NOT_FINITE),
    ],
)
def test_undefined_samples_say_why(y_c: list[float], y_t: list[float], reason: Reason) -> None:
    effect = METHODS["negative_binomial_ml"](Samples(np.array(y_c)), Samples(np.array(y_t)))
    assert int(effect.reason) & reason
    assert np.isnan([effect.p_value, effect.lower, effect.relative_upper]).all()


def test_undefined_moments_say_why() -> None:
    assert int(both(np.array([1.0]), np.array([2.0])).reason) == Reason.TOO_FEW_UNITS
    assert np.isfinite(both(np.array([1.0]), np.array([2.0]), dispersion=0.1).p_value)
    unknown = METHODS["negative_binomial"](
        Moments(n=np.array(5.0), mean_y=np.array(1.0), m2_y=np.array(np.inf)), Moments.of(Y_T)
    )
    assert int(unknown.reason) & Reason.NOT_FINITE
    assert np.isnan(unknown.p_value)


def test_refusals() -> None:
    with pytest.raises(InputError, match="dispersion is -1; it must be finite and 0 or greater"):
        both(dispersion=-1.0)
    with pytest.raises(InputError, match="treatment has d; units must be of equal exposure here"):
        METHODS["negative_binomial_ml"](Samples(Y_C), Samples(Y_T, d=np.ones(10)))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import mde, power


def test_the_normal_mde_is_the_textbook_sum_of_quantiles() -> None:
    # z(0.975) + z(0.8) = 1.959963984540 + 0.841621233573; the wrong tail is 1e-6 of the power.
    assert float(mde(1.0)) == pytest.approx(2.801585217, abs=5e-6)
    assert float(mde([0.5])[0]) == pytest.approx(float(mde(1.0)) / 2)


@settings(max_examples=40)
@given(
    df=st.one_of(st.floats(2, 1e7), st.just(np.inf)),
    alpha=st.sampled_from([1e-4, 0.01, 0.05, 0.2]),
    wanted=st.sampled_from([0.3, 0.5, 0.8, 0.9, 0.99]),
    error=st.floats(1e-6, 1e6),
)
def test_mde_is_the_inverse_of_power(df: float, alpha: float, wanted: float, error: float) -> None:
    effect = mde(error, df, alpha=alpha, power=wanted)
    assert float(power(effect, error, df, alpha=alpha)) == pytest.approx(wanted, abs=1e-8)


@given(df=st.floats(2, 1e6), alpha=st.floats(1e-4, 0.5))
def test_power_is_alpha_at_no_effect_and_rises_to_1(df: float, alpha: float) -> None:
    values = power(np.array([0.0, 1.0, 2.0, 4.0, 7.0, 9.0, 1e6, np.inf]), 1.0, df, alpha=alpha)
    assert float(values[0]) == pytest.approx(alpha, rel=1e-6)
    assert np.all(np.diff(values) >= -1e-9)
    assert values[-2:] == pytest.approx(1.0)
    assert float(power(-2.0, 1.0, df, alpha=alpha)) == float(values[2])


def test_heavier_tails_need_greater_effects() -> None:
    effects = mde(1.0, [2, 5, 30, 1e4, np.inf])
    assert np.all(np.diff(effects) < 0)


def test_no_noise_and_undefined_arguments() -> None:
    assert float(mde(0.0)) == 0
    assert float(power(1.0, 0.0)) == 1
    assert np.isnan(power(0.0, 0.0))
    assert np.isnan(mde([np.nan, 1.0], [5.0, np.nan])).all()
    assert np.isnan(power(1.0, 1.0, np.nan))


def test_everything_broadcasts() -> None:
    assert mde(np.ones((3, 1)), [5, np.inf]).shape == (3, 2)
    assert mde(1.0, alpha=[0.05, 0.01], power=0.9).shape == (2,)
    assert power(np.ones((3, 1)), [1.0, 2.0], [5.0, np.inf], alpha=0.1).shape == (3, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mde(-1.0), "std_error is -1; it must be 0 or greater"),
        (lambda: mde(1.0, 0.0), "df is 0; it must be greater than 0"),
        (lambda: mde(1.0, alpha=np.nan), "alpha is nan; it must lie strictly between 0 and 1"),
        (lambda: mde(1.0, power=1.0), "power is 1"),
        (lambda: mde(1.0, alpha=0.3, power=0.2), "power is not above alpha"),
        (lambda: mde([1.0, 2.0], [1.0, 2.0, 3.0]), "must broadcast"),
        (lambda: power(1.0, -1.0), "std_error is -1"),
        (lambda: power([1.0, 2.0], [1.0, 2.0, 3.0]), "must broadcast"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

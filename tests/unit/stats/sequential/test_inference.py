from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from assay.errors import InputError
from assay.stats.sequential import futility_bounds, pocock_bounds, spending_bounds, stagewise
from assay.stats.tails import Alternative

LOOKS = (0.2, 0.5, 1.0)
SIDES: list[Alternative] = ["two-sided", "greater", "less"]


@settings(max_examples=15)
@given(
    z=st.lists(st.floats(-6, 6), min_size=1, max_size=4),
    look=st.integers(1, 3),
    alternative=st.sampled_from(SIDES),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
def test_p_is_below_alpha_exactly_where_the_interval_leaves_out_0(
    z: list[float], look: int, alternative: Alternative, alpha: float
) -> None:
    found = stagewise(pocock_bounds(LOOKS, alternative=alternative), z, look=look, alpha=alpha)
    outside = (found.lower > 0) | (found.upper < 0)
    clear = np.abs(found.p_value - alpha) > 1e-9
    assert np.array_equal((found.p_value < alpha)[clear], outside[clear])
    if alternative == "two-sided":
        assert np.all((found.lower < found.estimate) & (found.estimate < found.upper))


def test_at_the_last_bound_p_is_alpha_and_at_earlier_ones_what_is_spent() -> None:
    for alternative in SIDES:
        design = spending_bounds(LOOKS, alternative=alternative)
        edge = -design.lower if alternative == "less" else design.upper
        for k in range(3):
            z = design.sign * edge[k]
            p = float(stagewise(design, z, look=k + 1).p_value)
            assert p == pytest.approx(float(design.spent[k]), rel=1e-9)


def test_the_first_look_is_the_ordinary_inference() -> None:
    found = stagewise(spending_bounds(LOOKS), [1.0, -2.5, 35.0], look=1)
    z, root = np.array([1.0, -2.5, 35.0]), np.sqrt(0.2)
    assert found.p_value == pytest.approx(2 * special.ndtr(-np.abs(z)), rel=1e-11)
    assert found.estimate == pytest.approx(z / root)
    assert found.lower == pytest.approx((z - 1.959963984540054) / root)
    assert found.upper == pytest.approx((z + 1.959963984540054) / root)


def test_swapping_arms_mirrors_the_result() -> None:
    two = spending_bounds(LOOKS)
    one, other = stagewise(two, [1.2, 3.0]), stagewise(two, [-1.2, -3.0])
    assert one.p_value == pytest.approx(other.p_value)
    assert one.estimate == pytest.approx(-other.estimate)
    assert one.lower == pytest.approx(-other.upper)
    greater = stagewise(spending_bounds(LOOKS, alternative="greater"), [1.2, 3.0])
    less = stagewise(spending_bounds(LOOKS, alternative="less"), [-1.2, -3.0])
    assert greater.p_value == pytest.approx(less.p_value)
    assert greater.lower == pytest.approx(-less.upper)
    assert np.all(np.isposinf(greater.upper) & np.isneginf(less.lower))


def test_a_batch_gets_what_each_gets_alone_and_keeps_its_shape() -> None:
    design = spending_bounds(LOOKS)
    z = np.array([[0.3, 2.1, -15.0], [np.nan, 5.0, np.inf]])
    together = stagewise(design, z)
    assert together.p_value.shape == (2, 3)
    assert np.isnan(together.p_value[1, [0, 2]]).all()
    assert np.isnan(together.lower[1, [0, 2]]).all()
    for index in [(0, 0), (0, 1), (0, 2), (1, 1)]:
        alone = stagewise(design, z[index])
        for name in ("p_value", "estimate", "lower", "upper"):
            assert float(getattr(together, name)[index]) == pytest.approx(
                float(getattr(alone, name)), rel=1e-9
            )
    assert np.isnan(stagewise(design, np.nan).p_value)


def test_later_stops_are_less_extreme_and_intervals_nest_in_confidence() -> None:
    design = spending_bounds(LOOKS, alternative="greater")
    early = stagewise(design, design.upper[1], look=2)
    late = stagewise(design, 50.0, look=3)
    assert float(late.p_value) == pytest.approx(float(early.p_value), rel=1e-6)
    wide, narrow = (stagewise(spending_bounds(LOOKS), 2.4, alpha=a) for a in (1e-6, 0.2))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_binding_futility_counts_and_non_binding_does_not() -> None:
    plain = spending_bounds(LOOKS, alternative="greater")
    free, bound = futility_bounds(plain), futility_bounds(plain, binding=True)
    assert float(stagewise(free, 1.8).p_value) == float(stagewise(plain, 1.8).p_value)
    assert float(stagewise(bound, 1.8).p_value) < float(stagewise(plain, 1.8).p_value)
    assert float(stagewise(bound, bound.upper[-1]).p_value) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stagewise(spending_bounds(LOOKS), 1.0, look=0), "look is 0; it must be 1 to 3"),
        (lambda: stagewise(spending_bounds(LOOKS), 1.0, look=4), "look is 4"),
        (lambda: stagewise(spending_bounds(LOOKS), 1.0, alpha=1.0), "alpha is 1"),
        (lambda: stagewise(spending_bounds(LOOKS), "high"), "statistic is 'high'"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

from __future__ import annotations

import numpy as np
import pytest
from golden import assert_close, digits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import Moments

FIELDS = ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")
NUM_ACC = {"NumAcc3": (1_000_000.2, 0.1), "NumAcc4": (10_000_000.2, 0.1)}


def three(n: int, seed: int = 3) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    x = rng.gamma(2, 3, n)
    d = rng.poisson(3, n).astype(float)
    return x * 0.5 + d + rng.normal(size=n), d, x


def num_acc(centre: float) -> NDArray[np.float64]:
    # NIST StRD's rule: the mean once, then 500 pairs 0.1 below and above.
    return np.array([centre, *([centre - 0.1, centre + 0.1] * 500)])


# known values


@pytest.mark.parametrize(("name", "least"), [("NumAcc3", 9.0), ("NumAcc4", 8.0)])
@pytest.mark.parametrize("parts", [1, 7])
def test_nist_numacc_keeps_its_digits_where_sums_of_squares_lose_all(
    name: str, least: float, parts: int
) -> None:
    centre, sd = NUM_ACC[name]
    values = num_acc(centre)
    split = [Moments.of(part) for part in np.array_split(values, parts)]
    merged = split[0]
    for part in split[1:]:
        merged = merged.merge(part)
    assert digits(float(merged.mean_y), centre) >= 14
    assert digits(float(np.sqrt(merged.var_y)), sd) >= least
    raw = (np.sum(values**2) - np.sum(values) ** 2 / 1001) / 1000
    assert digits(float(np.sqrt(max(raw, 0.0))), sd) < 3  # what the raw sums leave: the test can fail


def test_nist_numacc1_and_2_are_exact_to_rounding() -> None:
    one = Moments.of([10_000_001.0, 10_000_003.0, 10_000_002.0])
    assert (float(one.mean_y), float(one.var_y)) == (10_000_002.0, 1.0)
    two = Moments.of(num_acc(1.2))
    assert digits(float(two.mean_y), 1.2) >= 14
    assert digits(float(np.sqrt(two.var_y)), 0.1) >= 13.5


def test_of_agrees_with_numpy() -> None:
    y, d, x = three(200)
    m = Moments.of(y, d, x)
    cov = np.cov([y, d, x])
    for value, expected in (
        (m.var_y, cov[0, 0]), (m.var_d, cov[1, 1]), (m.var_x, cov[2, 2]),
        (m.cov_yd, cov[0, 1]), (m.cov_yx, cov[0, 2]), (m.cov_dx, cov[1, 2]),
        (m.mean_y, y.mean()), (m.mean_d, d.mean()), (m.mean_x, x.mean()),
    ):  # fmt: skip
        assert_close(value, expected, 1e-12)


def test_of_counts_is_of_zeros_and_ones() -> None:
    a, b = Moments.of_counts(3, 8), Moments.of([1.0] * 3 + [0.0] * 5)
    for name in ("n", "mean_y", "m2_y"):
        assert_close(getattr(a, name), getattr(b, name), 1e-15)
    assert Moments.of_counts([0, 0], [0, 5]).mean_y.tolist() == [0, 0]


# relations


@given(
    hnp.arrays(float, st.integers(0, 20), elements=st.floats(-1e6, 1e6)),
    hnp.arrays(float, st.integers(1, 20), elements=st.floats(-1e6, 1e6)),
)
def test_moments_of_parts_merge_to_moments_of_the_whole(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> None:
    def moments(values: NDArray[np.float64]) -> Moments:
        return Moments.of(values, values * 2 + 1, np.abs(values))

    whole, scale = moments(np.concatenate([a, b])), max(np.abs(a).max(initial=0), np.abs(b).max()) + 1
    for merged in (moments(a).merge(moments(b)), moments(b).merge(moments(a))):
        for name in FIELDS:
            unit = 1 if name == "n" else scale if name.startswith("mean") else scale**2 * 40
            assert abs(getattr(merged, name) - getattr(whole, name)) <= 1e-13 * unit * 10, name


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 8])
def test_merge_all_equals_the_whole_and_repeats_to_the_last_bit(parts: int) -> None:
    y, d, x = (v.reshape(parts, -1) for v in three(168))
    merged = Moments.of(y, d, x).merge_all(axis=0)
    again = Moments.of(y, d, x).merge_all(axis=-1)
    whole = Moments.of(y.ravel(), d.ravel(), x.ravel())
    assert merged.shape == ()
    for name in FIELDS:
        assert_close(getattr(merged, name), getattr(whole, name), 1e-12, name)
        assert getattr(merged, name) == getattr(again, name)


def test_merge_all_takes_any_axis() -> None:
    y = three(24)[0].reshape(2, 3, 4)
    by_part = Moments.of(y)
    assert_close(by_part.merge_all(axis=0).mean_y, y.mean(axis=(0, 2)), 1e-12)
    assert_close(by_part.merge_all(axis=1).mean_y, y.mean(axis=(1, 2)), 1e-12)


def test_an_empty_arm_is_the_identity_of_merge() -> None:
    some = Moments.of([1e200, 1e200])
    none = Moments(n=np.array(0.0), mean_y=np.array(np.nan), m2_y=np.array(np.nan))
    for merged in (some.merge(none), none.merge(some)):
        assert (float(merged.n), float(merged.mean_y), float(merged.m2_y)) == (2, 1e200, 0)
    both = none.merge(none)
    assert (float(both.n), float(both.mean_y), float(both.m2_y)) == (0, 0, 0)


# edges


def test_no_parts_and_no_units_are_an_empty_arm() -> None:
    assert float(Moments.of(np.zeros((0, 3))).merge_all(axis=0).n) == 0
    empty = Moments.of(np.zeros((2, 0)))
    assert empty.shape == (2,)
    assert empty.mean_y.tolist() == [0, 0]
    assert np.isnan(empty.var_y).all()


def test_a_constant_has_no_variance_and_one_unit_has_none_defined() -> None:
    assert float(Moments.of([0.1] * 7).m2_y) == 0
    assert np.isnan(Moments.of([3.0]).var_y)


def test_nan_and_overflow_stay_in_the_moments_without_a_warning() -> None:
    m = Moments.of([[1.0, np.nan], [1.0, np.inf], [1e300, -1e300], [1.0, 2.0]])
    assert np.isfinite(m.m2_y).tolist() == [False, False, False, True]


def test_a_covariate_needs_no_denominator() -> None:
    y, _, x = three(30)
    both = Moments.of(y[:10], x=x[:10]).merge(Moments.of(y[10:], x=x[10:]))
    assert both.series == {"y", "x"}
    assert_close(both.cov_yx, np.cov(y, x)[0, 1], 1e-12)


def test_scalars_broadcast_to_one_shape() -> None:
    m = Moments(n=np.array([2.0, 3.0]), mean_y=np.array(1.0), m2_y=np.array([[1.0], [2.0]]))
    assert m.shape == m.mean_y.shape == m.var_y.shape == (2, 2)
    assert m.series == {"y"}


# refusals


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n": -1.0}, r"n is -1; it must be finite and 0 or greater"),
        ({"n": np.nan}, r"n is nan"),
        ({"m2_y": -0.032}, r"m2_y is -0.032; it must be 0 or greater"),
        ({"mean_y": "much"}, r"mean_y is 'much'; it must be a number"),
        ({"n": [1.0, 2.0], "m2_y": [1.0, 2.0, 3.0]}, r"n has shape \(2,\).*broadcast"),
        ({"mean_d": 1.0}, r"lack \['c_yd', 'm2_d'\]"),
        ({"c_dx": 1.0}, r"have \['c_dx'\] too many"),
        ({"mean_d": 1.0, "m2_d": 4.0, "c_yd": 9.0}, r"c_yd is 9; its size must not exceed 2"),
    ],
)
def test_impossible_moments_are_refused(fields: dict[str, object], message: str) -> None:
    base: dict[str, object] = {"n": 3.0, "mean_y": 1.0, "m2_y": 1.0}
    with pytest.raises(InputError, match=message):
        Moments(**(base | fields))  # type: ignore[arg-type]


def test_rounding_of_a_constant_series_is_no_impossible_product() -> None:
    m = Moments(
        n=np.array(1e6),
        mean_y=np.array(1e9),
        m2_y=np.array(0.0),
        mean_d=np.array(5.0),
        m2_d=np.array(1e6),
        c_yd=np.array(1e-3),
    )
    assert m.series == {"y", "d"}


def test_unlike_series_and_axes_are_refused() -> None:
    y = Moments.of([[1.0, 2.0]])
    with pytest.raises(InputError, match="d has shape"):
        Moments.of([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="at least one axis"):
        Moments.of(1.0)
    with pytest.raises(InputError, match="one side has the series y, the other y, d"):
        y.merge(Moments.of([[1.0, 2.0]], [[1.0, 2.0]]))
    with pytest.raises(InputError, match="self has shape"):
        Moments.of(np.ones((2, 2))).merge(Moments.of(np.ones((3, 2))))
    with pytest.raises(InputError, match="axis is 1"):
        y.merge_all(axis=1)
    with pytest.raises(InputError, match="m2_d is None; these moments carry y only"):
        _ = y.var_d
    with pytest.raises(InputError, match="successes is 9; it must lie between 0 and n, which is 8"):
        Moments.of_counts([1, 9], 8)

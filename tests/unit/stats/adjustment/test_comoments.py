from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import Moments
from assay.stats.adjustment import Comoments, missing_indicator

NAMES = ("y", "d", "before", "age")


def table(seed: int, n: int) -> NDArray[np.float64]:
    """Four series of n units that depend on each other."""
    rng = np.random.default_rng(seed)
    before, age = rng.gamma(2, 3, n), rng.normal(40, 5, n)
    d = rng.poisson(3, n) + 1.0
    return np.stack([before + 0.1 * age + d, d, before, age])


def comoments(rows: NDArray[np.float64]) -> Comoments:
    return Comoments.of(rows[0], {"before": rows[2], "age": rows[3]}, d=rows[1])


# known values


def test_of_agrees_with_numpy() -> None:
    rows = table(1, 50)
    found = comoments(rows)
    assert found.names == NAMES
    assert found.series == {"y", "d", "x"}
    assert found.covariates == ("before", "age")
    np.testing.assert_allclose(found.mean, rows.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.m2, np.cov(rows) * 49, rtol=1e-12)


def test_far_from_zero_no_digit_of_the_products_is_lost() -> None:
    y, x = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0, 3.0])
    near, far = Comoments.of(y, {"x": x}), Comoments.of(y + 2.0**40, {"x": x - 2.0**45})
    assert far.m2.tolist() == near.m2.tolist()


@pytest.mark.parametrize("series", [("y",), ("y", "d"), ("y", "x"), ("y", "d", "x")])
def test_of_moments_takes_over_what_is_there(series: tuple[str, ...]) -> None:
    y, d, x = table(2, 30).reshape(4, 3, 10)[:3]
    given = {"y": y, "d": d, "x": x}
    found = Comoments.of_moments(Moments.of(**{name: given[name] for name in series}))
    covariates = {"x": x} if "x" in series else {}
    expected = Comoments.of(y, covariates, d=d if "d" in series else None)
    assert found.names == expected.names
    assert found.series == expected.series == set(series)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-13)
    np.testing.assert_allclose(found.m2, expected.m2, rtol=1e-11, atol=1e-11)


# relations


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), sizes=st.tuples(*[st.integers(0, 12)] * 3))
def test_parts_merge_to_the_whole_in_any_order(seed: int, sizes: tuple[int, int, int]) -> None:
    rows = table(seed, sum(sizes))
    parts = [comoments(part) for part in np.split(rows, np.cumsum(sizes)[:-1], axis=1)]
    whole = comoments(rows)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        a, b, c = (parts[i] for i in order)
        for merged in (a.merge(b).merge(c), a.merge(b.merge(c))):
            assert float(merged.n) == sum(sizes)
            np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-12)
            np.testing.assert_allclose(merged.m2, whole.m2, rtol=1e-11, atol=1e-9)


def test_a_batch_is_its_elements_to_the_last_bit() -> None:
    rows = table(3, 60).reshape(4, 5, 12)
    batch = comoments(rows)
    assert batch.shape == (5,)
    for i in range(5):
        alone = comoments(rows[:, i])
        assert batch.mean[i].tolist() == alone.mean.tolist()
        assert batch.m2[i].tolist() == alone.m2.tolist()


def test_batches_broadcast_when_they_merge() -> None:
    batch, one = comoments(table(4, 60).reshape(4, 5, 12)), comoments(table(5, 9))
    merged = batch.merge(one)
    assert merged.shape == (5,)
    assert merged.n.tolist() == [21.0] * 5


# edges


def test_an_empty_arm_is_the_identity_of_merge() -> None:
    some = comoments(table(6, 7))
    none = Comoments(n=np.array(0.0), mean=np.full(4, np.nan), m2=np.full((4, 4), np.nan), names=NAMES)
    assert none.mean.tolist() == [0.0] * 4
    for merged in (some.merge(none), none.merge(some)):
        assert merged.mean.tolist() == some.mean.tolist()
        assert merged.m2.tolist() == some.m2.tolist()
    assert float(comoments(np.zeros((4, 0))).n) == 0


def test_a_metric_alone_has_no_covariate() -> None:
    alone = Comoments.of([1.0, 2.0], {})
    assert alone.series == {"y"}
    assert alone.covariates == ()
    assert alone.m2.tolist() == [[0.5]]


def test_missing_values_become_an_indicator() -> None:
    both = missing_indicator([[1.0, np.nan], [np.nan, 4.0]], name="before")
    assert both["before"].tolist() == [[1.0, 0.0], [0.0, 4.0]]
    assert both["before_missing"].tolist() == [[0.0, 1.0], [1.0, 0.0]]


# refusals


def test_impossible_comoments_are_refused() -> None:
    good = {"n": np.array(3.0), "mean": np.zeros(2), "m2": np.eye(2), "names": ("y", "x")}
    Comoments(**good)  # type: ignore[arg-type]
    for change, message in (
        ({"n": np.array(-1.0)}, "n is -1; it must be finite and 0 or greater"),
        ({"names": ("x", "y")}, "it must start with 'y'"),
        ({"names": ("y", "y")}, "not repeat"),
        ({"names": ("y",)}, r"mean has shape \(2,\) and m2 \(2, 2\); for 1 series"),
        ({"m2": np.eye(3)}, "for 2 series they must end in"),
        ({"m2": np.diag([1.0, -2.0])}, "the diagonal of m2 is -2; it must be 0 or greater"),
        ({"m2": np.array([[1.0, 2.0], [2.0, 1.0]])}, "m2 of y and x is larger than the root"),
        ({"m2": np.array([[1.0, 0.5], [0.2, 1.0]])}, "differs from its mirror image"),
        ({"n": np.zeros(2), "mean": np.zeros((3, 2))}, r"n has shape \(2,\), mean has shape \(3,\)"),
    ):
        with pytest.raises(InputError, match=message):
            Comoments(**(good | change))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="then 'd' if there is a denominator"):
        Comoments(n=np.array(1.0), mean=np.zeros(3), m2=np.eye(3), names=("y", "x", "d"))


def test_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="y is a single number"):
        Comoments.of(1.0, {})
    with pytest.raises(InputError, match="a covariate may not be called y or d"):
        Comoments.of([1.0], {"d": [1.0]})
    with pytest.raises(InputError, match=r"x has shape \(3,\).*these must broadcast"):
        Comoments.of([1.0, 2.0], {"x": [1.0, 2.0, 3.0]})
    with pytest.raises(InputError, match=r"x has shape \(2, 2\); it must broadcast to y's \(2,\)"):
        Comoments.of([1.0, 2.0], {"x": [[1.0, 2.0], [3.0, 4.0]]})
    with pytest.raises(InputError, match="one side has the series y, x, the other y, z"):
        Comoments.of([1.0], {"x": [1.0]}).merge(Comoments.of([1.0], {"z": [1.0]}))

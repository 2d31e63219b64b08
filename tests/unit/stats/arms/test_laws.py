from __future__ import annotations

import numpy as np
import pytest
from golden import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy import stats as scipy_stats

from assay.errors import InputError
from assay.seeds import stream
from assay.stats.arms import (
    dunnett_quantile,
    dunnett_tail,
    studentised,
    studentised_range_quantile,
    studentised_range_tail,
)

T = np.array([0.0, 0.3, 1.0, 2.5, 6.0, 30.0])
DF = [1.0, 1.5, 7.0, 99.9, 100.0, 2_999.0, 3_000.0, 1e6, np.inf]


# known values


@pytest.mark.parametrize("df", DF)
def test_one_treatment_is_students_t(df: float) -> None:
    far = special.stdtr(df, -T)
    for ratio in (0.01, 1.0, 300.0):
        assert_close(dunnett_tail(T, [ratio], df), 2 * far, 1e-11)
        assert_close(dunnett_tail(T, [ratio], df, alternative="greater"), far, 1e-11)
        assert_close(dunnett_tail(-T, [ratio], df, alternative="greater"), special.stdtr(df, T), 1e-11)
    assert_close(studentised_range_tail(np.sqrt(2) * T, 2, df), 2 * far, 1e-11)


def test_tails_of_1e_300_keep_their_digits() -> None:
    assert_close(dunnett_tail(37.0, [1.0], np.inf), 2 * special.ndtr(-37.0), 1e-11)
    assert_close(dunnett_tail(1e60, [2.0], 5), 2 * special.stdtr(5, -1e60), 1e-11)
    assert_close(studentised_range_tail(37.0 * np.sqrt(2), 2, np.inf), 2 * special.ndtr(-37.0), 1e-11)
    # Far out the union of the events is their sum.
    assert_close(dunnett_tail(30.0, [0.01] * 3, np.inf), 6 * special.ndtr(-30.0), 1e-11)
    assert_close(studentised_range_tail(40.0, 5, np.inf), 20 * special.ndtr(-40 / np.sqrt(2)), 1e-11)


def test_treatments_of_a_vast_control_are_independent() -> None:
    one = 2 * special.ndtr(-2.0)
    assert_close(dunnett_tail(2.0, [1e-12] * 4, np.inf), -np.expm1(4 * np.log1p(-one)), 1e-11)


def test_treatments_that_dwarf_the_control_are_one() -> None:
    # What is left of their own noise, κ, moves the greater of two by κ / √π.
    own = np.sqrt(1 / (1 + 1e9)) / np.sqrt(np.pi)
    expected = 2 * (special.ndtr(-2.0) + own * np.exp(-2.0) / np.sqrt(2 * np.pi))
    assert_close(dunnett_tail(2.0, [1e9, 1e9], np.inf), expected, 1e-7)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_the_tail_is_the_share_of_a_simulation(alternative: str) -> None:
    rng, draws = stream(20_261_128, "test.arms.law"), 1_000_000
    ratios, df = np.array([0.2, 1.0, 4.0]), 9
    z = rng.normal(size=(draws, 1)) * np.sqrt(ratios / (1 + ratios))
    t = (z + rng.normal(size=(draws, 3)) / np.sqrt(1 + ratios)) / np.sqrt(rng.chisquare(df, (draws, 1)) / df)
    farthest = np.max(np.abs(t) if alternative == "two-sided" else t, axis=1)
    for q in (0.8, 2.0, 3.0):
        p = float(dunnett_tail(q, ratios, df, alternative=alternative))
        # Five standard errors: false once in 1.7 million.
        assert abs(np.mean(farthest > q) - p) < 5 * np.sqrt(p * (1 - p) / draws)


# relations


@given(
    t=st.floats(-6, 6),
    ratios=st.lists(st.floats(0.05, 20), min_size=1, max_size=5),
    df=st.one_of(st.floats(1, 5_000), st.just(np.inf)),
)
@settings(max_examples=40)
def test_sides_order_and_bounds(t: float, ratios: list[float], df: float) -> None:
    two, more, less = (
        float(dunnett_tail(t, ratios, df, alternative=a)) for a in ("two-sided", "greater", "less")
    )
    one = float(special.stdtr(df, -t))
    assert one * (1 - 1e-11) <= more <= min(len(ratios) * one, 1) * (1 + 1e-11)
    assert_close(less, dunnett_tail(-t, ratios, df, alternative="greater"), 1e-12)
    assert_close(dunnett_tail(t, ratios[::-1], df), two, 1e-12)
    assert_close(dunnett_tail(-t, ratios, df), two, 1e-15)
    assert two <= float(dunnett_tail(t, [*ratios, 1.0], df)) * (1 + 1e-11)
    near = one if t > 0 else float(special.stdtr(df, t))
    assert 2 * near * (1 - 1e-11) <= two <= min(2 * len(ratios) * near, 1) * (1 + 1e-11)


@given(
    alpha=st.one_of(st.floats(1e-12, 0.5), st.floats(0.5, 0.99)),
    ratios=st.lists(st.floats(0.05, 20), min_size=1, max_size=4),
    df=st.one_of(st.floats(1, 5_000), st.just(np.inf)),
)
@settings(max_examples=25)
def test_quantiles_and_tails_are_inverses(alpha: float, ratios: list[float], df: float) -> None:
    for alternative in ("two-sided", "greater", "less"):
        q = dunnett_quantile(alpha, ratios, df, alternative=alternative)
        assert_close(dunnett_tail(q, ratios, df, alternative=alternative), np.asarray(alpha), 1e-11)
    means = len(ratios) + 1
    q = studentised_range_quantile(alpha, means, df)
    assert_close(studentised_range_tail(q, means, df), np.asarray(alpha), 1e-11)


@pytest.mark.parametrize("means", [2, 3, 7, 30])
def test_tails_join_where_the_nodes_change(means: int) -> None:
    for edge in (studentised._WIDEST, studentised._WIDE, studentised._NARROW):
        below, above = (studentised_range_tail(T, means, edge * (1 + e)) for e in (-1e-15, 0.0))
        assert_close(below, above, 1e-11)
    assert_close(studentised_range_tail(T, means, 1e17), studentised_range_tail(T, means, np.inf), 1e-11)


def test_the_range_is_scipys_where_that_has_digits() -> None:
    for means, df in ((3, 1.7), (4, 12), (12, 500)):
        expected = scipy_stats.studentized_range.sf([1.0, 3.0, 4.5], means, df)
        assert_close(studentised_range_tail([1.0, 3.0, 4.5], means, df), expected, 1e-9)


def test_shapes_broadcast_and_a_batch_is_its_rows() -> None:
    ratios = np.array([[1.0, 2.0], [0.5, 0.1], [3.0, 3.0]])
    df = np.array([[4.0], [5_000.0]])
    tails = dunnett_tail(2.0, ratios, df)
    assert tails.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            assert_close(tails[i, j], dunnett_tail(2.0, ratios[j], df[i, 0]), 1e-12)
    levels = np.array([0.1, 0.1, 0.01])
    found = dunnett_quantile(levels, [1.0, 2.0], 20.0)
    assert found[0] == found[1] < found[2]
    assert studentised_range_tail(T, 3, df).shape == (2, T.size)
    assert studentised_range_quantile(levels, 3, df).shape == (2, 3)


def test_many_rows_are_computed_in_pieces() -> None:
    t = np.linspace(-3, 3, 3_001)
    tails = dunnett_tail(t, [100.0, 1.0], 50)
    assert_close(tails[::500], [float(dunnett_tail(x, [100.0, 1.0], 50)) for x in t[::500]], 1e-12)
    assert_close(tails, tails[::-1], 1e-12)


def test_a_search_that_rounding_keeps_from_settling_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    settled = dunnett_quantile(0.01, [1.0, 2.0], 30)
    monkeypatch.setattr(studentised, "_CLOSE", -1.0)
    assert_close(dunnett_quantile(0.01, [1.0, 2.0], 30), settled, 1e-12)


# edges


def test_nan_infinity_and_nothing() -> None:
    assert np.isnan(dunnett_tail([np.nan, 1.0], [1.0, 1.0], 5)).tolist() == [True, False]
    assert dunnett_tail([np.inf, -np.inf], [1.0], 5, alternative="greater").tolist() == [0.0, 1.0]
    assert float(dunnett_tail(0.0, [1.0, 2.0], 5)) == pytest.approx(1, abs=1e-12)
    assert float(studentised_range_tail(0.0, 4, 5)) == pytest.approx(1, abs=1e-12)
    assert float(studentised_range_tail(np.inf, 4, 5)) == 0
    assert np.isnan(studentised_range_tail(np.nan, 4, 5))
    assert dunnett_tail(np.empty(0), [1.0], 5).shape == (0,)


# refusals


def test_refusals() -> None:
    for call in (dunnett_tail, dunnett_quantile):
        for ratios, value in (([1.0, 0.0], "0"), ([-1.0], "-1"), ([np.nan], "nan"), ([np.inf], "inf")):
            with pytest.raises(InputError, match=f"ratios holds {value}; each must be finite and above 0"):
                call(0.5, ratios, 5)
        for empty in (1.0, []):
            with pytest.raises(InputError, match=r"ratios has shape .*; it needs an axis of at least one"):
                call(0.5, empty, 5)
        with pytest.raises(InputError, match="alternative is 'up'"):
            call(0.5, [1.0], 5, alternative="up")
        with pytest.raises(InputError, match=r"has shape \(2,\), df has shape \(3,\)"):
            call([0.5, 0.6], [1.0], [5, 6, 7])
        with pytest.raises(InputError, match=r"df is 0.5; it must be 1 or greater"):
            call(0.5, [1.0], 0.5)
    for law in (studentised_range_tail, studentised_range_quantile):
        with pytest.raises(InputError, match="means is 1; a range needs 2 or more"):
            law(0.5, 1, 5)
        with pytest.raises(InputError, match="df is nan"):
            law(0.5, 3, np.nan)
    for alpha in (0.0, 1.0, np.nan):
        with pytest.raises(InputError, match=r"alpha is .*; it must lie strictly between 0 and 1"):
            dunnett_quantile(alpha, [1.0], 5)
        with pytest.raises(InputError, match=r"alpha is .*; it must lie strictly between 0 and 1"):
            studentised_range_quantile(alpha, 3, 5)
    with pytest.raises(InputError, match="statistic is -1; it must be 0 or greater"):
        studentised_range_tail(-1.0, 3, 5)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from golden import assert_close
from numpy.typing import NDArray
from scipy import stats

from assay.errors import InputError
from assay.seeds import stream
from assay.stats import METHODS, Moments, Reason, Samples
from assay.stats.arms import Omnibus, anova, chi_square, kruskal_wallis, welch_anova
from assay.stats.arms.spread import spread

Units = Sequence[NDArray[np.float64]]
NAMES = ("statistic", "df_between", "df_within", "p_value", "effect_size")
OF_UNITS: list[Callable[[Any], Omnibus]] = [anova, welch_anova, kruskal_wallis]
OF_MOMENTS: list[Callable[[Any], Omnibus]] = [anova, welch_anova]


def draws(*sizes: int, batch: tuple[int, ...] = ()) -> Units:
    rng = stream(20_261_128, "test.arms")
    return [rng.normal(i / 3, 1 + i, (*batch, n)) for i, n in enumerate(sizes)]


def samples(units: Units) -> list[Samples]:
    return [Samples(y) for y in units]


def moments(units: Units) -> Moments:
    parts = [Moments.of(y) for y in units]
    n, mean, m2 = (np.stack([getattr(p, k) for p in parts], axis=-1) for k in ("n", "mean_y", "m2_y"))
    return Moments(n=n, mean_y=mean, m2_y=m2)


def same(one: Omnibus, other: Omnibus, rtol: float = 1e-11) -> None:
    for name in NAMES:
        assert_close(getattr(one, name), getattr(other, name), rtol, name)


def lost(found: Omnibus, reason: Reason) -> None:
    assert found.reason.tolist() == reason
    assert all(np.isnan(getattr(found, name)) for name in NAMES)


# relations


@pytest.mark.parametrize("test", OF_MOMENTS)
def test_moments_are_as_good_as_units(test: Callable[[Any], Omnibus]) -> None:
    units = draws(8, 12, 30, batch=(2, 3))
    same(test(moments(units)), test(samples(units)))


@pytest.mark.parametrize("test", OF_UNITS)
def test_a_batch_is_its_rows(test: Callable[[Any], Omnibus]) -> None:
    units = draws(8, 12, 30, batch=(4,))
    whole = test(samples(units))
    for field in fields(Omnibus):
        assert getattr(whole, field.name).shape == (4,)
    for i in range(4):
        alone = test(samples([y[i] for y in units]))
        for name in NAMES:
            assert_close(getattr(whole, name)[i], getattr(alone, name), 1e-13, name)


def test_batches_of_samples_broadcast() -> None:
    a, b, c = draws(8, 12, 30)
    shifted = np.stack([c, c + 1])
    for test in OF_UNITS:
        found = test(samples([a, b, shifted]))
        alone = test(samples([a, b, c + 1]))
        assert_close(found.p_value[1], alone.p_value, 1e-12)


@pytest.mark.parametrize("test", OF_UNITS)
def test_order_place_and_unit_do_not_matter(test: Callable[[Any], Omnibus]) -> None:
    units = draws(8, 12, 30)
    plain = test(samples(units))
    same(test(samples(units[::-1])), plain)
    same(test(samples([7 - 3 * y for y in units])), plain)


def test_two_arms_are_the_two_sided_t_tests() -> None:
    units = draws(9, 23)
    for test, name in ((anova, "student"), (welch_anova, "welch")):
        found = test(samples(units))
        effect = METHODS[name](*map(Moments.of, units))
        assert_close(found.p_value, effect.p_value, 1e-12)
        assert_close(found.statistic, effect.statistic**2, 1e-12)
        assert_close(found.df_within, effect.df, 1e-12)
    effect = METHODS["mann_whitney"](*samples(units))
    assert_close(kruskal_wallis(samples(units)).p_value, effect.p_value, 1e-12)


def test_two_arms_and_two_outcomes_are_the_pooled_z_test() -> None:
    found = chi_square([[30, 70], [45, 55]])
    z = 0.15 / np.sqrt(0.375 * 0.625 * 2 / 100)
    assert_close(found.statistic, z**2, 1e-12)
    assert_close(found.effect_size, z / np.sqrt(200), 1e-12)
    assert_close(chi_square([[45, 0, 55], [30, 0, 70]]).p_value, found.p_value, 1e-12)


def test_the_share_of_ranks_between_arms_is_their_eta_squared() -> None:
    units = [np.round(y) for y in draws(8, 12, 30)]
    ranks = np.split(stats.rankdata(np.concatenate(units)), [8, 20])
    assert_close(kruskal_wallis(samples(units)).effect_size, anova(samples(ranks)).effect_size, 1e-12)


def test_tails_keep_their_digits() -> None:
    far = anova(samples([y + 40 * i for i, y in enumerate(draws(50, 50, 50))]))
    assert 0 < far.p_value < 1e-90
    counts = chi_square([[5_000, 100], [100, 5_000]])
    assert 0 < chi_square([[500, 100], [100, 500]]).p_value < 1e-100
    assert counts.p_value == 0


def test_no_origin_is_too_far() -> None:
    near = [np.round(y, 3) for y in draws(8, 12, 30)]
    far = [y + 2.0**33 for y in near]
    back = [y - 2.0**33 for y in far]
    same(anova(samples(far)), anova(samples(back)), 1e-12)


def test_the_error_rate_is_what_it_says_with_unlike_variances() -> None:
    rng = stream(20_261_128, "test.arms.level")
    y = [Samples(rng.normal(0, sd, (4_000, n))) for sd, n in ((1.0, 30), (3.0, 10), (2.0, 20))]
    welch, plain = (np.mean(test(y).p_value < 0.05) for test in (welch_anova, anova))
    # 4,000 tests at 5 %: five standard errors are 1.7 points, the rest is the approximation's.
    assert abs(welch - 0.05) < 0.025
    assert plain > 0.085


# edges


def test_arms_too_small_and_alike_say_so() -> None:
    for test in OF_UNITS:
        lost(test(samples([np.empty(0), np.arange(3.0), np.arange(4.0)])), Reason.TOO_FEW_UNITS)
        lost(test(samples([np.empty(0), np.empty(0)])), Reason.TOO_FEW_UNITS)
        lost(test(samples([np.full(3, 0.1), np.full(4, 0.1)])), Reason.NO_VARIANCE)
        lost(test(samples([np.arange(3.0), np.array([1.0, np.nan])])), Reason.NOT_FINITE)
        lost(test(samples([np.arange(3.0), np.array([1.0, np.inf])])), Reason.NOT_FINITE)
    lost(anova(samples([np.ones(1), np.zeros(1)])), Reason.TOO_FEW_UNITS)
    lost(welch_anova(samples([np.arange(3.0), np.ones(1)])), Reason.TOO_FEW_UNITS)
    lost(welch_anova(samples([np.arange(3.0), np.ones(3)])), Reason.NO_VARIANCE)
    huge = Moments(n=np.full(2, 3.0), mean_y=np.array([0.0, 1e160]), m2_y=np.full(2, 1e305))
    lost(anova(huge), Reason.NOT_FINITE)


def test_a_constant_that_rounding_blurs_has_no_variance() -> None:
    blurred = Moments(n=np.full(2, 3.0), mean_y=np.full(2, 1e8), m2_y=np.full(2, 1e-17))
    lost(anova(blurred), Reason.NO_VARIANCE)


def test_single_units_take_part_where_others_have_a_variance() -> None:
    found = anova(samples([np.ones(1), np.arange(4.0)]))
    assert_close(found.p_value, stats.ttest_ind([1.0], np.arange(4.0)).pvalue, 1e-12)


def test_one_bad_row_spoils_no_other() -> None:
    y = np.stack([np.arange(4.0), np.full(4, np.nan)])
    for test in OF_UNITS:
        found = test(samples([y, y + 1]))
        assert found.reason.tolist() == [0, Reason.NOT_FINITE]
        assert np.isfinite(found.p_value).tolist() == [True, False]


def test_tables_without_an_answer_say_why() -> None:
    lost(chi_square([[0, 0], [3, 4]]), Reason.TOO_FEW_UNITS)
    lost(chi_square([[0, 0], [0, 0]]), Reason.TOO_FEW_UNITS)
    lost(chi_square([[5, 0], [3, 0]]), Reason.NO_VARIANCE)
    lost(chi_square([[5, np.nan], [3, 1]]), Reason.NOT_FINITE)
    lost(chi_square([[5, np.inf], [3, 1]]), Reason.NOT_FINITE)
    found = chi_square([[[5, 0], [3, 0]], [[5, 1], [3, 9]]])
    assert found.reason.tolist() == [Reason.NO_VARIANCE, 0]


# refusals


def test_refusals() -> None:
    one = Samples([1.0, 2.0])
    for test in OF_MOMENTS:
        with pytest.raises(
            InputError, match=r"arms has shape \(1,\); it needs a last axis of at least 2 arms"
        ):
            test(Moments.of([[1.0, 2.0]]))
        with pytest.raises(InputError, match=r"arms has shape \(\); it needs"):
            test(Moments.of([1.0, 2.0]))
    for test in OF_UNITS:
        with pytest.raises(InputError, match="arms holds 1; a comparison needs at least 2"):
            test([one])
        with pytest.raises(InputError, match="arms holds list; give Samples of each arm"):
            test([one, [1.0, 2.0]])
        with pytest.raises(InputError, match=r"arm 0 has shape \(2,\), arm 1 has shape \(3,\)"):
            test([Samples(np.ones((2, 4))), Samples(np.ones((3, 4)))])
    with pytest.raises(InputError, match="counts is -1; it must be 0 or greater"):
        chi_square([[1, -1], [2, 3]])
    for counts in ([1, 2], [[1, 2]], [[1], [2]]):
        with pytest.raises(InputError, match="it needs at least 2 arms and 2 categories"):
            chi_square(counts)


def test_the_spread_of_no_units_has_the_shape_of_its_batch() -> None:
    found = spread([Samples(np.empty((3, 0))), Samples(np.ones((3, 2)))])
    assert found.n.shape == (3, 2)
    assert found.reason.tolist() == [Reason.TOO_FEW_UNITS] * 3

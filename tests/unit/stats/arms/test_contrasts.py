from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from golden import assert_close
from numpy.typing import NDArray

from assay.errors import InputError
from assay.seeds import stream
from assay.stats import METHODS, Moments, Reason, Samples
from assay.stats.arms import Contrasts, dunnett, dunnett_quantile, games_howell, tukey
from assay.stats.multiplicity import bonferroni

ALL: list[Callable[..., Contrasts]] = [dunnett, tukey, games_howell]
NAMES = ("estimate", "std_error", "statistic", "df", "p_value", "lower", "upper", "alpha")
UNDEFINED = ("std_error", "statistic", "df", "p_value", "lower", "upper")


def draws(*sizes: int, batch: tuple[int, ...] = (), spread: float = 1.0) -> list[Samples]:
    rng = stream(20_261_128, "test.arms.contrasts")
    return [Samples(rng.normal(i / 2, 1 + spread * i, (*batch, n))) for i, n in enumerate(sizes)]


def same(one: Contrasts, other: Contrasts, rtol: float = 1e-11) -> None:
    for name in NAMES:
        assert_close(getattr(one, name), getattr(other, name), rtol, name)


# relations


@pytest.mark.parametrize("test", ALL)
def test_a_batch_is_its_rows(test: Callable[..., Contrasts]) -> None:
    arms = draws(8, 12, 30, batch=(3,))
    whole = test(arms)
    for i in range(3):
        alone = test([Samples(arm.y[i]) for arm in arms])
        for name in NAMES:
            assert_close(getattr(whole, name)[i], getattr(alone, name), 1e-11, name)


@pytest.mark.parametrize("test", ALL)
def test_place_and_unit_do_not_matter(test: Callable[..., Contrasts]) -> None:
    arms = draws(8, 12, 30)
    plain, moved = test(arms), test([Samples(7 + 3 * arm.y) for arm in arms])
    for name in ("estimate", "std_error", "lower", "upper"):
        assert_close(getattr(moved, name), 3 * getattr(plain, name), 1e-9, name)
    assert_close(moved.p_value, plain.p_value, 1e-9)


@pytest.mark.parametrize(
    ("test", "name"), [(dunnett, "student"), (tukey, "student"), (games_howell, "welch")]
)
def test_two_arms_are_the_t_tests(test: Callable[..., Contrasts], name: str) -> None:
    arms = draws(9, 23)
    found, effect = test(arms), METHODS[name](*(arm.moments() for arm in arms))
    for field in ("estimate", "std_error", "statistic", "df", "p_value", "lower", "upper"):
        assert_close(getattr(found, field)[0], getattr(effect, field), 1e-11, field)


@pytest.mark.parametrize("test", ALL)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_p_value_and_interval_are_inverses(test: Callable[..., Contrasts], alternative: str) -> None:
    given: dict[str, Any] = {"alternative": alternative} if test is dunnett else {}
    arms = draws(8, 12, 30, 9)
    found = test(arms, **given)
    for i, p in enumerate(found.p_value):
        for factor, out in ((1 + 1e-7, True), (1 - 1e-7, False)):
            at = test(arms, alpha=min(p * factor, (1 + p) / 2), **given)
            assert ((at.lower[i] > 0) | (at.upper[i] < 0)) == out
    assert np.all(np.isinf(found.upper)) == (given == {"alternative": "greater"})
    assert np.all(np.isinf(found.lower)) == (given == {"alternative": "less"})


def test_dunnett_mirrors_and_any_arm_can_be_the_control() -> None:
    arms = draws(8, 12, 30)
    greater = dunnett(arms, alternative="greater")
    less = dunnett([Samples(-arm.y) for arm in arms], alternative="less")
    assert_close(less.p_value, greater.p_value, 1e-12)
    assert_close(less.upper, -greater.lower, 1e-12)
    turned = dunnett([arms[1], arms[0], arms[2]], control=1, alternative="greater")
    assert turned.first.tolist() == [1, 1]
    assert turned.second.tolist() == [0, 2]
    same(turned, greater)


def test_knowing_the_shared_control_beats_bonferroni_but_not_by_a_claim_too_many() -> None:
    arms = draws(30, 20, 25, 40)
    pooled = dunnett(arms)
    alone = (
        2 * dunnett([*arms], alternative="two-sided").p_value
    )  # at least one test's own p-value, at most three
    single = METHODS["student"](arms[0].moments(), arms[1].moments())
    assert single.p_value.shape == ()
    raw = 2 * _t_tail(pooled)
    assert np.all(pooled.p_value >= raw)
    assert np.all(pooled.p_value <= bonferroni(raw).p_value)
    assert np.all(pooled.p_value <= tukey(arms).p_value[:3])
    assert np.all(alone >= pooled.p_value)


def _t_tail(found: Contrasts) -> NDArray[np.float64]:
    from scipy import special

    return np.asarray(special.stdtr(found.df, -np.abs(found.statistic)))


def test_tukey_and_games_howell_agree_on_arms_of_one_size_and_spread() -> None:
    y = stream(20_261_128, "test.arms.alike").normal(0, 1, 20)
    arms = [Samples(y), Samples(y + 1), Samples(y[::-1] + 2)]
    one, other = tukey(arms), games_howell(arms)
    assert_close(one.estimate, [1.0, 2.0, 1.0], 1e-12)
    assert_close(one.std_error, other.std_error, 1e-12)
    assert other.df.tolist() == pytest.approx([38, 38, 38])
    assert one.df.tolist() == [57, 57, 57]
    assert (one.first.tolist(), one.second.tolist()) == ([0, 0, 1], [1, 2, 2])


def test_levels_broadcast_against_the_batch() -> None:
    arms = draws(8, 12, 30)
    for test in ALL:
        found = test(arms, alpha=[0.1, 0.01])
        assert found.lower.shape == (2, found.first.size) == found.reason.shape
        assert np.all(found.lower[0] > found.lower[1])
        assert_close(found.lower[1], test(arms, alpha=0.01).lower, 1e-11)
    wide = dunnett(draws(8, 12, 30, batch=(4,)), alpha=np.full((3, 1), 0.05))
    assert wide.upper.shape == (3, 4, 2)
    reach = (wide.upper - wide.estimate) / wide.std_error
    assert_close(reach, np.full(reach.shape, dunnett_quantile(0.05, [12 / 8, 30 / 8], 47)), 1e-9)


@pytest.mark.long
@pytest.mark.parametrize(("test", "spread"), [(dunnett, 0.0), (tukey, 0.0), (games_howell, 1.0)])
def test_the_family_errs_as_often_as_it_says(test: Callable[..., Contrasts], spread: float) -> None:
    rng, tests = stream(20_261_128, "test.arms.family"), 2_000
    n, sd = np.array([40.0, 25.0, 60.0, 40.0]), 1 + spread * np.arange(4)
    mean = rng.normal(0, sd / np.sqrt(n), (tests, 4))
    arms = Moments(n=n, mean_y=mean, m2_y=sd**2 * rng.chisquare(n - 1, (tests, 4)))
    found = test(arms, alpha=0.1)
    wrong = np.mean(np.any(found.p_value < 0.1, axis=-1))
    missed = np.any((found.lower > 0) | (found.upper < 0), axis=-1)
    assert np.mean(missed) == wrong
    # 2,000 families at 10 %: five standard errors are 3.4 points; unequal sizes make Tukey's a little shy.
    assert abs(wrong - 0.1) < 0.034


# edges


@pytest.mark.parametrize("test", ALL)
def test_what_leaves_no_answer_says_why_and_spoils_no_other_row(test: Callable[..., Contrasts]) -> None:
    mean = np.array([[1.0, 2.0, 4.0]] * 5)
    mean[3, 1] = np.nan
    n = np.full((5, 3), 5.0)
    n[1, 1] = 0
    m2 = np.full((5, 3), 3.0)
    m2[2] = 0
    m2[4] = np.inf
    found = test(Moments(n=n, mean_y=mean, m2_y=m2))
    expected = [0, Reason.TOO_FEW_UNITS, Reason.NO_VARIANCE, Reason.NOT_FINITE, Reason.NOT_FINITE]
    assert found.reason[:, 0].tolist() == expected
    assert np.all(found.reason == found.reason[:, :1])
    for name in UNDEFINED:
        assert np.all(np.isnan(getattr(found, name)) == (found.reason > 0)), name
    assert found.estimate[2].tolist() == found.estimate[0].tolist()
    assert np.isnan(found.estimate[1]).tolist() == [True, False] if test is dunnett else [True, False, True]


@pytest.mark.parametrize("test", ALL)
def test_differences_that_leave_double_precision(test: Callable[..., Contrasts]) -> None:
    arms = Moments(
        n=np.full(2, 3.0), mean_y=np.array([-1.7e308, 1.7e308]), m2_y=np.full(2, np.finfo(float).max)
    )
    found = test(arms)
    assert found.reason.tolist() != [0]
    assert np.isnan(found.p_value).tolist() == [True]


def test_single_units_and_no_spare_ones() -> None:
    found = dunnett([Samples([1.0, 2.0, 4.0]), Samples([7.0]), Samples([2.0])])
    assert found.reason.tolist() == [0, 0]
    assert found.df.tolist() == [2, 2]
    assert dunnett([Samples([1.0]), Samples([7.0])]).reason.tolist() == [Reason.TOO_FEW_UNITS]
    assert games_howell([Samples([1.0, 2.0]), Samples([7.0])]).reason.tolist() == [Reason.TOO_FEW_UNITS]


# refusals


def test_refusals() -> None:
    arms = draws(8, 12, 30)
    for test in ALL:
        for alpha in (0.0, 1.0, np.nan, 1.2):
            with pytest.raises(InputError, match=r"alpha is .*; it must lie strictly between 0 and 1"):
                test(arms, alpha=alpha)
        with pytest.raises(InputError, match=r"arms has shape \(2,\), alpha has shape \(3,\)"):
            test(draws(8, 12, 30, batch=(2,)), alpha=[0.1, 0.05, 0.01])
        with pytest.raises(InputError, match="arms holds 1; a comparison needs at least 2"):
            test(arms[:1])
    for control in (-1, 3):
        with pytest.raises(InputError, match=f"control is {control}; it must be the index of one of 3 arms"):
            dunnett(arms, control=control)
    with pytest.raises(InputError, match="alternative is 'up'"):
        dunnett(arms, alternative="up")

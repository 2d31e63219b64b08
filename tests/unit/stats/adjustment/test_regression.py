from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import Effect, Moments, Reason, Samples, welch
from assay.stats.adjustment import Comoments, cuped, lin, lin_hc2, lin_many

Units = tuple[NDArray[np.float64], NDArray[np.float64]]


def units(seed: int, n: int | tuple[int, ...], slope: float = 1.0, effect: float = 0.0) -> Units:
    rng = np.random.default_rng(seed)
    x = rng.gamma(2, 3, n)
    return 15 + effect + slope * x + rng.normal(0, 1, n) * (1 + x / 3), x


def moments(arm: Units) -> Moments:
    return Moments.of(arm[0], x=arm[1])


def samples(arm: Units) -> Samples:
    return Samples(arm[0], x=arm[1])


def comoments(arm: Units) -> Comoments:
    return Comoments.of(arm[0], {"x": arm[1]})


FORMS: list[Callable[..., Effect]] = [
    lambda a, b, **options: lin(moments(a), moments(b), **options),
    lambda a, b, **options: lin_many(comoments(a), comoments(b), **options),
    lambda a, b, **options: lin_hc2(samples(a), samples(b), **options),
]
each_form = pytest.mark.parametrize("form", FORMS, ids=["lin", "lin_many", "lin_hc2"])


def same(one: Effect, other: Effect, rtol: float = 1e-10) -> None:
    for name in Effect.names():
        a, b = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12, err_msg=name)


# relations


def test_one_covariate_is_one_of_many() -> None:
    a, b = units(1, (5, 30)), units(2, (5, 20), 1.5)
    for target in ("population", "sample"):
        same(FORMS[0](a, b, target=target), FORMS[1](a, b, target=target))


@each_form
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("target", ["population", "sample"])
def test_p_value_and_both_intervals_change_side_together(
    form: Callable[..., Effect], alternative: str, target: str
) -> None:
    a, b = units(3, (60, 12)), units(4, (60, 9), 2.0, -5.0)
    options = {"alternative": alternative, "target": target}
    p = form(a, b, **options).p_value
    for alpha in (p * (1 - 1e-9), np.minimum(p * (1 + 1e-9), 1 - 1e-12), np.array(0.05)):
        effect = form(a, b, alpha=alpha, **options)
        found = p < alpha
        assert np.array_equal((effect.lower > 0) | (effect.upper < 0), found)
        bounded = effect.reason == 0
        assert np.any(bounded)
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert np.array_equal(lift[bounded], found[bounded])


@each_form
def test_the_population_has_the_wider_interval_by_the_difference_of_slopes(
    form: Callable[..., Effect],
) -> None:
    a, b = units(5, 200, 0.5), units(6, 100, 3.0)
    sample, population = form(a, b, target="sample"), form(a, b)
    assert population.estimate == sample.estimate
    steeper = [np.cov(y, x)[0, 1] / np.var(x, ddof=1) for y, x in (a, b)]
    centre = (200 * np.var(a[1], ddof=1) + 100 * np.var(b[1], ddof=1)) / 300**2
    more = (steeper[1] - steeper[0]) ** 2 * centre
    np.testing.assert_allclose(population.std_error**2 - sample.std_error**2, more, rtol=1e-10)


def test_equal_slopes_make_both_targets_and_nearly_cuped_equal() -> None:
    a, b = units(7, 4000), units(8, 4000)
    # Residuals of each arm's own line around one line for both, 2 higher in the treatment.
    flat = [(20 + e + x + y - np.polyval(np.polyfit(x, y, 1), x), x) for (y, x), e in ((a, 0.0), (b, 2.0))]
    population, sample = (FORMS[0](*flat, target=t) for t in ("population", "sample"))
    np.testing.assert_allclose(population.std_error, sample.std_error, rtol=1e-10)
    pooled = cuped(*(moments(arm) for arm in flat))
    np.testing.assert_allclose(pooled.estimate, sample.estimate, rtol=1e-7)
    np.testing.assert_allclose(pooled.std_error, sample.std_error, rtol=1e-3)


@each_form
def test_swapping_arms_mirrors_the_difference(form: Callable[..., Effect]) -> None:
    a, b = units(9, (20, 30)), units(10, (20, 12), 2.0)
    one, other = form(a, b), form(b, a)
    np.testing.assert_allclose(one.p_value, other.p_value, rtol=1e-8)
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-9, atol=1e-10)


@each_form
def test_a_batch_is_its_elements(form: Callable[..., Effect]) -> None:
    a, b = units(11, (4, 1, 20)), units(12, (3, 15), 2.0)
    batch = form(a, b, alpha=0.1)
    assert batch.shape == (4, 3)
    alone = form(tuple(s[2, 0] for s in a), tuple(s[1] for s in b), alpha=0.1)
    for name in Effect.names():
        np.testing.assert_allclose(getattr(batch, name)[2, 1], getattr(alone, name), rtol=1e-12)


def test_lines_of_four_indicators_are_means_per_stratum() -> None:
    rng = np.random.default_rng(13)
    arms = []
    for shift in (0.0, 1.0):
        stratum = np.resize(np.arange(3), 60)
        arms.append((5.0 * stratum + shift + rng.normal(size=60), stratum))
    both = [Comoments.of(y, {f"s{k}": s == k for k in (1, 2)}) for y, s in arms]
    means = [[y[s == k].mean() for k in range(3)] for y, s in arms]
    effect = lin_many(*both)
    assert float(effect.estimate) == pytest.approx(np.mean(means[1]) - np.mean(means[0]), rel=1e-12)
    # One indicator too many is determined by the others and drops out.
    over = [Comoments.of(y, {f"s{k}": s == k for k in (0, 1, 2)}) for y, s in arms]
    same(lin_many(*over), effect, 1e-9)


# edges


@each_form
def test_undefined_results_say_why(form: Callable[..., Effect]) -> None:
    good = (np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.0, 2.0, 2.0, 5.0]))
    few = (np.array([1.0, 3.0]), np.array([1.0, 2.0]))
    none = (np.array([]), np.array([]))
    line = (np.array([1.0, 2.0, 3.0, 5.0]), np.array([1.0, 2.0, 3.0, 5.0]))
    gap = (np.array([1.0, np.nan, 2.0, 2.0]), good[1])
    for a, b, reason in (
        (few, good, Reason.TOO_FEW_UNITS),
        (good, few, Reason.TOO_FEW_UNITS),
        (none, good, Reason.TOO_FEW_UNITS),
        (line, line, Reason.NO_VARIANCE),
        (gap, good, Reason.NOT_FINITE),
    ):
        effect = form(a, b)
        assert int(effect.reason) == reason
        assert np.isnan(effect.p_value)
        assert np.isnan(effect.relative_upper)
    assert np.isfinite(form(few, good).estimate)
    assert np.isnan(form(none, good).estimate)


def test_a_unit_that_alone_determines_the_slope_has_no_hc2_variance() -> None:
    alone = (np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.0, 0.0, 0.0, 5.0]))
    good = (np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.0, 2.0, 2.0, 5.0]))
    assert int(lin_hc2(samples(alone), samples(good)).reason) == Reason.TOO_FEW_UNITS
    assert int(lin(moments(alone), moments(good)).reason) == 0


def test_a_constant_covariate_leaves_welch() -> None:
    a, b = ((y, np.full(y.shape, 3.0)) for y, _ in (units(14, 12), units(15, 9)))
    same(FORMS[2](a, b), welch(Moments.of(a[0]), Moments.of(b[0])))


# refusals


@each_form
def test_an_unknown_target_is_refused(form: Callable[..., Effect]) -> None:
    a = units(16, 9)
    with pytest.raises(InputError, match="target is 'samples'; did you mean 'sample'"):
        form(a, a, target="samples")


def test_unlike_covariates_are_refused() -> None:
    y, x = units(17, 9)
    with pytest.raises(InputError, match="one side has the series y, x, the other y, z"):
        lin_many(Comoments.of(y, {"x": x}), Comoments.of(y, {"z": x}))

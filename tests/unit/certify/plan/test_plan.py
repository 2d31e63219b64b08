"""A plan by the formula beside its simulation: they agree where the formula holds, and say so where not."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import proportion_confint

from assay import seeds
from assay.certify.plan import (
    Lawful,
    Observed,
    Units,
    curve,
    effects,
    formula,
    law_of,
    plan,
    simulate,
    usable,
)
from assay.certify.plan.simulate import MOST_DRAWN, Share
from assay.certify.plan.units import treated
from assay.distributions import (
    Bernoulli,
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    ZeroInflated,
)
from assay.errors import InputError
from assay.stats import METHODS
from assay.stats.planning import achieved_power

Array = NDArray[np.float64]
HEAVY = ZeroInflated(0.95, LogNormal(3.0, 1.5))


def sample(law: Distribution, n: int = 3000) -> Array:
    return law.draw(seeds.stream(6, "test.sample"), n)


# ---- known values: statsmodels, SciPy


def test_sample_size_is_that_of_statsmodels() -> None:
    found = plan(Lawful(Normal(10.0, 4.0)), lift=0.05, replicates=2000)
    # The treated variance is 1.05² of the control's; statsmodels knows one variance for both.
    pooled = math.sqrt((16 + 16 * 1.05**2) / 2)
    reference = TTestIndPower().solve_power(0.5 / pooled, power=0.8, alpha=0.05)
    assert found.asked == "sample size"
    assert found.n_control == pytest.approx(reference, rel=1e-3)
    assert found.simulated is not None
    assert found.simulated.power.holds(0.8)
    assert found.simulated.false_alarms.holds(0.05)
    assert found.warnings() == []


def test_power_of_a_proportion_is_that_of_statsmodels() -> None:
    found = plan(Lawful(Bernoulli(0.2)), lift=0.25, n=1500, replicates=2000)
    assert found.asked == "power"
    assert found.method == "proportions_score"
    # Cohen's arcsine approximation: near, not equal.
    effect = 2 * (math.asin(math.sqrt(0.25)) - math.asin(math.sqrt(0.2)))
    assert found.power == pytest.approx(NormalIndPower().power(effect, 750, 0.05), abs=0.005)
    assert found.simulated is not None
    assert found.simulated.power.holds(found.power)


def test_the_interval_is_clopper_and_pearsons() -> None:
    found = simulate(
        Lawful(Normal(1.0, 1.0)), METHODS["welch"], n_control=20, n_treatment=20, lift=0.5, replicates=500
    )
    assert found is not None
    count = round(found.power.value * 500)
    assert (found.power.lower, found.power.upper) == pytest.approx(
        proportion_confint(count, 500, alpha=0.01, method="beta")
    )


def test_simulated_welch_rejects_as_scipys_does() -> None:
    units = Lawful(Gamma(0.5, 2.0))
    found = simulate(units, METHODS["welch"], n_control=30, n_treatment=40, lift=1.0, replicates=200, seed=3)
    rng = seeds.stream(3, "plan.units")
    control, rest = units.draw(rng, (200, 30))["y"], units.draw(rng, (200, 40))["y"]
    assert found is not None
    for treatment, share in ((2 * rest, found.power), (rest, found.false_alarms)):
        p = stats.ttest_ind(control, treatment, axis=1, equal_var=False).pvalue
        assert share.value == np.mean(p < 0.05)


def test_the_covariate_saves_its_share() -> None:
    plain, adjusted = (plan(Lawful(Normal(10.0, 4.0), rho), lift=0.1, replicates=1000) for rho in (None, 0.6))
    assert adjusted.method == "cuped"
    assert adjusted.n_control == pytest.approx(plain.n_control * (1 - 0.36), rel=0.02)
    assert adjusted.simulated is not None
    assert adjusted.simulated.power.holds(0.8)


# ---- relations


def test_the_three_questions_answer_each_other() -> None:
    units = Lawful(Gamma(1.0, 5.0))
    size = plan(units, lift=0.2, power=0.9, replicates=100)
    n = size.n_control + size.n_treatment
    effect = plan(units, power=0.9, n=n, replicates=100)
    assert effect.asked == "minimum effect"
    assert effect.lift == pytest.approx(0.2, rel=2e-3)
    assert plan(units, lift=0.2, n=n, replicates=100).power == pytest.approx(0.9, abs=2e-3)
    assert size.effect == pytest.approx(0.2 * 5.0)


def test_heavy_tails_break_the_formula_and_the_plan_says_so() -> None:
    found = plan(Lawful(HEAVY), lift=2.0, n=400)
    assert found.simulated is not None
    assert found.simulated.false_alarms.upper < 0.05
    assert "plan with the simulated figure" in found.warnings()[0]


def test_a_sample_size_that_is_off_says_in_which_direction() -> None:
    found = plan(Lawful(ZeroInflated(0.97, LogNormal(1.0, 0.5))), lift=-0.9)
    assert found.simulated is not None
    assert found.simulated.power.lower > found.power
    assert found.warnings()[0].startswith("the formula promises a power of 80")
    assert found.warnings()[0].endswith("try fewer units with --n")
    short = replace(found, power=0.99)
    assert short.warnings()[0].endswith("try more units with --n")


def test_a_method_that_breaks_its_level_is_named() -> None:
    found = plan(Lawful(Gamma(0.05, 1.0)), lift=1.0, n=60, method="z_means", allocation=0.2)
    assert found.simulated is not None
    assert found.simulated.false_alarms.lower > 0.05
    assert "choose another method" in found.warnings()[-1]


@pytest.mark.parametrize("method", ["welch", "skew_t", "mann_whitney", "winsorised"])
def test_equal_seeds_give_equal_digits(method: str) -> None:
    one, same, other = (
        plan(Lawful(HEAVY), lift=1.0, n=100, method=method, replicates=120, seed=s).simulated
        for s in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_progress_counts_every_experiment() -> None:
    seen: list[int] = []
    plan(Lawful(Normal(1.0, 1.0)), lift=0.1, n=50_000, replicates=150, progress=seen.append)
    assert sum(seen) == 150
    assert len(seen) > 1


@pytest.mark.parametrize("lift", [-0.3, 0.5])
def test_a_lift_moves_the_mean_and_the_variance_as_the_outcome_says(lift: float) -> None:
    rng = seeds.stream(2, "test.lift")
    x = sample(Normal(0.0, 1.0))
    whole: list[Units] = [
        Lawful(Bernoulli(0.3)),
        Lawful(Gamma(0.5, 4.0), 0.5),
        Observed(sample(Bernoulli(0.3)), x=x),
        Observed(sample(Gamma(2.0, 1.0))),
        Observed(sample(Gamma(2.0, 1.0)), d=1 + sample(Gamma(1.0, 1.0))),
    ]
    for units in whole:
        drawn = treated(units.draw(rng, (1, 200_000)), units, lift, rng)
        y, d = drawn["y"], drawn.get("d", np.ones_like(drawn["y"]))
        mean = float(units.outcome.mean) * (1 + lift)
        linear = (y - mean * d) / np.mean(d)
        effect = mean - float(units.outcome.mean)
        one = achieved_power(units.outcome, effect=effect, n=100.0).std_error ** 2
        variance = float(one) * 50 - float(units.outcome.variance)
        assert abs(np.mean(linear)) < 5 * math.sqrt(variance / 200_000)
        assert np.var(linear) == pytest.approx(variance, rel=0.05)


def test_observed_units_keep_their_rows_together() -> None:
    y = sample(Gamma(2.0, 1.0))
    units = Observed(y, d=2 * y + 1, x=y**2)
    drawn = units.draw(seeds.stream(1, "test.rows"), (3, 50))
    np.testing.assert_array_equal(drawn["d"], 2 * drawn["y"] + 1)
    np.testing.assert_array_equal(drawn["x"], drawn["y"] ** 2)
    ratio = np.sum(y) / np.sum(2 * y + 1)
    assert units.correlation == pytest.approx(np.corrcoef(y - ratio * (2 * y + 1), y**2)[0, 1])


@pytest.mark.parametrize(
    ("units", "method"),
    [
        (Observed(sample(Bernoulli(0.3))), "proportions_score"),
        (Observed(sample(Bernoulli(0.3)), x=sample(Gamma(1.0, 1.0))), "cuped"),
        (Observed(sample(Gamma(2.0, 1.0)), d=1 + sample(Gamma(1.0, 1.0))), "ratio_delta"),
        (Observed(sample(Gamma(2.0, 1.0)), d=np.ones(3000), x=sample(Gamma(1.0, 1.0))), "cuped_ratio"),
    ],
)
def test_observed_units_of_every_metric_are_planned(units: Units, method: str) -> None:
    found = plan(units, lift=0.2, n=2000, replicates=1000, units_per_week=300)
    assert found.method == method
    assert found.weeks == 7
    assert found.simulated is not None
    assert found.simulated.power.holds(found.power)


# ---- edges


def test_too_many_units_are_not_simulated() -> None:
    found = plan(Lawful(Normal(1.0, 1.0)), lift=0.001, n=MOST_DRAWN // 50)
    assert found.simulated is None
    assert "too many to simulate" in found.warnings()[0]


def test_many_units_allow_fewer_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["assay.certify.plan.simulate"], "MOST_DRAWN", 40_000)
    found = plan(Lawful(Normal(1.0, 1.0)), lift=0.1, n=200, replicates=300)
    assert found.simulated is not None
    assert found.simulated.replicates == 200


def test_allocation_and_odd_sizes() -> None:
    found = plan(Lawful(Normal(1.0, 1.0)), lift=0.5, n=101, allocation=0.2, replicates=100)
    assert (found.n_control, found.n_treatment) == (81, 20)


def test_a_share_holds_what_lies_in_its_interval() -> None:
    share = Share(value=0.5, lower=0.4, upper=0.6)
    assert share.holds(0.4)
    assert not share.holds(0.61)


# ---- laws


@pytest.mark.parametrize("family", ["normal", "gamma", "lognormal"])
def test_a_family_has_the_moments_given(family: str) -> None:
    law = law_of(mean=12.0, sd=40.0, law=family)
    assert law.name == family
    assert (law.mean, math.sqrt(law.variance)) == pytest.approx((12.0, 40.0))


def test_what_options_mean() -> None:
    assert law_of(mean=0.3) == Bernoulli(0.3)
    assert law_of(mean=0.3, metric="proportion") == Bernoulli(0.3)
    assert law_of(mean=3.0, sd=2.0) == Normal(3.0, 2.0)
    text = "{distribution: zero_inflated, zeros: 0.9, of: {distribution: gamma, shape: 2, scale: 3}}"
    assert law_of(law=text) == ZeroInflated(0.9, Gamma(2.0, 3.0))


# ---- refusals


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "nothing says what a unit is like"),
        ({"metric": "ratio"}, "a ratio is planned from data"),
        ({"metric": "meen"}, "metric is 'meen'; did you mean 'mean'?"),
        ({"mean": 3.0}, "a proportion lies between 0 and 1"),
        ({"mean": 0.3, "sd": 1.0, "metric": "proportion"}, "a proportion has no --sd"),
        ({"mean": 3.0, "metric": "mean"}, "needs a standard deviation above 0"),
        ({"mean": 3.0, "sd": -1.0}, "sd is -1.0; the mean of a normal law needs"),
        ({"mean": -3.0, "sd": 1.0, "law": "gamma"}, "mean is -3; of a gamma law it must be above 0"),
        ({"mean": 3.0, "law": "{distribution: poisson, rate: 1}"}, "has its own mean and deviation"),
        ({"law": "gama"}, "there is no law 'gama'; did you mean 'gamma'?"),
        ({"law": "{distribution: poisson}"}, "--law: poisson needs the parameter 'rate'"),
        ({"law": "{distribution: x}"}, "--law, distribution: there is no distribution 'x'"),
        ({"law": "3"}, "--law: is 3; write a distribution"),
        ({"law": "{distribution: gamma, shape: -1, scale: 1}"}, "gamma.shape is -1; it must be above 0"),
    ],
)
def test_refusals_of_laws(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        law_of(**options)  # type: ignore[arg-type]
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "neither lift nor n is given"),
        ({"lift": 0.1, "n": 100, "power": 0.8}, "lift, power and n are all given"),
        ({"lift": 0.0}, "lift is 0; it must be a number other than 0"),
        ({"lift": math.nan}, "lift is nan"),
        ({"lift": 0.1, "n": 3}, "out of reach"),
        ({"lift": 0.1, "n": 100, "units_per_week": 0.0}, "units per week is 0; it must be above 0"),
        ({"lift": 0.1, "n": 100, "replicates": 99}, "replicates is 99; it must be 100 or more"),
        ({"lift": 0.1, "n": 100, "method": "welsh"}, "method is 'welsh', which does not test a mean of y"),
        ({"lift": 0.1, "n": 100, "method": "cuped"}, "does not test a mean of y"),
        ({"lift": 0.1, "n": 100, "method": "normal_normal"}, "does not test a mean"),
        ({"lift": 0.1, "n": 100, "allocation": 1.0}, "treated is 1"),
    ],
)
def test_refusals_of_plans(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        plan(Lawful(Normal(1.0, 1.0)), **options)  # type: ignore[arg-type]
    assert sentence in caught.value.message


def test_refusals_of_units() -> None:
    with pytest.raises(InputError, match="a finite variance above 0"):
        Lawful(Pareto(1.0, 1.5))
    with pytest.raises(InputError, match="a finite variance above 0"):
        Lawful(Constant(3.0))
    with pytest.raises(InputError, match="covariate correlation is 1; it must lie strictly between -1 and 1"):
        Lawful(Normal(1.0, 1.0), 1.0)
    with pytest.raises(InputError, match="the 3 units do not differ"):
        Observed(np.ones(3))
    with pytest.raises(InputError, match="the metric's mean is 0"):
        Observed(np.array([-1.0, 1.0]))
    with pytest.raises(InputError, match="its denominator is"):
        Observed(np.array([1.0, 2.0]), d=np.zeros(2))
    with pytest.raises(InputError, match="does not test a proportion"):
        usable("mann_whitney", Lawful(Bernoulli(0.5)))


# ---- without simulation, and beside other numbers of units


def test_the_formula_is_that_of_the_plan() -> None:
    units = Lawful(Gamma(2.0, 5.0), 0.6)
    for asked in ({"lift": 0.1}, {"n": 3000}, {"lift": 0.1, "n": 3000}):
        found = formula(units, allocation=0.4, units_per_week=500, **asked)
        assert found.simulated is None
        whole = plan(units, allocation=0.4, units_per_week=500, replicates=100, **asked)
        assert replace(whole, simulated=None) == found


def test_curves_go_through_the_plan() -> None:
    units = Lawful(Normal(12.0, 40.0))
    planned = formula(units, lift=0.1, power=0.9, alpha=0.01, allocation=0.3)
    n = planned.n_control + planned.n_treatment
    powers = curve(units, lift=0.1, n=[1.0, n / 2, n, 2 * n], alpha=0.01, allocation=0.3)
    assert np.isnan(powers[0])
    assert np.all(np.diff(powers[1:]) > 0)
    assert powers[2] == pytest.approx(0.9, abs=1e-4)
    lifts = effects(units, n=[n / 2, n, 2 * n], power=0.9, alpha=0.01, allocation=0.3)
    assert lifts[1] == pytest.approx(0.1, rel=1e-4)
    assert np.all(np.diff(lifts) < 0)


def test_a_covariate_steepens_the_curve() -> None:
    law = Normal(12.0, 40.0)
    plain, adjusted = (curve(Lawful(law, correlation), lift=0.1, n=20_000) for correlation in (None, 0.8))
    assert adjusted > plain

"""What a perfect analysis of a planted experiment would find: exact moments of every metric in every arm.

A unit's events in the D weeks since its exposure are Poisson with mean L D, where its rate L follows the law
in the blueprint times the arm's multiplier; each event carries independent values. With N events of value X:

    E[N] = E[L] E[D]                         Var[N] = E[L] E[D] + Var[L D]
    E[S] = E[N] E[X]                         Cov[S, T] = E[N] Cov[X, Y] + Cov[N, M] E[X] E[Y]
    P(no event with X > 0) = E[exp(-L D P(X > 0))], the Laplace transform of L averaged over D

Where weekdays, weeks, segments or units differ, effects fade or units leave, `assay.spec.varied` has the
formulas.

Amounts are booked in whole cents; that rounding (a standard deviation of 0.003 per event) is ignored.

References:
    Grandell (1997), Mixed Poisson Processes, chapter 2. Klugman, Panjer and Willmot (2012), Loss Models,
    section 9.3. Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics, section 3
    (variance of a ratio).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from assay.errors import InputError, did_you_mean
from assay.spec.arm import Arm, Dimension
from assay.spec.blueprint import Blueprint
from assay.spec.duration import Durations, exposure_durations, population_of
from assay.spec.experiment import PlannedExperiment
from assay.spec.fact import Metric
from assay.spec.overlaps import refuse_other_layers
from assay.spec.varied import is_varied, varied_moments


@dataclass(frozen=True, slots=True)
class ArmTruth:
    """The truth of one metric in one arm.

    Attributes:
        mean: Expected value per unit; for a ratio the ratio of expectations.
        variance: Of one unit's value; for a ratio that of its linearised value, so that variance / n is the
            ratio's variance in large samples.
        difference: Mean minus the control's mean; 0 for the control.
        relative: Difference divided by the control's mean; NaN if that is 0.
        units: Expected units of the arm with a record of exposure.
    """

    mean: float
    variance: float
    difference: float
    relative: float
    units: float


def truth(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    metric_name: str,
    as_of: date,
    *,
    segment: tuple[Dimension, str] | None = None,
) -> dict[str, ArmTruth]:
    """The exact moments of a metric among the units exposed before `as_of`, per arm.

    Args:
        blueprint: A synthetic one.
        planned: A round of one of its experiments.
        metric_name: One of its metrics.
        as_of: A Monday after the round's start, as of which events count (exclusive).
        segment: Dimension and segment, such as `("country", "DE")`, to which the units are confined; a unit's
            tier is that at its exposure. None for all units.

    Returns:
        Arm to truth, in the order of the arms.

    Raises:
        InputError: Unknown metric or segment, data that are not planted, a date that is not such a Monday, or
            effects, bots or attrition of another layer on the same fact in the same weeks.
    """
    metric = blueprint.metrics.get(metric_name)
    if metric is None:
        hint = did_you_mean(metric_name, blueprint.metrics)
        raise InputError(f"blueprint {blueprint.name} has no metric {metric_name!r}; {hint}")
    if not is_planted(blueprint, metric_name):
        raise InputError(
            f"metric {metric_name!r} of blueprint {blueprint.name} is not planted; its truth is unknown"
        )
    durations = exposure_durations(blueprint, planned, as_of)
    refuse_other_layers(blueprint, planned, _facts(metric), as_of)
    share = 1.0 if segment is None else _share(blueprint, segment)
    if is_varied(blueprint, planned, metric.numerator.partition(".")[0]):
        moments = [varied_moments(blueprint, planned, metric, arm, as_of, segment) for arm in planned.arms]
    else:
        moments = [_moments(blueprint, metric, arm, durations) for arm in planned.arms]
    control = moments[0][0]
    kept = _kept(blueprint, planned)
    return {
        arm.name: ArmTruth(
            mean=mean,
            variance=variance,
            difference=mean - control,
            relative=(mean - control) / control if control else math.nan,
            units=durations.units * share * arm.allocation * kept.get(arm.name, 1.0),
        )
        for arm, (mean, variance) in zip(planned.arms, moments, strict=True)
    }


def is_planted(blueprint: Blueprint, metric_name: str) -> bool:
    """Whether a metric sums generated facts only, so that its truth is known."""
    metric = blueprint.metrics[metric_name]
    drawn = all(blueprint.facts[fact].generate is not None for fact in _facts(metric))
    return blueprint.population is not None and drawn and metric.is_plain


@dataclass(frozen=True, slots=True)
class _Total:
    """One measure's total per unit in one arm: a mixed compound Poisson sum.

    `rate` and `value` are means per week and per event, `spread` the variance of a value; `counts` the pair
    of mean and variance of the number of events.
    """

    fact: str
    column: str
    rate: float
    value: float
    spread: float
    counts: tuple[float, float]

    @property
    def mean(self) -> float:
        return self.counts[0] * self.value


def _moments(blueprint: Blueprint, metric: Metric, arm: Arm, durations: Durations) -> tuple[float, float]:
    """Mean and variance of the metric in one arm."""
    if metric.type == "proportion":
        share = 1 - _silent(blueprint, metric.numerator, arm, durations)
        return share, share * (1 - share)
    y = _total(blueprint, metric.numerator, arm, durations)
    if metric.denominator is None:
        return y.mean, _covariance(y, y, durations)
    d = _total(blueprint, metric.denominator, arm, durations)
    if not d.mean > 0:
        raise InputError(f"measure {metric.denominator!r} is always 0; a ratio needs a denominator above 0")
    ratio = y.mean / d.mean
    squared = _covariance(y, y, durations) - 2 * ratio * _covariance(y, d, durations)
    squared += ratio**2 * _covariance(d, d, durations)
    return ratio, max(squared, 0.0) / d.mean**2


def _total(blueprint: Blueprint, measure: str, arm: Arm, durations: Durations) -> _Total:
    fact, _, column = measure.partition(".")
    generate = blueprint.generated(fact)
    factor = arm.effects.get(f"{fact}.rate", 1.0)
    rate = factor * generate.rate.mean
    events = rate * durations.mean
    # Var[L D] = Var[L] E[D²] + E[L]² Var[D]: a sum of positive terms, nothing cancels.
    mixed = factor**2 * generate.rate.variance * (durations.variance + durations.mean**2)
    mixed += rate**2 * durations.variance
    value, spread = 1.0, 0.0
    if column != "count":
        law, scale = generate.values[column], arm.effects.get(measure, 1.0)
        value, spread = scale * law.mean, scale**2 * law.variance
    return _Total(fact, column, rate, value, spread, (events, events + mixed))


def _covariance(a: _Total, b: _Total, durations: Durations) -> float:
    """Between two totals of one unit; of different facts only the time of exposure is common."""
    if a.fact != b.fact:
        return a.rate * b.rate * durations.variance * a.value * b.value
    events, variance = a.counts
    within = events * a.spread if a.column == b.column else 0.0
    return within + variance * a.value * b.value


def _silent(blueprint: Blueprint, measure: str, arm: Arm, durations: Durations) -> float:
    """Probability that a unit's total is 0."""
    fact, _, column = measure.partition(".")
    generate = blueprint.generated(fact)
    factor = arm.effects.get(f"{fact}.rate", 1.0)
    counted = 1.0 if column == "count" else 1 - float(generate.values[column].cdf(0.0))
    return float(durations.weights @ generate.rate.laplace(factor * counted * durations.weeks))


def _share(blueprint: Blueprint, segment: tuple[Dimension, str]) -> float:
    """A segment's share of the units."""
    dimension, name = segment
    shares = getattr(population_of(blueprint), dimension)
    if name not in shares:
        raise InputError(
            f"blueprint {blueprint.name} has no segment {name!r} of {dimension}; {did_you_mean(name, shares)}"
        )
    return float(shares[name])


def _facts(metric: Metric) -> set[str]:
    return {measure.fact for measure in metric.measures}


def _kept(blueprint: Blueprint, planned: PlannedExperiment) -> dict[str, float]:
    """Arm to the share of units whose records are not lost."""
    planted = blueprint.experiments[planned.experiment].planted
    return {} if planted is None else {arm: 1 - share for arm, share in planted.lost_exposures.items()}

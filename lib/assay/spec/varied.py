"""The exact moments of a metric where weekdays, weeks, segments or units differ, effects fade or units leave.

Let M0, M1, M2 be the integrals of `assay.spec.paths`, L a unit's rate (of bots: times their factor) and C its
scale of values. Given these, a unit's total is a compound Poisson sum. With p and q 0 for a count and 1 for a
sum of values, and x = 1 for a count and E[X] for a sum,

    E[T]       = x E[L C^p] E[M_p]
    Cov[T, T'] = second E[L C^(p+q)] E[M_(p+q)]
                 + x x' (E[L² C^(p+q)] E[M_p M_q] - E[L C^p] E[L C^q] E[M_p] E[M_q])

where second is E[X²] for two sums and x x' else; the probability of no event with a value above 0 is the
Laplace transform of L at P(X > 0) M0, averaged over M0. Means over M are mixtures over the kinds of units:
segments by their shares, those that do not comply, numbers of treated neighbours, times of entry, and weeks
until a unit leaves.

References:
    As in `assay.spec.truth`. Imbens and Rubin (2015), Causal Inference, chapter 23 (non-compliance and the
    intention to treat).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from assay.distributions import copula
from assay.errors import InputError
from assay.spec import kinds
from assay.spec.arm import Arm, Dimension
from assay.spec.blueprint import Blueprint
from assay.spec.duration import population_of
from assay.spec.experiment import PlannedExperiment
from assay.spec.fact import Metric
from assay.spec.generate import Generate
from assay.spec.paths import Paths, Span, paths
from assay.spec.planted import Planted


def is_varied(blueprint: Blueprint, planned: PlannedExperiment, fact: str) -> bool:
    """Whether anything is planted that the formulas of `assay.spec.truth` do not know."""
    generate, planted = blueprint.generated(fact), kinds.planted_in(blueprint, planned)
    return (
        generate.day_of_week is not None
        or bool(generate.trend or generate.unit_scales)
        or any(arm.effects_by or arm.fades for arm in planned.arms)
        or bool(planted.non_compliance or planted.attrition or planted.bots or planted.interference)
    )


def varied_moments(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    metric: Metric,
    arm: Arm,
    as_of: date,
    segment: tuple[Dimension, str] | None = None,
) -> tuple[float, float]:
    """Mean and variance of a metric in one arm, as `ArmTruth` has them.

    Args:
        blueprint: A synthetic one.
        planned: A round of one of its experiments.
        metric: On one fact, which is generated.
        arm: One of the round's.
        as_of: A Monday after the round's start.
        segment: Dimension and segment to which the units are confined; None for all.

    Raises:
        InputError: A ratio whose denominator is always 0.
    """
    fact = metric.numerator.partition(".")[0]
    generate, planted = blueprint.generated(fact), kinds.planted_in(blueprint, planned)
    # The one fact that can be generated has one value column: what multiplies it is what M1 and M2 need.
    column = next(iter(generate.values))
    targets = f"{fact}.rate", f"{fact}.{column}"
    span = span_of(blueprint, planned, generate, as_of)
    courses = kinds.courses(blueprint, planned, arm, targets, segment)
    mixed = kinds.mixed([(share, paths(span, course)) for course, share in courses.items()])
    unit = _Unit(generate, planted, column, kinds.spilled(mixed, blueprint, planned))
    if metric.type == "proportion":
        share = 1 - unit.silent(metric.numerator)
        return share, share * (1 - share)
    if metric.denominator is None:
        return unit.mean(metric.numerator), unit.covariance(metric.numerator, metric.numerator)
    return _ratio(unit, metric.numerator, metric.denominator)


def span_of(blueprint: Blueprint, planned: PlannedExperiment, generate: Generate, as_of: date) -> Span:
    """The weeks of a round up to a look, with the calendar of a fact."""
    population = population_of(blueprint)
    first = blueprint.week_number(planned.start)
    elapsed = (min(as_of, planned.end) - planned.start).days // 7
    return Span(
        calendar=np.array([generate.calendar(first + week) for week in range(elapsed)]),
        before=population.initial + population.signups_per_week * (first - 1),
        signups=population.signups_per_week,
        enrolling=min((planned.enrol_end - planned.start).days // 7, elapsed),
        attrition=kinds.planted_in(blueprint, planned).attrition,
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    """The joint law of one unit's totals."""

    generate: Generate
    planted: Planted
    column: str
    paths: Paths

    def mean(self, measure: str) -> float:
        power, value = self._value(measure)
        return value * self._rate(1, power) * self.paths.mean(power)

    def covariance(self, a: str, b: str) -> float:
        (p, x), (q, y) = self._value(a), self._value(b)
        law = self.generate.values[self.column]
        second = law.variance + law.mean**2 if p and q else x * y
        within = second * self._rate(1, p + q) * self.paths.mean(p + q)
        between = x * y * self._rate(2, p + q) * self.paths.mean(p, q)
        return within + between - self.mean(a) * self.mean(b)

    def silent(self, measure: str) -> float:
        """Probability that the total is 0."""
        counted = 1 - float(self.generate.values[self.column].cdf(0.0)) if self._value(measure)[0] else 1.0
        at = counted * self.paths.integrals[0]
        chances = sum(share * self.generate.rate.laplace(factor * at) for share, factor in self._bots())
        return float(self.paths.weights @ np.asarray(chances))

    def _value(self, measure: str) -> tuple[int, float]:
        """0 and 1 for a count, 1 and the mean value for a sum."""
        if measure.endswith(".count"):
            return 0, 1.0
        return 1, self.generate.values[self.column].mean

    def _rate(self, a: int, b: int) -> float:
        """E[L^a C^b], bots included."""
        bots = sum(share * factor**a for share, factor in self._bots())
        law, scale = self.generate.rate, self.generate.unit_scales.get(self.column)
        if scale is None:
            return bots * (law.mean if a == 1 else law.variance + law.mean**2)
        return bots * copula.moment(
            law, of_law=a, of_scale=b, sigma=scale.sigma, correlation=scale.correlation
        )

    def _bots(self) -> list[tuple[float, float]]:
        """Share and factor of the rate: of all others, and of the bots."""
        bots = self.planted.bots
        return [(1.0, 1.0)] if bots is None else [(1 - bots.share, 1.0), (bots.share, bots.factor)]


def _ratio(unit: _Unit, numerator: str, denominator: str) -> tuple[float, float]:
    """The ratio of means, and the variance of its linearisation."""
    below = unit.mean(denominator)
    if not below > 0:
        raise InputError(f"measure {denominator!r} is always 0; a ratio needs a denominator above 0")
    ratio = unit.mean(numerator) / below
    squared = unit.covariance(numerator, numerator) - 2 * ratio * unit.covariance(numerator, denominator)
    squared += ratio**2 * unit.covariance(denominator, denominator)
    return ratio, max(squared, 0.0) / below**2

"""What are a result's error rates on its own data, and which method would serve better?

The units of both arms are pooled and assigned again at random, in arms of the same share: as if the treatment
had done nothing. The p-value of the result among those of the splits is a randomisation test, whose level
holds by construction whatever the data are like.

References:
    Fisher (1935), The Design of Experiments, section 21. Phipson and Smyth (2010), Permutation P-values
    Should Never Be Zero (the one that is added).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from assay import seeds
from assay.certify.diagnosis import words
from assay.certify.diagnosis.candidates import alternatives, better, by_usefulness, falls_short
from assay.certify.diagnosis.measure import measure
from assay.certify.diagnosis.plant import plan
from assay.certify.diagnosis.rates import Rates
from assay.certify.rerandomise import Assignment, Halves, Units
from assay.stats import Effect, Method, MetricType

POWER = 0.8
# Rounding must not make a split that ties with the result a little less extreme.
_TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The error rates of a result's method, and of its alternatives, on the result's own units.

    Attributes:
        metric: Name of the metric.
        contrast: `<treatment> vs <control>`.
        method: The method of the result.
        units: Units that were assigned again.
        replicates: How many times.
        share: Expected share of the treatment.
        lift: Planted relative effect; 0 if nothing could be planted.
        p_randomised: Share of assignments whose p-value by `method` is at most that of the result; None if
            the result has none.
        recommended: The method to use; `re-randomisation` where all fall short of what they promise.
        recommendation: In a sentence, with the measured level.
        effect: What the method makes of the planted effect, in a sentence; empty if there is none.
        shape: What the control's values are like, in words.
        methods: Rates: of `method` first, then of its alternatives, the most useful first.
    """

    metric: str
    contrast: str
    method: str
    units: int
    replicates: int
    share: float
    lift: float
    p_randomised: float | None
    recommended: str
    recommendation: str
    effect: str
    shape: str
    methods: tuple[Rates, ...]

    @property
    def chosen(self) -> Rates:
        """The rates of the result's method."""
        return self.methods[0]


def diagnose(
    units: Units,
    halves: Halves,
    *,
    metric: str,
    contrast: str,
    shape: str,
    kind: MetricType,
    method: Method,
    assignment: Assignment,
    p_value: float,
    alpha: float = 0.05,
    lift: float | None = None,
) -> Diagnosis:
    """Measure a result's method and its alternatives on the result's own units.

    Args:
        units: Values of the units of both arms.
        halves: Their random splits, from `rerandomise.splits`.
        metric: Name of the metric.
        contrast: `<treatment> vs <control>`.
        shape: What the control's values are like, in words.
        kind: Type of the metric.
        method: The method of the result; it must work from moments.
        assignment: What made the splits.
        p_value: Of the result; NaN if it has none.
        alpha: Level of the tests.
        lift: Relative effect to plant; if None the one that the method's own standard error promises to find
            with a power of 80 %.

    Returns:
        The diagnosis; equal arguments give an equal one.
    """
    null = method(*halves, alpha=alpha)
    level = plan(units, kind, None).level
    planted = plan(units, kind, detectable(null, level, alpha) if lift is None else lift)
    generator = seeds.stream(assignment.seed, f"{assignment.name}.{metric}.effect", assignment.period)
    asked = [method, *alternatives(method, kind, units)]
    chosen, *others = measure(
        asked, halves, planted, alpha=alpha, generator=generator, answers={method.name: null}
    )
    others = by_usefulness(other for other in others if _answers(other))
    best = better(chosen, others)
    p_randomised = _randomised(null.p_value, p_value)
    size = int(np.count_nonzero(units.present))
    return Diagnosis(
        metric=metric,
        contrast=contrast,
        method=method.name,
        units=size,
        replicates=chosen.replicates,
        share=assignment.share,
        lift=planted.lift,
        p_randomised=p_randomised,
        recommended=_recommended(chosen, best),
        recommendation=words.silent(method.name, units=size)
        if np.all(np.isnan(null.p_value))
        else words.recommendation(chosen, best, units=size, p_randomised=p_randomised),
        effect=words.effect(chosen),
        shape=shape,
        methods=(chosen, *others),
    )


def detectable(null: Effect, level: float, alpha: float) -> float | None:
    """The lift that a standard error promises to find with a power of 80 %, to two digits.

    Args:
        null: The method's answers without an effect.
        level: Mean, share or ratio of the units.
        alpha: Level of the test.

    Returns:
        The lift; None where there is no standard error or no level.
    """
    stated = null.std_error[np.isfinite(null.std_error)]
    if not stated.size or level == 0:
        return None
    error = float(np.median(stated)) / abs(level)
    lift = float(ndtri(1 - alpha / 2) + ndtri(POWER)) * error
    return float(f"{lift:.2g}") if math.isfinite(lift) else None


def _recommended(chosen: Rates, best: Rates | None) -> str:
    if best is not None:
        return best.method
    return words.RE_RANDOMISATION if falls_short(chosen) else chosen.method


def _answers(found: Rates) -> bool:
    """A method that never rejects, effect or none, is not for such data."""
    return found.type_i_error > 0 or bool(found.power)


def _randomised(null: np.ndarray, p_value: float) -> float | None:
    if math.isnan(p_value):
        return None
    extreme = int(np.count_nonzero(null <= p_value * (1 + _TIE)))
    return (extreme + 1) / (null.size + 1)

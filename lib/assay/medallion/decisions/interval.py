"""Decisions by an interval: guardrails against their margin, posteriors against a region of no interest.

A guardrail is within its margin where the interval of the lift excludes a harm of the margin or more, so that
harm of exactly the margin passes with a probability of at most half the interval's level. It is harmed where
the interval excludes no harm at all, and does not exclude the margin.

References:
    ICH E9 (1998), Statistical Principles for Clinical Trials, sections 3.3.2 and 5.5 (non-inferiority by a
    two-sided interval, one side of which decides). Kruschke (2018), Rejecting or Accepting Parameter Values
    in Bayesian Estimation (the region of practical equivalence).
"""

from __future__ import annotations

import math

from assay.medallion.decisions import levels
from assay.medallion.decisions.result import Decision, Result
from assay.medallion.decisions.words import BETTER, HARMED, NOT_SHOWN, RUNNING, UNDECIDED, WITHIN, WORSE
from assay.spec import Bayesian, Metric, PlannedExperiment


def guard(planned: PlannedExperiment, metric: Metric, alpha: float, row: Result) -> Decision:
    """What a look says of a guardrail: of the look alone, so that harm which comes later is seen.

    Args:
        planned: A round of an experiment.
        metric: The guardrail, with a margin.
        alpha: The blueprint's level.
        row: The look's result, its interval at `levels.interval_level`.
    """
    level = levels.nominal(planned, row.as_of, alpha)
    if level is None or not levels.decides(planned, row.as_of):
        return Decision(RUNNING, None, level)
    least, most = _ends(row.relative_lower, row.relative_upper)
    # Harm grows upwards from here on, whichever way the metric is good.
    least, most = (-most, -least) if metric.higher_is_better else (least, most)
    if metric.margin is not None and most < metric.margin:
        return Decision(WITHIN, row.as_of, level)
    if least > 0:
        return Decision(HARMED, row.as_of, level)
    return Decision(NOT_SHOWN if row.as_of == planned.end else RUNNING, None, level)


def believe(plan: Bayesian, planned: PlannedExperiment, metric: Metric, row: Result) -> Decision:
    """What a look says of a comparison by its posterior.

    Each end of the interval has the probability 1 - threshold beyond it (`levels.interval_level`), so the
    probability of a lift above the region reaches the threshold where the lower end leaves it.

    Args:
        plan: Of the experiment.
        planned: A round of it.
        metric: The metric.
        row: The look's result.
    """
    if not levels.decides(planned, row.as_of):
        return Decision(RUNNING, None, None)
    # Without a region the difference says the same, also where there is no lift.
    ends = (row.lower, row.upper) if plan.rope == 0 else (row.relative_lower, row.relative_upper)
    least, most = _ends(*ends)
    if least > plan.rope or most < -plan.rope:
        word = BETTER if (least > plan.rope) == metric.higher_is_better else WORSE
        return Decision(word, row.as_of, None)
    return Decision(UNDECIDED, None, None)


def _ends(lower: float | None, upper: float | None) -> tuple[float, float]:
    """Both ends of an interval; one that does not exist rules nothing out."""
    return -math.inf if lower is None else lower, math.inf if upper is None else upper

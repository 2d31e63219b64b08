"""Which looks may decide under a plan, at which level, and what the evidence is there.

Evidence is a p-value that holds at all deciding looks together: the probability that it is ever below a level
is at most that level where there is no effect. So is the least of it so far, and a correction for several
comparisons may use it at every look as if it were the only one; what it rejects once it rejects at every
later look. A fixed plan has one such look. An always-valid method gives such p-values by itself. In a group
sequential design they are repeated p-values.

The information of a planned look is its share of the weeks, as if units came in evenly or as if a unit's
weeks were independent. Where units come early or are alike from week to week, looks are more alike than that,
and less than alpha is spent; where most units come late, a little more.

References:
    Jennison and Turnbull (2000), Group Sequential Methods, chapters 7 and 9 (repeated p-values and
    intervals; p-values of t tests in the place of z). Lan and DeMets (1989), Group Sequential Procedures:
    Calendar versus Information Time. Liu and Anderson (2008), On Adaptive Extensions of Group Sequential
    Trials for Clinical Investigations (sequential p-values). Johari, Koomen, Pekelis and Walsh (2022), Always
    Valid Inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.spec import Anytime, Bayesian, PlannedExperiment, Role, Sequential
from assay.stats.sequential import (
    ObrienFlemingSpending,
    PocockSpending,
    Spending,
    repeated_p_values,
    spending_bounds,
)

Array = NDArray[np.float64]
_SPENDING: dict[str, Spending] = {"obrien_fleming": ObrienFlemingSpending(), "pocock": PocockSpending()}
# No method is asked for an interval at a smaller level: such numbers say nothing of real data.
_LEAST = 1e-12
_WEEK = 7


def decides(planned: PlannedExperiment, as_of: date) -> bool:
    """Whether a look may decide: under `fixed` and `bayesian` the end, under `anytime` each."""
    if isinstance(planned.plan, Sequential):
        return _weeks(planned, as_of) in planned.plan.looks
    return isinstance(planned.plan, Anytime) or as_of == planned.end


def nominal(planned: PlannedExperiment, as_of: date, level: float) -> float | None:
    """The level that an ordinary p-value is held to at a look, so that all looks together keep `level`.

    Args:
        planned: A round of an experiment.
        as_of: The look.
        level: Of the comparison, over all looks.

    Returns:
        The level at the look; None where the plan spends nothing there.
    """
    if not isinstance(planned.plan, Sequential):
        return level
    if not decides(planned, as_of):
        return None
    plan = planned.plan
    found = _design(tuple(plan.looks), plan.spending, level)[plan.looks.index(_weeks(planned, as_of))]
    return found or None


def interval_level(planned: PlannedExperiment, role: Role, as_of: date, alpha: float) -> float:
    """1 minus the confidence of the interval that a result is shown with.

    Args:
        planned: A round of an experiment.
        role: Of the metric.
        as_of: The look.
        alpha: The blueprint's.

    Returns:
        `alpha`, with two exceptions, in which the interval is what decides: under a Bayesian plan 2 (1 -
        threshold), so that each end has the probability 1 - threshold beyond it; for a guardrail of a
        sequential plan the level of the look, so that its intervals hold at all planned looks together.
    """
    if isinstance(planned.plan, Bayesian) and role != "guardrail":
        return 2 * (1 - planned.plan.threshold)
    if role == "guardrail":
        level = nominal(planned, as_of, alpha)
        return alpha if level is None else max(level, _LEAST)
    return alpha


def evidence(planned: PlannedExperiment, looks: Sequence[date], p_values: Array, alpha: float) -> Array:
    """P-values that hold at all deciding looks together.

    Args:
        planned: A round of an experiment.
        looks: The looks, in order of time.
        p_values: Of each look by itself, looks along the last axis; NaN where there is none.
        alpha: No comparison is held to a greater level.

    Returns:
        Of the same shape; NaN where a look does not decide. What is not below alpha is given as it came: it
        would only grow.
    """
    deciding = np.array([decides(planned, as_of) for as_of in looks], dtype=bool)
    found = np.where(deciding, p_values, np.nan)
    plan = planned.plan
    if not isinstance(plan, Sequential):
        return found
    z = np.where(found < alpha, -special.ndtri(found / 2), np.nan)
    for j in np.flatnonzero(deciding):
        upto = [week for week in plan.looks if week <= _weeks(planned, looks[j])]
        padded = np.full((*z.shape[:-1], len(upto)), np.nan)
        padded[..., -1] = z[..., j]
        fractions = _fractions(upto, plan.looks[-1])
        repeated = repeated_p_values(padded, fractions, spending=_SPENDING[plan.spending])
        found[..., j] = np.where(np.isnan(padded[..., -1]), found[..., j], repeated[..., -1])
    return found


def _weeks(planned: PlannedExperiment, as_of: date) -> int:
    return (as_of - planned.start).days // _WEEK


def _fractions(looks: Sequence[int], last: int) -> Array:
    return np.asarray(looks, dtype=np.float64) / last


@lru_cache(maxsize=1024)
def _design(looks: tuple[int, ...], spending: str, alpha: float) -> tuple[float, ...]:
    bounds = spending_bounds(_fractions(looks, looks[-1]), alpha=alpha, spending=_SPENDING[spending])
    return tuple(bounds.level.tolist())

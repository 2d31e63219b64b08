"""How many are still there after k days? Retention with cohorts that not all are old enough to tell.

A unit that was exposed three days ago says nothing about day seven. Counted as lost, or as kept, it biases
retention; here it counts for as long as it was watched (`retention`), or not at all (`eligible_cohort`).

References:
    Kaplan and Meier (1958). Greenwood (1926). Klein, Logan, Harhoff and Andersen (2007), Analyzing Survival
    Curves at a Fixed Point in Time, eq. 1. Fieller (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape
from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.survival.curves import survival_at, table_reason, watched
from assay.stats.survival.lifetable import LifeTable
from assay.stats.survival.restricted_mean import positive
from assay.stats.tails import Alternative

_A_WEEK = 7.0


@method(
    name="retention",
    version="1",
    metric_types=("time_to_event",),
    summary="Difference of Kaplan-Meier retention at day k over right-censored cohorts; lift by Fieller.",
    needs=("at_risk", "events"),
    data=LifeTable,
)
def retention(
    control: LifeTable,
    treatment: LifeTable,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    day: ArrayLike = _A_WEEK,
) -> Effect:
    """Difference and lift of the share of units that have not left by a day.

    Formula: S(k) = Π (1 - d / n) over days up to k per arm, var(S) = S²·Σ d / (n·(n - d)) (Greenwood);
        T = (S_t(k) - S_c(k)) / √(var(S_t) + var(S_c)), normal.
    Assumes: Units leave once; how long a unit was watched has nothing to do with when it leaves (cohorts of
        different age are alike); arms have enough leavers for a normal pivot.
    Use when: Exposure is staggered, so that young units were not watched for k days: they count for the days
        that they were.
    Avoid when: Units come back, so that leaving is not one event: use `eligible_cohort`. An arm has fewer
        than about 10 leavers: use `eligible_cohort` with `proportions_score`.

    Args:
        control: Life tables whose event is to leave; grids may differ.
        treatment: Life tables; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for; `greater` is more retention in treatment.
        day: k, above 0, in the table's unit of time; broadcasts.

    Returns:
        The effect, in shares. An arm in which nobody was watched for k days while some stay leaves nothing
        (`NOT_REACHED`); nobody left in both arms leaves only the estimate.

    Raises:
        InputError: A day that is not above 0 and finite, or that does not broadcast.
    """
    when = positive("day", day)
    shape = np.empty(np.broadcast_shapes(control.shape, treatment.shape))
    shared_shape(day=when, control=shape, alpha=alpha)
    return pivotal_effect(
        share_left(control, when), share_left(treatment, when),
        df=np.asarray(np.inf), alpha=alpha, alternative=alternative,
    )  # fmt: skip


def eligible_cohort(kept: ArrayLike, watched_for: ArrayLike, *, day: float) -> Moments:
    """Moments of plain retention: of the units old enough to have been watched for k days, who was kept.

    For `proportions_score`. Units younger than k days are in neither the numerator nor the denominator, kept
    or not.

    Args:
        kept: Whether each unit counts as retained at day k (1 or true) or not, shape (..., n); not read where
            the unit is too young.
        watched_for: Time from each unit's exposure to the last moment of the data; broadcasts.
        day: k, above 0.

    Returns:
        Moments of zeros and ones, `n` the eligible units, shape of the batch.

    Raises:
        InputError: `kept` of an eligible unit is neither 0 nor 1, an age is negative or NaN, or a bad day.

    Example:
        >>> arm = eligible_cohort([1, 0, 1, 0], [9, 8, 7, 2], day=7)
        >>> float(arm.n), round(float(arm.mean_y), 3)
        (3.0, 0.667)
    """
    age, value = not_negative("watched_for", watched_for), numbers("kept", kept)
    if np.any(np.isnan(age)):
        raise InputError("watched_for holds NaN; the age of every unit must be known")
    shape = shared_shape(kept=value, watched_for=age)
    if not shape:
        raise InputError("kept is a single number; units need an axis")
    age, value = np.broadcast_to(age, shape), np.broadcast_to(value, shape)
    eligible = age >= positive("day", day)
    wrong = eligible & ~((value == 0) | (value == 1))
    if np.any(wrong):
        raise InputError(f"kept is {float(value[wrong][0]):g}; it must be 0 or 1 for a unit old enough")
    return Moments.of_counts(
        np.sum(np.where(eligible, value, 0.0), axis=-1), np.sum(eligible, axis=-1, dtype=np.float64)
    )


def share_left(table: LifeTable, when: NDArray[np.float64]) -> Estimate:
    """An arm's Kaplan-Meier share at a time with its sampling variance and reasons."""
    share, variance = survival_at(table, when)
    reason = table_reason(table)
    reason = reason | flagged((~watched(table, when) & (reason == 0), Reason.NOT_REACHED))
    return Estimate(
        value=np.where(reason == 0, share, np.nan),
        variance=variance,
        floor=np.zeros(()),
        df=np.asarray(np.inf),
        reason=reason,
    )

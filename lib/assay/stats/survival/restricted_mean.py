"""How long does a unit stay on average, within a horizon? The difference of restricted mean survival times.

References:
    Irwin (1949), The Standard Error of an Estimate of Expectation of Life. Karrison (1987), Restricted Mean
    Life with Adjustment for Covariates. Royston and Parmar (2013), Restricted Mean Survival Time: an
    Alternative to the Hazard Ratio. Klein and Moeschberger (2003), Survival Analysis, eq. 4.5.2. Fieller
    (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, shared_shape
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.survival.curves import greenwood, kept_share, last_time, table_reason, watched
from assay.stats.survival.lifetable import LifeTable
from assay.stats.tails import Alternative

Array = NDArray[np.float64]


@method(
    name="restricted_mean",
    version="1",
    metric_types=("time_to_event",),
    summary="Difference of restricted mean times up to a horizon; ratio by Fieller from the same pivot.",
    needs=("at_risk", "events"),
    data=LifeTable,
)
def restricted_mean(
    control: LifeTable,
    treatment: LifeTable,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    tau: ArrayLike | None = None,
) -> Effect:
    """Difference and lift of the mean time without the event, counted up to a horizon.

    Formula: M = ∫ S(t) dt from 0 to tau per arm, var(M) = Σ A²·d / (n·(n - d)) over times up to tau, A the
        area under S from that time to tau; T = (M_t - M_c) / √(var(M_t) + var(M_c)), normal.
    Assumes: Censoring has nothing to do with the event; arms have enough events for a normal pivot.
    Use when: Curves may cross or hazards are not proportional, or the answer must be in days: "2.1 of 28 days
        longer".
    Avoid when: An arm has a handful of events, or differences beyond the horizon matter most.

    Args:
        control: Life tables; grids may differ.
        treatment: Life tables; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for; `greater` is a longer time in treatment.
        tau: Horizon, above 0; broadcasts. Left out, the last time to which both arms are known, which depends
            on the data: better choose one before.

    Returns:
        The effect, in the table's unit of time. Follow-up that ends before `tau` while some survive leaves
        nothing (`NOT_REACHED`); no event in both arms leaves only the estimate.

    Raises:
        InputError: A tau that is not above 0 and finite, or that does not broadcast.
    """
    horizon = _shared_horizon(control, treatment) if tau is None else positive("tau", tau)
    shape = np.empty(np.broadcast_shapes(control.shape, treatment.shape))
    shared_shape(tau=horizon, control=shape, alpha=alpha)
    return pivotal_effect(
        mean_until(control, horizon), mean_until(treatment, horizon),
        df=np.asarray(np.inf), alpha=alpha, alternative=alternative,
    )  # fmt: skip


def mean_until(table: LifeTable, tau: Array) -> Estimate:
    """An arm's restricted mean with its sampling variance and reasons."""
    end = tau[..., None]
    edges = np.minimum(table.times, end)
    survival = np.cumprod(np.where(table.times <= end, kept_share(table), 1.0), axis=-1)
    widths = np.diff(edges, axis=-1, append=end)
    areas = survival * widths
    ahead = np.cumsum(areas[..., ::-1], axis=-1)[..., ::-1]
    # Where the event takes the last unit the area ahead is 0 and Greenwood's term infinite: they leave 0.
    terms = np.where(ahead > 0, ahead**2 * greenwood(table), 0.0)
    reason = table_reason(table)
    reason = reason | flagged((~watched(table, tau) & (reason == 0), Reason.NOT_REACHED))
    return Estimate(
        value=np.where(reason == 0, edges[..., 0] + ahead[..., 0], np.nan),
        variance=np.sum(terms, axis=-1),
        floor=np.zeros(()),
        df=np.asarray(np.inf),
        reason=reason,
    )


def positive(name: str, values: ArrayLike) -> Array:
    """Times that must be above 0 and finite.

    Raises:
        InputError: One is not.
    """
    array = numbers(name, values)
    good = (array > 0) & np.isfinite(array)
    if not np.all(good):
        first = float(array[~good].ravel()[0])
        raise InputError(f"{name} is {first:g}; it must be greater than 0 and finite")
    return array


def _shared_horizon(control: LifeTable, treatment: LifeTable) -> Array:
    """The last time to which both curves are known; an arm that died out is known for ever."""
    last = [last_time(table) for table in (control, treatment)]
    ends = [
        np.where(watched(table, np.asarray(np.inf)), np.inf, end)
        for table, end in zip((control, treatment), last, strict=True)
    ]
    known = np.minimum(*ends)
    return np.where(np.isinf(known), np.maximum(*last), known)

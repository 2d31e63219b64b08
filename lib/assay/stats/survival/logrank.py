"""Does it happen sooner in one arm? The log-rank test, weighted if wished, with the hazard ratio it implies.

References:
    Mantel (1966), Evaluation of Survival Data and Two New Rank Order Statistics. Peto and Peto (1972),
    Asymptotically Efficient Rank Invariant Test Procedures. Yusuf, Peto, Lewis, Collins and Sleight (1985),
    Beta Blockade during and after Myocardial Infarction, appendix (the one-step estimate (O - E) / V).
    Fleming and Harrington (1991), Counting Processes and Survival Analysis, section 7.2. Harrington and
    Fleming (1982), A Class of Rank Test Procedures for Censored Survival Data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.stats.checks import not_negative, shared_shape
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.survival.curves import table_reason
from assay.stats.survival.lifetable import LifeTable, aligned
from assay.stats.tails import Alternative, opened, p_value, per_tail

Array = NDArray[np.float64]


@method(
    name="log_rank",
    version="1",
    metric_types=("time_to_event",),
    summary="Log-rank test, Fleming-Harrington weights optional; one-step hazard ratio from the same score.",
    needs=("at_risk", "events"),
    data=LifeTable,
)
def log_rank(
    control: LifeTable,
    treatment: LifeTable,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    rho: ArrayLike = 0.0,
    gamma: ArrayLike = 0.0,
) -> Effect:
    """Difference of log hazards; the lift is the hazard ratio minus 1.

    Formula: U = Σ w·(d_t - d·n_t / n), V1 = Σ w·v, V2 = Σ w²·v over times, v = d·n_t·n_c·(n - d) /
        (n²·(n - 1)) (Mantel-Haenszel); log hazard ratio U / V1 with standard error √V2 / V1; T = U / √V2,
        normal; w = S^rho·(1 - S)^gamma with the pooled Kaplan-Meier S just before the time, 1 by default.
    Assumes: Censoring has nothing to do with the event; for the hazard ratio, hazards are proportional and
        the ratio not far from 1.
    Use when: Time to an event matters (churn, first purchase) and some units are still waiting: the test is
        the most powerful one where hazards are proportional. gamma = 1 looks at late, rho = 1 at early
        differences; choose before seeing the data.
    Avoid when: Curves cross: use `restricted_mean`. The one-step ratio is drawn towards 1 when the true one
        is beyond about 1/2 or 2; its test is valid all the same.

    Args:
        control: Life tables; grids may differ.
        treatment: Life tables; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for; `greater` is a greater hazard in treatment: the event sooner.
        rho: Weight of early times, 0 or greater; broadcasts.
        gamma: Weight of late times, 0 or greater; broadcasts.

    Returns:
        The effect: `estimate` is the log hazard ratio, `relative_estimate` the hazard ratio minus 1. No event
        while both arms are watched leaves nothing (`NO_VARIANCE`).

    Raises:
        InputError: A rho or gamma that is negative or not finite, or that does not broadcast.
    """
    early, late = (not_negative(k, v, finite=True) for k, v in (("rho", rho), ("gamma", gamma)))
    arms = np.empty(np.broadcast_shapes(control.shape, treatment.shape))
    shared_shape(rho=early, gamma=late, control=arms, alpha=alpha)
    c, t = aligned(control, treatment)
    score, information, variance = _score(c, t, early[..., None], late[..., None])
    reason = table_reason(c) | table_reason(t)
    undefined = reason != 0
    fixed = ~undefined & ~(variance > 0)
    reason = reason | flagged((fixed, Reason.NO_VARIANCE))
    score = np.where(undefined | fixed, np.nan, score)
    error = np.sqrt(variance) / information
    return log_effect(score / information, error, alpha=alpha, alternative=alternative, reason=reason)


def log_effect(
    estimate: Array,
    std_error: Array,
    *,
    alpha: Array,
    alternative: Alternative,
    reason: NDArray[np.uint16],
) -> Effect:
    """Effect of a log ratio with a normal pivot; the lift is the ratio minus 1.

    Args:
        estimate: Log ratio; NaN where undefined.
        std_error: Its standard error.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        reason: Codes known so far.
    """
    std_error = np.where(np.isnan(estimate), np.nan, std_error)
    statistic = estimate / std_error
    reach = -special.ndtri(per_tail(alpha, alternative)) * std_error
    lower, upper = opened(estimate - reach, estimate + reach, alternative)
    # exp of a huge end is infinite: a ratio without an upper end.
    unbounded = np.isinf(np.exp(upper)) & np.isfinite(upper)
    return Effect(
        estimate=estimate,
        std_error=std_error,
        statistic=statistic,
        df=np.where(np.isnan(estimate), np.nan, np.inf),
        p_value=p_value(special.ndtr(statistic), special.ndtr(-statistic), alternative),
        lower=lower,
        upper=upper,
        relative_estimate=np.expm1(estimate),
        relative_lower=np.expm1(lower),
        relative_upper=np.expm1(upper),
        alpha=alpha,
        reason=reason | flagged((unbounded, Reason.RELATIVE_UNBOUNDED)),
        alternative=alternative,
    )


def _score(control: LifeTable, treatment: LifeTable, rho: Array, gamma: Array) -> tuple[Array, Array, Array]:
    """U, and the sums of w·v and w²·v."""
    n, d = control.at_risk + treatment.at_risk, control.events + treatment.events
    some = n > 0
    # d_t - d·n_t / n without the cancellation.
    excess = (treatment.events * control.at_risk - control.events * treatment.at_risk) / n
    spread = d * (treatment.at_risk / n) * (control.at_risk / n) * (n - d) / (n - 1)
    spread = np.where(some & (n > 1), spread, 0.0)
    excess = np.where(some, excess, 0.0)
    if np.all(rho == 0) and np.all(gamma == 0):
        variance = np.sum(spread, axis=-1)
        return np.sum(excess, axis=-1), variance, variance
    survival = np.cumprod(np.where(some, 1 - d / n, 1.0), axis=-1)
    before = np.concatenate([np.ones_like(survival[..., :1]), survival[..., :-1]], axis=-1)
    weight = before**rho * (1 - before) ** gamma  # 0**0 is 1: no weight asked for
    return (
        np.sum(weight * excess, axis=-1),
        np.sum(weight * spread, axis=-1),
        np.sum(weight**2 * spread, axis=-1),
    )

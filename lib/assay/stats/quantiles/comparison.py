"""From bounds of each arm's quantile to an effect: p-value, difference and lift from one convolution.

The p-value against a greater treatment is P(T - C <= 0) by the bounds that make it largest, and the lower end
of the difference is the least d with P(T - C <= d) >= tail by the same bounds. So a p-value is below alpha
exactly where the interval, and a bounded interval of the lift, leaves out no effect.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.checks import open_unit, shared_shape
from assay.stats.quantiles.convolution import Bounds, chance_below, difference_end, ratio_ends
from assay.stats.quantiles.empirical import not_ranked, ordered, sample_quantile
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, p_value, per_tail

BoundsOf = Callable[[NDArray[np.float64], float], Bounds]
"""From ascending units and the quantile's order to the bounds of the quantile."""
SpreadOf = Callable[[NDArray[np.float64], float], float]
"""From ascending units and the quantile's order to the variance of the estimated quantile."""


def compared(
    control: Samples,
    treatment: Samples,
    *,
    q: ArrayLike,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    bounds_of: BoundsOf,
    spread_of: SpreadOf | None = None,
) -> Effect:
    """Compare quantiles of two arms, test by test.

    Args:
        control: Samples with y.
        treatment: The same; broadcasts.
        q: Order of the quantile, strictly between 0 and 1; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        bounds_of: How an arm's units bound its quantile.
        spread_of: The sampling variance for `std_error`; without one it is not defined.

    Returns:
        The effect; `statistic` and `df` are not defined.

    Raises:
        InputError: A `q` outside (0, 1).
    """
    order = open_unit("q", q)
    arms = ordered(control), ordered(treatment)
    shape = shared_shape(
        control=np.empty(control.shape), treatment=np.empty(treatment.shape), q=order, alpha=alpha
    )
    orders, levels = np.broadcast_to(order, shape), np.broadcast_to(alpha, shape)
    reason = np.broadcast_to(not_ranked(arms[0]) | not_ranked(arms[1]), shape)
    usable = reason == 0
    value_c, value_t = (np.where(usable, sample_quantile(arm, order), np.nan) for arm in arms)
    rows = [_rows(arm, shape) for arm in arms]
    found = np.full((*shape, 6), np.nan)
    for at in map(tuple, np.argwhere(usable)):
        q_here, alpha_here = float(orders[at]), float(levels[at])
        pair = [row(at) for row in rows]
        bounds = [bounds_of(units, q_here) for units in pair]
        found[at][:5] = _one(bounds[0], bounds[1], bool(value_c[at] < 0), alpha_here, alternative)
        if spread_of is not None:
            found[at][5] = np.sqrt(sum(spread_of(units, q_here) for units in pair))
    p, lower, upper, lift_lower, lift_upper, std_error = np.moveaxis(found, -1, 0)
    zero = value_c == 0
    lift_lower, lift_upper = np.where(zero, -np.inf, lift_lower), np.where(zero, np.inf, lift_upper)
    return Effect(
        estimate=value_t - value_c,
        std_error=std_error,
        statistic=np.asarray(np.nan),
        df=np.asarray(np.nan),
        p_value=p,
        lower=lower,
        upper=upper,
        relative_estimate=np.where(zero, np.nan, (value_t - value_c) / value_c),
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=levels,
        reason=reason
        | flagged(
            (usable, Reason.NOT_DEFINED),
            (zero, Reason.ZERO_CONTROL),
            (_endless(lower, upper, alternative), Reason.UNBOUNDED),
            (_endless(lift_lower, lift_upper, alternative, value_c < 0), Reason.RELATIVE_UNBOUNDED),
        ),
        alternative=alternative,
    )


def _rows(
    ascending: NDArray[np.float64], shape: tuple[int, ...]
) -> Callable[[tuple[np.intp, ...]], NDArray[np.float64]]:
    """The units of one test, without a copy of the batch for every broadcast axis."""
    whole = np.broadcast_to(ascending, (*shape, ascending.shape[-1]))
    return lambda at: whole[at]


def _endless(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    alternative: Alternative,
    mirrored: NDArray[np.bool_] | np.bool_ = np.False_,
) -> NDArray[np.bool_]:
    """Where an end that the alternative asks for is infinite."""
    low, high = np.isneginf(lower), np.isposinf(upper)
    if alternative == "two-sided":
        return low | high
    first, second = (low, high) if alternative == "greater" else (high, low)
    return np.where(mirrored, second, first)


def _one(
    control: Bounds, treatment: Bounds, negative: bool, alpha: float, alternative: Alternative
) -> tuple[float, float, float, float, float]:
    """p-value, ends of the difference and ends of the lift of one test."""
    tail = float(per_tail(np.asarray(alpha), alternative))
    turned = control.flipped(), treatment.flipped()
    below = chance_below(control.high, treatment.low)
    above = chance_below(turned[0].high, turned[1].low)
    # A chance to be at or below the control speaks against a greater treatment.
    p = float(p_value(np.asarray(above), np.asarray(below), alternative))
    lower, upper = -np.inf, np.inf
    if alternative != "less":
        lower = difference_end(control, treatment, tail, below)
    if alternative != "greater":
        upper = -difference_end(*turned, tail, above) + 0.0
    # The lift of two quantiles is that of their negatives, so that the control can be taken as positive.
    arms, verdicts = (turned, (above, below)) if negative else ((control, treatment), (below, above))
    ratio = ratio_ends(*arms, tail, verdicts)
    closed_below = alternative == "two-sided" or (alternative == "greater") != negative
    closed_above = alternative == "two-sided" or (alternative == "less") != negative
    return (
        p,
        lower,
        upper,
        ratio[0] - 1 if closed_below else -np.inf,
        ratio[1] - 1 if closed_above else np.inf,
    )

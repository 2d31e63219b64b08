"""Do two proportions differ? Newcombe's hybrid: two Wilson intervals squared and added.

The end of the difference recovers each arm's variance from the distance between its share and the end of its
own Wilson interval on the relevant side. The same recovery for p_t - R·p_c gives the risk ratio R, so that
both forms, and the p-value, are one inversion.

References:
    Newcombe (1998), Interval Estimation for the Difference between Independent Proportions, method 10. Donner
    and Zou (2012), Closed-Form Confidence Intervals for Functions of the Normal Mean and Standard Deviation,
    section 2 (MOVER for a ratio). Wilson (1927), Probable Inference, the Law of Succession.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from assay.stats.moments import Moments
from assay.stats.proportions.arms import Array, paired_tables
from assay.stats.proportions.fields import Ends, Pivot, z_fields
from assay.stats.proportions.inversion import Tables
from assay.stats.proportions.one_sample import wilson_ends
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import Alternative

_HALF = 0.5


@method(
    name="newcombe",
    version="1",
    metric_types=("proportion",),
    summary="Newcombe's hybrid of two Wilson intervals; p-value and lift from the same construction.",
    needs=("y",),
)
def newcombe(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions from the two arms' Wilson intervals.

    Formula: lower = d - √((p_t - l_t)² + (u_c - p_c)²), upper = d + √((u_t - p_t)² + (p_c - l_c)²), l and u
        the ends of Wilson's interval at z; the statistic is the z at which the end reaches 0. The risk ratio
        R is where the same ends of p_t - R·p_c reach 0.
    Assumes: Units are independent, each a success or not.
    Use when: The interval shall be one of closed form that stays in [-1, 1]; any counts, 0 and all included.
    Avoid when: The p-value must be one that readers can recompute by a textbook: use `proportions_score`.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `std_error` is that of the estimate from each arm's own share, 0 if neither varies; `df`
        is infinite. An arm without units leaves nothing defined; a control without success leaves the lift
        without an estimate and without an upper end.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha)
    pivot = Pivot.of(arms.alpha, alternative)
    z, t = pivot.z, arms.tables
    low_c, high_c = wilson_ends(t.n_c, t.p_c, z)
    low_t, high_t = wilson_ends(t.n_t, t.p_t, z)
    d = t.p_t - t.p_c
    lower = d - z * _spread(t.n_c, high_c, t.n_t, low_t)
    upper = d + z * _spread(t.n_c, low_c, t.n_t, high_t)
    ratio = _ratio_ends(t, (low_c, high_c), (low_t, high_t))
    ends = (np.maximum(lower, -1.0), np.minimum(upper, 1.0))  # beyond by rounding only
    return Effect(**z_fields(arms, _statistic(t), ends, ratio, pivot))


def _spread(n_c: Array, end_c: Array, n_t: Array, end_t: Array) -> Array:
    """Root of the sum of the squared distances from share to end, over z.

    Wilson's end x of a share p solves (x - p)² = z²·x·(1 - x) / n: no difference need be formed.
    """
    return np.asarray(np.sqrt(end_c * (1 - end_c) / n_c + end_t * (1 - end_t) / n_t))


def _ratio_ends(tables: Tables, control: Ends, treatment: Ends) -> Ends:
    """Roots of u_c·(2p_c - u_c)·R² - 2·p_t·p_c·R + l_t·(2p_t - l_t) = 0, and its mirror above."""
    product = tables.p_t * tables.p_c
    (low_c, high_c), (low_t, high_t) = control, treatment
    below = low_t * (2 * tables.p_t - low_t)
    root = np.sqrt(np.maximum(product**2 - below * high_c * (2 * tables.p_c - high_c), 0.0))
    # As a quotient of the constant term: nothing cancels, whatever the sign of the leading one.
    lower = np.where(below == 0, 0.0, below / np.where(below == 0, 1.0, product + root))
    leading = low_c * (2 * tables.p_c - low_c)
    root = np.sqrt(np.maximum(product**2 - leading * high_t * (2 * tables.p_t - high_t), 0.0))
    upper = np.where(leading == 0, np.inf, (product + root) / np.where(leading == 0, 1.0, leading))
    return lower, upper


def _statistic(tables: Tables) -> Array:
    """The signed z at which the end nearest to 0 reaches it."""
    up = tables.p_t > tables.p_c
    low, n_low = np.where(up, tables.p_c, tables.p_t), np.where(up, tables.n_c, tables.n_t)
    high, n_high = np.where(up, tables.p_t, tables.p_c), np.where(up, tables.n_t, tables.n_c)
    same = high == low
    # Where nothing differs the answer is 0; the search needs some other table there.
    low, high = np.where(same, 0.25, low), np.where(same, 0.75, high)
    distance = high - low

    def reach(log_z: Array, p_l: Array, n_l: Array, p_h: Array, n_h: Array, d: Array) -> Array:
        z = np.exp(log_z)
        end_l, end_h = wilson_ends(n_l, p_l, z)[1], wilson_ends(n_h, p_h, z)[0]
        value: Array = log_z + np.log(_spread(n_l, end_l, n_h, end_h) / d)
        return value

    bracket = _bracket(low, n_low, high, n_high)
    found = elementwise.find_root(reach, bracket, args=(low, n_low, high, n_high, distance))
    return np.where(same, 0.0, np.where(up, 1.0, -1.0) * np.exp(found.x))


def _bracket(low: Array, n_low: Array, high: Array, n_high: Array) -> Ends:
    """Log z that are surely too small, and too great, for Wilson's intervals to make up the distance."""
    distance = high - low
    # At the root both ends lie between the shares, where x·(1 - x) is at most this.
    most = np.where(low > _HALF, low * (1 - low), np.where(high < _HALF, high * (1 - high), 0.25))
    least = distance / np.sqrt(most * (1 / n_low + 1 / n_high))
    # One arm alone makes it up where its end reaches the other's share; no share of 0 or 1 reaches the other.
    alone = np.sqrt(np.maximum(low * (1 - low) / n_high, high * (1 - high) / n_low))
    # 0 against 1: both have gone 1/√2 of the way at z² = n·(1 + √2).
    both = np.sqrt(np.maximum(n_low, n_high) * (1 + np.sqrt(2)))
    most_z = np.where(alone > 0, distance / alone, both)
    return np.log(least) - 1e-9, np.log(most_z) + 1e-9

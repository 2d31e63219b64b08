"""Where does a bounded metric's effect lie, at all looks at once and at any number of units? By betting.

Against every claimed mean m of an arm a gambler bets on the units in order of arrival. The capital K(m) is a
martingale of mean 1 if m is the true mean, whatever the law. Arms are independent, so K_c(m)·K_t(m + δ) is
one at the true means, and the evidence against an effect δ is its least value over m. That needs neither
pairs of units nor a union bound over arms, and works with arms of any sizes.

Means lie in cells of a grid. In a cell the capital that falls with m is at least its value at the upper edge,
the one that rises at least its value at the lower edge: cells err on the side of a greater p-value and a
wider interval, by about two cells.

References:
    Waudby-Smith and Ramdas (2024), Estimating Means of Bounded Random Variables by Betting, theorem 3 (hedged
    capital), eqs. 24 to 26 (stakes), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.sequential.capital import bounds, to_unit, unit_capital
from assay.stats.tails import Alternative

_LEAST_GRID = 2
# The share of the capital that one-sided gamblers do not bet.
_KEPT = 0.1
# An interval is open: one that ends at 0 leaves 0 out.
_TINY = float(np.nextafter(0.0, 1.0))


@method(
    name="betting_sequence",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Betting confidence sequence of two means of a bounded metric; valid at every look and size.",
    needs=("y",),
    data=Samples,
)
def betting_sequence(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    least: float = 0.0,
    greatest: float = 1.0,
    grid: int = 1_000,
) -> Effect:
    """Difference and lift of means of a bounded metric, from all units so far in order of arrival.

    p-values and intervals mean what they mean for `mixture_sprt`; the guarantee holds from the first unit on.

    Formula: K±(m) = ∏ (1 ± min(λ_i, ½ / m±)·(x_i - m)), x scaled to [0, 1], m+ = m, m- = 1 - m, λ_i² =
        2·log(2 / 0.05) / (v_{i-1}·i·log(1 + i)), v the running variance, started at ¼; K = max(K+, K-) / 2,
        or max(0.9·K+, 0.1) and its mirror if one-sided; p = 1 / min over m of K_c(m)·K_t(m), at most 1; the
        interval of the difference holds m' - m, that of the lift m' / m - 1, of all pairs with K_c(m)·K_t(m')
        <= 1 / alpha.
    Assumes: Every value lies between `least` and `greatest`; units of an arm have one mean, whatever came
        before them, and stand in order of arrival; arms are independent.
    Use when: A share, a score or a capped metric is watched from the start and the level must be guaranteed.
    Avoid when: The bounds are far from the data (revenue capped at a million): intervals become useless. Use
        `confidence_sequence` when arms are large.

    Args:
        control: Samples with y, in order of arrival.
        treatment: Samples with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        least: Lower bound of the metric, known beforehand.
        greatest: Its upper bound, above `least`.
        grid: Cells between the bounds, 2 or more: the interval's resolution.

    Returns:
        The effect; `statistic` is the logarithm of the evidence against no effect; there is no standard error
        (`Reason.NOT_DEFINED`). An arm without units or a value outside the bounds (`Reason.OUTSIDE_DOMAIN`)
        leaves only the estimate. The lift is unbounded unless a control mean of 0 or less is excluded.
        Where the data contradict every pair of constant means, the interval is empty: its lower end is above
        its upper.

    Raises:
        InputError: Bounds that are not finite and in order, or a grid below 2.
    """
    low, high = bounds(least, greatest)
    if not (isinstance(grid, int) and grid >= _LEAST_GRID):
        raise InputError(f"grid is {grid!r}; it must be a whole number, {_LEAST_GRID} or greater")
    shape = np.broadcast_shapes(control.shape, treatment.shape)
    size = math.prod(shape)
    y_c, y_t = (np.broadcast_to(a.y, (*shape, a.n)).reshape(size, a.n) for a in (control, treatment))
    whole = np.broadcast_shapes(shape, alpha.shape)
    levels = np.broadcast_to(alpha, whole)
    tests = np.broadcast_to(np.arange(size).reshape(shape), whole)
    answers = np.full((6, *whole), np.nan)
    reason = _reason(y_c, low, high) | _reason(y_t, low, high)
    for test in np.flatnonzero(reason == 0):
        pairs = _pairs(y_c[test], y_t[test], (low, high), grid, alternative)
        own = tests == test  # levels of one test share its capital
        answers[:, own] = np.array([pairs.answer(float(level)) for level in levels[own]]).T
    mean_c, mean_t = (_means(y)[tests] for y in (y_c, y_t))
    statistic, p_value, lower, upper, lift_lower, lift_upper = answers
    endless = np.isneginf(lift_lower) & (alternative != "less")
    endless |= np.isposinf(lift_upper) & (alternative != "greater")
    return Effect(
        estimate=mean_t - mean_c,
        std_error=np.asarray(np.nan),
        statistic=statistic,
        df=np.asarray(np.nan),
        p_value=p_value,
        lower=lower,
        upper=upper,
        relative_estimate=np.where(mean_c == 0, np.nan, (mean_t - mean_c) / mean_c),
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=levels,
        reason=(reason | np.uint16(Reason.NOT_DEFINED))[tests]
        | flagged((mean_c == 0, Reason.ZERO_CONTROL), (endless, Reason.RELATIVE_UNBOUNDED)),
        alternative=alternative,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Least logarithm of the capital in each cell of either arm, and the cells' edges."""

    control: NDArray[np.float64]
    treatment: NDArray[np.float64]
    edges: NDArray[np.float64]
    alternative: Alternative

    def answer(self, alpha: float) -> tuple[float, float, float, float, float, float]:
        """Evidence, p-value, and ends of the difference and of the lift."""
        evidence = float(np.min(self.control + self.treatment))
        lower, upper, lift_lower, lift_upper = self._ends(-np.log(alpha))
        width = float(self.edges[-1] - self.edges[0])
        floor = -1.0 if self.edges[0] >= 0 else -np.inf
        if self.alternative == "greater":
            upper, lift_upper = width, np.inf
        if self.alternative == "less":
            lower, lift_lower = -width, floor
        return evidence, min(float(np.exp(-evidence)), 1.0), lower, upper, lift_lower, lift_upper

    def _ends(self, most: float) -> tuple[float, float, float, float]:
        """Range of m' - m and of m' / m - 1 over the pairs of cells whose evidence is at most `most`."""
        spare = most - self.control
        valley = int(np.argmin(self.treatment))
        cells = np.flatnonzero(spare >= self.treatment[valley])
        width = float(self.edges[-1] - self.edges[0])
        if not cells.size:
            return width, -width, 1.0, -1.0
        # The evidence falls up to its valley and rises behind it.
        first = valley + 1 - np.searchsorted(self.treatment[valley::-1], spare[cells], side="right")
        last = valley - 1 + np.searchsorted(self.treatment[valley:], spare[cells], side="right")
        c_low, c_high = self.edges[cells], self.edges[cells + 1]
        t_low, t_high = self.edges[first], self.edges[last + 1]
        lower, upper = float(np.min(t_low - c_high)), float(np.max(t_high - c_low))
        lift_lower, lift_upper = -np.inf, np.inf
        if c_low[0] > 0 or self.edges[0] >= 0:
            with np.errstate(divide="ignore"):
                lift_lower = float(np.min(t_low / np.where(t_low < 0, c_low, c_high))) - 1
                lift_upper = float(np.max(t_high / np.where(t_high < 0, c_high, c_low))) - 1
        return lower or _TINY, upper or -_TINY, lift_lower or _TINY, lift_upper or -_TINY


def _pairs(
    y_c: NDArray[np.float64],
    y_t: NDArray[np.float64],
    limits: tuple[float, float],
    grid: int,
    alternative: Alternative,
) -> _Pairs:
    claims = np.arange(grid + 1) / grid
    control, treatment = (unit_capital(to_unit(y, *limits), claims) for y in (y_c, y_t))
    edges = limits[0] + (limits[1] - limits[0]) * claims
    if alternative == "greater":
        return _Pairs(_kept(control.below[:-1]), _kept(treatment.above[1:]), edges, alternative)
    if alternative == "less":
        return _Pairs(_kept(control.above[1:]), _kept(treatment.below[:-1]), edges, alternative)
    hedged = [np.maximum(arm.above[1:], arm.below[:-1]) - np.log(2) for arm in (control, treatment)]
    return _Pairs(hedged[0], hedged[1], edges, alternative)


def _kept(bets: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-sided capital: without a part kept back, the arm that loses would eat what the other one wins."""
    return np.asarray(np.maximum(bets + np.log1p(-_KEPT), np.log(_KEPT)))


def _means(y: NDArray[np.float64]) -> NDArray[np.float64]:
    units = y.shape[1]
    return np.sum(y, axis=1) / units if units else np.full(y.shape[0], np.nan)


def _reason(y: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint16]:
    broken = np.any(~np.isfinite(y), axis=1)
    outside = ~broken & np.any((y < low) | (y > high), axis=1)
    few = np.full(y.shape[0], y.shape[1] == 0)
    return flagged((few, Reason.TOO_FEW_UNITS), (broken, Reason.NOT_FINITE), (outside, Reason.OUTSIDE_DOMAIN))

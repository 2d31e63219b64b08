"""The E-test of two Poisson rates: how often would two Poisson counts be as far apart as the observed?

The pivot T = (r_t - r_c - δ) / √(k_t / e_t² + k_c / e_c²) is referred to its own distribution at the rates
that the data restrict to the hypothesis; the p-value is the probability of |T| at least as great. A pair of
counts with no event at all has T = 0 at no effect, so a shipped implementation that leaves it out answers
0.8647 for one event in each of two units, where the answer is 1.

References:
    Krishnamoorthy and Thomson (2004), A More Powerful Test for Comparing Two Poisson Means, eq. 3.5 to 3.7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from assay.stats.counts.events import Array, counts, effect
from assay.stats.distinct import distinct
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import ALTERNATIVES, Alternative

# Outcomes whose threshold is this near to a whole number are ties with the observed.
_TIE = 1e-9
# Standard deviations of a Poisson count that are summed over: for any p-value, and for one near alpha.
_WHOLE, _NEAR = 40.0, 9.0


@method(
    name="rate_e_test",
    version="1",
    metric_types=("mean", "ratio"),
    summary="E-test of two Poisson rates (Krishnamoorthy and Thomson), inverted for the difference.",
    needs=("y",),
)
def rate_e_test(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference of two Poisson rates by the distribution of its own pivot; nearly exact, less cautious.

    Formula: p = Σ Poisson(x_c; e_c·λ_c)·Poisson(x_t; e_t·λ_t) over the pairs with |T(x)| >= |T(k)|, λ the
        rates of greatest likelihood under the hypothesis; the interval is where p(δ) >= alpha.
    Assumes: Events come independently: their number per unit of exposure is Poisson.
    Use when: Events are few, exposures differ, and the exact conditional test is too cautious.
    Avoid when: Events are many (beyond some thousands it is slow, and `rate_score` says the same), the level
        must hold for certain (`rate_exact`), or units differ in how active they are (`quasi_poisson`).

    Args:
        control: Moments with y, whole numbers of events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `statistic` is T, 0 where there is no event; `df` is NaN. The test is of the difference:
        the ends of the lift are NaN with `NOT_DEFINED`, use `rate_exact` or `rate_score`. Totals that are no
        whole numbers are `OUTSIDE_DOMAIN`.
    """
    data = counts(control, treatment, alpha, whole=True)

    def answers(*columns: Array) -> Array:
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return np.reshape([_answer(Table(*row[:4]), row[4], alternative) for row in rows], (-1, 3)).T

    given = (data.events_c, data.exposure_c, data.events_t, data.exposure_t, data.level)
    p, lower, upper = distinct(answers, *given)
    error = np.sqrt(data.rate_c / data.exposure_c + data.rate_t / data.exposure_t)
    blank = np.full(data.level.shape, np.nan)
    return effect(
        data,
        statistic=np.where(data.total > 0, (data.rate_t - data.rate_c) / error, 0.0),
        std_error=error,
        p_value=p,
        difference=(lower, upper),
        ratio=(blank, blank),
        alternative=alternative,
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Events and exposures of one test."""

    k_c: float
    e_c: float
    k_t: float
    e_t: float

    @property
    def difference(self) -> float:
        """The estimated difference of rates."""
        return self.k_t / self.e_t - self.k_c / self.e_c

    def swapped(self) -> Table:
        """The arms exchanged."""
        return Table(self.k_t, self.e_t, self.k_c, self.e_c)

    def restricted(self, delta: float) -> float:
        """The control's rate of greatest likelihood where the treatment's is greater by delta >= 0."""
        whole = self.e_c + self.e_t
        half = (self.k_c + self.k_t - whole * delta) / 2
        root = float(np.sqrt(half**2 + whole * self.k_c * delta))
        return (
            (half + root) / whole if half > 0 else self.k_c * delta / max(root - half, np.finfo(float).tiny)
        )

    def p_value(self, delta: float, alternative: Alternative, width: float = _NEAR) -> float:
        """Chance of a pivot as extreme as the observed where the rates differ by delta."""
        if delta < 0:
            mirrored = {"greater": ALTERNATIVES[2], "less": ALTERNATIVES[1]}
            return self.swapped().p_value(-delta, mirrored.get(alternative, alternative), width)
        rate = self.restricted(delta)
        mean_c, mean_t = self.e_c * rate, self.e_t * (rate + delta)
        if self.k_c == self.k_t == 0:
            # T is 0 at no effect, and else minus infinity: only the same outcome is as far.
            return 1.0 if delta == 0 or alternative == "greater" else float(np.exp(-mean_c - mean_t))
        x, chance = _weights(mean_c, width)
        observed = (self.difference - delta) / np.sqrt(self.k_t / self.e_t**2 + self.k_c / self.e_c**2)
        tails = np.zeros(x.shape)
        if alternative != "less":
            size = observed if alternative == "greater" else abs(observed)
            tails = tails + _or_more(np.ceil(self._threshold(x, delta, size, -_TIE)), mean_t)
        if alternative != "greater":
            size = observed if alternative == "less" else -abs(observed)
            tails = tails + _or_fewer(np.floor(self._threshold(x, delta, size, _TIE)), mean_t)
        return min(1.0, float(np.sum(chance * tails)))

    def _threshold(self, x: Array, delta: float, pivot: float, tie: float) -> Array:
        """The treatment's events, for each number x of the control's, at which T reaches the pivot.

        T rises with them as delta >= 0: (y - c)² = T²·(y / e_t + x / e_c²) with y the treatment's rate.
        """
        centre, square = x / self.e_c + delta, pivot**2
        reach = np.sqrt(square**2 / self.e_t**2 / 4 + square * (centre / self.e_t + x / self.e_c**2))
        events = self.e_t * (centre + square / self.e_t / 2 + np.copysign(reach, pivot))
        # With no event in the control and no effect T is never negative, though squared it solves at 0.
        events = np.where((centre == 0) & (pivot < 0), -1.0, events)
        return np.asarray(events + tie * (1 + np.abs(events)))


def _answer(table: Table, alpha: float, alternative: Alternative) -> tuple[float, float, float]:
    return (table.p_value(0.0, alternative, _WHOLE), *interval(table, alpha, alternative))


def interval(table: Table, alpha: float, alternative: Alternative) -> tuple[float, float]:
    """Where the E-test does not reject: the differences between which p falls below alpha."""
    step = 1 / table.e_c + 1 / table.e_t + float(np.sqrt(table.k_c / table.e_c**2 + table.k_t / table.e_t**2))
    width = max(_NEAR, float(np.sqrt(-2 * np.log(alpha))) + _NEAR)

    def margin(delta: float) -> float:
        return table.p_value(delta, alternative, width) - alpha

    lower = -np.inf if alternative == "less" else _end(margin, table.difference, -step)
    upper = np.inf if alternative == "greater" else _end(margin, table.difference, step)
    return lower, upper


def _end(margin: Callable[[float], float], start: float, step: float) -> float:
    """The hypothesis beyond which the margin is negative, on the side of the step.

    p jumps where outcomes change places, so the sign at no effect decides on which side of it the end lies.
    """
    inside, outside, reach = start, start, step
    while margin(inside) < 0:
        inside, outside, reach = start - reach, inside, 2 * reach
    reach = step
    while margin(outside) >= 0:
        outside, reach = start + reach, 2 * reach
    if min(inside, outside) < 0 < max(inside, outside):
        inside, outside = (0.0, outside) if margin(0.0) >= 0 else (inside, 0.0)
    return float(optimize.brentq(margin, inside, outside, xtol=abs(step) * 1e-14, rtol=1e-14))


def _weights(mean: float, width: float) -> tuple[Array, Array]:
    """Numbers of events that a Poisson count of that mean takes, with their chances."""
    reach = width * np.sqrt(mean) + width**2 / 4
    x = np.arange(max(0.0, np.floor(mean - reach)), np.ceil(mean + reach) + 1)
    return x, _chance(x, mean)


def _chance(events: Array, mean: float) -> Array:
    return np.asarray(np.exp(special.xlogy(events, mean) - mean - special.gammaln(events + 1)))


def _or_more(events: Array, mean: float) -> Array:
    """P(Y >= events): what lies beyond the greatest of them, and the chances down to each."""
    first, last = max(float(events.min()), 0.0), max(float(events.max()), 0.0)
    beyond = special.gammainc(last + 1, mean)
    tails = beyond + np.cumsum(_chance(np.arange(last, first - 1, -1, dtype=np.float64), mean))
    return np.where(events > 0, tails[(last - np.maximum(events, first)).astype(int)], 1.0)


def _or_fewer(events: Array, mean: float) -> Array:
    """P(Y <= events), in the same way from below."""
    first, last = max(float(events.min()), 0.0), max(float(events.max()), 0.0)
    before = special.gammaincc(first, mean) if first > 0 else 0.0
    tails = before + np.cumsum(_chance(np.arange(first, last + 1, dtype=np.float64), mean))
    return np.where(events >= 0, tails[(np.maximum(events, first) - first).astype(int)], 0.0)

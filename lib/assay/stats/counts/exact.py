"""Exact tests of two Poisson rates: given the number of events, those of the treatment are binomial.

Of K events in all, each falls to the treatment with probability e_t·ratio / (e_c + e_t·ratio), whatever the
control's rate. The central test doubles the smaller tail, and Clopper and Pearson's interval is its inverse.
R's `poisson.test` prints that interval beside another p-value, the sum of what is no likelier than the
observed: the two may contradict each other, so that pair has a name of its own.

References:
    Przyborowski and Wilenski (1940), Homogeneity of Results in Testing Samples from Poisson Series. Clopper
    and Pearson (1934), The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial. Fay
    (2010), Two-sided Exact Tests and Matching Confidence Intervals for Discrete Data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.counts.events import Array, Counts, Ends, counts, effect
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import Alternative, p_value, per_tail

# Probabilities that differ by less are ties, as in R: rounding must not part two outcomes of equal chance.
_TIE = 1e-7


@method(
    name="rate_exact",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Conditional exact test of two Poisson rates, central; exact interval of the rate ratio.",
    needs=("y",),
)
def rate_exact(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Ratio of two Poisson rates, at a guaranteed level; exposure is the sum of d, or the number of units.

    Formula: K_t given K is binomial with probability π = e_t / (e_c + e_t) at no effect; p = 2·min(P(K_t <=
        k_t), P(K_t >= k_t)), at most 1. The interval of π by Clopper and Pearson, turned into the ratio
        (e_c / e_t)·π / (1 - π).
    Assumes: Events come independently: their number per unit of exposure is Poisson.
    Use when: Events are few and the level must hold for certain.
    Avoid when: Events are many (`rate_score` is less cautious and as good), or units differ in how active
        they are (`quasi_poisson`, `negative_binomial`).

    Args:
        control: Moments with y, whole numbers of events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. The difference of rates has no exact conditional interval, because the control's rate
        stays unknown: its ends, `std_error`, `statistic` and `df` are NaN with `NOT_DEFINED`. Totals that
        are no whole numbers are `OUTSIDE_DOMAIN`.
    """
    data = counts(control, treatment, alpha, whole=True)
    p = p_value(*conditional_tails(data), alternative)
    return _conditional(data, p, clopper_pearson(data, per_tail(data.level, alternative)), alternative)


@method(
    name="rate_exact_minimum_likelihood",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Conditional exact test with R's p-value beside Clopper and Pearson's interval.",
    needs=("y",),
)
def rate_exact_minimum_likelihood(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Ratio of two Poisson rates with the customary two-sided p-value, which its interval may contradict.

    Formula: p = Σ P(K_t = j) over the j that are no likelier than the observed k_t, K_t as in `rate_exact`;
        its interval is the customary one, and so are one-sided p-values.
    Assumes: Events come independently: their number per unit of exposure is Poisson.
    Use when: Numbers must agree with R's `poisson.test`.
    Avoid when: p-value and interval must not contradict each other: use `rate_exact`.

    Args:
        control: Moments with y, whole numbers of events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, as `rate_exact` has it.
    """
    data = counts(control, treatment, alpha, whole=True)
    two_sided = alternative == "two-sided"
    p = _no_likelier(data) if two_sided else p_value(*conditional_tails(data), alternative)
    return _conditional(data, p, clopper_pearson(data, per_tail(data.level, alternative)), alternative)


def conditional_tails(data: Counts) -> Ends:
    """Chances, at no effect, of as few events in the treatment as there are or fewer, and as many or more."""
    whole = data.exposure_c + data.exposure_t
    share, rest = data.exposure_t / whole, data.exposure_c / whole
    above = at_least(data.events_t, data.events_c, share, rest)
    return at_least(data.events_c, data.events_t, rest, share), above


def at_least(successes: Array, failures: Array, share: Array, rest: Array) -> Array:
    """Binomial chance of `successes` or more among `successes + failures`, in relative precision.

    Args:
        successes: Whole numbers, 0 or greater.
        failures: Whole numbers, 0 or greater.
        share: Chance of a success.
        rest: 1 - `share`, given by itself because a share near 1 has lost its digits.

    Returns:
        Probabilities.
    """
    successes, failures, share, rest = np.broadcast_arrays(successes, failures, share, rest)
    chance = np.ones(successes.shape)
    rare, common = (successes > 0) & (share <= rest), (successes > 0) & (share > rest)
    special.betainc(successes, failures + 1, share, out=chance, where=rare)
    special.betaincc(failures + 1, successes, rest, out=chance, where=common)
    return chance


def clopper_pearson(data: Counts, tail: Array) -> Ends:
    """Ends of the rate ratio minus 1 that leave `tail` beyond each."""
    scale = data.exposure_c / data.exposure_t
    k, rest = data.events_t, data.events_c
    lower = np.where(k > 0, odds(np.maximum(k, 1.0), rest + 1, tail), 0.0)
    upper = np.where(rest > 0, 1 / odds(np.maximum(rest, 1.0), k + 1, tail), np.inf)
    return scale * lower - 1, scale * upper - 1


def odds(a: Array, b: Array, tail: Array) -> Array:
    """Odds of the share below which the beta law of `a` and `b` has the probability `tail`."""
    return np.asarray(special.betaincinv(a, b, tail) / special.betainccinv(b, a, tail), dtype=np.float64)


def _conditional(data: Counts, p: Array, ratio: Ends, alternative: Alternative) -> Effect:
    blank = np.full(p.shape, np.nan)
    return effect(data, p_value=p, difference=(blank, blank), ratio=ratio, alternative=alternative)


def _no_likelier(data: Counts) -> Array:
    """Two-sided p-value: the observed tail, and what is no likelier on the other side."""
    whole = data.exposure_c + data.exposure_t
    share, rest = data.exposure_t / whole, data.exposure_c / whole
    k, n = data.events_t, data.total
    # Turn the table so that the observed lies above its expectation.
    above = k >= n * share
    k, q, p = np.where(above, k, n - k), np.where(above, rest, share), np.where(above, share, rest)
    last = _last_below(k, n, p / q)
    near = at_least(k, n - k, p, q)
    far = np.where(last < 0, 0.0, at_least(n - last, np.maximum(last, 0.0), q, p))
    return np.asarray(np.where(k == n * p, 1.0, np.minimum(near + far, 1.0)))


def _last_below(k: Array, n: Array, odds: Array) -> Array:
    """Greatest outcome below the mean that is no likelier than k, -1 if none is; by bisection."""

    def unlikely(j: Array) -> NDArray[np.bool_]:
        logarithm = special.gammaln(k + 1) + special.gammaln(n - k + 1)
        logarithm = logarithm - special.gammaln(j + 1) - special.gammaln(n - j + 1) + (j - k) * np.log(odds)
        return np.asarray(logarithm <= np.log1p(_TIE))

    low, high = np.full(k.shape, -1.0), np.floor(n * odds / (1 + odds))
    high = np.where(high >= k, k - 1, high)
    good = unlikely(np.maximum(high, 0.0)) & (high >= 0)
    low = np.where(good, high, low)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        good = unlikely(np.maximum(middle, 0.0)) & (middle >= 0)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return low

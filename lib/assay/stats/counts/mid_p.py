"""The mid-p test of two Poisson rates: the exact conditional test that counts half of the observed outcome.

References:
    Lancaster (1961), Significance Tests in Discrete Distributions. Berry and Armitage (1995), Mid-P
    Confidence Intervals: a Brief Review.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.stats.counts.events import Array, Ends, counts, effect
from assay.stats.counts.exact import at_least, odds
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import Alternative, p_value, per_tail

_STEPS = 12
# A step this small leaves an error of about its square.
_FINE = 1e-8


@method(
    name="rate_mid_p",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Mid-p conditional test of two Poisson rates, central; mid-p interval of the rate ratio.",
    needs=("y",),
)
def rate_mid_p(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Ratio of two Poisson rates, near the level on average where the exact test stays below it.

    Formula: as `rate_exact` with P(K_t > k_t) + P(K_t = k_t) / 2 for each tail; the interval is where neither
        tail falls below alpha / 2.
    Assumes: Events come independently: their number per unit of exposure is Poisson.
    Use when: Events are few and the exact test is too cautious; the level holds on average, not for certain.
    Avoid when: The level must hold for certain (`rate_exact`), or units differ in how active they are.

    Args:
        control: Moments with y, whole numbers of events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect; what is NaN with `NOT_DEFINED` is as in `rate_exact`.
    """
    data = counts(control, treatment, alpha, whole=True)
    whole = data.exposure_c + data.exposure_t
    k, rest, tail = data.events_t, data.events_c, per_tail(data.level, alternative)
    share_c, share_t = data.exposure_c / whole, data.exposure_t / whole
    below, above = _half_counted(rest, k, share_c, share_t), _half_counted(k, rest, share_t, share_c)
    scale = data.exposure_c / data.exposure_t
    ratio = scale * _lowest_odds(k, rest, tail) - 1, scale / _lowest_odds(rest, k, tail) - 1
    blank = np.full(k.shape, np.nan)
    nowhere: Ends = (blank, blank)
    # Without an event half of the observed would be half of everything, and evidence of nothing.
    p = np.where(data.total > 0, p_value(below, above, alternative), 1.0)
    return effect(data, p_value=p, difference=nowhere, ratio=ratio, alternative=alternative)


def _half_counted(successes: Array, failures: Array, share: Array, rest: Array) -> Array:
    """Chance of more successes, and half of that of as many; the sum of two tails, so nothing cancels."""
    none_left = failures == 0
    more = at_least(successes + 1, np.where(none_left, 1.0, failures) - 1, share, rest)
    half: Array = (at_least(successes, failures, share, rest) + np.where(none_left, 0.0, more)) / 2
    return half


def _lowest_odds(successes: Array, failures: Array, tail: Array) -> Array:
    """Odds of the share at which the half-counted tail is `tail`.

    The logarithm of the tail is concave in that of the odds, so Newton comes to the root from either side.
    """
    total = successes + failures
    none = np.expm1(np.abs(np.log(np.minimum(2 * (1 - tail), 1.0))) / total)
    every = 1 / np.expm1(np.abs(np.log(np.minimum(2 * tail, 1.0))) / total)
    mixed = (successes > 0) & (failures > 0)
    k, rest, level = successes[mixed], failures[mixed], np.broadcast_to(tail, mixed.shape)[mixed]
    log_odds = np.zeros(mixed.shape)
    log_odds[mixed] = _climb(k, rest, level)
    found = np.where(mixed, np.exp(log_odds), np.where(successes > 0, every, none))
    return np.where(total > 0, found, 0.0)


def _climb(k: Array, rest: Array, tail: Array) -> Array:
    """Newton on log(tail) in the log odds; only elements that still move are looked at again."""
    # Half a success and half a failure further than Clopper and Pearson's end.
    log_odds: Array = np.log(odds(k, rest + 1, tail)) + (np.log1p(1 / k) + np.log1p(1 / rest)) / 2
    scale = special.betaln(k, rest + 1)
    active = np.arange(k.size)
    for _ in range(_STEPS):
        a, b, x = k[active], rest[active], log_odds[active]
        share, other = special.expit(x), special.expit(-x)
        chance = _half_counted(a, b, share, other)
        density = np.exp(a * np.log(share) + b * np.log(other) - scale[active]) * (other + share * b / a) / 2
        step = np.log(chance / tail[active]) * chance / density
        log_odds[active] = x - step
        active = active[np.abs(step) > _FINE]
    return log_odds

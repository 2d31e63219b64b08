"""Does a rate of events differ? The score test of two Poisson rates, with its own inversion as the interval.

Under the hypothesis of a difference δ the restricted maximum likelihood solves

    k_c / λ_c - e_c = -m,    k_t / λ_t - e_t = m,

m the Lagrange multiplier. Then d - δ = m·V and Z² = m²·V with V = λ_c / e_c + λ_t / e_t: the ends of the
interval lie at d ± z² / |m|, where m solves m²·(r_c / (e_c - m) + r_t / (e_t + m)) = z²: its left side rises
with |m|.
For the ratio the score is the binomial score of k_t among all events, a quadratic in the ratio.

References:
    Miettinen and Nurminen (1985), Comparative Analysis of Two Rates (rates with person-time).
    Graham, Mengersen and Morton (2003), Confidence Limits for the Ratio of Two Rates Based on Likelihood
    Scores: Non-iterative Method. Wilson (1927), Probable Inference, the Law of Succession, and Statistical
    Inference (the quadratic).
"""

from __future__ import annotations

import numpy as np
from scipy import special
from scipy.optimize import elementwise

from assay.stats.counts.events import Array, Counts, Ends, counts, effect
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import Alternative, p_value, per_tail

# Stands for no event where the limit is wanted instead of 0/0, and for no distance.
_NOTHING = 1e-300


@method(
    name="rate_score",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Score test of two Poisson rates; score intervals of the difference and of the rate ratio.",
    needs=("y",),
)
def rate_score(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and ratio of two Poisson rates; exposure is the sum of d, or the number of units without d.

    No event in both arms is evidence of nothing: p = 1, and the interval is finite.

    Formula: Z = (r_t - r_c) / √(r·(1 / e_t + 1 / e_c)), r = Σ events / Σ exposure of both arms; the interval
        of the difference is where |Z(δ)| <= z with the rates restricted to r_t - r_c = δ, and that of the
        ratio likewise.
    Assumes: Events come independently: their number per unit of exposure is Poisson. A unit that had one is
        no likelier to have another.
    Use when: Events are rare and units do not differ (errors per request, incidents per week of a server).
    Avoid when: Units differ in how active they are, as customers do: var_y exceeds mean_y, and the test
        rejects true nulls too often. Use `welch`, `quasi_poisson` or `negative_binomial`.

    Args:
        control: Moments with y, events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `std_error` is that of the estimate, √(k_c / e_c² + k_t / e_t²); `statistic` is the score
        z; `df` is infinite. A control without events leaves the lift without an estimate and an upper end.
    """
    data = counts(control, treatment, alpha)
    z = -special.ndtri(per_tail(data.level, alternative))
    statistic = score(data)
    return effect(
        data,
        statistic=statistic,
        std_error=np.sqrt(data.rate_c / data.exposure_c + data.rate_t / data.exposure_t),
        df=np.full(statistic.shape, np.inf),
        p_value=p_value(special.ndtr(statistic), special.ndtr(-statistic), alternative),
        difference=difference_interval(data, z),
        ratio=ratio_interval(data, z),
        alternative=alternative,
    )


def score(data: Counts) -> Array:
    """The score z at no effect; 0 where there is no event."""
    share = data.exposure_t / data.exposure_c
    distance = data.events_t - share * data.events_c
    return np.where(data.total > 0, distance / np.sqrt(data.total * share), 0.0)


def difference_interval(data: Counts, z: Array) -> Ends:
    """Where the score of the difference of rates stays within z.

    Args:
        data: The counts.
        z: Quantile; a negative one (a one-sided level above a half) swaps the ends.

    Returns:
        Lower and upper ends.
    """
    square = np.maximum(z**2, _NOTHING)
    down = square / _multiplier(data.events_c, data.exposure_c, data.events_t, data.exposure_t, square)
    up = square / _multiplier(data.events_t, data.exposure_t, data.events_c, data.exposure_c, square)
    difference = data.rate_t - data.rate_c
    return swapped(difference - down, difference + up, z)


def ratio_interval(data: Counts, z: Array) -> Ends:
    """Where the score of the rate ratio stays within z, as the ratio minus 1.

    The quadratic a·L² - 2·b·L + c is written in the lift L: the sign of c alone says whether 0 is inside.

    Args:
        data: The counts.
        z: Quantile; a negative one swaps the ends.

    Returns:
        Lower and upper ends, in [-1, inf]; upper is inf where the control has no event.
    """
    share = data.exposure_t / data.exposure_c
    expected = share * data.events_c
    distance, reach = data.events_t - expected, z**2 * data.total * share
    b = expected * distance + reach / 2
    # b² - a·c: its largest terms cancel exactly.
    root = share * np.sqrt(z**2 * data.total * (data.events_c * data.events_t + z**2 * data.total / 4))
    far = b + np.copysign(root, b)
    one = far / expected**2
    other = np.where(far == 0, distance / np.where(expected == 0, 1.0, expected), (distance**2 - reach) / far)
    none = data.total == 0
    lower = np.where(none, -1.0, np.maximum(np.minimum(one, other), -1.0))
    upper = np.where(none | (expected == 0), np.inf, np.maximum(one, other))
    return swapped(lower, upper, z)


def swapped(lower: Array, upper: Array, z: Array) -> Ends:
    """The ends for a quantile of either sign: below 0 the lower end lies above the estimate."""
    return np.where(z < 0, upper, lower), np.where(z < 0, lower, upper)


def _multiplier(rising: Array, e_rising: Array, falling: Array, e_falling: Array, square: Array) -> Array:
    """The multiplier of the hypothesis that lifts one arm's rate and lowers the other's to a score of z."""

    def beyond(share: Array, rising: Array, falling: Array, ratio: Array, square: Array) -> Array:
        size = share**2 * (rising / (1 - share) + falling / (ratio * (ratio + share)))
        # Bounded in [-1, 1]: the score is infinite at the pole.
        return 1 - 2 * square / (size + square)

    ones = np.ones_like(rising)
    ratio = e_falling / e_rising
    # An arm without events reaches its pole with a score of nothing: there the whole multiplier is used up.
    args = (np.maximum(rising, _NOTHING), falling, ratio, square)
    found = elementwise.find_root(beyond, (0 * ones, ones), args=args)
    return np.asarray(found.x * e_rising)

"""Which of two shares, or of two rates of events, is the greater? Beta and gamma posteriors, compared.

What a posterior says is an integral over both (`quadrature`); counts repeat each other in a batch, so that
each pair of posteriors is integrated once (`distinct`).

References:
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, sections 2.4 and 2.6.
"""

from __future__ import annotations

import numpy as np

from assay.errors import InputError
from assay.stats.bayes import rates
from assay.stats.bayes.ends import difference_ends, ratio_ends
from assay.stats.bayes.laws import BETA, GAMMA, Law
from assay.stats.bayes.posterior import Array, believed, limits
from assay.stats.bayes.quadrature import Pair
from assay.stats.counts.events import counts
from assay.stats.distinct import distinct
from assay.stats.moments import Moments
from assay.stats.proportions.arms import paired_tables
from assay.stats.registry import method
from assay.stats.result import Effect, Posterior, Reason
from assay.stats.tails import Alternative, opened, per_tail

# Different tests whose nodes are held in memory at once.
_BLOCK = 2000
_LEAST_PRIOR = 1.0


def _answers(
    law: Law, region: tuple[float, float], a_c: Array, b_c: Array, a_t: Array, b_t: Array, tail: Array
) -> Array:
    """Ends of difference and ratio, probability better, both losses and the region's probability."""
    c, t, one = (a_c, b_c), (a_t, b_t), np.ones_like(tail)
    pair = Pair.of(law, c, t, one)
    if law is GAMMA:
        ratio, verdict = rates.ratio_ends(c, t, tail), rates.verdict(c, t)
    else:
        ratio, verdict = ratio_ends(law, c, t, tail), pair.verdict()
    inside = np.zeros_like(tail)
    if region[0] < region[1]:
        under, over = (
            [pair.chance(one, end * one, above=above, ratio=False)[0] for end in region]
            for above in (False, True)
        )
        inside = np.where(under[0] < over[1], under[1] - under[0], over[0] - over[1])
    return np.stack([*difference_ends(pair, c, t, tail), *ratio, *verdict, inside])


def _compared(
    law: Law,
    arms: list[Array],
    level: Array,
    alternative: Alternative,
    region: tuple[float, float],
    reason: np.ndarray[tuple[int, ...], np.dtype[np.uint16]],
) -> Posterior:
    """The posterior of two arms' laws, where nothing but too few units is a reason."""
    usable = (reason & ~np.uint16(Reason.TOO_FEW_UNITS)) == 0

    def answered(*rows: Array) -> Array:
        starts = range(0, max(rows[0].size, 1), _BLOCK)
        blocks = [_answers(law, region, *(row[i : i + _BLOCK] for row in rows)) for i in starts]
        return np.concatenate(blocks, axis=1)

    held = [np.where(usable, part, 2.0) for part in arms]
    found = np.where(usable, distinct(answered, *held, per_tail(level, alternative)), np.nan)
    low, high, ratio_low, ratio_high, better, loss_t, loss_c, inside = found
    a_c, b_c, a_t, b_t = (np.where(usable, part, np.nan) for part in arms)
    if law.top == 1:
        means = a_c / (a_c + b_c), a_t / (a_t + b_t)
        square = [m * (1 - m) / (s + 1) for m, s in zip(means, (a_c + b_c, a_t + b_t), strict=True)]
    else:
        means, square = (a_c / b_c, a_t / b_t), [a_c / b_c**2, a_t / b_t**2]
    lower, upper = opened(low, high, alternative)
    lift_lower, lift_upper = opened(ratio_low - 1, ratio_high - 1, alternative, least=-1.0)
    nothing = np.full(usable.shape, np.nan)
    effect = Effect(
        estimate=means[1] - means[0],
        std_error=np.sqrt(square[0] + square[1]),
        statistic=nothing,
        df=nothing,
        p_value=nothing,
        lower=lower,
        upper=upper,
        relative_estimate=means[1] / means[0] - 1,
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=level,
        reason=reason | np.uint16(Reason.NOT_DEFINED),
        alternative=alternative,
    )
    return believed(effect, better=better, loss=(loss_t, loss_c), equivalent=inside)


def _prior(name: str, value: float, least: float) -> float:
    if not least <= value < np.inf:
        raise InputError(f"{name} is {value}; it must be finite and {least:g} or greater")
    return value


@method(
    name="beta_binomial",
    version="2",
    metric_types=("proportion",),
    summary="Posterior of two proportions under beta priors; probability better, expected losses.",
    needs=("y",),
    result=Posterior,
)
def beta_binomial(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    prior_successes: float = 1.0,
    prior_failures: float = 1.0,
    region: tuple[float, float] = (0.0, 0.0),
) -> Posterior:
    """Difference and lift of two proportions.

    Formula: p ~ Beta(prior_successes + successes, prior_failures + failures) in each arm; intervals are
        equal-tailed, of p_t - p_c and of p_t / p_c - 1.
    Assumes: Units are independent, each a success or not; arms have one prior and are independent.
    Use when: A probability or an expected loss decides on a share; any counts, 0 and all included.
    Avoid when: An error rate must be kept under repeated looks.

    Args:
        control: Moments with y of zeros and ones.
        treatment: The same; broadcasts.
        alpha: Level of the credible intervals; broadcasts.
        alternative: Which end stays open.
        prior_successes: Successes that the prior is worth, 1 or greater.
        prior_failures: Failures that it is worth, 1 or greater.
        region: Differences that are as good as none, from lower to upper end.

    Returns:
        The posterior; `relative_estimate` is the ratio of the posterior means minus 1. An arm without units
        has its prior (`TOO_FEW_UNITS`).

    Raises:
        InputError: A mean outside [0, 1], a prior below 1, or a region that is none.
    """
    ends = limits(region)
    yes = _prior("prior_successes", prior_successes, _LEAST_PRIOR)
    no = _prior("prior_failures", prior_failures, _LEAST_PRIOR)
    data = paired_tables(control, treatment, alpha)
    arms = []
    for arm in (control, treatment):
        n, share = (np.broadcast_to(part, data.alpha.shape) for part in (arm.n, np.clip(arm.mean_y, 0, 1)))
        arms += [yes + n * share, no + n * (1 - share)]
    reason = data.reason & ~np.uint16(Reason.ZERO_CONTROL)
    return _compared(BETA, arms, data.alpha, alternative, ends, reason)


@method(
    name="gamma_poisson",
    version="2",
    metric_types=("mean",),
    summary="Posterior of two rates of events under gamma priors; probability better, expected losses.",
    needs=("y",),
    result=Posterior,
)
def gamma_poisson(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    prior_shape: float = 1.0,
    prior_rate: float = 0.001,
    region: tuple[float, float] = (0.0, 0.0),
) -> Posterior:
    """Difference and ratio of two Poisson rates; exposure is the sum of d, or the number of units without d.

    Formula: rate ~ Gamma(prior_shape + events, prior_rate + exposure) in each arm; intervals are
        equal-tailed, of the difference and of the ratio minus 1.
    Assumes: Events come independently: their number per unit of exposure is Poisson.
    Use when: A probability or an expected loss decides on rare events; no events at all included.
    Avoid when: Units differ in how active they are: the posterior is too sharp. Use `normal_normal`.

    Args:
        control: Moments with y, events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level of the credible intervals; broadcasts.
        alternative: Which end stays open.
        prior_shape: Shape of the prior, 1 or greater; the default is one event, weak beside any data.
        prior_rate: Exposure that the prior is worth, above 0.
        region: Differences that are as good as none, from lower to upper end.

    Returns:
        The posterior; `relative_estimate` is the ratio of the posterior means minus 1. An arm without units
        has its prior (`TOO_FEW_UNITS`).

    Raises:
        InputError: A prior or a region that is none.
    """
    ends = limits(region)
    shape, rate = _prior("prior_shape", prior_shape, _LEAST_PRIOR), _prior("prior_rate", prior_rate, 1e-12)
    data = counts(control, treatment, alpha)
    arms = []
    for arm in (control, treatment):
        time = arm.n if arm.mean_d is None else arm.n * arm.mean_d
        arms += [np.broadcast_to(p, data.level.shape) for p in (shape + arm.n * arm.mean_y, rate + time)]
    reason = data.reason & ~np.uint16(Reason.ZERO_CONTROL)
    return _compared(GAMMA, arms, data.level, alternative, ends, reason)

"""Which of two shares, or of two rates of events, is the greater? Beta and gamma posteriors, compared.

P(T <= k·C + δ) is the integral of the sharper posterior's density times the other's distribution function, by
a double-exponential rule whose interval ends where the other leaves its support; an expected loss is that of
F_t·S_c. Both have positive terms only, so that small probabilities keep their digits.

References:
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, sections 2.4 and 2.6.
    Takahasi and Mori (1974), Double Exponential Formulas for Numerical Integration, eq. 1.6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special
from scipy.optimize import elementwise

from assay.errors import InputError
from assay.stats.bayes.posterior import Array, believed, limits
from assay.stats.counts.events import counts
from assay.stats.moments import Moments
from assay.stats.proportions.arms import paired_tables
from assay.stats.registry import method
from assay.stats.result import Effect, Posterior, Reason
from assay.stats.tails import Alternative, opened, per_tail

_T = np.linspace(-3.2, 3.2, 161)
_NODES = (1 + np.tanh(np.pi / 2 * np.sinh(_T))) / 2
_WEIGHTS = (_T[1] - _T[0]) * np.pi / 4 * np.cosh(_T) / np.cosh(np.pi / 2 * np.sinh(_T)) ** 2
# The quadrature leaves out this much of a posterior on each side.
_LEFT_OUT = 1e-40
# Tests whose nodes are held in memory at once.
_BLOCK = 2000
_LEAST_PRIOR = 1.0


@dataclass(frozen=True, slots=True)
class _Law:
    """A family of posteriors with two parameters; quantiles by either tail."""

    below: Callable[[Array, Array, Array], Array]
    above: Callable[[Array, Array, Array], Array]
    density: Callable[[Array, Array, Array], Array]
    low: Callable[[Array, Array, Array], Array]
    high: Callable[[Array, Array, Array], Array]
    top: float


_BETA = _Law(
    below=lambda a, b, x: np.asarray(special.betainc(a, b, x)),
    above=lambda a, b, x: np.asarray(special.betaincc(a, b, x)),
    density=lambda a, b, x: np.exp(
        special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)
    ),
    low=lambda a, b, p: np.asarray(special.betaincinv(a, b, p)),
    high=lambda a, b, p: np.asarray(special.betainccinv(a, b, p)),
    top=1.0,
)
_GAMMA = _Law(
    below=lambda a, b, x: special.gammainc(a, b * x),
    above=lambda a, b, x: special.gammaincc(a, b * x),
    density=lambda a, b, x: b * np.exp(special.xlogy(a - 1, b * x) - b * x - special.gammaln(a)),
    low=lambda a, b, p: special.gammaincinv(a, p) / b,
    high=lambda a, b, p: special.gammainccinv(a, p) / b,
    top=np.inf,
)


def _sides(law: _Law, k: Array, shift: Array, a_c: Array, b_c: Array, a_t: Array, b_t: Array) -> list[Array]:
    """P(T <= k·C + shift) and P(T > k·C + shift)."""
    c_first = _sharpness(law, a_c, b_c) > k * _sharpness(law, a_t, b_t)
    a, b = np.where(c_first, a_c, a_t), np.where(c_first, b_c, b_t)
    other_a, other_b = np.where(c_first, a_t, a_c), np.where(c_first, b_t, b_c)
    slope, start = np.where(c_first, k, 1 / k), np.where(c_first, shift, -shift / k)
    enters, leaves = np.maximum(-start / slope, 0.0), np.clip((law.top - start) / slope, 0.0, law.top)
    left = np.minimum(np.maximum(law.low(a, b, np.full_like(a, _LEFT_OUT)), enters), leaves)
    right = np.maximum(np.minimum(law.high(a, b, np.full_like(a, _LEFT_OUT)), leaves), left)
    x = left[..., None] + (right - left)[..., None] * _NODES
    weight = (right - left)[..., None] * _WEIGHTS * law.density(a[..., None], b[..., None], x)
    z = np.clip(slope[..., None] * x + start[..., None], 0.0, law.top)
    under = np.sum(weight * law.below(other_a[..., None], other_b[..., None], z), axis=-1)
    over = np.sum(weight * law.above(other_a[..., None], other_b[..., None], z), axis=-1)
    under, over = under + law.above(a, b, leaves), over + law.below(a, b, np.minimum(enters, law.top))
    return [np.where(c_first, under, over), np.where(c_first, over, under)]


def _sharpness(law: _Law, a: Array, b: Array) -> Array:
    if law.top == 1:
        return np.asarray(np.sqrt((a + b + 1) / a / b) * (a + b))
    return np.asarray(b / np.sqrt(a))


def _loss(law: _Law, small: tuple[Array, Array], great: tuple[Array, Array]) -> Array:
    """E max(G - S, 0), the integral of F_s·S_g: in pieces that meet where either posterior begins or ends."""
    cut = np.full_like(small[0], _LEFT_OUT)
    ends = [f(*arm, cut) for arm in (small, great) for f in (law.low, law.high)]
    knots = np.sort(np.stack([np.zeros_like(cut), *ends], axis=-1), axis=-1)
    total = np.zeros_like(cut)
    for i in range(knots.shape[-1] - 1):
        wide = (knots[..., i + 1] - knots[..., i])[..., None]
        x = knots[..., i, None] + wide * _NODES
        inside = law.below(small[0][..., None], small[1][..., None], x)
        inside = inside * law.above(great[0][..., None], great[1][..., None], x)
        total = total + np.sum(wide * _WEIGHTS * inside, axis=-1)
    return total


def _end(law: _Law, tail: Array, arms: list[Array], *, upper: bool, ratio: bool) -> Array:
    """Where the difference, or the ratio, has `tail` beyond it."""
    side = 1 if upper else 0

    def beyond(at: Array, tail: Array, *arms: Array) -> Array:
        one = np.ones_like(at)
        k, shift = (at, 0 * at) if ratio else (one, at)
        return np.asarray(_sides(law, k, shift, *arms)[side] / tail - 1)

    a_c, b_c, a_t, b_t = arms
    far, near = tail / 2, (1 - tail) / 2
    if upper:
        far, near = near, far
    c, t = (a_c, b_c), (a_t, b_t)
    down, up = (law.low(*t, far), law.high(*c, far)), (law.high(*t, near), law.low(*c, near))
    bracket = (down[0] / down[1], up[0] / up[1]) if ratio else (down[0] - down[1], up[0] - up[1])
    return np.asarray(elementwise.find_root(beyond, bracket, args=(tail, *arms)).x)


def _block(law: _Law, arms: list[Array], tail: Array, region: tuple[float, float]) -> list[Array]:
    one, zero = np.ones_like(tail), np.zeros_like(tail)
    better = np.minimum(_sides(law, one, zero, *arms)[1], 1.0)  # rounding of a sum of weights
    c, t = (arms[0], arms[1]), (arms[2], arms[3])
    inside = zero
    if region[0] < region[1]:
        at = [_sides(law, one, zero + end, *arms) for end in region]
        inside = np.where(at[0][0] < at[1][1], at[1][0] - at[0][0], at[0][1] - at[1][1])
    return [
        *(_end(law, tail, arms, upper=u, ratio=r) for r in (False, True) for u in (False, True)),
        better,
        _loss(law, t, c),
        _loss(law, c, t),
        inside,
    ]


def _compared(
    law: _Law,
    arms: list[Array],
    level: Array,
    alternative: Alternative,
    region: tuple[float, float],
    reason: np.ndarray[tuple[int, ...], np.dtype[np.uint16]],
) -> Posterior:
    """The posterior of two arms' laws, where nothing but too few units is a reason."""
    usable = (reason & ~np.uint16(Reason.TOO_FEW_UNITS)) == 0
    flat = [np.ravel(np.where(usable, part, 2.0)) for part in arms]
    tail = np.ravel(np.broadcast_to(per_tail(level, alternative), usable.shape))
    blocks = [slice(i, i + _BLOCK) for i in range(0, max(tail.size, 1), _BLOCK)]
    parts = [_block(law, [part[s] for part in flat], tail[s], region) for s in blocks]
    found = [np.concatenate(column).reshape(usable.shape) for column in zip(*parts, strict=True)]
    low, high, ratio_low, ratio_high, better, loss_t, loss_c, inside = (
        np.where(usable, values, np.nan) for values in found
    )
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
    version="1",
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
    return _compared(_BETA, arms, data.alpha, alternative, ends, reason)


@method(
    name="gamma_poisson",
    version="1",
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
    return _compared(_GAMMA, arms, data.level, alternative, ends, reason)

"""Maximum likelihood for counts: Poisson, negative binomial, and either with extra zeros.

Where the likelihood rises towards the edge of a family (a variance not above the mean, fewer zeros than the
family has by itself) the answer is the smaller family on that edge.

References:
    Anscombe (1950), Sampling Theory of the Negative Binomial and Logarithmic Series Distributions (the
    score). Levin and Reeds (1977), Compound Multinomial Likelihood Functions Are Unimodal: Proof of a
    Conjecture of I. J. Good (one solution, if the variance exceeds the mean). Johnson, Kemp and Kotz (2005),
    Univariate Discrete Distributions (zero-truncated and zero-inflated laws).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from assay.certify.fit.likelihood import log_likelihood
from assay.distributions import Distribution, Gamma, MixedPoisson, Poisson, ZeroInflated

Array = NDArray[np.float64]
# Logarithms of the shapes searched: e^-9 is nearly all zeros, and e^14 a Poisson law to six digits.
_SMALLEST, _GREATEST = -9.0, 14.0
_CLOSE = 1e-12
# A bound that rounding may not step over.
_ROUNDING = 1e-6


def poisson(y: Array) -> Poisson:
    """The Poisson law: its rate is the mean.

    Args:
        y: Whole numbers, 0 or greater, one axis.
    """
    return Poisson(float(np.mean(y)))


def negative_binomial(y: Array) -> Distribution:
    """The negative binomial law, as Poisson with a gamma rate; or Poisson. Arguments as for `poisson`.

    The mean is the sample's. The shape k solves Σ_j #(y > j) / (k + j) = n log(1 + mean / k), j = 0, 1, ...
    """
    mean, above = float(np.mean(y)), _above(y)
    shape = _shape(lambda k: _rise(above, k) - len(y) * math.log1p(mean / k)) if np.var(y) > mean else None
    return Poisson(mean) if shape is None else MixedPoisson(Gamma(shape, mean / shape))


def zero_inflated_poisson(y: Array) -> Distribution:
    """Poisson with extra zeros; or Poisson. Arguments as for `poisson`.

    The positive counts are zero-truncated Poisson with mean m = rate / (1 - exp(-rate)), which Lambert's W
    solves; the zeros that the rate does not explain are extra.
    """
    positive = y[y > 0]
    mean = float(np.mean(positive))
    rate = mean + float(special.lambertw(-mean * math.exp(-mean)).real)
    law = _inflated(Poisson(rate), len(positive) / len(y)) if rate > 0 else None
    return poisson(y) if law is None else law


def zero_inflated_negative_binomial(y: Array) -> Distribution:
    """Negative binomial with extra zeros; or a law on the family's edge. Arguments as for `poisson`.

    The positive counts are zero-truncated; given the shape k their mean gives the scale s, and k solves Σ_j
    #(y > j) / (k + j) = n log(1 + s) / (1 - (1 + s)^-k), with j = 0, 1, ... and n positive counts.
    """
    positive = y[y > 0]
    mean, above = float(np.mean(positive)), _above(positive)

    def score(shape: float) -> float:
        scale = _scale(shape, mean)
        inside = -math.expm1(-shape * math.log1p(scale))
        return _rise(above, shape) - len(positive) * math.log1p(scale) / inside

    shape = _shape(score) if mean > 1 else None
    if shape is None:
        return max((zero_inflated_poisson(y), negative_binomial(y)), key=lambda law: log_likelihood(law, y))
    law = _inflated(MixedPoisson(Gamma(shape, _scale(shape, mean))), len(positive) / len(y))
    return negative_binomial(y) if law is None else law


def _above(y: Array) -> Array:
    """How many counts exceed j, for j = 0, 1, ... up to the greatest."""
    counts = np.bincount(y.astype(np.int64))
    return np.asarray(len(y) - np.cumsum(counts)[:-1], dtype=np.float64)


def _rise(above: Array, shape: float) -> float:
    """The derivative of Σ log(Γ(k + y) / Γ(k)) in k."""
    return float(np.sum(above / (shape + np.arange(len(above)))))


def _shape(score: Callable[[float], float]) -> float | None:
    """Where a score falls through 0, searched in the logarithm; None if it does not."""

    def at(log: float) -> float:
        return score(math.exp(log))

    if not at(_SMALLEST) > 0 > at(_GREATEST):
        return None
    return math.exp(float(optimize.brentq(at, _SMALLEST, _GREATEST, xtol=_CLOSE)))


def _scale(shape: float, mean: float) -> float:
    """The scale at which a zero-truncated negative binomial law has this mean, above 1."""

    def excess(log: float) -> float:
        scale = math.exp(log)
        return shape * scale / -math.expm1(-shape * math.log1p(scale)) - mean

    # The truncated mean is at least shape·scale, and at most the size-biased mean, 1 + (shape + 1)·scale.
    low, high = math.log((mean - 1) / (shape + 1)), math.log(mean / shape)
    return math.exp(float(optimize.brentq(excess, low - _ROUNDING, high + _ROUNDING, xtol=_CLOSE)))


def _inflated(of: Distribution, positive: float) -> ZeroInflated | None:
    """The law with the zeros that make this share of counts positive; None if it has too many itself."""
    zeros = 1 - positive / (1 - float(of.cdf(0.0)))
    return ZeroInflated(zeros, of) if zeros > 0 else None

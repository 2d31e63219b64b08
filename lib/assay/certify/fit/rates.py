"""How do units differ in how often they act? The law of the rates behind counts of events.

Where a mixed Poisson law fits the counts, its rate is the answer. Where none does, the law of the rates is
estimated without a family, again by maximum likelihood: weights on a fine grid of rates, by expectation and
maximisation.

References:
    Simar (1976), Maximum Likelihood Estimation of a Compound Poisson Process. Laird (1978), Nonparametric
    Maximum Likelihood Estimation of a Mixing Distribution (the algorithm).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.distributions import Constant, Distribution, Empirical, Gamma, MixedPoisson, Poisson, ZeroInflated

Array = NDArray[np.float64]
_GRID = 120
_LEAST = 0.02
_STEPS = 2000
_NEGLIGIBLE = 1e-7


def rate_law(counts: Array, fitted: Distribution) -> Distribution:
    """The law of the rates of units whose counts are Poisson given their rate.

    Args:
        counts: Events per unit, one axis; not all 0.
        fitted: The law of the counts that the data do not refute, as `shape` found it.

    Returns:
        A law of events per unit in the time in which `counts` arose.
    """
    known = _behind(fitted)
    return _any_law(counts) if known is None else known


def scaled(law: Distribution, factor: float) -> Distribution:
    """The law of a multiple.

    Args:
        law: One that `rate_law` gives.
        factor: Above 0.
    """
    if isinstance(law, ZeroInflated):
        return ZeroInflated(law.zeros, scaled(law.of, factor))
    if isinstance(law, Gamma):
        return Gamma(law.shape, law.scale * factor)
    if isinstance(law, Empirical):
        return Empirical(tuple(value * factor for value in law.values), law.weights)
    return Constant(law.mean * factor)


def _behind(law: Distribution) -> Distribution | None:
    """The law of the rate of a (mixed) Poisson law; None for any other."""
    if isinstance(law, Poisson):
        return Constant(law.rate)
    if isinstance(law, MixedPoisson):
        return law.rate
    if isinstance(law, ZeroInflated):
        of = _behind(law.of)
        return None if of is None else ZeroInflated(law.zeros, of)
    return None


def _any_law(counts: Array) -> Distribution:
    """The likeliest law of the rates, with the mean of the counts."""
    mean, greatest = float(np.mean(counts)), float(np.max(counts))
    values, times = np.unique(counts, return_counts=True)
    inside = np.geomspace(min(_LEAST, mean / 2), greatest, _GRID)
    grid = np.unique(np.concatenate([[0.0, mean], inside]))
    logs = special.xlogy(values[:, None], grid) - grid - special.gammaln(values + 1)[:, None]
    # A factor per count cancels below; without it the likelihood of a great count would underflow.
    likelihood = np.exp(logs - np.max(logs, axis=1, keepdims=True))
    weights = np.full(len(grid), 1 / len(grid))
    shares = times / len(counts)
    for _ in range(_STEPS):
        weights *= (shares / (likelihood @ weights)) @ likelihood
    kept = weights > _NEGLIGIBLE
    law = Empirical(tuple(grid[kept]), tuple(weights[kept]))
    return scaled(law, mean / law.mean)

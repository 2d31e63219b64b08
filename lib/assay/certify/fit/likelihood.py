"""The logarithm of a law's probability (or density) at data, for the laws that are fitted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.distributions import (
    Bernoulli,
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    MixedPoisson,
    Normal,
    Pareto,
    Poisson,
    ZeroInflated,
)

Array = NDArray[np.float64]


def log_likelihood(law: Distribution, y: Array) -> float:
    """The sum of the logarithms of a law's probabilities, or densities, at data.

    Args:
        law: One that `candidates` fits.
        y: The data, inside the law's support, one axis. A value that has a probability (a count, a zero of a
            zero-inflated amount) counts with it, any other with its density.
    """
    return float(np.sum(_log_density(law, y)))


def _log_density(law: Distribution, y: Array) -> Array:
    return _DENSITIES[type(law)](law, y)


def _zero_inflated(law: ZeroInflated, y: Array) -> Array:
    inside = math.log1p(-law.zeros)
    found = np.full(y.shape, math.log(law.zeros + (1 - law.zeros) * float(law.of.cdf(0.0))))
    positive = y > 0
    found[positive] = inside + _log_density(law.of, y[positive])
    return found


def _negative_binomial(law: MixedPoisson, y: Array) -> Array:
    rate = law.rate
    assert isinstance(rate, Gamma)  # noqa: S101 - the only mixture that is fitted
    binomial = special.gammaln(rate.shape + y) - special.gammaln(rate.shape) - special.gammaln(y + 1)
    odds = np.log1p(rate.scale)
    return np.asarray(binomial - rate.shape * odds + special.xlogy(y, rate.scale) - y * odds)


def _gamma(law: Gamma, y: Array) -> Array:
    constant = special.gammaln(law.shape) + law.shape * math.log(law.scale)
    return np.asarray(special.xlogy(law.shape - 1, y) - y / law.scale - constant)


def _lognormal(law: LogNormal, y: Array) -> Array:
    logs = np.log(y)
    return np.asarray(_normal_at(logs, law.mu, law.sigma) - logs)


def _pareto(law: Pareto, y: Array) -> Array:
    return np.asarray(math.log(law.index) + law.index * math.log(law.scale) - (law.index + 1) * np.log(y))


def _normal_at(y: Array, mean: float, deviation: float) -> Array:
    z = (y - mean) / deviation
    return np.asarray(-(z**2) / 2 - math.log(deviation) - math.log(2 * math.pi) / 2)


_DENSITIES: dict[type[Distribution], Callable[[Any, Array], Array]] = {
    Bernoulli: lambda law, y: special.xlogy(y, law.probability) + special.xlog1py(1 - y, -law.probability),
    Constant: lambda _, y: np.zeros(y.shape),
    Gamma: _gamma,
    LogNormal: _lognormal,
    MixedPoisson: _negative_binomial,
    Normal: lambda law, y: _normal_at(y, law.location, law.deviation),
    Pareto: _pareto,
    Poisson: lambda law, y: special.xlogy(y, law.rate) - law.rate - special.gammaln(y + 1),
    ZeroInflated: _zero_inflated,
}

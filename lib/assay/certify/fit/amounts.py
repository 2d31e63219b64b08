"""Maximum likelihood for amounts: gamma, log-normal, Pareto, with zeros or without; normal for any numbers.

References:
    Minka (2002), Estimating a Gamma Distribution (start and step). Johnson, Kotz and Balakrishnan (1994),
    Continuous Univariate Distributions 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.distributions import Distribution, Gamma, LogNormal, Normal, Pareto, ZeroInflated

Array = NDArray[np.float64]
# Newton's steps double the correct digits, and the start has two: five are enough, eight are safe.
_STEPS = 8


def gamma(y: Array) -> Gamma:
    """The gamma law: log(shape) - ψ(shape) is the logarithm of the mean minus the mean logarithm.

    Args:
        y: Numbers above 0, not all equal, one axis.
    """
    mean = float(np.mean(y))
    gap = math.log(mean) - float(np.mean(np.log(y)))
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(_STEPS):
        # In 1 / shape the equation is nearly straight.
        score = math.log(shape) - float(special.digamma(shape)) - gap
        slope = shape - shape**2 * float(special.polygamma(1, shape))
        shape = 1 / (1 / shape + score / slope)
    return Gamma(shape, mean / shape)


def lognormal(y: Array) -> LogNormal:
    """The log-normal law: mean and standard deviation of the logarithms. Arguments as for `gamma`."""
    logs = np.log(y)
    return LogNormal(float(np.mean(logs)), float(np.std(logs)))


def pareto(y: Array) -> Pareto:
    """The Pareto law from the least value up: its index is 1 over the mean logarithm of y over that value.

    Arguments as for `gamma`.
    """
    least = float(np.min(y))
    return Pareto(least, 1 / float(np.mean(np.log(y / least))))


def normal(y: Array) -> Normal:
    """The normal law: mean and standard deviation (divided by n).

    Args:
        y: Numbers, not all equal, one axis.
    """
    return Normal(float(np.mean(y)), float(np.std(y)))


def with_zeros(positive: Callable[[Array], Distribution]) -> Callable[[Array], Distribution]:
    """The fit of a law with an atom at 0, from that of its positive part.

    Zeros say nothing of the positive part, nor it of them: the atom is the share of zeros.
    """

    def fit(y: Array) -> Distribution:
        return ZeroInflated(float(np.mean(y == 0)), positive(y[y > 0]))

    return fit

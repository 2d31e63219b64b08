"""Does the upper tail fall like a power, and how fast? Hill's estimator, where the tail allows one.

If P(Y > y) falls like y^-index, the logarithms of the largest values over the next one are exponential with
mean 1 / index. An index of 2 or less means no variance, and averages that do not settle as the normal law
says. How far the tail reaches is not known beforehand: the number rests on the most values whose logarithms
do look exponential, out of a twentieth of the positive ones, half of that, and so on.

References:
    Hill (1975), A Simple General Approach to Inference about the Tail of a Distribution. Lilliefors (1969),
    On the Kolmogorov-Smirnov Test for the Exponential Distribution with Mean Unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay import seeds

Array = NDArray[np.float64]
SHARE = 0.05
"""Greatest share of the positive values that may be the tail."""
FEWEST, MOST = 25, 2000
"""Fewest and most values of a tail: fewer say nothing, and more only refine the number."""
LEVEL = 0.05
"""A tail whose p-value is below does not fall like a power."""
_REPLICATES = 199


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """A tail that falls like a power.

    Attributes:
        index: Hill's estimate; moments of this order and above do not exist.
        std_error: index / √k.
        k: How many of the largest values it rests on.
        p_value: Of the hypothesis that they fall like a power, with the index estimated.
    """

    index: float
    std_error: float
    k: int
    p_value: float


def hill(y: Array, k: int) -> float:
    """Hill's estimate: 1 over the mean of log(y_i / y_(k+1)) for the k largest values.

    Args:
        y: Numbers, one axis; the k + 1 largest are above 0.
        k: From 1 to the number of values - 1.

    Returns:
        The index; infinite if the k + 1 largest are equal.
    """
    largest = np.sort(y)[-k - 1 :]
    excess = float(np.mean(np.log(largest[1:] / largest[0])))
    return 1 / excess if excess > 0 else math.inf


def tail(y: Array, *, seed: int) -> Tail | None:
    """The tail of some data.

    Args:
        y: Numbers, one axis.
        seed: Of the p-value.

    Returns:
        None where the tail has too few values, or does not fall like a power (counts with many ties do not).
    """
    positive = np.sort(y[y > 0])
    k = min(math.floor(SHARE * len(positive)), MOST)
    while k >= FEWEST:
        p_value = _exponential(np.log(positive[-k:] / positive[-k - 1]), seed)
        if p_value >= LEVEL:
            index = hill(positive, k)
            return Tail(index=index, std_error=index / math.sqrt(k), k=k, p_value=p_value)
        k //= 2
    return None


def _exponential(rising: Array, seed: int) -> float:
    """Lilliefors' p-value, whose law does not depend on the mean."""
    if not rising[-1] > 0:
        return 0.0
    drawn = seeds.stream(seed, "fit.tail").standard_exponential((_REPLICATES, len(rising)))
    as_great = _distance(np.sort(drawn, axis=1)) >= _distance(rising)
    return float((1 + np.sum(as_great)) / (1 + _REPLICATES))


def _distance(rising: Array) -> Array:
    """The greatest distance between the empirical cdf and that of the exponential law with the same mean."""
    n = rising.shape[-1]
    cdf = -np.expm1(-rising / np.mean(rising, axis=-1, keepdims=True))
    steps = np.arange(n) / n
    return np.asarray(np.maximum(np.max(cdf - steps, axis=-1), np.max(steps + 1 / n - cdf, axis=-1)))

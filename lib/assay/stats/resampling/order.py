"""Quantiles of resamples and their inverse: one rule, so that p-values and intervals cannot disagree.

The k-th of B ordered values is the quantile of k / (B + 1); between them the normal quantile interpolates.
Levels below 1 / (B + 1) or above B / (B + 1) are beyond what B resamples can tell.

References:
    Davison and Hinkley (1997), Bootstrap Methods and their Application, eq. 5.8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

_ROUNDING = 1e-9


def quantile(ordered: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantile of each row.

    Args:
        ordered: Values in ascending order, shape (m, B).
        level: Shape (m,).

    Returns:
        Shape (m,); -inf and inf for levels beyond what the resamples can tell.
    """
    count = ordered.shape[1]
    place = level * (count + 1)
    near = np.rint(place)
    place = np.where(np.abs(place - near) < _ROUNDING, near, place)
    k = np.clip(np.floor(np.nan_to_num(place)), 1, count - 1).astype(np.int64)
    low, high = _at(ordered, k - 1), _at(ordered, k)
    weight = (special.ndtri(place / (count + 1)) - _normal(k, count)) / (
        _normal(k + 1, count) - _normal(k, count)
    )
    between = np.where(weight == 0, low, np.where(weight == 1, high, low + (high - low) * weight))
    between = np.where(high == low, low, between)
    found = np.where(place < 1, -np.inf, np.where(place > count, np.inf, between))
    return np.where(np.isnan(level) | np.isnan(ordered[:, -1]), np.nan, found)


def level_of(ordered: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest level whose quantile is at most a value.

    Args:
        ordered: Values in ascending order, shape (m, B).
        value: Shape (m,).

    Returns:
        Levels between 1 / (B + 1) and B / (B + 1), shape (m,).
    """
    count = ordered.shape[1]
    k = np.sum(ordered <= value[:, None], axis=1)
    inside = np.clip(k, 1, count - 1)
    low, high = _at(ordered, inside - 1), _at(ordered, inside)
    # Nothing interpolates from or to an infinite value.
    share = np.where(np.isinf(high), 0.0, np.where(np.isinf(low), 1.0, (value - low) / (high - low)))
    share = np.where((k < 1) | (k >= count), 0.0, share)
    k = np.clip(k, 1, count)
    upper = _normal(np.minimum(k + 1, count), count)
    level = special.ndtr(_normal(k, count) + share * (upper - _normal(k, count)))
    # At an order statistic the level is a fraction of whole numbers: no rounding of the normal law.
    level = np.where(share == 0, k / (count + 1), level)
    return np.where(np.isnan(value) | np.isnan(ordered[:, -1]), np.nan, level)


def _at(ordered: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]


def _normal(k: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    return np.asarray(special.ndtri(k / (count + 1)))

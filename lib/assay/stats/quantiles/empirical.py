"""Sample quantiles, order statistics, and the binomial law of ranks that all of this package rests on.

The sample quantile is type 7 of Hyndman and Fan, the default of NumPy and of R: with h = (n - 1)·q,
x(⌊h⌋ + 1) + (h - ⌊h⌋)·(x(⌊h⌋ + 2) - x(⌊h⌋ + 1)), order statistics counted from 1.

References:
    Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, definition 7. Conover (1999), Practical
    Nonparametric Statistics, section 3.2 (the rank of a quantile is binomial).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples

# Where a binomial tail falls below the smallest double, by Bernstein: exp(-t² / (2·(σ² + t/3))) < 1e-320.
_FAR = 740.0
_HALF = 0.5


@lru_cache(maxsize=256)
def rank_law(n: int, q: float) -> tuple[int, NDArray[np.float64]]:
    """Bin(n, q), wherever its probabilities are above the smallest double.

    Args:
        n: Trials, 0 or greater.
        q: Probability of success, strictly between 0 and 1.

    Returns:
        The first outcome and the probabilities of it and its successors, by their own recurrence from the
        mode: each to about 1e-13 of itself, in the far tails too.
    """
    mode = min(int((n + 1) * q), n)
    reach = int(_FAR / 3 + np.sqrt((_FAR / 3) ** 2 + 2 * _FAR * n * q * (1 - q))) + 2
    first, last = max(0, mode - reach), min(n, mode + reach)
    odds = q / (1 - q)
    rising, falling = np.arange(mode, last, dtype=np.float64), np.arange(mode, first, -1, dtype=np.float64)
    up = np.cumprod((n - rising) / (rising + 1) * odds)
    down = np.cumprod(falling / (n - falling + 1) / odds)
    weights = np.concatenate([down[::-1], [1.0], up])
    weights /= np.sum(weights)
    weights.flags.writeable = False
    return first, weights


def ordered(samples: Samples) -> NDArray[np.float64]:
    """The metric of an arm in ascending order, shape (..., n)."""
    return np.sort(samples.y, axis=-1)


def sample_quantile(ascending: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Type 7 of Hyndman and Fan.

    Args:
        ascending: Sorted units on the last axis.
        q: Order, broadcasting with the axes before it.

    Returns:
        The broadcast shape; NaN where there are no units.
    """
    n = ascending.shape[-1]
    if n == 0:
        return np.full(np.broadcast_shapes(ascending.shape[:-1], q.shape), np.nan)
    position = (n - 1) * q
    rank = np.minimum(np.floor(position), max(n - 2, 0))
    part = position - rank
    low = order_statistic(ascending, rank + 1)
    high = order_statistic(ascending, np.minimum(rank + 2, n))
    gap = high - low
    # From the nearer neighbour, so that a part of 0 or 1 gives the neighbour itself.
    return np.asarray(np.where(part >= _HALF, high - gap * (1 - part), low + gap * part))


def order_statistic(ascending: NDArray[np.float64], rank: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit of a rank counted from 1; rank 0 is -inf and n + 1 is inf.

    Args:
        ascending: Sorted units on the last axis.
        rank: Whole numbers from 0 to n + 1, broadcasting with the axes before it.

    Returns:
        The broadcast shape.
    """
    batch = ascending.shape[:-1]
    ends = [np.full((*batch, 1), end) for end in (-np.inf, np.inf)]
    fenced = np.concatenate([ends[0], ascending, ends[1]], axis=-1)
    shape = np.broadcast_shapes(batch, rank.shape)
    wanted = np.broadcast_to(rank, shape)[..., None].astype(np.intp)
    return np.take_along_axis(np.broadcast_to(fenced, (*shape, fenced.shape[-1])), wanted, axis=-1)[..., 0]


def not_ranked(ascending: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Why an arm has no quantile: it has no units, or a value that is not finite."""
    few = np.full(ascending.shape[:-1], ascending.shape[-1] == 0)
    return flagged((few, Reason.TOO_FEW_UNITS), (~np.all(np.isfinite(ascending), axis=-1), Reason.NOT_FINITE))

"""Exact null distributions of rank sums: all assignments of the units to arms are equally likely.

References:
    Streitberg and Röhmel (1986), Exact Distributions for Permutation and Rank Tests: An Introduction to Some
    Recently Published Algorithms (the shift algorithm, which ties do not trouble). Mann and Whitney (1947),
    eq. 3 (the recurrence without ties).
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError

# Additions that one exact distribution may take; about half a second.
_MOST_WORK = 3e8


def conditional_tails(ranks: NDArray[np.float64], chosen: int) -> tuple[float, float]:
    """Tails of the sum of the last `chosen` midranks, over all choices of as many units.

    Args:
        ranks: Midranks of all units, the treatment's last, shape (n,).
        chosen: Size of the treatment, 0 < chosen < n.

    Returns:
        Probability of a sum as low as the observed or lower, and of one as high or higher.

    Raises:
        InputError: The distribution would take too long.
    """
    scores = np.round(2 * ranks).astype(np.int64)  # midranks are halves
    treated, others = scores[-chosen:], scores[:-chosen]
    if chosen <= others.size:
        return _tails(scores, treated)
    above, below = _tails(scores, others)
    return below, above


def _tails(scores: NDArray[np.int64], picked: NDArray[np.int64]) -> tuple[float, float]:
    scores, observed = scores - scores.min(), int(np.sum(picked - scores.min()))
    unit = max(int(np.gcd.reduce(scores)), 1)
    scores, observed = scores // unit, observed // unit
    size = picked.size
    greatest = int(np.sum(np.sort(scores)[-size:]))
    if scores.size * size * greatest > _MOST_WORK:
        raise InputError(
            f"the arms have {scores.size} units; their exact distribution takes too long: use mann_whitney"
        )
    # ways[k, s]: choices of k units with sum s; each unit shifts and adds.
    ways = np.zeros((size + 1, greatest + 1))
    ways[0, 0] = 1
    for score in scores.tolist():
        for k in range(size, 0, -1):
            ways[k, score:] += ways[k - 1, : greatest + 1 - score]
    every = float(comb(scores.size, size))
    return float(np.sum(ways[size, : observed + 1])) / every, float(np.sum(ways[size, observed:])) / every


@lru_cache(maxsize=64)
def untied_tail(n_c: int, n_t: int) -> NDArray[np.float64]:
    """P(U >= u) for u = 0 … n_c·n_t + 1 without ties; U is symmetric about n_c·n_t / 2.

    Args:
        n_c: Units of the control, at least 1.
        n_t: Units of the treatment, at least 1.

    Returns:
        The tail, read-only.
    """
    small, large = sorted((n_c, n_t))
    pairs = small * large
    # ways[j, u]: orders of all units with U = u and j units in the larger arm; a round adds one to the
    # smaller.
    ways = np.zeros((large + 1, pairs + 1))
    ways[:, 0] = 1
    for _ in range(small):
        for j in range(1, large + 1):
            # The greatest of all values is in the smaller arm (and beats the j others), or in the larger.
            ways[j, j:] = ways[j, : pairs + 1 - j]
            ways[j, :j] = 0
            ways[j] += ways[j - 1]
    # P(U >= u) = P(U <= pairs - u), from whole numbers: a tail that equals a level is not below it by
    # rounding.
    tail = np.append(np.cumsum(ways[large])[::-1] / float(comb(small + large, small)), 0.0)
    tail[0] = 1.0
    tail.setflags(write=False)
    return tail

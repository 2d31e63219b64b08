"""How often each unit counts in each resample, and the sums that follow, in blocks of bounded memory.

A block is a matrix of weights, one row per resample; its product with the data's columns gives the sums of
all resamples of all tests of a batch at once. The draws come from one stream per purpose, row after row, and
the products are of one shape for a given number of units: neither the size of a block nor the batch that a
test stands in changes a digit. The tests of a batch share their resamples.

References:
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 6.2 (resampling vectors).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.seeds import stream

# Weights per block: 16 MiB of doubles; and columns per product.
_BLOCK = 1 << 21
_ROWS = 64
_COLUMNS = 8
_LEAST, _MOST = 99, 1_000_000


def whole(name: str, value: object, least: int, most: float = float("inf")) -> int:
    """An option that must be a whole number.

    Raises:
        InputError: It is none, or lies outside `least` to `most`.
    """
    number = int(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else None
    if number is None or not least <= number <= most:
        upper = "" if most == float("inf") else f" and at most {most:,.0f}"
        raise InputError(f"{name} is {value!r}; it must be a whole number, at least {least}{upper}")
    return number


def checked_resamples(resamples: object, seed: object) -> tuple[int, int]:
    """The two options of every randomised method.

    Raises:
        InputError: `resamples` outside 99 to 1,000,000 or `seed` below 0, or either not a whole number.
    """
    return whole("resamples", resamples, _LEAST, _MOST), whole("seed", seed, 0)


def bootstrap_weights(n: int, resamples: int, seed: int, arm: str) -> Iterator[NDArray[np.float64]]:
    """Blocks of multinomial counts: how often each of `n` units was drawn.

    Args:
        n: Units, at least 1.
        resamples: Rows in all.
        seed: Of the run.
        arm: Names the stream, so that arms are drawn independently.

    Yields:
        Arrays of shape (rows, n); rows beyond `resamples` fill the last block.
    """
    rng, rows = stream(seed, f"resampling.bootstrap.{arm}"), _rows(n)
    for _ in range(0, resamples, rows):
        yield counted(rng.integers(0, n, size=(rows, n)), n)


def counted(drawn: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Resamples as indices of units, to counts per unit.

    Args:
        drawn: Indices from 0 to n - 1, shape (rows, draws).
        n: Units.

    Returns:
        Counts, shape (rows, n).
    """
    rows = drawn.shape[0]
    flat = (drawn + np.arange(rows)[:, None] * n).ravel()
    return np.bincount(flat, minlength=rows * n).reshape(rows, n).astype(np.float64)


def permutation_weights(n: int, chosen: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks of random assignments: 1 where a unit is in the treatment.

    Args:
        n: Units of both arms.
        chosen: Units of the treatment.
        resamples: Rows in all.
        seed: Of the run.

    Yields:
        Arrays of shape (rows, n); rows beyond `resamples` fill the last block.
    """
    rng, rows = stream(seed, "resampling.permutation"), _rows(n)
    planned = np.broadcast_to((np.arange(n) >= n - chosen).astype(np.float64), (rows, n))
    for _ in range(0, resamples, rows):
        yield rng.permuted(planned, axis=1)


def all_assignments(n: int, chosen: int) -> Iterator[NDArray[np.float64]]:
    """Blocks of every assignment of `chosen` of `n` units to the treatment, each once.

    Yields:
        Arrays of shape (rows, n); rows beyond the last assignment repeat it.
    """
    rows = _rows(n)
    every = combinations(range(n), chosen)
    while some := list(islice(every, rows)):
        block = np.zeros((rows, n))
        picked = np.array(some + some[-1:] * (rows - len(some)), dtype=np.int64)
        np.put_along_axis(block, picked, 1.0, axis=1)
        yield block


def sums(
    blocks: Iterator[NDArray[np.float64]], columns: NDArray[np.float64], resamples: int
) -> NDArray[np.float64]:
    """Weighted sums of columns over the units, per resample.

    Args:
        blocks: Weights, shape (rows, n).
        columns: The data, shape (series, n).
        resamples: How many rows count.

    Returns:
        Sums, shape (series, resamples).
    """
    series, n = columns.shape
    padded = np.zeros((-series % _COLUMNS + series, n))
    padded[:series] = columns
    tiles = np.ascontiguousarray(padded.reshape(-1, _COLUMNS, n).swapaxes(1, 2))
    parts = [np.matmul(block, tiles) for block in blocks]
    joined = np.concatenate(parts, axis=1)[:, :resamples]
    return np.ascontiguousarray(joined.swapaxes(1, 2)).reshape(-1, resamples)[:series]


def _rows(n: int) -> int:
    return max(1, min(_ROWS, _BLOCK // n))

"""Randomness as a function: (seed, stream name, period, block) → an independent NumPy generator.

There is no global state. A draw depends on these four and on nothing else, so the same data comes out for
any number of partitions or machines. Streams are separated by `SeedSequence.spawn_key`, as NumPy's
documentation on parallel generation recommends; the bit generator is PCG64DXSM.

References:
    O'Neill (2014), PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
    Number Generation. Steele, Lea and Flood (2014), Fast Splittable Pseudorandom Number Generators (the
    finaliser used by `hash_uniform`).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def key(name: str) -> int:
    """A 64-bit number for a stream's name, stable across processes and versions of Python."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def stream(seed: int, name: str, period: int = 0, block: int = 0) -> np.random.Generator:
    """An independent generator for one block of one period of one named stream.

    Args:
        seed: The blueprint's or run's seed, 0 or greater.
        name: What is drawn, for example `"trades.count"`.
        period: Index of the period (week) drawn, 0 or greater.
        block: Index of the fixed-size block of entities, 0 or greater.

    Returns:
        A generator; two calls with equal arguments give equal draws.
    """
    word = key(name)
    sequence = np.random.SeedSequence(seed, spawn_key=(word & 0xFFFFFFFF, word >> 32, period, block))
    return np.random.Generator(np.random.PCG64DXSM(sequence))


def hash_uniform(seed: int, name: str, ids: ArrayLike) -> NDArray[np.float64]:
    """One uniform number in [0, 1) per id: a property of the entity, whoever asks and in whatever order.

    Args:
        seed: As for `stream`.
        name: What the number decides, for example `"assignment.checkout"`.
        ids: Integer ids, any shape.

    Returns:
        Array of the shape of `ids`, 53 bits of precision.
    """
    salt = np.uint64(key(f"{seed}/{name}"))
    with np.errstate(over="ignore"):
        z = np.asarray(ids).astype(np.uint64) * _GOLDEN + salt
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53

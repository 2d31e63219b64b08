"""The same units, assigned at random again and again: moments of both arms of thousands of splits at once.

Units that all saw the same have no effect between them, however they are split. The share of splits that a
method calls different is therefore its type I error on data of this very shape, with all its zeros and tails
and without any assumed law; a planted effect then changes moments only, so the same splits give its power.

A unit's arm is one random bit. The bits of a block of units times its columns (counts, values, squares and
products of all metrics, side by side) is one matrix product, so several metrics share their bits, and at most
a block of bits is ever held. Sums of parts add up: a table too large for memory goes through in parts.

References:
    Fisher (1935), The Design of Experiments, section 21 (the randomisation distribution). Chan, Golub and
    LeVeque (1983), Algorithms for Computing the Sample Variance (why values are centred before sums).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.errors import InputError
from assay.stats import Moments

BLOCK = 4096
"""Units whose bits come from one stream."""
FEWEST = 4
_DIGITS = 16
_WORDS = BLOCK // 64
# 100 splits of 128 units by some 20 columns: products so small that BLAS leaves them to one thread. Larger
# ones it spreads over all cores and waits for the last, tenfold slower where another process has one.
_SPLITS_AT_ONCE, _TILE = 100, 128
Array = NDArray[np.float64]
Halves = tuple[Moments, Moments]


@dataclass(frozen=True, slots=True)
class Units:
    """A metric's values, one element per unit.

    Attributes:
        y: The metric, or a ratio's numerator; NaN where the unit has none.
        d: A ratio's denominator, or None.
        x: A covariate from before the exposure, or None.
    """

    y: Array
    d: Array | None = None
    x: Array | None = None

    @property
    def series(self) -> dict[str, Array]:
        """The series that are there, by name."""
        return {n: v for n, v in (("y", self.y), ("d", self.d), ("x", self.x)) if v is not None}

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether the unit has all its values, shape (units,)."""
        there = np.ones(self.y.shape, dtype=np.bool_)
        for values in self.series.values():
            there &= ~np.isnan(values)
        return there


@dataclass(frozen=True, slots=True)
class Assignment:
    """Random assignments of the same units: a function of (seed, name, period) and of nothing else.

    Attributes:
        seed: 0 or greater.
        name: Name of the stream.
        period: Number of the week, 0 or greater.
        share: Probability of the treatment, strictly between 0 and 1; kept to 16 binary digits.
    """

    seed: int
    name: str
    period: int = 0
    share: float = 0.5

    def bits(self, block: int, splits: int) -> Iterator[NDArray[np.uint8]]:
        """Who gets the treatment: 1 or 0 for each unit of a block, some splits at a time.

        Args:
            block: Number of the block of `BLOCK` units.
            splits: Splits in all.

        Yields:
            Shape (up to 100 splits, BLOCK).
        """
        digits = _binary(self.share)
        source = seeds.stream(self.seed, self.name, self.period, block).bit_generator
        for first in range(0, splits, _SPLITS_AT_ONCE):
            rows = min(_SPLITS_AT_ONCE, splits - first)
            words = source.random_raw(rows * len(digits) * _WORDS).reshape(rows, len(digits), _WORDS)
            yield np.unpackbits(_below(words, digits).view(np.uint8), axis=1)


def splits(metrics: Mapping[str, Units], assignment: Assignment, replicates: int) -> dict[str, Halves]:
    """Moments of both arms of many random splits of the same units, in every metric.

    Args:
        metrics: Name to values; of the same units in the same order, which decides what bit a unit gets.
        assignment: Gives the bits.
        replicates: Number of splits.

    Returns:
        Name to moments of control and of treatment, each of shape (replicates,).

    Raises:
        InputError: Series of different length, a metric with fewer than four units, or no replicate.
    """
    _refuse(metrics, replicates)
    tables = {name: _columns(units) for name, units in metrics.items()}
    # What two metrics have in common (who is there at all, a 0/1 value and its square) is summed once.
    stacked: dict[bytes, Array] = {}
    for columns, _ in tables.values():
        stacked |= {column.tobytes(): column for column in columns.values()}
    place = {key: i for i, key in enumerate(stacked)}
    values = np.column_stack(list(stacked.values()))
    treated = treated_sums(values, assignment, replicates)
    rest = values.sum(axis=0) - treated
    found = {}
    for name, (columns, centres) in tables.items():
        at = {part: place[column.tobytes()] for part, column in columns.items()}
        control, treatment = (
            _moments({part: sums[:, i] for part, i in at.items()}, centres) for sums in (rest, treated)
        )
        found[name] = (control, treatment)
    return found


def treated_sums(values: Array, assignment: Assignment, replicates: int, *, first_block: int = 0) -> Array:
    """Sums of each column over the treatment's units.

    Args:
        values: Shape (units, columns).
        assignment: Gives the bits.
        replicates: Number of splits.
        first_block: Number of the first block, for a table that comes in parts of whole blocks: the sums of
            the parts add up to those of the whole.

    Returns:
        Shape (replicates, columns).
    """
    columns = values.shape[1]
    sums = np.zeros((replicates, columns))
    for i, start in enumerate(range(0, values.shape[0], BLOCK)):
        block = np.zeros((BLOCK, columns))
        block[: len(values) - start] = values[start : start + BLOCK]
        tiles = block.reshape(-1, _TILE, columns)
        row = 0
        for bits in assignment.bits(first_block + i, replicates):
            tiled = bits.reshape(len(bits), -1, _TILE).swapaxes(0, 1).astype(np.float64)
            sums[row : row + len(bits)] += np.matmul(tiled, tiles).sum(axis=0)
            row += len(bits)
    return sums


def _refuse(metrics: Mapping[str, Units], replicates: int) -> None:
    sizes = {values.shape for units in metrics.values() for values in units.series.values()}
    if len(sizes) > 1 or any(len(size) != 1 for size in sizes):
        raise InputError(
            f"the series have the shapes {sorted(sizes)}; units need one value each in every one"
        )
    if not replicates >= 1:
        raise InputError(f"replicates is {replicates}; a re-randomisation needs one or more")
    for name, units in metrics.items():
        if (there := int(np.count_nonzero(units.present))) < FEWEST:
            raise InputError(
                f"metric {name} has {there} units with a value; a re-randomisation needs {FEWEST} or more"
            )


def _binary(share: float) -> list[int]:
    """The share's binary digits, the last one a 1."""
    whole = min(max(round(share * 2**_DIGITS), 1), 2**_DIGITS - 1) if 0 < share < 1 else 0
    if not whole:
        raise InputError(f"share is {share}; it must lie strictly between 0 and 1")
    return [int(digit) for digit in f"{whole:0{_DIGITS}b}".rstrip("0")]


def _below(words: NDArray[np.uint64], digits: list[int]) -> NDArray[np.uint64]:
    """Bits that are 1 with the probability 0.d1 d2 d3..., 64 at a time, from as many fair ones as digits.

    A uniform number, compared with the share digit by digit from the last: each digit halves what is known,
    and a 1 adds a half.
    """
    found = np.zeros_like(words[:, 0])
    for i in reversed(range(len(digits))):
        found = words[:, i] | found if digits[i] else words[:, i] & found
    return np.ascontiguousarray(found)


def _columns(units: Units) -> tuple[dict[str, Array], dict[str, float]]:
    """What is summed: the count, each series about a centre, their squares and products; and the centres."""
    there = units.present
    centres = {name: _centre(values[there]) for name, values in units.series.items()}
    rest = {name: np.where(there, values - centres[name], 0.0) for name, values in units.series.items()}
    columns = {"n": there.astype(np.float64)} | rest
    columns |= {a + b: rest[a] * rest[b] for a, b in combinations_with_replacement(rest, 2)}
    return columns, centres


def _centre(values: Array) -> float:
    """The mean; of zeros and ones 0, about which their sums are exact and their squares the values."""
    return 0.0 if np.all((values == 0) | (values == 1)) else float(np.mean(values))


def _moments(sums: dict[str, Array], centres: dict[str, float]) -> Moments:
    """From sums of centred values and products: M2 = Σz² - (Σz)²/n, where Σz is near 0 by the centring."""
    n = sums["n"]
    share = np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)
    parts = {f"mean_{a}": centre + sums[a] * share for a, centre in centres.items()}
    for a in centres:
        parts[f"m2_{a}"] = np.maximum(sums[a + a] - sums[a] * sums[a] * share, 0.0)
    for a, b in combinations(centres, 2):
        # Rounding must not pass it either: Cauchy-Schwarz.
        bound = np.sqrt(parts[f"m2_{a}"]) * np.sqrt(parts[f"m2_{b}"])
        parts[f"c_{a}{b}"] = np.clip(sums[a + b] - sums[a] * sums[b] * share, -bound, bound)
    return Moments(n=n, **parts)

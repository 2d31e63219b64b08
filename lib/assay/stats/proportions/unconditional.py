"""Exact probability of a region of tables, at the nuisance share that makes it greatest.

A region is given by its rows: with i successes in the treatment it holds the tables with at most `cut[i]`
successes in the control. Every ordering used here is of that form (Barnard's convexity), so that a
probability is one sum over i of a binomial mass times a binomial distribution function, not one over cells.

References:
    Barnard (1947), Significance Tests for 2 × 2 Tables, section 3 (convexity). Suissa and Shuster (1985),
    Exact Unconditional Sample Sizes for the 2 × 2 Binomial Trial (the supremum). Chan and Zhang (1999),
    Test-Based Exact Confidence Intervals for the Difference of Two Binomial Proportions, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.proportions.inversion import Tables

Array = NDArray[np.float64]
Cuts = NDArray[np.int64]
Path = Callable[[Array], tuple[Array, Array]]
"""From u in [0, 1], along all nuisance shares, to (p_c, p_t) under the hypothesis."""

MOST_UNITS = 1_000
"""Units of both arms together beyond which there is no unconditional exact answer."""

# Points of the first grid for each root of a unit: a step is a quarter of a share's standard deviation on the
# arcsine scale, so that between two points a probability moves by percents.
_DENSITY = 12.5
# How much greater the supremum may be than what the first grid saw.
_SLACK = 1.25
_PEAKS, _ROUNDS, _POINTS = 3, 9, 11
_BISECTIONS = 34


@dataclass(frozen=True, slots=True)
class Row:
    """One table in whole numbers, and the probability that an end of its interval leaves beyond itself."""

    x_c: int
    n_c: int
    x_t: int
    n_t: int
    tail: float

    def swapped(self) -> Row:
        """The table with control and treatment exchanged."""
        return Row(self.x_t, self.n_t, self.x_c, self.n_c, self.tail)


def rows_of(tables: Tables, tails: Array) -> list[Row]:
    """The tables in whole numbers, flat, each with its tail."""
    counts = (tables.n_c * tables.p_c, tables.n_c, tables.n_t * tables.p_t, tables.n_t)
    whole = [np.rint(c).astype(int).ravel().tolist() for c in counts]
    return [Row(*row) for row in zip(*whole, np.ravel(tails).tolist(), strict=True)]


def once_each(rows: Iterable[Row], answer: Callable[[Row], tuple[float, ...]]) -> list[tuple[float, ...]]:
    """The answer for every table; equal tables, of which a batch has many, are answered once."""
    known = cache(answer)
    return [known(row) for row in rows]


def supremum(cut: Cuts, n_c: int, path: Path, *, level: float | None = None) -> float:
    """The greatest probability of a region over the nuisance share.

    Args:
        cut: For each count of the treatment, the most successes of the control in the region; -1 for none.
        n_c: Units of the control.
        path: The shares under the hypothesis.
        level: If given, the answer may be rough where it is clearly above or below.

    Returns:
        The supremum.
    """
    units = n_c + len(cut) - 1
    points = int(_DENSITY * np.sqrt(units)) + 16
    angle = np.arange(points, dtype=np.float64) * (np.pi / 2 / (points - 1))
    found = _probability(cut, n_c, path, angle)
    best = float(np.max(found))
    if level is not None and (best > level or best * _SLACK < level):
        return best
    inner = found[1:-1]
    peaks = 1 + np.flatnonzero((inner >= found[:-2]) & (inner >= found[2:]))
    centres = angle[peaks[np.argsort(-found[peaks])][:_PEAKS]]
    width = angle[1]
    for _ in range(_ROUNDS if len(centres) else 0):
        grid = np.clip(centres[:, None] + width * np.linspace(-1, 1, _POINTS), 0, np.pi / 2)
        values = _probability(cut, n_c, path, grid.ravel()).reshape(grid.shape)
        best = max(best, float(np.max(values)))
        centres = np.take_along_axis(grid, np.argmax(values, axis=1)[:, None], axis=1)[:, 0]
        width *= 2 / (_POINTS - 1)
    return min(best, 1.0)


def least_value(exceeds: Callable[[float], bool], low: float, high: float) -> float:
    """The parameter at which a test begins to accept: false at `low`, true at `high`.

    The p-value jumps where a table enters the region, so there is nothing to interpolate: bisection. Where it
    crosses the level more than once, this finds one of the crossings.
    """
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if exceeds(middle) else (middle, high)
    return (low + high) / 2


def cuts(inside: Callable[[Array, Array], NDArray[np.bool_]], n_c: int, n_t: int) -> Cuts:
    """The region's cuts, by bisection of each row.

    Args:
        inside: Whether tables with (successes of the control, of the treatment) belong to the region; once
            false in a row, false for all greater counts of the control.
        n_c: Units of the control.
        n_t: Units of the treatment.
    """
    rows = np.arange(n_t + 1, dtype=np.float64)
    low, high = np.full(n_t + 1, -1.0), np.full(n_t + 1, n_c + 1.0)  # the last inside, the first outside
    for _ in range(int(n_c + 1).bit_length()):
        middle = np.floor((low + high) / 2)
        open_rows = high - low > 1
        good = inside(np.clip(middle, 0, n_c), rows)
        low, high = np.where(open_rows & good, middle, low), np.where(open_rows & ~good, middle, high)
    return low.astype(np.int64)


def _probability(cut: Cuts, n_c: int, path: Path, angle: Array) -> Array:
    """Of the region, at each point of the nuisance's arcsine scale."""
    p_c, p_t = path(np.sin(angle) ** 2)
    at_most = np.cumsum(_binomial(n_c, p_c), axis=1)
    # A cut of -1 reads the row's last element, which the mask takes out.
    total: Array = np.sum(_binomial(len(cut) - 1, p_t) * np.where(cut >= 0, at_most[:, cut], 0.0), axis=1)
    return total


def _binomial(n: int, p: Array) -> Array:
    """Mass of every count (second axis) at every share (first axis)."""
    k = np.arange(n + 1.0)
    log_ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    p = p[:, None]
    return np.asarray(np.exp(log_ways + special.xlogy(k, p) + special.xlog1py(n - k, -p)))

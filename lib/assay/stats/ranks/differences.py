"""Order statistics of all pairwise differences, without making the differences.

Sorted arms make a matrix of differences with sorted rows, so that how many lie below a number takes one
binary search per row. Selection narrows a window per row around a pivot until what is left fits into memory.

References:
    Johnson and Mizoguchi (1978), Selecting the Kth Element in X + Y and X1 + X2 + … + Xm. Monahan (1984),
    Algorithm 616: Fast Computation of the Hodges-Lehmann Location Estimator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Differences that are sorted outright.
_FEW = 1 << 16
# Differences that a pivot is the median of; odd, so that it is one of them.
_SAMPLE = 1023
_GOLDEN = (5**0.5 - 1) / 2


class Differences:
    """All differences of a treatment value minus a control value, as multiset.

    Equal values of an arm are kept once with their number, so that whole numbers cost next to nothing.

    Args:
        control: Finite values, at least one.
        treatment: Finite values, at least one.
        few: How many distinct pairs may be sorted outright.
    """

    __slots__ = ("_before", "_columns", "_few", "_rows", "_times", "pairs")

    def __init__(
        self, control: NDArray[np.float64], treatment: NDArray[np.float64], *, few: int = _FEW
    ) -> None:
        self._rows, self._times = np.unique(treatment, return_counts=True)
        self._columns, counts = np.unique(-control, return_counts=True)
        self._before = np.concatenate([[0], np.cumsum(counts)])
        self._few = few
        self.pairs = control.size * treatment.size

    def at_most(self, x: float) -> int:
        """How many differences are `x` or less."""
        return self._count(self._places(x, strict=False))

    def below(self, x: float) -> int:
        """How many differences are less than `x`."""
        return self._count(self._places(x, strict=True))

    def select(self, k: int) -> float:
        """The k-th smallest difference, 1 <= k <= `pairs`."""
        low = np.zeros(self._rows.size, dtype=np.int64)
        high = np.full(self._rows.size, self._columns.size, dtype=np.int64)
        while int(np.sum(high - low)) > self._few:
            pivot = self._pivot(low, high)
            left, right = self._places(pivot, strict=True), self._places(pivot, strict=False)
            if k <= self._count(left):
                high = np.minimum(high, left)
            elif k > self._count(right):
                low = np.maximum(low, right)
            else:
                return pivot
        return self._sorted_out(low, high, k - self._count(low))

    def _count(self, places: NDArray[np.int64]) -> int:
        return int(np.sum(self._times * self._before[places]))

    def _places(self, x: float, *, strict: bool) -> NDArray[np.int64]:
        """Per row, how many distinct columns give a difference below (or at most) `x`."""
        places = np.searchsorted(self._columns, x - self._rows, side="left" if strict else "right")
        last = self._columns.size - 1
        # The difference as it is rounded decides, which a search for x - row may miss by a column.
        while True:
            more = self._below(np.minimum(places, last), x, strict=strict) & (places <= last)
            less = ~self._below(np.maximum(places - 1, 0), x, strict=strict) & (places > 0)
            if not np.any(more | less):
                return places
            places = places + more - less

    def _below(self, columns: NDArray[np.int64], x: float, *, strict: bool) -> NDArray[np.bool_]:
        values = self._rows + self._columns[columns]
        return np.asarray(values < x if strict else values <= x)

    def _pivot(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> float:
        """The median of some differences in the window, spread over it by a golden-ratio sequence."""
        ends = np.cumsum(high - low)
        spots = ((np.arange(1, _SAMPLE + 1) * _GOLDEN) % 1 * ends[-1]).astype(np.int64)
        rows = np.searchsorted(ends, spots, side="right")
        columns = spots - ends[rows] + high[rows]
        return float(np.median(self._rows[rows] + self._columns[columns]))

    def _sorted_out(self, low: NDArray[np.int64], high: NDArray[np.int64], k: int) -> float:
        width = high - low
        rows = np.repeat(np.arange(width.size), width)
        columns = np.arange(rows.size) - np.repeat(np.cumsum(width) - width, width) + low[rows]
        values = self._rows[rows] + self._columns[columns]
        times = self._times[rows] * np.diff(self._before)[columns]
        order = np.argsort(values, kind="stable")
        return float(values[order][np.searchsorted(np.cumsum(times[order]), k)])

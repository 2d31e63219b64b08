"""P(T <= k·C + δ) for two independent posteriors, and the losses.

The integral of the sharper posterior's density times the other's distribution function, by a
double-exponential rule whose interval ends where the other leaves its support. Terms are positive, so that
small probabilities keep their digits; nodes whose weight cannot change a digit are left out before the
distribution function, which is the cost, is asked for. The nodes of all
tests are one flat list.

References:
    Takahasi and Mori (1974), Double Exponential Formulas for Numerical Integration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.bayes.laws import Law
from assay.stats.bayes.posterior import Array

# In a normal posterior these nodes are half a standard deviation apart.
_T = np.linspace(-3.2, 3.2, 241)
_NODES = (1 + np.tanh(np.pi / 2 * np.sinh(_T))) / 2
_WEIGHTS = (_T[1] - _T[0]) * np.pi / 4 * np.cosh(_T) / np.cosh(np.pi / 2 * np.sinh(_T)) ** 2
# The quadrature leaves out this much of a posterior on each side, and nodes that weigh less.
_LEFT_OUT = 1e-40
# All nodes together that weigh less than this beside the wanted probability change none of its digits.
_NOTHING = 1e-18
# Means so many standard deviations apart leave a probability in the tails of both, whose least is this one.
_FAR, _LEAST = 5.0, 1e-300

Arm = tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Points in the sharper posterior with their weights: the test that each is for, shape (nodes,)."""

    row: NDArray[np.intp]
    x: Array
    weight: Array

    def sums(self, values: Array, tests: int) -> Array:
        """Weighted sums of values at the nodes, test by test."""
        return np.asarray(np.bincount(self.row, self.weight * values, minlength=tests), dtype=np.float64)

    def where(self, chosen: NDArray[np.bool_]) -> Nodes:
        """Some of the nodes."""
        return Nodes(self.row[chosen], self.x[chosen], self.weight[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two posteriors of each test, shape (tests,), and the nodes in the sharper one.

    Attributes:
        law: Family of both.
        sharp: Parameters of the posterior that is integrated over.
        other: Parameters of the other.
        first: Whether the control is the sharper one.
        low: Where the sharper one begins, but for a probability that counts as nothing.
        high: Where it ends.
        nodes: The nodes between.
    """

    law: Law
    sharp: Arm
    other: Arm
    first: NDArray[np.bool_]
    low: Array
    high: Array
    nodes: Nodes

    @classmethod
    def of(cls, law: Law, c: Arm, t: Arm, slope: Array) -> Pair:
        """The pair for P(T <= k·C + δ) with k about `slope`."""
        first = slope**2 * law.cumulants(*c)[1] < law.cumulants(*t)[1]
        sharp = np.where(first, c[0], t[0]), np.where(first, c[1], t[1])
        other = np.where(first, t[0], c[0]), np.where(first, t[1], c[1])
        cut = np.full_like(slope, _LEFT_OUT)
        low, high = law.low(*sharp, cut), law.high(*sharp, cut)
        return cls(law, sharp, other, first, low, high, _nodes(law, sharp, low, high))

    def some(self, chosen: NDArray[np.bool_]) -> Pair:
        """The pair of some tests."""
        kept, place = self.nodes.where(chosen[self.nodes.row]), np.cumsum(chosen) - 1
        return Pair(
            law=self.law,
            sharp=(self.sharp[0][chosen], self.sharp[1][chosen]),
            other=(self.other[0][chosen], self.other[1][chosen]),
            first=self.first[chosen],
            low=self.low[chosen],
            high=self.high[chosen],
            nodes=replace(kept, row=place[kept.row]),
        )

    def near(self, least: Array) -> Pair:
        """The pair without the nodes that are nothing beside a probability of `least`."""
        return replace(self, nodes=self.nodes.where(self.nodes.weight > _NOTHING * least[self.nodes.row]))

    def chance(self, slope: Array, shift: Array, *, above: bool, ratio: bool) -> tuple[Array, Array]:
        """P(T > k·C + δ) or P(T <= k·C + δ), and the size of its change with δ, or with log k."""
        law, tests = self.law, self.first.size
        k, start = np.where(self.first, slope, 1 / slope), np.where(self.first, shift, -shift / slope)
        enters, leaves = np.maximum(-start / k, 0.0), np.clip((law.top - start) / k, 0.0, law.top)
        nodes = self._clipped(enters, leaves)
        row = nodes.row
        z = np.clip(k[row] * nodes.x + start[row], 0.0, law.top)
        a, b = self.other[0][row], self.other[1][row]
        rises = self.first != above  # Whether the other's distribution function is wanted, or its complement.
        value = _either(law, rises[row], a, b, z)
        density = law.density(a, b, z)
        # Where the other has ended, or not begun, it is 0 or 1.
        rest = np.zeros(tests)
        past, before = rises & (leaves < self.high), ~rises & (enters > self.low)
        rest[past] = law.above(self.sharp[0][past], self.sharp[1][past], leaves[past])
        at = np.minimum(enters[before], law.top)
        rest[before] = law.below(self.sharp[0][before], self.sharp[1][before], at)
        return nodes.sums(value, tests) + rest, nodes.sums(density * z if ratio else density, tests)

    def _clipped(self, enters: Array, leaves: Array) -> Nodes:
        """The nodes, those of a test whose other posterior ends within the sharper one's reach made anew."""
        cut = (enters > self.low) | (leaves < self.high)
        if not np.any(cut):
            return self.nodes
        left = np.minimum(np.maximum(self.low[cut], enters[cut]), leaves[cut])
        right = np.maximum(np.minimum(self.high[cut], leaves[cut]), left)
        fresh = _nodes(self.law, (self.sharp[0][cut], self.sharp[1][cut]), left, right)
        kept = self.nodes.where(~cut[self.nodes.row])
        return _joined(kept, replace(fresh, row=np.flatnonzero(cut)[fresh.row]))

    def verdict(self) -> tuple[Array, Array, Array]:
        """P(T > C), E max(C - T, 0) and E max(T - C, 0): the less likely of both is integrated."""
        law, tests, first = self.law, self.first.size, self.first
        (mean, variance, _), (centre, spread, _) = law.cumulants(*self.sharp), law.cumulants(*self.other)
        up = mean <= centre
        far = (mean - centre) ** 2 > _FAR**2 * (variance + spread)
        nodes = _joined(self.nodes.where(~far[self.nodes.row]), self._tails(np.flatnonzero(far), up))
        row, x = nodes.row, nodes.x
        a, b = self.other[0][row], self.other[1][row]
        chance = _either(law, up[row], a, b, x)
        gain = np.where(up[row], x - centre[row], centre[row] - x) * chance + law.mass(a, b, x) / law.per(
            a, b
        )
        less, loss = nodes.sums(chance, tests), nodes.sums(np.maximum(gain, 0.0), tests)
        other, better = loss + np.abs(mean - centre), up != first
        return (
            np.where(better, less, 1 - less),
            np.where(better, other, loss),
            np.where(better, loss, other),
        )

    def _tails(self, rows: NDArray[np.intp], up: NDArray[np.bool_]) -> Nodes:
        """Nodes where the tails of both meet, far from either mean, in two halves that end there."""
        law, up = self.law, up[rows]
        (a, b), (c, d) = ((arm[0][rows], arm[1][rows]) for arm in (self.sharp, self.other))
        least = np.full(a.shape, _LEAST)
        left = np.where(up, np.maximum(self.low[rows], law.low(c, d, least)), law.low(a, b, least))
        right = np.where(up, law.high(a, b, least), np.minimum(self.high[rows], law.high(c, d, least)))
        right = np.maximum(left, right)
        middle = (left + right) / 2
        halves = (_nodes(law, (a, b), *ends, least=0.0) for ends in ((left, middle), (middle, right)))
        return _joined(*(replace(half, row=rows[half.row]) for half in halves))


def _either(law: Law, rises: NDArray[np.bool_], a: Array, b: Array, x: Array) -> Array:
    """The distribution function where `rises`, else its complement."""
    value = np.empty_like(x)
    value[rises] = law.below(a[rises], b[rises], x[rises])
    falls = ~rises
    value[falls] = law.above(a[falls], b[falls], x[falls])
    return value


def _joined(one: Nodes, other: Nodes) -> Nodes:
    return Nodes(*(np.concatenate([getattr(n, f) for n in (one, other)]) for f in ("row", "x", "weight")))


def _nodes(law: Law, sharp: Arm, left: Array, right: Array, *, least: float = _LEFT_OUT) -> Nodes:
    wide = (right - left)[:, None]
    x = left[:, None] + wide * _NODES
    weight = wide * _WEIGHTS * law.density(sharp[0][:, None], sharp[1][:, None], x)
    row, column = np.nonzero(weight > least)
    return Nodes(row, x[row, column], weight[row, column])

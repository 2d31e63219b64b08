"""Successes of the treatment with all margins fixed: the noncentral hypergeometric distribution.

Weights w(k) = C(n_t, k)·C(n_c, m - k)·ψ^k are added up over a window only, outside of which they are too
small to change a digit. They are built from the ratios of neighbours, outwards from the observed count: the
logarithms of factorials would lose six digits at 1e9 units.

References:
    Fisher (1935), The Logic of Inductive Inference. Cornfield (1956), A Statistical Problem Arising from
    Retrospective Studies, section 3. Liao and Rosen (2001), Fast and Stable Algorithms for Computing and
    Sampling from the Noncentral Hypergeometric Distribution (the ratios). Hoeffding (1963), Probability
    Inequalities for Sums of Bounded Random Variables, section 2 (Bernstein's inequality, for the window).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

# What counts as nothing beside the greatest weight: e^-42 is 6e-19.
_NOTHING = 42.0
# A probability of e^-745 is the least double.
_UNDERFLOW = 745.0
# Newton's steps of a log odds ratio: how small the last is (its square is left), how great one is, how many.
_SMALLEST, _GREATEST, _STEPS = 1e-8, 5.0, 100

_Step = Callable[[Array, Array], float]


@dataclass(frozen=True, slots=True)
class Margins:
    """One table: x successes of n_t units in the treatment, m of n_t + n_c in both arms."""

    x: int
    n_t: int
    n_c: int
    m: int

    @property
    def least(self) -> int:
        """The fewest successes that the treatment can have."""
        return max(0, self.m - self.n_c)

    @property
    def most(self) -> int:
        """The most."""
        return min(self.m, self.n_t)

    @property
    def mean(self) -> float:
        """Expected successes at an odds ratio of 1."""
        return self.m * (self.n_t / (self.n_t + self.n_c))

    @property
    def spread(self) -> float:
        """Standard deviation at an odds ratio of 1."""
        total = self.n_t + self.n_c
        return math.sqrt(self.mean * (1 - self.m / total) * (self.n_c / (total - 1)))

    @property
    def distance(self) -> float:
        """From x to its mean at an odds ratio of 1."""
        return abs(self.x - self.mean)

    def swapped(self) -> Margins:
        """The same table with the control in the treatment's place: its odds ratio is the reciprocal."""
        return Margins(self.m - self.x, self.n_c, self.n_t, self.m)


def tail_above(margins: Margins) -> float:
    """P(X >= x) at an odds ratio of 1, down to the least double."""
    if _vanishes(margins):
        return 0.0 if margins.x > margins.mean else 1.0
    k, logs = _around(margins, int(margins.distance) + _reach(margins.spread))
    return _share(logs, k >= 0)


def no_likelier(margins: Margins) -> float:
    """Probability, at an odds ratio of 1, of all counts that are no likelier than x.

    Counts as likely as x but for rounding are counted in, by the customary 1e-7.
    """
    if _vanishes(margins):
        return 0.0
    # The other tail is as far from the mean as x, or farther by its skewness.
    _, logs = _around(margins, 2 * int(margins.distance) + 2 * _reach(margins.spread))
    return _share(logs, logs <= np.log1p(1e-7))


def least_odds(margins: Margins, probability: float) -> float:
    """The odds ratio at which P(X >= x) is the probability; 0 where x is the least possible.

    Log P(X >= x) is concave in the log odds ratio, of slope E(X | X >= x) - E(X): Newton's steps from the
    left stay on the left, and one from the right comes back.
    """
    if margins.x == margins.least:
        return 0.0
    wanted = math.log(probability)

    def step(k: Array, logs: Array) -> float:
        first = -int(k[0])
        whole, mean = _sum(k, logs)
        above, mean_above = _sum(k[first:], logs[first:])
        return (wanted + whole - above) / (mean_above - mean)

    return _solved(margins, step, float(special.ndtri(probability)))


def likeliest_odds(margins: Margins) -> float:
    """The odds ratio at which E(X) = x, the conditional maximum likelihood; NaN if only one x is possible."""
    if margins.least == margins.most:
        return float(np.nan)
    if margins.x in (margins.least, margins.most):
        return 0.0 if margins.x == margins.least else float(np.inf)

    def step(k: Array, logs: Array) -> float:
        mean = _sum(k, logs)[1]
        weights = np.exp(logs - logs.max())
        return -mean / float((k - mean) ** 2 @ weights / weights.sum())

    return _solved(margins, step, 0.0)


def _vanishes(margins: Margins) -> bool:
    """Whether x is so far from the mean that its tail is below the least double.

    Bernstein: the tail from a distance on is below exp(-distance² / (2·spread² + 2·distance / 3)).
    """
    return margins.distance**2 > _UNDERFLOW * (2 * margins.spread**2 + margins.distance)


def _reach(spread: float) -> int:
    """How far from its mode a sum of independent zeros and ones has any weight, by Bernstein again."""
    return int(12 * spread) + 100


def _around(margins: Margins, width: int) -> tuple[Array, Array]:
    """Counts less x, within the width, and their log weights at an odds ratio of 1 less that of x."""
    first, last = max(margins.least, margins.x - width), min(margins.most, margins.x + width)
    k = np.arange(first, last, dtype=float)
    rest = float(margins.n_c - margins.m)
    steps = np.log((margins.n_t - k) / (k + 1) * ((margins.m - k) / (rest + k + 1)))
    at = margins.x - first
    below, above = -np.cumsum(steps[:at][::-1])[::-1], np.cumsum(steps[at:])
    around: Array = np.arange(first - margins.x, last - margins.x + 1, dtype=np.float64)
    return around, np.concatenate([below, [0.0], above])


def _share(logs: Array, chosen: NDArray[np.bool_]) -> float:
    """The chosen ones' share of the weights."""
    weights = np.exp(logs - logs.max())
    return float(weights[chosen].sum() / weights.sum())


def _sum(k: Array, logs: Array) -> tuple[float, float]:
    """Log of the sum of the weights, and the mean count."""
    top = logs.max()
    weights = np.exp(logs - top)
    total = weights.sum()
    return math.log(total) + float(top), float(k @ weights / total)


def _solved(margins: Margins, step: _Step, z: float) -> float:
    """Newton's method for the odds ratio, in a window that doubles until nothing outside of it counts.

    It starts z standard errors from the estimate, with half a unit added to each cell.
    """
    a, c = margins.x + 0.5, margins.m - margins.x + 0.5
    b, d = margins.n_t + 1 - a, margins.n_c + 1 - c
    spread = (1 / a + 1 / b + 1 / c + 1 / d) ** -0.5
    width, eta = _reach(spread), math.log(a * d / (b * c)) + z / spread
    while True:
        k, base = _around(margins, width)
        for _ in range(_STEPS):
            move = min(max(step(k, base + k * eta), -_GREATEST), _GREATEST)
            eta += move
            if abs(move) < _SMALLEST:
                break
        logs = base + k * eta
        cut_below, cut_above = k[0] > margins.least - margins.x, k[-1] < margins.most - margins.x
        worst = max(logs[0] if cut_below else -np.inf, logs[-1] if cut_above else -np.inf)
        if worst < np.max(logs) - _NOTHING:
            return float(np.exp(eta))
        width *= 2

"""Two independent discrete laws, and where the law of their difference or of their ratio has a given tail.

An arm's quantile is described by a discrete law on its order statistics. The tail of the difference d of two
such laws is a sum over the control's atoms, P(T - C <= d) = Σ_i P(C = c_i) · P(T <= c_i + d), and so is that
of the ratio of a positive control: no resampling, no grid. An end of an interval is the one atom at which the
tail reaches its level, so that it is exact, and on the same side of no effect as the p-value says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Atoms whose probability cannot change which atom reaches the level.
_NEGLIGIBLE = 1e-20
# Pairs of atoms, per atom of the control, that are few enough to be put in order.
_FEW = 4
_MOST_STEPS = 100
_SAFELY = 1 + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """A discrete law.

    Attributes:
        values: Its atoms, ascending, without ties; the outermost may be infinite.
        weights: Their probabilities.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> Law:
        """The law of ascending values, equal ones joined."""
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        return cls(values[starts], np.add.reduceat(weights, starts))

    def flipped(self) -> Law:
        """The law of the negative."""
        return Law(-self.values[::-1], self.weights[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What is known of an arm's quantile: a law that serves as its lower bound, and one as its upper.

    Attributes:
        low: Puts no more than the stated confidence on its upper side; its least atom may be -inf.
        high: The same on its lower side; its greatest atom may be inf.
    """

    low: Law
    high: Law

    def flipped(self) -> Bounds:
        """Bounds of the quantile's negative."""
        return Bounds(self.high.flipped(), self.low.flipped())


def chance_below(control: Law, treatment: Law) -> float:
    """P(T <= C), to the relative accuracy of the laws however small it is."""
    return float(np.sum(control.weights * _cdf(treatment, control.values)))


def difference_end(control: Bounds, treatment: Bounds, tail: float, at_null: float) -> float:
    """Lower end of T - C.

    Args:
        control: Bounds of the control's quantile.
        treatment: Bounds of the treatment's.
        tail: Probability to leave below the end.
        at_null: P(T - C <= 0) by the bounds that a lower end uses.

    Returns:
        The least difference d with P(T - C <= d) >= `tail`; above 0 exactly if `at_null` is below `tail`.
    """
    search = _Search(control.high, treatment.low, scale=False, null=0.0)
    return search.end(tail, at_null)


def ratio_ends(
    control: Bounds, treatment: Bounds, tail: float, at_null: tuple[float, float]
) -> tuple[float, float]:
    """Both ends of T / C for a positive control.

    Draws in which the control is not positive have no ratio: they keep the verdict that they give on no
    effect, and leave an end infinite where they alone reach the tail.

    Args:
        control: Bounds of the control's quantile.
        treatment: Bounds of the treatment's.
        tail: Probability to leave beyond each end.
        at_null: P(T <= C) by the bounds of a lower end, and P(T >= C) by those of an upper one.

    Returns:
        The ends; a finite one is on the side of 1 that `at_null` says.
    """
    lower = _Search(control.high, treatment.low, scale=True, null=1.0).end(tail, at_null[0])
    # T >= r·C is -T <= (-r)·C: the same search among the negatives of the treatment.
    upper = -_Search(control.low, treatment.high.flipped(), scale=True, null=-1.0).end(tail, at_null[1])
    return lower, upper


class _Search:
    """The least d with Σ_i P(C = c_i) · P(T <= c_i + d) >= tail; with `scale`, c_i · d instead of c_i + d."""

    def __init__(self, control: Law, treatment: Law, *, scale: bool, null: float) -> None:
        self.scale, self.null, self.treatment = scale, null, treatment
        moves = np.isfinite(control.values) & ((control.values > 0) | (not scale))
        self.atoms, self.weights = control.values[moves], control.weights[moves]
        rest = control.values[~moves]
        self.rest = float(np.sum(control.weights[~moves]))
        verdicts = _cdf(treatment, rest * null if scale else rest)
        self.settled = float(np.sum(control.weights[~moves] * verdicts))
        self.cumulative = np.concatenate([[0.0], np.cumsum(treatment.weights)])

    def end(self, tail: float, at_null: float) -> float:
        keep = self.weights > _NEGLIGIBLE * tail
        self.atoms, self.weights = self.atoms[keep], self.weights[keep]
        everything, nothing, at = (self.counts(d) for d in (np.inf, -np.inf, self.null))
        if self.scale and (self.rest >= tail or self.mass(everything) <= tail * _SAFELY):
            return -np.inf
        if at_null < tail:
            return self.pick(*self.narrowed(self.null, np.inf, tail), tail)
        if self.mass(nothing) >= tail or np.array_equal(nothing, at):
            return -np.inf
        return self.pick(*self.narrowed(-np.inf, self.null, tail), tail)

    def counts(self, d: float) -> NDArray[np.intp]:
        """For each atom of the control, how many atoms of the treatment are at most d away."""
        shifted = self.atoms * d if self.scale else self.atoms + d
        return np.searchsorted(self.treatment.values, shifted, side="right")

    def mass(self, counts: NDArray[np.intp]) -> float:
        return self.settled + float(np.dot(self.weights, self.cumulative[counts]))

    def narrowed(self, low: float, high: float, tail: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Counts at two places around the end with few pairs of atoms between them."""
        below, above = self.counts(low), self.counts(high)
        guesses = self.guesses(tail)
        for step in range(_MOST_STEPS):
            if np.sum(above - below) <= _FEW * len(self.atoms):
                break
            middle = guesses[step] if step < len(guesses) else low / 2 + high / 2
            if not low < middle < high:
                continue
            here = self.counts(middle)
            if self.mass(here) < tail:
                low, below = middle, here
            else:
                high, above = middle, here
        return below, above

    def guesses(self, tail: float) -> tuple[float, ...]:
        """Places to look first: two that enclose the end by the union bound and by independence, then all."""
        finite = np.isfinite(self.treatment.values)
        values, cumulative = self.treatment.values[finite], self.cumulative[1:][finite]
        above = np.cumsum(self.weights[::-1])[::-1]
        spans = []
        for share in (tail / 2, np.sqrt(tail)):
            t = values[min(int(np.searchsorted(cumulative, share)), len(values) - 1)]
            c = self.atoms[max(int(np.searchsorted(-above, -share, side="right")) - 1, 0)]
            spans.append(float(self.between(c, t)))
        ends = (float(self.between(self.atoms[i], values[j])) for i in (0, -1) for j in (0, -1))
        return (*spans, *sorted(ends))

    def between(self, control: NDArray[np.float64], treatment: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(treatment / control if self.scale else treatment - control)

    def pick(self, below: NDArray[np.intp], above: NDArray[np.intp], tail: float) -> float:
        """The pair at which the sum reaches the tail."""
        each = above - below
        i = np.repeat(np.arange(len(each)), each)
        j = np.arange(len(i)) - np.repeat(np.cumsum(each) - each, each) + np.repeat(below, each)
        places = self.between(self.atoms[i], self.treatment.values[j])
        order = np.argsort(places)
        reached = self.mass(below) + np.cumsum((self.weights[i] * self.treatment.weights[j])[order])
        return float(places[order][min(int(np.searchsorted(reached, tail)), len(order) - 1)])


def _cdf(law: Law, at: NDArray[np.float64]) -> NDArray[np.float64]:
    cumulative = np.concatenate([[0.0], np.cumsum(law.weights)])
    return cumulative[np.searchsorted(law.values, at, side="right")]

"""What does a group sequential experiment show when it stops? Stage-wise ordering.

An ordinary p-value, estimate and interval are biased by the stop. Under the stage-wise ordering a result is
more extreme than another if it stopped earlier on that side, or at the same look with the more extreme z. The
p-value, the median-unbiased estimate and the interval all come from this one order, so they agree with each
other and with the decision, and they do not depend on looks that would have come later.

Data that came in after the stop (over-running): leave out the bound of the look that stopped, and analyse the
new z at the new information as the next look (Whitehead's deletion).

References:
    Tsiatis, Rosner and Mehta (1984), Exact Confidence Intervals Following a Group Sequential Test. Whitehead
    (1992), Overrunning and Underrunning in Sequential Clinical Trials. Jennison and Turnbull (2000), Group
    Sequential Methods, sections 8.2 to 8.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.optimize import elementwise

from assay.errors import InputError
from assay.stats import tails
from assay.stats.checks import numbers, open_unit
from assay.stats.sequential import recursion
from assay.stats.sequential.boundary import Boundary

_FARTHEST = 40.0
_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stagewise:
    """Inference at a stop, adjusted for the looks; arrays of the shape of the statistics.

    Attributes:
        p_value: Of no effect, under the design's alternative; NaN where the statistic is not finite, as are
            the others.
        estimate: Median-unbiased estimate of the drift: expected z at fraction 1. Times √fraction and the
            standard error at the look it is the effect in the metric's unit.
        lower: Lower end of the interval of the drift; -inf for `less`.
        upper: Its upper end; inf for `greater`.
    """

    p_value: NDArray[np.float64]
    estimate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def stagewise(
    design: Boundary, statistic: ArrayLike, *, look: int | None = None, alpha: float | None = None
) -> Stagewise:
    """p-value, median-unbiased estimate and interval at a stop, by the stage-wise ordering.

    Formula: p = Σ_{j<k} P(stop above at look j) + P(no stop before look k, Z_k ≥ z) at no effect, and its
        mirror image; the interval holds the drifts whose tails both exceed alpha / 2 (one-sided: the one
        tail alpha), the estimate is the drift at which each tail is 1/2.
    Assumes: The looks before followed the design. Futility bounds count where they are binding.
    Use when: An experiment has stopped, for whatever reason, at this look.
    Avoid when: It goes on: a repeated interval holds at all looks at once.

    Args:
        design: The design at the looks that took place.
        statistic: z at the look, any shape: experiments that share the design.
        look: Number of the look, 1 for the first; the design's last if left out.
        alpha: Level of the interval; the design's if left out.

    Returns:
        p-value, estimate and interval of the drift. p is below alpha exactly where the interval leaves out 0.

    Raises:
        InputError: No such look, or alpha outside (0, 1).

    Example:
        >>> from assay.stats.sequential import spending_bounds
        >>> found = stagewise(spending_bounds([0.5, 1.0]), 2.2)
        >>> round(float(found.p_value), 4), round(float(found.estimate), 3)
        (0.0292, 2.192)
    """
    last = design.size if look is None else int(look)
    if not 1 <= last <= design.size:
        raise InputError(f"look is {look}; it must be 1 to {design.size}")
    level = float(open_unit("alpha", design.alpha if alpha is None else alpha))
    z = design.sign * numbers("statistic", statistic)
    flat, time = z.ravel(), design.fraction[:last]
    low, high = (wall[:last] for wall in design.walls(futility=design.binding))
    found = np.full((4, flat.size), np.nan)
    known, order = np.flatnonzero(np.isfinite(flat)), _Order(time, low, high)
    side: tails.Alternative = "two-sided" if design.alternative == "two-sided" else "greater"
    for first in range(0, known.size, _BATCH):
        these = known[first : first + _BATCH]
        found[:, these] = _inference(order, flat[these], level, side)
    p, estimate, lower, upper = (row.reshape(z.shape) for row in found)
    if design.alternative == "less":
        estimate, lower, upper = -estimate, -upper, -lower
    return Stagewise(p_value=p, estimate=estimate, lower=lower, upper=upper)


class _Order:
    """The stage-wise order of results at a look: probabilities to lie below and above them."""

    def __init__(
        self, time: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> None:
        self.time, self.low, self.high = time, low, high
        self._stages: dict[float, list[recursion.Stage]] = {}

    def null(self, z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The tails at no effect, to full relative accuracy also where they are tiny."""
        low, high = self.low.copy(), self.high.copy()
        low[-1], high[-1] = max(z.min(), -_FARTHEST), min(z.max(), _FARTHEST)
        return self._tails(recursion.walk(self.time, low, high), np.zeros(z.size), z)

    def __call__(
        self, drifts: NDArray[np.float64], z: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The tails below and above z, each under its own drift."""
        lower, upper = np.empty((2, z.size))
        for chosen, base in recursion.shared(drifts, self.time[-1]):
            if base not in self._stages:
                self._stages[base] = recursion.walk(self.time, self.low, self.high, drift=base)
            lower[chosen], upper[chosen] = self._tails(self._stages[base], drifts[chosen], z[chosen])
        return lower, upper

    def _tails(
        self, stages: list[recursion.Stage], drifts: NDArray[np.float64], z: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        *before, now = stages
        lower = recursion.below(now, self.time[-1], z, drifts)
        upper = recursion.above(now, self.time[-1], z, drifts)
        for k, stage in enumerate(before):
            lower = lower + recursion.below(stage, self.time[k], self.low[k], drifts)
            upper = upper + recursion.above(stage, self.time[k], self.high[k], drifts)
        return lower, upper


def _inference(
    order: _Order, z: NDArray[np.float64], alpha: float, side: tails.Alternative
) -> tuple[NDArray[np.float64], ...]:
    """p-values, estimates and interval ends, as for `greater` where one side is asked for."""
    share = float(tails.per_tail(np.asarray(alpha), side))
    p = tails.p_value(*order.null(z), side)
    estimate = _root(order, z, share, lambda below, above: above - below)
    low_end = _root(order, z, share, lambda _, above: above - share)
    high_end = _root(order, z, share, lambda below, _: share - below)
    return p, estimate, *tails.opened(low_end, high_end, side)


def _root(
    order: _Order,
    z: NDArray[np.float64],
    share: float,
    gap: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The drifts at which a gap, which rises with the drift, closes."""

    def rising(drift: NDArray[np.float64], statistic: NDArray[np.float64]) -> NDArray[np.float64]:
        return gap(*order(drift, statistic))

    root = np.sqrt(order.time[-1])
    width = (2 - float(special.ndtri(share))) / root
    found = elementwise.bracket_root(rising, z / root - width, z / root + width, args=(z,))
    return np.asarray(elementwise.find_root(rising, found.bracket, args=(z,)).x)

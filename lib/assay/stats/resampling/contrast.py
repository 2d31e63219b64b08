"""Bootstrap intervals of a contrast ψ = u·treatment - v·control, and the level at which they leave out 0.

One rule per kind gives the lower end; the upper end is minus the lower end of -ψ. The level at which the
lower end reaches 0 is the tail of the p-value, from the same quantile rule read backwards.

The lift L solves treatment - (1 + L)·control = 0: its interval holds the L whose contrast is not rejected. At
L = 0 that contrast is the difference, so lift, difference and p-value agree, as in Fieller's theorem.

References:
    Efron (1987), Better Bootstrap Confidence Intervals, eqs. 3.8 and 7.3 (BCa and its acceleration). Davison
    and Hinkley (1997), Bootstrap Methods and their Application, eqs. 5.6, 5.18 and 5.21 to 5.24. Fieller
    (1954), Some Problems in Interval Estimation. Hall (1988), On Symmetric Bootstrap Confidence Intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise

from assay.stats.resampling.arms import Resampled
from assay.stats.resampling.order import level_of, quantile

Kind = Literal["percentile", "bca", "studentised", "symmetric"]
_STUDENTISED = ("studentised", "symmetric")
# Rounding of a resample's move, against the standard error, and of the terms of a contrast.
_ROUNDING = 1e-12
_EPS = 1e-15
_End = Callable[[NDArray[np.float64], NDArray[np.float64], float], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """A contrast of m tests: its estimate, its draws and what its interval needs.

    Attributes:
        value: Estimate, shape (m,).
        std_error: Of the estimate.
        acceleration: Skewness of the influence values over 6.
        draws: In ascending order, shape (m, B); for the studentised kinds the draws of -T (of both signs, if
            symmetric).
        kind: Which interval.
    """

    value: NDArray[np.float64]
    std_error: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    draws: NDArray[np.float64]
    kind: Kind

    def lower_end(self, tail: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lower end of the interval that leaves `tail` below it; -inf below what the draws can tell."""
        if self.kind in _STUDENTISED:
            return np.asarray(self.value + self.std_error * quantile(self.draws, tail))
        level = tail if self.kind == "percentile" else self._corrected(tail)
        return np.where(self._beyond(tail), -np.inf, quantile(self.draws, level))

    def tail(self) -> NDArray[np.float64]:
        """The greatest tail whose lower end is not above 0: the one-sided p-value of ψ <= 0."""
        if self.kind in _STUDENTISED:
            return level_of(self.draws, -self.value / self.std_error)
        level = level_of(self.draws, np.zeros(self.value.shape))
        if self.kind == "percentile":
            return level
        return np.asarray(np.maximum(self._uncorrected(level), 1 / (self.draws.shape[1] + 1)))

    def _beyond(self, tail: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(tail * (self.draws.shape[1] + 1) < 1 - 1e-9)

    def _bias(self) -> NDArray[np.float64]:
        """Efron's z0; a draw equal to the estimate counts half, so that -ψ has minus the bias."""
        count, slack = self.draws.shape[1], _ROUNDING * self.std_error + _EPS * np.abs(self.value)
        moves = _snapped(self.draws - self.value[:, None], 2 * slack)
        below = np.sum(moves < 0, axis=1) + np.sum(moves == 0, axis=1) / 2
        return np.asarray(special.ndtri(np.clip(below, 0.5, count - 0.5) / count))

    def _corrected(self, tail: NDArray[np.float64]) -> NDArray[np.float64]:
        bias = self._bias()
        moved = bias + special.ndtri(tail)
        room = 1 - self.acceleration * moved
        # Past the pole the correction would turn back; it stays at its limit instead.
        return np.asarray(special.ndtr(np.where(room > 0, bias + moved / room, np.copysign(np.inf, moved))))

    def _uncorrected(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        bias = self._bias()
        moved = special.ndtri(level) - bias
        room = 1 + self.acceleration * moved
        return np.asarray(special.ndtr(np.where(room > 0, moved / room, np.copysign(np.inf, moved)) - bias))


def contrast(
    control: Resampled, treatment: Resampled, u: NDArray[np.float64], v: NDArray[np.float64], kind: Kind
) -> Contrast:
    """The contrast u·treatment - v·control.

    Args:
        control: The control of m tests.
        treatment: The treatment of the same tests.
        u: Shape (m,).
        v: Shape (m,).
        kind: Which interval.

    Returns:
        The contrast.
    """
    value = u * treatment.value - v * control.value
    std_error = np.sqrt(u**2 * treatment.variance + v**2 * control.variance)
    square = u**2 * treatment.square + v**2 * control.square
    acceleration = (u**3 * treatment.cube - v**3 * control.cube) / (6 * square**1.5)
    moves = u[:, None] * treatment.moves - v[:, None] * control.moves
    moves = _snapped(moves, _ROUNDING * std_error)
    if kind in _STUDENTISED:
        errors = np.sqrt(
            u[:, None] ** 2 * treatment.draw_variances + v[:, None] ** 2 * control.draw_variances
        )
        draws = np.where(moves == 0, 0.0, -moves / errors)
        if kind == "symmetric":
            draws = np.concatenate([draws, -draws], axis=1)
    else:
        terms = np.abs(u * treatment.value) + np.abs(v * control.value)
        draws = _snapped(value[:, None] + moves, _ROUNDING * std_error + _EPS * terms)
    return Contrast(value, std_error, acceleration, np.sort(draws, axis=1), kind)


def _snapped(values: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that are 0 but for rounding, made 0: metrics of few values have many such resamples."""
    return np.where(np.abs(values) <= slack[:, None], 0.0, values)


def lift_interval(
    control: Resampled, treatment: Resampled, tail: NDArray[np.float64], kind: Kind
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lifts L whose contrast treatment - (1 + L)·control is not rejected, for a positive control.

    Args:
        control: The control; its estimate above 0.
        treatment: The treatment.
        tail: Probability beyond each end, shape (m,).
        kind: Which interval.

    Returns:
        Both ends, infinite where the control is too near 0 to bound the lift.
    """

    def low(x: NDArray[np.float64], which: NDArray[np.float64], sign: float) -> NDArray[np.float64]:
        """Lower end of sign·ψ at L = x / (1 - |x|) - 1, so that x = 1/2 is no lift and ±1 are infinite."""
        at = which.astype(np.int64)
        both = contrast(control[at], treatment[at], sign * (1 - np.abs(x)), sign * x, kind)
        return both.lower_end(tail[at])

    tests = np.arange(tail.size, dtype=np.float64)
    return _crossing(low, tests, 1.0), _crossing(low, tests, -1.0)


def _crossing(low: _End, tests: NDArray[np.float64], sign: float) -> NDArray[np.float64]:
    """Where an end of ψ crosses 0, looked for on the side of no lift on which the difference says it is.

    The lower end of the lift (sign 1) is where the lower end of ψ falls to 0; the upper end (sign -1) is
    where the lower end of -ψ rises above it.
    """
    here = low(np.full(tests.shape, 0.5), tests, sign)
    far = np.where((here > 0) == (sign > 0), 1.0, -1.0)
    there = low(far, tests, sign)
    crosses = np.where(here > 0, there <= 0, (here <= 0) & (there > 0))
    x = far.copy()
    if np.any(crosses):
        x[crosses] = _root(low, tests[crosses], sign, far[crosses])
    lift = np.where(x < 0, -1 / (1 + x), (2 * x - 1) / (1 - x))
    return np.where(np.isnan(here), np.nan, np.where(crosses, lift, far * np.inf))


def _root(
    low: _End, tests: NDArray[np.float64], sign: float, far: NDArray[np.float64]
) -> NDArray[np.float64]:
    def finite(x: NDArray[np.float64], which: NDArray[np.float64]) -> NDArray[np.float64]:
        """The search needs numbers where the draws do not reach."""
        return np.nan_to_num(low(x, which, sign))

    ends = np.minimum(far, 0.5), np.maximum(far, 0.5)
    return np.asarray(elementwise.find_root(finite, ends, args=(tests,)).x)

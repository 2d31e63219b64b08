"""How fast may a design spend its error? Spending functions of Lan and DeMets and their families.

A spending function says how much of an error probability may be used up by the time that a fraction of the
planned information is in. It needs no plan for when or how often to look, which is why looks may be unequal
and unforeseen. A user's own function serves as well: anything callable with (fraction, alpha) that never
falls, is 0 at 0 and alpha at 1. Past fraction 1 nothing is left to spend.

References:
    Lan and DeMets (1983), Discrete Sequential Boundaries for Clinical Trials. Hwang, Shih and DeCani (1990),
    Group Sequential Designs Using a Family of Type I Error Probability Spending Functions. Kim and DeMets
    (1987), Design and Analysis of Group Sequential Tests Based on the Type I Error Spending Rate Function.
    Jennison and Turnbull (2000), Group Sequential Methods, section 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit

_ROUNDING = 1e-12


class Spending(Protocol):
    """Error spent as a function of the information fraction."""

    def __call__(self, fraction: NDArray[np.float64], alpha: float, /) -> ArrayLike:
        """Cumulative error spent when `fraction` (0 to 1) of the planned information is in.

        Args:
            fraction: Information fractions, at most 1.
            alpha: The error to spend in all; for a two-sided test that of one side.

        Returns:
            Between 0 and `alpha`, never falling, `alpha` at fraction 1.
        """


@dataclass(frozen=True, slots=True)
class ObrienFlemingSpending:
    """Lan and DeMets's spending that approximates O'Brien and Fleming's bounds: hardly any error early.

    Formula: alpha(t) = 2 - 2 Φ(z_{alpha/2} / √t), alpha per side.
    Use when: A stop should need overwhelming evidence early and cost next to nothing at the end.
    Avoid when: Early stops are the purpose.
    """

    def __call__(self, fraction: ArrayLike, alpha: float, /) -> NDArray[np.float64]:
        """Cumulative error spent at `fraction`, of `alpha` in all."""
        time = _at_most_one(fraction)
        with np.errstate(divide="ignore"):
            return np.asarray(2 * special.ndtr(special.ndtri(alpha / 2) / np.sqrt(time)))


@dataclass(frozen=True, slots=True)
class PocockSpending:
    """Lan and DeMets's spending that approximates Pocock's bounds: nearly the same z at every look.

    Formula: alpha(t) = alpha ln(1 + (e - 1) t).
    Use when: Large effects should be found as early as possible.
    Avoid when: The power at the last look matters most.
    """

    def __call__(self, fraction: ArrayLike, alpha: float, /) -> NDArray[np.float64]:
        """Cumulative error spent at `fraction`, of `alpha` in all."""
        return np.asarray(alpha * np.log1p((np.e - 1) * _at_most_one(fraction)))


@dataclass(frozen=True, slots=True)
class HwangShihDeCani:
    """The family of Hwang, Shih and DeCani: -4 is near O'Brien and Fleming, 1 near Pocock, 0 linear.

    Formula: alpha(t) = alpha (1 - exp(-gamma t)) / (1 - exp(-gamma)); alpha t for gamma 0.

    Attributes:
        gamma: The greater, the more is spent early; finite, customarily -40 to 40.
    """

    gamma: float = -4.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.gamma):
            raise InputError(f"gamma is {self.gamma:g}; it must be finite, customarily -40 to 40")

    def __call__(self, fraction: ArrayLike, alpha: float, /) -> NDArray[np.float64]:
        """Cumulative error spent at `fraction`, of `alpha` in all."""
        time = _at_most_one(fraction)
        if self.gamma == 0:
            return np.asarray(alpha * time)
        if self.gamma < 0:  # The same formula, divided by exp(-gamma), which may overflow.
            slope = -self.gamma
            shrunk = np.exp(slope * (time - 1)) * np.expm1(-slope * time) / np.expm1(-slope)
            return np.asarray(alpha * shrunk)
        return np.asarray(alpha * np.expm1(-self.gamma * time) / np.expm1(-self.gamma))


@dataclass(frozen=True, slots=True)
class KimDeMets:
    """The power family of Kim and DeMets.

    Formula: alpha(t) = alpha t^power.

    Attributes:
        power: Greater than 0; 1 is linear, 3 is near O'Brien and Fleming.
    """

    power: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.power < np.inf:
            raise InputError(f"power is {self.power:g}; it must be finite and greater than 0")

    def __call__(self, fraction: ArrayLike, alpha: float, /) -> NDArray[np.float64]:
        """Cumulative error spent at `fraction`, of `alpha` in all."""
        return np.asarray(alpha * _at_most_one(fraction) ** self.power)


@dataclass(frozen=True, slots=True)
class TableSpending:
    """Spending by a table, linear between its points, from (0, 0) to (1, 1).

    Attributes:
        fraction: Rising information fractions above 0, the last one 1.
        share: Share of alpha spent by then, never falling, the last one 1.
    """

    fraction: tuple[float, ...]
    share: tuple[float, ...]

    def __post_init__(self) -> None:
        fraction, share = numbers("fraction", self.fraction), not_negative("share", self.share, finite=True)
        if fraction.ndim != 1 or fraction.shape != share.shape or fraction.size == 0:
            raise InputError("fraction and share must be two lists of the same length, one entry at least")
        if not (fraction[0] > 0 and np.all(np.diff(fraction) > 0) and fraction[-1] == 1):
            raise InputError(f"fraction is {self.fraction}; it must rise from above 0 to exactly 1")
        if not (np.all(np.diff(share) >= 0) and share[-1] == 1):
            raise InputError(f"share is {self.share}; it must never fall, and end at exactly 1")
        object.__setattr__(self, "fraction", tuple(fraction.tolist()))
        object.__setattr__(self, "share", tuple(share.tolist()))

    def __call__(self, fraction: ArrayLike, alpha: float, /) -> NDArray[np.float64]:
        """Cumulative error spent at `fraction`, of `alpha` in all."""
        return np.asarray(
            alpha * np.interp(_at_most_one(fraction), (0.0, *self.fraction), (0.0, *self.share))
        )


def spent(spending: Spending, fraction: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """What a spending function has spent at each look, after a check that it is one.

    Args:
        spending: A spending function, the library's or the user's own.
        fraction: Rising information fractions of the looks, 0 or greater; those above 1 count as 1.
        alpha: The error to spend in all, strictly between 0 and 1.

    Returns:
        Cumulative error spent, of the shape of `fraction`.

    Raises:
        InputError: `spending` gives another shape, falls, leaves 0 to `alpha`, or does not end at `alpha`.

    Example:
        >>> spent(KimDeMets(2.0), [0.5, 1.0], 0.05).tolist()
        [0.0125, 0.05]
    """
    level = float(open_unit("alpha", alpha))
    time = np.minimum(not_negative("fraction", fraction, finite=True), 1.0)
    asked = np.append(time, 1.0)
    used = numbers("spending", spending(asked, level))
    if used.shape != asked.shape:
        raise InputError(f"spending gives shape {used.shape} for {asked.shape}; it must work elementwise")
    slack = _ROUNDING * level
    rises = np.all(np.diff(used) >= -slack) and used[0] >= 0
    if not (rises and abs(used[-1] - level) <= slack):
        raise InputError(
            f"spending gives {used[:-1].tolist()} and ends at {used[-1]:g}; it must never fall from 0 at "
            f"fraction 0, and end at {level:g}"
        )
    return np.asarray(np.minimum(used[:-1], level))


def _at_most_one(fraction: ArrayLike) -> NDArray[np.float64]:
    return np.minimum(not_negative("fraction", fraction), 1.0)

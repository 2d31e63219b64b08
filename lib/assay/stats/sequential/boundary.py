"""The bounds of a group sequential design: what a statistic must reach at each look.

All designs answer with a `Boundary`, and all questions about a design (error rates, power, inference at a
stop) are asked of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.sequential.spending import TableSpending
from assay.stats.tails import Alternative

# Nearer looks need more nodes than a machine holds, and differ by less than any data set can tell.
_NEAREST = 1e-8
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Boundary:
    """Critical values of a group sequential design, one element per look.

    Attributes:
        fraction: Information at the looks, as a fraction of the planned maximum; may end below or above 1.
        upper: Stop for a greater treatment where z reaches it; inf where a look has no such stop.
        lower: Stop for a lesser treatment where z falls to it; -inf where a look has no such stop.
        futility: Stop without an effect where z falls to it (`greater`) or rises to it (`less`); infinite
            where a look has no such stop. At the last look it meets the efficacy bound.
        spent: Error spent by then, of `alpha`; both sides together.
        spent_beta: Type II error spent by then at `drift`; 0 without futility.
        alpha: Type I error of the whole design.
        beta: Type II error of the whole design at `drift`; NaN without futility.
        drift: Expected z at fraction 1 for which the futility bounds were made; NaN without futility.
        binding: Whether `upper` and `lower` count on a stop at every futility bound.
        alternative: What the design looks for.
    """

    fraction: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    futility: NDArray[np.float64]
    spent: NDArray[np.float64]
    spent_beta: NDArray[np.float64]
    alpha: float
    beta: float
    drift: float
    binding: bool
    alternative: Alternative

    @property
    def level(self) -> NDArray[np.float64]:
        """The p-value that an ordinary test must reach at each look, under `alternative`."""
        if self.alternative == "less":
            return np.asarray(special.ndtr(self.lower))
        sides = 2 if self.alternative == "two-sided" else 1
        return np.asarray(sides * special.ndtr(-self.upper))

    @property
    def size(self) -> int:
        """Number of looks."""
        return self.fraction.size

    @property
    def complete(self) -> bool:
        """Whether all of alpha is spent, so that no look is to come."""
        return bool(np.isclose(self.spent[-1], self.alpha, rtol=_ROUNDING))

    def walls(self, *, futility: bool = True) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where z leaves, below and above, if `less` is turned into `greater` by changing z's sign.

        Args:
            futility: Whether a stop for futility is obeyed.
        """
        if self.alternative == "two-sided":
            return self.lower, self.upper
        sign = self.sign
        low = sign * self.futility if futility else np.full(self.size, -np.inf)
        return low, (self.upper if sign > 0 else -self.lower)

    @property
    def sign(self) -> float:
        """-1 if the design looks for a lesser treatment, else 1."""
        return -1.0 if self.alternative == "less" else 1.0

    def as_spending(self) -> TableSpending:
        """The spending function of this design's looks, to be used at looks that were not planned.

        Returns:
            A table through `spent` at `fraction`, linear in between.

        Raises:
            InputError: The design does not end at fraction 1 with all of alpha spent.
        """
        if self.fraction[-1] != 1 or not self.complete:
            raise InputError(
                f"the design ends at fraction {self.fraction[-1]:g} with {self.spent[-1]:g} spent; only one "
                f"that spends {self.alpha:g} at fraction 1 is a spending function"
            )
        share = np.minimum(self.spent / self.alpha, 1.0)
        share[-1] = 1.0
        return TableSpending(tuple(self.fraction.tolist()), tuple(share.tolist()))


def boundary(
    fraction: NDArray[np.float64],
    efficacy: NDArray[np.float64],
    spent: NDArray[np.float64],
    alpha: float,
    alternative: Alternative,
) -> Boundary:
    """A design without futility bounds from its efficacy bounds as for `greater`."""
    none = np.full(fraction.size, np.inf)
    return Boundary(
        fraction=fraction,
        upper=none if alternative == "less" else efficacy,
        lower=-none if alternative == "greater" else -efficacy,
        futility=none if alternative == "less" else -none,
        spent=spent,
        spent_beta=np.zeros(fraction.size),
        alpha=alpha,
        beta=np.nan,
        drift=np.nan,
        binding=False,
        alternative=alternative,
    )


def looks(fraction: ArrayLike) -> NDArray[np.float64]:
    """Information fractions of the looks.

    Raises:
        InputError: They are not one list of rising positive numbers, or two looks are nearer than 1e-8 of
            their information.
    """
    time = np.atleast_1d(numbers("fraction", fraction))
    if time.ndim != 1 or time.size == 0:
        raise InputError(f"fraction has shape {time.shape}; it must be one list of looks, one at least")
    before = np.append(0.0, time[:-1])
    if not (np.all(np.isfinite(time)) and np.all(time - before > _NEAREST * time)):
        raise InputError(
            f"fraction is {time.tolist()}; it must be finite, start above 0 and rise by more than "
            f"{_NEAREST:g} of itself at each look"
        )
    return time

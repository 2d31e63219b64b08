"""What must a statistic reach at each look? Bounds from a spending function, at whatever looks there are.

The bound of a look depends on the looks so far and on nothing later. So call this with the information
fractions of the looks that really took place: bounds that were used stay as they were, and the new one comes
out of the error that is left.

References:
    Lan and DeMets (1983), Discrete Sequential Boundaries for Clinical Trials. Lan and DeMets (1989), Group
    Sequential Procedures: Calendar versus Information Time. Jennison and Turnbull (2000), Group Sequential
    Methods, chapter 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit
from assay.stats.sequential import recursion
from assay.stats.sequential.boundary import Boundary, boundary, looks
from assay.stats.sequential.spending import ObrienFlemingSpending, Spending, spent
from assay.stats.tails import Alternative, checked

DEFAULT_SPENDING = ObrienFlemingSpending()
_ROUNDING = 1e-9


def spending_bounds(
    fraction: ArrayLike,
    *,
    alpha: float = 0.05,
    spending: Spending = DEFAULT_SPENDING,
    alternative: Alternative = "two-sided",
    spent_by: ArrayLike | None = None,
    last: bool = False,
    used: ArrayLike | None = None,
) -> Boundary:
    """Efficacy bounds that spend alpha by a spending function.

    Formula: P(no stop before look k, then a stop at look k) = f(t_k) - f(t_{k-1}), for each side, solved for
        the bound at look k by numerical integration.
    Assumes: z-statistics whose score is Brownian motion in information, as those of means, proportions,
        ratios and regression coefficients nearly are in large samples.
    Use when: Looks come at moments that are not planned, or not evenly; the number of looks is open.
    Avoid when: Anyone may look at any moment without a record of it: use an always-valid method.

    Args:
        fraction: Rising information at the looks so far, as a fraction of the planned maximum. The last may
            exceed 1 (more data than planned).
        alpha: Type I error of the whole design, strictly between 0 and 1; two-sided designs spend half of it
            on each side.
        spending: The spending function, the library's or the user's own.
        alternative: What the design looks for; `less` mirrors `greater`.
        spent_by: Fractions at which to read the spending function, if other than `fraction`: calendar time,
            say. Same length, never falling.
        last: Spend whatever is left at the last of these looks, as one does when the experiment ends before
            it has the planned information.
        used: Efficacy z bounds (0 or greater) that were used at the first looks and stand, though the
            plan has changed since; the rest is solved for. At most as long as `fraction`.

    Returns:
        The design. A look at which nothing is spent has an infinite bound.

    Raises:
        InputError: Looks that do not rise, alpha outside (0, 1), an unknown alternative, a spending function
            that falls or does not end at alpha, or bounds in `used` that overspend.

    Example:
        >>> spending_bounds([0.25, 0.5, 0.75, 1.0]).upper.round(4).tolist()
        [4.3326, 2.9631, 2.359, 2.0141]
    """
    time, total = looks(fraction), float(open_unit("alpha", alpha))
    side = checked(alternative)
    sides = 2 if side == "two-sided" else 1
    plan = spent(spending, _spent_by(time, spent_by), total / sides)
    if last:
        plan[-1] = total / sides
    efficacy, used_up = solve(time, plan, symmetric=side == "two-sided", used=_used(used, time.size))
    if used_up[-1] > total / sides * (1 + _ROUNDING):
        raise InputError(
            f"used spends {sides * used_up[-1]:g} by itself; a design of alpha {total:g} cannot include it"
        )
    return boundary(time, efficacy, sides * used_up, total, side)


def solve(
    time: NDArray[np.float64],
    plan: NDArray[np.float64],
    *,
    symmetric: bool,
    used: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Upper bounds that spend a plan, with the error that they really spend.

    Args:
        time: Rising information of the looks.
        plan: Cumulative error to spend on the upper side by each look.
        symmetric: Whether the lower bounds mirror the upper ones; there are none otherwise.
        used: Bounds of the first looks that are given.

    Returns:
        Bounds and cumulative error spent on the upper side.
    """
    high = np.append(used, _at_most(plan)[used.size :])
    low = -high if symmetric else np.full(time.size, -np.inf)
    spent_so_far = np.zeros(time.size)
    stage, total = recursion.start(), 0.0
    for k in range(time.size):
        if k < used.size:
            total += float(recursion.above(stage, time[k], high[k], np.zeros(())))
        else:
            high[k] = recursion.level(stage, time[k], float(plan[k]) - total)
            total = max(total, float(plan[k]))
        low[k] = -high[k] if symmetric else -np.inf
        spent_so_far[k] = total
        if k + 1 < time.size:
            limits = recursion.reach(time, low, high, k, 0.0, 0.0)
            stage = recursion.advance(stage, time[k], low[k], high[k], time[k + 1], limits)
    return high, spent_so_far


def _at_most(plan: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that the bounds will not exceed: those of looks that nothing went before."""
    step = np.diff(plan, prepend=0.0)
    return np.asarray(np.where(step > 0, -special.ndtri(np.maximum(step, 0.0)), np.inf))


def _spent_by(time: NDArray[np.float64], spent_by: ArrayLike | None) -> NDArray[np.float64]:
    if spent_by is None:
        return time
    clock = np.atleast_1d(numbers("spent_by", spent_by))
    if clock.shape != time.shape or not np.all(np.diff(clock, prepend=0.0) >= 0):
        raise InputError(f"spent_by is {clock.tolist()}; it must have one entry per look, and never fall")
    return clock


def _used(used: ArrayLike | None, size: int) -> NDArray[np.float64]:
    bounds = np.atleast_1d(numbers("used", [] if used is None else used))
    if bounds.ndim != 1 or bounds.size > size or not np.all(bounds >= 0):
        raise InputError(
            f"used is {bounds.tolist()}; it must be z bounds of 0 or greater, at most one per look"
        )
    return bounds

"""One side or two: how a test's tails become a p-value, and which ends its interval has.

A two-sided p-value is twice the smaller tail, and a two-sided interval leaves alpha / 2 on each side; a
one-sided test reads one tail, and its interval is open on the side that it does not speak about. Both use the
same pivot, so a p-value is below alpha exactly where the interval of the same alternative leaves out 0.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError, did_you_mean

Alternative = Literal["two-sided", "greater", "less"]
"""What the test looks for: a treatment that differs, one that is greater, or one that is less."""

ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)


def checked(alternative: object) -> Alternative:
    """The alternative of that name.

    Raises:
        InputError: There is none.
    """
    for known in ALTERNATIVES:
        if alternative == known:
            return known
    raise InputError(f"alternative is {alternative!r}; {did_you_mean(str(alternative), ALTERNATIVES)}")


def per_tail(alpha: NDArray[np.float64], alternative: Alternative) -> NDArray[np.float64]:
    """The probability that the interval leaves beyond each end that it has."""
    return alpha / 2 if alternative == "two-sided" else alpha


def p_value(
    below: NDArray[np.float64], above: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """The p-value of a statistic.

    Args:
        below: Probability, under no effect, of a statistic as low as the observed or lower.
        above: The same for as high or higher.
        alternative: What the test looks for; `greater` reads `above`, `less` reads `below`.

    Returns:
        p-values, at most 1; shapes broadcast.
    """
    if alternative == "greater":
        return above
    if alternative == "less":
        return below
    return np.asarray(np.minimum(2 * np.minimum(below, above), 1.0))


def opened(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    alternative: Alternative,
    *,
    least: float = -np.inf,
    greatest: float = np.inf,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The interval with the side opened of which a one-sided test says nothing.

    Args:
        lower: Lower end; NaN stays NaN on both sides.
        upper: Upper end.
        alternative: `greater` opens the upper side, `less` the lower.
        least: The parameter's own lower bound.
        greatest: Its upper bound.

    Returns:
        Both ends.
    """
    if alternative == "greater":
        return lower, np.where(np.isnan(lower), np.nan, greatest)
    if alternative == "less":
        return np.where(np.isnan(upper), np.nan, least), upper
    return lower, upper

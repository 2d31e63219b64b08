"""How much would a gambler have won against a claimed mean? Capital processes of a bounded metric.

The stakes are the predictable plug-in of the empirical Bernstein bound: fixed before each unit is seen, from
the mean and the variance so far, and never so high that a unit can cost more than half of the capital.

References:
    Waudby-Smith and Ramdas (2024), Estimating Means of Bounded Random Variables by Betting, eqs. 24 to 26 and
    theorem 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers

# The level that the stakes are tuned to; fixed, so that a p-value does not depend on alpha.
_TUNED = 0.05
# The share of the capital that a unit may cost at most.
_MOST = 0.5
# A factor lies between 1/2 and 8: the product of a block stays within double precision.
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Capital:
    """Logarithms of the capital after all units, against each claimed mean.

    Attributes:
        above: Of bets that the mean is above the claim; falls as the claim rises.
        below: Of bets that the mean is below the claim; rises with it.
    """

    above: NDArray[np.float64]
    below: NDArray[np.float64]


def log_capital(y: ArrayLike, means: ArrayLike, *, least: float = 0.0, greatest: float = 1.0) -> Capital:
    """Capital of bets on one arm's units, starting from 1.

    `exp(-above)`, at most 1, is an always-valid p-value of the claim that the mean is at most `means`.

    Args:
        y: The metric per unit in order of arrival, one axis.
        means: Claimed means, between the bounds, one axis.
        least: Lower bound of the metric.
        greatest: Its upper bound, above `least`.

    Returns:
        The capital, one element per claim.

    Raises:
        InputError: Bounds out of order, a value or a claim outside them, or more than one axis.
    """
    low, high = bounds(least, greatest)
    scaled = []
    for name, values in (("y", numbers("y", y)), ("means", numbers("means", means))):
        if values.ndim != 1 or not np.all((values >= low) & (values <= high)):
            raise InputError(f"{name} must have one axis, its values between {low:g} and {high:g}")
        scaled.append(to_unit(values, low, high))
    return unit_capital(*scaled)


def unit_capital(x: NDArray[np.float64], claims: NDArray[np.float64]) -> Capital:
    """`log_capital` for values and claims that lie between 0 and 1."""
    rate = stakes(x)
    return Capital(_log_wealth(x, rate, claims), _log_wealth(1 - x, rate, 1 - claims))


def to_unit(y: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Values between the bounds, scaled to [0, 1]; rounding leads to no value outside."""
    return np.clip((y - low) / (high - low), 0.0, 1.0)


def bounds(least: float, greatest: float) -> tuple[float, float]:
    """The metric's bounds.

    Raises:
        InputError: They are not finite numbers in order.
    """
    low, high = float(numbers("least", least)), float(numbers("greatest", greatest))
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError(f"least is {low:g} and greatest {high:g}; they must be finite and in this order")
    return low, high


def stakes(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The stake on each unit, from the units before it: √(2·log(2 / 0.05) / (variance · i · log(1 + i)))."""
    i = np.arange(1, x.size + 1)
    running = (0.5 + np.cumsum(x)) / (i + 1)
    variance = (0.25 + np.cumsum((x - running) ** 2)) / (i + 1)
    before = np.concatenate([[0.25], variance[:-1]])[: x.size]
    return np.asarray(np.sqrt(2 * np.log(2 / _TUNED) / (before * i * np.log1p(i))))


def _log_wealth(
    x: NDArray[np.float64], rate: NDArray[np.float64], claims: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Σ log(1 + min(rate, ½ / claim)·(x - claim))."""
    with np.errstate(divide="ignore"):
        cap = _MOST / claims
    total = np.zeros(claims.size)
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        bet = np.minimum(rate[part, None], cap)
        total += np.log(np.prod(1 + bet * (x[part, None] - claims), axis=0))
    return total

"""One share of successes: the intervals in common use.

References:
    Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference. Newcombe (1998),
    Two-sided Confidence Intervals for the Single Proportion, methods 3 to 5. Clopper and Pearson (1934), The
    Use of Confidence or Fiducial Limits. Brown, Cai and DasGupta (2001), Interval Estimation for a Binomial
    Proportion, sections 3.1 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import not_negative, open_unit, shared_shape
from assay.stats.result import Reason, flagged
from assay.stats.tails import Alternative, checked, opened, per_tail

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ProportionInterval:
    """A share with its interval: arrays of one shape.

    Attributes:
        estimate: Successes over units; NaN without units.
        lower: Lower end of the 1 - `alpha` interval, in [0, 1]; 0 if a one-sided one is open below.
        upper: Upper end, in [0, 1]; 1 if open above.
        alpha: The level.
        reason: `TOO_FEW_UNITS` without units, else 0.
    """

    estimate: Array
    lower: Array
    upper: Array
    alpha: Array
    reason: NDArray[np.uint16]


def wilson(
    successes: ArrayLike,
    n: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    alternative: Alternative = "two-sided",
    continuity: bool = False,
) -> ProportionInterval:
    """Wilson's score interval: near its level on average for any count; the one to report.

    Formula: The p with |x/n - p| <= z·√(p·(1 - p)/n); with continuity, |x/n - p| - 1/(2n) on the left.

    Args:
        successes: Units whose value is 1.
        n: Units; broadcasts.
        alpha: Level; broadcasts.
        alternative: `greater` gives a lower end only, `less` an upper one.
        continuity: True holds the level nearly always, at the price of a wider interval.

    Returns:
        The interval.

    Raises:
        InputError: More successes than units, a count that is negative or not finite, a level outside (0, 1)
            or an unknown alternative.
    """
    x, units, level = _counts(successes, n, alpha)
    z = -special.ndtri(per_tail(level, checked(alternative)))
    share, half = x / units, (0.5 if continuity else 0.0) / units
    below, above = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    # A one-sided level above one half asks for the other root.
    lower = np.where(z < 0, *wilson_ends(units, below, np.abs(z))[::-1])
    upper = np.where(z < 0, *wilson_ends(units, above, np.abs(z)))
    return _interval(x, units, level, lower, upper, alternative)


def clopper_pearson(
    successes: ArrayLike, n: ArrayLike, *, alpha: ArrayLike = 0.05, alternative: Alternative = "two-sided"
) -> ProportionInterval:
    """The exact interval: it covers at least as often as it says, for every share.

    Formula: The p with P(X >= x) >= α/2 and P(X <= x) >= α/2: quantiles of Beta(x, n - x + 1) and
        Beta(x + 1, n - x).

    Args:
        successes: Units whose value is 1.
        n: Units; broadcasts.
        alpha: Level; broadcasts.
        alternative: `greater` gives a lower end only, `less` an upper one.

    Returns:
        The interval.

    Raises:
        InputError: As for `wilson`.
    """
    x, units, level = _counts(successes, n, alpha)
    tail = per_tail(level, checked(alternative))
    lower = _beta_quantile(x, units - x + 1, tail)
    upper = _beta_quantile_above(x + 1, units - x, tail)
    return _interval(x, units, level, lower, upper, alternative)


def jeffreys(
    successes: ArrayLike, n: ArrayLike, *, alpha: ArrayLike = 0.05, alternative: Alternative = "two-sided"
) -> ProportionInterval:
    """The equal-tailed credible interval of Jeffreys' prior: near its level, tails balanced.

    Formula: Quantiles α/2 and 1 - α/2 of Beta(x + 1/2, n - x + 1/2); 0 for no success, 1 for no failure.

    Args:
        successes: Units whose value is 1.
        n: Units; broadcasts.
        alpha: Level; broadcasts.
        alternative: `greater` gives a lower end only, `less` an upper one.

    Returns:
        The interval.

    Raises:
        InputError: As for `wilson`.
    """
    x, units, level = _counts(successes, n, alpha)
    tail = per_tail(level, checked(alternative))
    a, b = x + 0.5, units - x + 0.5
    lower = np.where(x == 0, 0.0, _beta_quantile(a, b, tail))
    upper = np.where(x == units, 1.0, _beta_quantile_above(a, b, tail))
    return _interval(x, units, level, lower, upper, alternative)


def agresti_coull(
    successes: ArrayLike, n: ArrayLike, *, alpha: ArrayLike = 0.05, alternative: Alternative = "two-sided"
) -> ProportionInterval:
    """The interval by hand: z² pseudo-units, half of them successes, then the customary formula.

    Formula: p̃ ± z·√(p̃·(1 - p̃)/ñ), ñ = n + z², p̃ = (x + z²/2)/ñ; cut at 0 and 1.

    Args:
        successes: Units whose value is 1.
        n: Units; broadcasts.
        alpha: Level; broadcasts.
        alternative: `greater` gives a lower end only, `less` an upper one.

    Returns:
        The interval.

    Raises:
        InputError: As for `wilson`.
    """
    x, units, level = _counts(successes, n, alpha)
    z = -special.ndtri(per_tail(level, checked(alternative)))
    more = units + z**2
    centre = (x + z**2 / 2) / more
    half = z * np.sqrt(centre * (1 - centre) / more)
    ends = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    return _interval(x, units, level, *ends, alternative)


def wilson_ends(n: Array, p: Array, z: Array) -> tuple[Array, Array]:
    """Both ends of Wilson's interval.

    Args:
        n: Units, more than 0.
        p: Share of successes.
        z: Normal quantile, 0 or greater.

    Returns:
        Roots of (1 + z²/n)·x² - (2p + z²/n)·x + p² = 0, the lesser as p² over the greater.
    """
    a = z**2 / n
    greater = p + (a + np.sqrt(a * (a + 4 * p * (1 - p)))) / 2
    return np.where(greater == 0, 0.0, p**2 / np.where(greater == 0, 1.0, greater)), greater / (1 + a)


def _counts(successes: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array, Array]:
    x, units = not_negative("successes", successes, finite=True), not_negative("n", n, finite=True)
    level = open_unit("alpha", alpha)
    shape = shared_shape(successes=x, n=units, alpha=level)
    x, units, level = (np.broadcast_to(a, shape) for a in (x, units, level))
    if np.any(x > units):
        most, all_units = (float(a[x > units][0]) for a in (x, units))
        raise InputError(f"successes is {most:g}; it must lie between 0 and n, which is {all_units:g}")
    return x, np.where(units > 0, units, np.nan), level


def _beta_quantile(a: Array, b: Array, tail: Array) -> Array:
    """The quantile below which a beta variable falls with probability `tail`; 0 for a = 0."""
    return np.where(a == 0, 0.0, special.betaincinv(np.where(a == 0, 1.0, a), b, tail))


def _beta_quantile_above(a: Array, b: Array, tail: Array) -> Array:
    """The quantile above which it falls with probability `tail`; 1 for b = 0."""
    return np.where(b == 0, 1.0, special.betainccinv(a, np.where(b == 0, 1.0, b), tail))


def _interval(
    x: Array, units: Array, level: Array, lower: Array, upper: Array, alternative: Alternative
) -> ProportionInterval:
    lower, upper = opened(lower, upper, alternative, least=0.0, greatest=1.0)
    empty = np.isnan(units)
    return ProportionInterval(
        estimate=x / units,
        lower=np.where(empty, np.nan, lower),
        upper=np.where(empty, np.nan, upper),
        alpha=level,
        reason=flagged((empty, Reason.TOO_FEW_UNITS)),
    )

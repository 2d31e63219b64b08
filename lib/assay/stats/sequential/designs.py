"""The classical designs: bounds of a fixed shape, scaled until the whole design has its level.

They need all looks in advance. At looks that came differently, turn the planned design into a spending
function (`Boundary.as_spending`) and use `spending_bounds`.

References:
    Pocock (1977), Group Sequential Methods in the Design and Analysis of Clinical Trials. O'Brien and Fleming
    (1979), A Multiple Testing Procedure for Clinical Trials. Wang and Tsiatis (1987), Approximately Optimal
    One-Parameter Boundaries for Group Sequential Trials. Haybittle (1971), Repeated Assessment of Results in
    Clinical Trials of Cancer Treatment. Jennison and Turnbull (2000), Group Sequential Methods, chapter 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit
from assay.stats.sequential import recursion
from assay.stats.sequential.boundary import Boundary, boundary, looks
from assay.stats.tails import Alternative, checked

_PRECISE = 1e-13
_SLACK = 1e-9


def wang_tsiatis_bounds(
    fraction: ArrayLike, *, shape: float, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> Boundary:
    """Bounds of the power family of Wang and Tsiatis.

    Formula: z_k = C (t_k / t_K)^(shape - 1/2), with C such that the design has level alpha.
    Use when: A compromise between early stops (`shape` 0.5 is Pocock's) and power at the last look (0 is
        O'Brien and Fleming's) is wanted.
    Avoid when: Number or moments of the looks may change: use `spending_bounds`.

    Args:
        fraction: Rising information at all looks, as a fraction of the planned maximum; need not be even.
        shape: The exponent Delta of the family, finite.
        alpha: Type I error of the whole design, strictly between 0 and 1.
        alternative: What the design looks for.

    Returns:
        The design.

    Raises:
        InputError: Looks that do not rise, a shape that is not finite, alpha outside (0, 1), or an unknown
            alternative.

    Example:
        >>> wang_tsiatis_bounds([0.5, 1.0], shape=0.25).upper.round(3).tolist()
        [2.424, 2.038]
    """
    time = looks(fraction)
    if not np.isfinite(shape):
        raise InputError(f"shape is {shape:g}; it must be finite, customarily 0 to 0.5")
    relative = (time / time[-1]) ** (shape - 0.5)
    return _scaled(time, relative, float(open_unit("alpha", alpha)), checked(alternative))


def pocock_bounds(
    fraction: ArrayLike, *, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> Boundary:
    """Pocock's bounds: the same z at every look.

    Formula: z_k = C, with C such that the design has level alpha.
    Use when: Looks are fixed, and early stops on large effects matter most.
    Avoid when: Power at the last look matters, or the number of looks may change.

    Args:
        fraction: Rising information at all looks, as a fraction of the planned maximum; need not be even.
        alpha: Type I error of the whole design, strictly between 0 and 1.
        alternative: What the design looks for.

    Returns:
        The design.

    Raises:
        InputError: Looks that do not rise, alpha outside (0, 1), or an unknown alternative.

    Example:
        >>> pocock_bounds([0.5, 1.0]).upper.round(3).tolist()
        [2.178, 2.178]
    """
    return wang_tsiatis_bounds(fraction, shape=0.5, alpha=alpha, alternative=alternative)


def obrien_fleming_bounds(
    fraction: ArrayLike, *, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> Boundary:
    """O'Brien and Fleming's bounds: the same score at every look, so that z falls with the information.

    Formula: z_k = C √(t_K / t_k), with C such that the design has level alpha.
    Use when: Looks are fixed, and a stop before the end should need overwhelming evidence.
    Avoid when: The number of looks may change: `ObrienFlemingSpending` is its open form.

    Args:
        fraction: Rising information at all looks, as a fraction of the planned maximum; need not be even.
        alpha: Type I error of the whole design, strictly between 0 and 1.
        alternative: What the design looks for.

    Returns:
        The design.

    Raises:
        InputError: Looks that do not rise, alpha outside (0, 1), or an unknown alternative.

    Example:
        >>> obrien_fleming_bounds([0.5, 1.0]).upper.round(3).tolist()
        [2.797, 1.977]
    """
    return wang_tsiatis_bounds(fraction, shape=0.0, alpha=alpha, alternative=alternative)


def haybittle_peto_bounds(
    fraction: ArrayLike, *, early: float = 3.0, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> Boundary:
    """Haybittle and Peto's bounds: one strict z at every look before the last, which has what is left.

    Formula: z_k = early for k < K; z_K such that the design has level alpha.
    Use when: A simple rule for early looks is wanted that hardly costs power.
    Avoid when: The number of looks may change.

    Args:
        fraction: Rising information at all looks, as a fraction of the planned maximum; need not be even.
        early: z bound before the last look, greater than 0.
        alpha: Type I error of the whole design, strictly between 0 and 1.
        alternative: What the design looks for.

    Returns:
        The design.

    Raises:
        InputError: Looks that do not rise, alpha outside (0, 1), an unknown alternative, or an `early` that
            leaves nothing for the last look.

    Example:
        >>> haybittle_peto_bounds([0.25, 0.5, 0.75, 1.0]).upper.round(3).tolist()
        [3.0, 3.0, 3.0, 1.983]
    """
    time, total, side = looks(fraction), float(open_unit("alpha", alpha)), checked(alternative)
    sides = _sides(side)
    if not early > 0:
        raise InputError(f"early is {early:g}; it must be greater than 0")
    high = np.full(time.size, float(early))
    high[-1] = np.inf
    stages = _walk(time, high, sides)
    spent = _spent(stages, time, high)
    left = total / sides - spent[-1]
    if left <= 0:
        raise InputError(f"early is {early:g}; it must be greater, as it spends all of alpha {total:g} early")
    high[-1] = recursion.level(stages[-1], time[-1], left)
    spent[-1] = total / sides
    return boundary(time, high, sides * spent, total, side)


def given_bounds(
    fraction: ArrayLike, critical: ArrayLike, *, alternative: Alternative = "two-sided"
) -> Boundary:
    """A design with the user's own bounds, and the type I error that it really has.

    Formula: alpha = P(z_k reaches its critical value at some look) at no effect.
    Use when: An existing rule is to be judged: 1.96 at every look is what peeking does.
    Avoid when: The level is given and bounds are sought.

    Args:
        fraction: Rising information at all looks, as a fraction of the planned maximum; need not be even.
        critical: z bound of each look, or one for all; inf for a look without a stop. For `two-sided` greater
            than 0; for `less` the bounds are minus these.
        alternative: What the design looks for.

    Returns:
        The design, its `alpha` computed.

    Raises:
        InputError: Looks that do not rise, bounds that do not fit them or are NaN, or an unknown alternative.

    Example:
        >>> round(given_bounds([0.2, 0.4, 0.6, 0.8, 1.0], 1.96).alpha, 3)
        0.142
    """
    time, side = looks(fraction), checked(alternative)
    sides = _sides(side)
    bounds = numbers("critical", critical)
    fits = bounds.shape in {(), time.shape}
    if not (fits and np.all(bounds > (0 if sides > 1 else -np.inf)) and np.any(np.isfinite(bounds))):
        raise InputError(
            f"critical is {bounds.tolist()}; it must be one bound or one per look, not all infinite, and "
            "greater than 0 for two sides"
        )
    high = np.broadcast_to(bounds, time.shape).copy()
    spent = sides * _spent(_walk(time, high, sides), time, high)
    return boundary(time, high, spent, float(spent[-1]), side)


def _walk(time: NDArray[np.float64], high: NDArray[np.float64], sides: int) -> list[recursion.Stage]:
    return recursion.walk(time, -high if sides > 1 else np.full(time.size, -np.inf), high)


def _scaled(
    time: NDArray[np.float64], relative: NDArray[np.float64], alpha: float, side: Alternative
) -> Boundary:
    """Bounds of a shape, scaled to level alpha."""
    sides = _sides(side)
    target = alpha / sides

    def spent(scale: float) -> NDArray[np.float64]:
        return _spent(_walk(time, scale * relative, sides), time, scale * relative)

    def excess(scale: float) -> float:
        return float(np.log(spent(scale)[-1] / target))

    # The last look, whose shape is 1, has that level with `least` already; all looks together spend no more
    # than the sum of each, so that `most` is enough.
    least, share = -float(special.ndtri(target)), -float(special.ndtri(target / time.size))
    most = share / float(relative.min() if share > 0 else relative.max())
    least, most = least - _SLACK * abs(least), most + _SLACK * abs(most)
    scale = float(optimize.brentq(excess, least, most, xtol=_PRECISE, rtol=_PRECISE))
    return boundary(time, scale * relative, sides * spent(scale), alpha, side)


def _spent(
    stages: list[recursion.Stage], time: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    none = np.zeros(())
    return np.cumsum([float(recursion.above(s, time[k], high[k], none)) for k, s in enumerate(stages)])


def _sides(side: Alternative) -> int:
    return 2 if side == "two-sided" else 1

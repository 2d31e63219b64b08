"""How likely is an effect to be found, and how small an effect can be found?

The statistic of a t-test under an effect is noncentral t with noncentrality effect / standard error; with
infinite degrees of freedom it is normal. Both tails count, as they do in the test.

References:
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 2.5. Johnson, Kotz and
    Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 31.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.optimize import elementwise

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit, shared_shape

# Beyond this many degrees of freedom the noncentral t is the normal to the last digit that the normal has.
_NORMAL = 1e12
# At this many (quantiles + 1) the probability to miss an effect is below 1e-300, for every df >= 1.
_CERTAIN = 40.0
# A rejection with the wrong sign has probability < 1e-15 beyond this many standard errors. SciPy gives NaN
# for some of these probabilities, also nearer by.
_WRONG = 8.0


def power(
    effect: ArrayLike, std_error: ArrayLike, df: ArrayLike = np.inf, *, alpha: ArrayLike = 0.05
) -> NDArray[np.float64]:
    """Probability that a two-sided test at level alpha rejects, given the true effect.

    Args:
        effect: True difference, in the metric's unit.
        std_error: Standard error of the estimated difference, same unit, 0 or greater.
        df: Degrees of freedom of the test, greater than 0; infinite for a normal one.
        alpha: Level, strictly between 0 and 1.

    Returns:
        Power, shapes broadcast; NaN where an argument is NaN or `std_error` and `effect` both are 0. To 1e-9
        from df 2 and alpha 1e-4 on; SciPy's noncentral t loses digits below, and may give NaN.

    Raises:
        InputError: A negative standard error, df not above 0, alpha outside (0, 1), or shapes that do not
            broadcast.

    Example:
        >>> round(float(power(2.8, 1.0)), 2)
        0.8
    """
    size, error = numbers("effect", effect), not_negative("std_error", std_error)
    freedom, level = _degrees(df), open_unit("alpha", alpha)
    shared_shape(effect=size, std_error=error, df=freedom, alpha=level)
    with np.errstate(all="ignore"):
        return _power(np.abs(size) / error, freedom, level)


def mde(
    std_error: ArrayLike, df: ArrayLike = np.inf, *, alpha: ArrayLike = 0.05, power: ArrayLike = 0.8
) -> NDArray[np.float64]:
    """The minimum detectable effect: the true difference that a two-sided test finds with the given power.

    Args:
        std_error: Standard error of the estimated difference, in the metric's unit, 0 or greater.
        df: Degrees of freedom of the test, greater than 0; infinite for a normal one.
        alpha: Level, strictly between 0 and 1.
        power: Wanted probability to reject, strictly between `alpha` and 1.

    Returns:
        The effect, 0 or greater, in the unit of `std_error`; shapes broadcast; NaN where an argument is NaN.
        The range of accuracy is that of `power`.

    Raises:
        InputError: A negative standard error, df not above 0, alpha or power outside their range, or shapes
            that do not fit.

    Example:
        >>> round(float(mde(1.0)), 4)
        2.8016
    """
    error, freedom = not_negative("std_error", std_error), _degrees(df)
    level, wanted = open_unit("alpha", alpha), open_unit("power", power)
    shape = shared_shape(std_error=error, df=freedom, alpha=level, power=wanted)
    if not np.all(wanted > level):
        raise InputError(
            "power is not above alpha; choose a greater power: no effect at all is found with alpha"
        )
    freedom, level, wanted = np.broadcast_arrays(freedom, level, wanted)
    with np.errstate(all="ignore"):
        return np.broadcast_to(error * _noncentrality(freedom, level, wanted), shape)


def _degrees(df: ArrayLike) -> NDArray[np.float64]:
    freedom = numbers("df", df)
    if np.any(freedom <= 0):
        raise InputError(f"df is {float(freedom[freedom <= 0].ravel()[0]):g}; it must be greater than 0")
    return freedom


def _power(
    distance: NDArray[np.float64], df: NDArray[np.float64], alpha: NDArray[np.float64]
) -> NDArray[np.float64]:
    normal = df > _NORMAL
    z = -special.ndtri(alpha / 2)
    bell = special.ndtr(distance - z) + special.ndtr(-distance - z)
    if np.all(normal):
        return np.asarray(bell)
    finite = np.where(normal, 1.0, df)
    t = -special.stdtrit(finite, alpha / 2)
    # P(T > t) as P(-T < -t): the complement of a probability near 1 has no digits.
    distance = np.minimum(distance, _CERTAIN * (t + 1))
    wrong = special.nctdtr(finite, np.minimum(distance, _WRONG), -t)
    wrong = np.where((distance > _WRONG) | (np.isnan(wrong) & (distance > 1)), 0.0, wrong)
    heavy = special.nctdtr(finite, -distance, -t) + wrong
    return np.where(normal, bell, np.minimum(heavy, 1.0))


def _noncentrality(
    df: NDArray[np.float64], alpha: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The effect in standard errors at which the power is `wanted`."""
    known = ~np.isnan(df)
    freedom = np.where(known, df, 1.0)
    # Miss only if the noise is low or the variance estimate high: half of 1 - wanted for each is enough.
    miss = (1 - wanted) / 2
    finite = np.minimum(freedom, _NORMAL)
    high = -special.stdtrit(finite, alpha / 2) * np.sqrt(
        special.chdtri(finite, miss) / finite
    ) - special.ndtri(miss)

    def short(distance: NDArray[np.float64], *args: NDArray[np.float64]) -> NDArray[np.float64]:
        degrees, level, target = args
        return _power(distance, degrees, level) - target

    found = elementwise.find_root(short, (np.zeros_like(high), high), args=(freedom, alpha, wanted))
    return np.where(known, found.x, np.nan)

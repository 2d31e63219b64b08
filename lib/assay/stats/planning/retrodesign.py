"""What a significant result of a weak experiment is worth: errors of sign (type S) and of magnitude (type M).

Among results that are significant, type S is the share whose sign is wrong, and type M the mean of
|estimate| over the true effect. As in Gelman and Carlin the estimate is effect + std_error·T, T Student's t
around 0, and is significant beyond t's quantile.

References:
    Gelman and Carlin (2014), Beyond Power Calculations: Assessing Type S (Sign) and Type M (Magnitude)
    Errors. Lu, Qiu and Deng (2019), A Note on Type S/M Errors in Hypothesis Testing, section 2 (closed form
    of the normal case; that of t follows in the same way from ∫ t f(t) dt).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit, shared_shape

Array = NDArray[np.float64]
_ROOT_2_PI = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Retrodesign:
    """Arrays of one shape, one element per experiment; NaN where an argument is NaN.

    Attributes:
        power: Probability of a significant result.
        type_s: Probability that a significant result has the wrong sign; 0.5 at an effect of 0.
        type_m: Mean size of a significant estimate over the size of the effect (exaggeration ratio), above 1;
            infinite at an effect of 0, and with 1 degree of freedom or fewer, where the mean does not exist.
    """

    power: Array
    type_s: Array
    type_m: Array


def retrodesign(
    effect: ArrayLike, std_error: ArrayLike, df: ArrayLike = np.inf, *, alpha: ArrayLike = 0.05
) -> Retrodesign:
    """Power, type S and type M error of a two-sided test.

    Args:
        effect: A plausible true effect, from outside the experiment, in the metric's unit.
        std_error: Standard error of the estimate, same unit, greater than 0.
        df: Degrees of freedom of the test, greater than 0; infinite for a normal one.
        alpha: Level, strictly between 0 and 1.

    Returns:
        The three, shapes broadcast; the sign of the effect does not matter.

    Raises:
        InputError: A standard error or df not above 0, alpha outside (0, 1), or shapes that do not broadcast.

    Example:
        >>> found = retrodesign(0.1, 3.28)
        >>> round(float(found.power), 4), round(float(found.type_s), 3), round(float(found.type_m))
        (0.0501, 0.464, 77)
    """
    size, error = numbers("effect", effect), numbers("std_error", std_error)
    freedom, level = numbers("df", df), open_unit("alpha", alpha)
    for name, array in (("std_error", error), ("df", freedom)):
        if np.any(array <= 0):
            raise InputError(f"{name} is {float(array[array <= 0].ravel()[0]):g}; it must be greater than 0")
    shared_shape(effect=size, std_error=error, df=freedom, alpha=level)
    with np.errstate(all="ignore"):
        distance, freedom, level = np.broadcast_arrays(np.abs(size) / error, freedom, level)
        quantile = -_quantile(freedom, level / 2)
        right, wrong = _below(freedom, distance - quantile), _below(freedom, -distance - quantile)
        power = right + wrong
        tails = _beyond_mean(freedom, quantile - distance) + _beyond_mean(freedom, quantile + distance)
        magnitude = (distance * (right - wrong) + tails) / (power * distance)
    magnitude = np.where(distance == 0, np.inf, magnitude)
    return Retrodesign(power, np.asarray(wrong / power), magnitude)


def _quantile(df: Array, p: Array) -> Array:
    normal = np.isinf(df)
    return np.where(normal, special.ndtri(p), special.stdtrit(np.where(normal, 1.0, df), p))


def _below(df: Array, t: Array) -> Array:
    normal = np.isinf(df)
    return np.where(normal, special.ndtr(t), special.stdtr(np.where(normal, 1.0, df), t))


def _beyond_mean(df: Array, t: Array) -> Array:
    """∫ x f(x) dx from t to infinity, f the density of Student's t: f(t)·(df + t²) / (df - 1)."""
    bell = np.exp(-(t**2) / 2) / _ROOT_2_PI
    finite = np.where(np.isinf(df), 2.0, df)
    log_density = -(finite + 1) / 2 * np.log1p(t**2 / finite) - np.log(finite) / 2
    density = np.exp(log_density) / special.beta(finite / 2, 0.5)
    heavy = np.where(finite <= 1, np.inf, density * (finite + t**2) / (finite - 1))
    return np.where(np.isinf(df), bell, heavy + 0 * finite)

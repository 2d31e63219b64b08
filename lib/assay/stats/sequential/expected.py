"""What may be expected of a design? Error rates, power, and how much information it will use.

The drift is the expected z at information fraction 1: effect / standard error at the planned end.

References:
    Jennison and Turnbull (2000), Group Sequential Methods, sections 2.2, 7.2 and 19.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit
from assay.stats.sequential import recursion
from assay.stats.sequential.boundary import Boundary
from assay.stats.sequential.bounds import spending_bounds

_PRECISE = 1e-12
_GROWTH = 1.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Characteristics:
    """What a design does under given drifts; arrays of the drifts' shape, looks along a last axis.

    Attributes:
        drift: Expected z at fraction 1.
        upper: Probability to stop for a greater treatment, at each look.
        lower: Probability to stop for a lesser treatment, at each look.
        futility: Probability to stop without an effect at each look, among the looks with a futility bound.
        power: Probability that the design finds an effect; its type I error where the drift is 0.
        expected_fraction: Expected information at the stop, as a fraction of the planned maximum.
        expected_looks: Expected number of looks taken.
    """

    drift: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    futility: NDArray[np.float64]
    power: NDArray[np.float64]
    expected_fraction: NDArray[np.float64]
    expected_looks: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SequentialPlan:
    """What an experiment with interim looks needs, to find an effect.

    Attributes:
        effect: True difference to be found, in the metric's unit.
        power: Probability to find it.
        drift: Expected z at fraction 1 under `effect`.
        information: Information at fraction 1, in 1 / unit²: 1 / `std_error`².
        std_error: Standard error of the difference at fraction 1.
        inflation: Information at the last look over that of a test with one look: how much longer the
            experiment may last.
        expected_information: Expected information at the stop under `effect`.
        expected_information_null: The same under no effect.
    """

    effect: NDArray[np.float64]
    power: float
    drift: float
    information: NDArray[np.float64]
    std_error: NDArray[np.float64]
    inflation: float
    expected_information: NDArray[np.float64]
    expected_information_null: NDArray[np.float64]


def characteristics(design: Boundary, drift: ArrayLike = 0.0) -> Characteristics:
    """Crossing probabilities, power and expected information of a design.

    Args:
        design: The design; its futility bounds are obeyed, binding or not.
        drift: True drifts: expected z at fraction 1, finite, any shape.

    Returns:
        Probabilities per look, the power, the expected information fraction and number of looks.

    Raises:
        InputError: A drift that is not finite.

    Example:
        >>> found = characteristics(spending_bounds([0.5, 1.0]), [0.0, 2.8])
        >>> found.power.round(4).tolist(), found.expected_fraction.round(3).tolist()
        ([0.05, 0.7981], [0.998, 0.919])
    """
    true = numbers("drift", drift)
    if not np.all(np.isfinite(true)):
        raise InputError(f"drift is {float(true[~np.isfinite(true)].ravel()[0]):g}; it must be finite")
    over, under = recursion.crossings(design.fraction, *design.walls(), design.sign * true)
    none = np.zeros_like(over)
    upper, lower, futility = {
        "two-sided": (over, under, none),
        "greater": (over, none, under),
        "less": (none, over, under),
    }[design.alternative]
    # What stops at look k has not used the information after it.
    stops = np.cumsum(over + under, axis=-1)[..., :-1]
    return Characteristics(
        drift=true,
        upper=upper,
        lower=lower,
        futility=futility,
        power=(upper + lower).sum(axis=-1),
        expected_fraction=design.fraction[-1] - np.sum(stops * np.diff(design.fraction), axis=-1),
        expected_looks=design.size - stops.sum(axis=-1),
    )


def drift_for_power(design: Boundary, *, power: float = 0.8) -> float:
    """The drift at which a design has a power: expected z at fraction 1.

    Args:
        design: The design.
        power: Wanted power, strictly between the design's type I error and 1.

    Returns:
        The drift; negative for `less`.

    Raises:
        InputError: A power out of range.

    Example:
        >>> round(drift_for_power(spending_bounds([0.5, 1.0])), 3)
        2.807
    """
    wanted = float(open_unit("power", power))
    if not float(characteristics(design).power) < wanted:
        raise InputError(f"power is {wanted:g}; it must be above the design's type I error")

    def missing(drift: float) -> float:
        return wanted - float(characteristics(design, design.sign * drift).power)

    least, most = 0.0, float(special.ndtri(wanted) - special.ndtri(design.alpha / 2)) + 1.0
    while missing(most) > 0:
        least, most = most, most * _GROWTH
    return design.sign * float(optimize.brentq(missing, least, most, xtol=_PRECISE, rtol=_PRECISE))


def sequential_plan(design: Boundary, *, effect: ArrayLike, power: float = 0.8) -> SequentialPlan:
    """How much information a design needs to find an effect.

    Formula: I_max = (drift / effect)²; information is 1 / variance of the estimated difference.
    Use when: Planning: turn the information into units, days or a standard error to be reached.

    Args:
        design: The design, with all its looks.
        effect: True differences to be found, in the metric's unit; finite and not 0, any shape; only their
            size counts.
        power: Wanted power.

    Returns:
        Maximum and expected information, standard error to reach, and the price of looking early.

    Raises:
        InputError: An effect that is 0 or not finite, or a power out of range.

    Example:
        >>> plan = sequential_plan(spending_bounds([0.5, 1.0]), effect=0.1)
        >>> round(plan.inflation, 4), round(float(plan.std_error), 5)
        (1.0037, 0.03563)
    """
    size = numbers("effect", effect)
    if not np.all(np.isfinite(size) & (size != 0)):
        raise InputError("effect holds a value that is 0 or not finite; no design finds such an effect")
    drift = drift_for_power(design, power=power)
    once = spending_bounds([1.0], alpha=design.alpha, alternative=design.alternative)
    single = drift_for_power(once, power=power)
    information = (drift / size) ** 2
    expected = characteristics(design, [drift, 0.0]).expected_fraction
    return SequentialPlan(
        effect=size,
        power=float(power),
        drift=drift,
        information=information,
        std_error=np.abs(size) / abs(drift),
        inflation=(drift / single) ** 2 * float(design.fraction[-1]),
        expected_information=information * expected[0],
        expected_information_null=information * expected[1],
    )

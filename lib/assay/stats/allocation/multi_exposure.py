"""Did units see more than one arm, and does it matter? Multi-exposure and what it does to the shares.

A few units always do: identifiers are shared or reset. More than that is a fault of assignment. Leaving such
units out is safe only if they are equally frequent in all arms; counting them by their first exposure is safe
if the first exposure is recorded alike in all arms. Both checks of the shares are given.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial. Pearson (1900). Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, ch. 21.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.allocation.plan import checked_plan, chi_square_tail, whole_numbers
from assay.stats.allocation.srm import srm
from assay.stats.checks import not_negative, open_unit


@dataclass(frozen=True, slots=True, eq=False)
class MultiExposure:
    """Answer of `multi_exposure`, arrays of the shape of the counts without the axis of arms.

    Attributes:
        share: Units in several arms over all units; NaN where there are none.
        lower: Lower end of its exact one-sided 1 - alpha interval.
        p_value: Of a share of at most `tolerated`; below alpha exactly where `lower` is above it.
        p_value_by_arm: Of equal shares in all arms (Pearson). Small: leaving these units out biases the arms.
        p_value_with: Of the planned shares, every unit in the arm of its first exposure.
        p_value_without: Of the planned shares, units in several arms left out.
    """

    share: NDArray[np.float64]
    lower: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_value_by_arm: NDArray[np.float64]
    p_value_with: NDArray[np.float64]
    p_value_without: NDArray[np.float64]


def multi_exposure(
    units: ArrayLike,
    several: ArrayLike,
    expected_shares: ArrayLike,
    *,
    tolerated: float = 0.01,
    alpha: float = 0.05,
) -> MultiExposure:
    """Whether more units saw several arms than chance explains, and whether the shares depend on them.

    Args:
        units: Units by the arm of their first exposure, along the last axis; whole numbers.
        several: Those among them that saw another arm, too; of the same layout, at most `units`.
        expected_shares: Planned shares or weights along the last axis.
        tolerated: Share of units in several arms that identifiers explain, strictly between 0 and 1.
        alpha: Level of `lower`.

    Returns:
        Shares and p-values.

    Raises:
        InputError: As for `srm`; counts that are not whole, more units in several arms than units, or a level
            or share outside (0, 1).

    Example:
        >>> found = multi_exposure([5000, 4700], [40, 210], [0.5, 0.5])
        >>> bool(found.p_value < 1e-20), bool(found.p_value_by_arm < 1e-20)
        (True, True)
    """
    chance, level = float(open_unit("tolerated", tolerated)), float(open_unit("alpha", alpha))
    plan = checked_plan(units, expected_shares)
    both = not_negative("several", several, finite=True)
    if both.ndim == 0 or both.shape[-1] != plan.units.shape[-1]:
        raise InputError(
            f"several has shape {both.shape} and units {plan.units.shape}; both need one per arm"
        )
    try:
        all_units, both, shares = np.broadcast_arrays(plan.units, both, plan.shares)
    except ValueError:
        raise InputError(
            f"several has shape {both.shape} and units {plan.units.shape}; they must broadcast"
        ) from None
    whole_numbers("units", all_units)
    whole_numbers("several", both)
    if np.any(both > all_units):
        raise InputError("several is greater than units in some arm; it counts units among them")
    n, k = np.sum(all_units, axis=-1), np.sum(both, axis=-1)
    # P(X >= k) of a binomial is an incomplete beta function, whose inverse is the bound.
    some = k > 0
    k_safe = np.where(some, k, 1.0)
    rest = np.where(some, n - k, 0.0) + 1
    return MultiExposure(
        share=np.divide(k, n, out=np.full(n.shape, np.nan), where=n > 0),
        lower=np.where(some, special.betaincinv(k_safe, rest, level), 0.0),
        p_value=np.where(some, special.betainc(k_safe, rest, chance), 1.0),
        p_value_by_arm=_homogeneity(all_units, both),
        p_value_with=srm(all_units, shares),
        p_value_without=srm(all_units - both, shares),
    )


def _homogeneity(units: NDArray[np.float64], both: NDArray[np.float64]) -> NDArray[np.float64]:
    n = np.sum(units, axis=-1, keepdims=True)
    share = np.divide(np.sum(both, axis=-1, keepdims=True), n, out=np.zeros(n.shape), where=n > 0)
    variance = units * share * (1 - share)
    parts = np.divide((both - units * share) ** 2, variance, out=np.zeros(units.shape), where=variance > 0)
    filled = np.sum(units > 0, axis=-1)
    varies = (share[..., 0] > 0) & (share[..., 0] < 1)
    return chi_square_tail(np.sum(parts, axis=-1), np.where(varies, filled - 1, 0))

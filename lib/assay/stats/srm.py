"""Did users arrive in the planned shares? Pearson's chi-square test of goodness of fit.

References:
    Pearson (1900). Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import not_negative

SRM_LEVEL = 0.001
"""p-value below which a mismatch is certain enough to void an experiment's decision (Fabijan et al. 2019)."""


def srm(observed: ArrayLike, expected_shares: ArrayLike) -> NDArray[np.float64]:
    """The p-value of the planned allocation, given the units that arrived.

    Arms with share 0 take no part in the degrees of freedom; a unit in one of them contradicts the plan with
    certainty (p = 0). Where no unit arrived, or only one arm has a share, nothing can contradict it: p = 1.

    Args:
        observed: Units per arm along the last axis, 0 or greater.
        expected_shares: Planned shares or weights along the last axis; broadcasts with `observed`. They are
            divided by their sum.

    Returns:
        p-values, of the broadcast shape without the last axis.

    Raises:
        InputError: Negative or infinite counts or shares, shares that sum to 0, or shapes that do not fit.

    Example:
        >>> round(float(srm([5200, 5000, 0], [0.5, 0.5, 0.0])), 4)
        0.0477
    """
    units = not_negative("observed", observed, finite=True)
    shares = not_negative("expected_shares", expected_shares, finite=True)
    if units.ndim == 0 or shares.ndim == 0 or units.shape[-1] != shares.shape[-1]:
        raise InputError(
            f"observed has shape {units.shape} and expected_shares {shares.shape}; "
            "both need one element per arm along the last axis"
        )
    whole = np.sum(shares, axis=-1, keepdims=True)
    if not np.all(whole > 0):
        raise InputError("expected_shares sum to 0; at least one arm must have a share")
    try:
        units, shares = np.broadcast_arrays(units, shares / whole)
    except ValueError:
        raise InputError(
            f"observed has shape {units.shape} and expected_shares {shares.shape}; these must broadcast"
        ) from None
    return _p_value(units, shares)


def _p_value(units: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    planned = shares > 0
    expected = np.sum(units, axis=-1, keepdims=True) * shares
    distance = np.divide((units - expected) ** 2, expected, out=np.zeros(units.shape), where=expected > 0)
    df = np.sum(planned, axis=-1) - 1
    # One planned arm leaves no degree of freedom; chdtrc would answer NaN.
    p_value = np.where(df > 0, special.chdtrc(np.maximum(df, 1), np.sum(distance, axis=-1)), 1.0)
    stray = np.any((units > 0) & ~planned, axis=-1)
    return np.where(stray, 0.0, p_value)

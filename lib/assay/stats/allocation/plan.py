"""What the checks of an allocation share: counts against planned shares, and Pearson's distance.

References:
    Pearson (1900), On the Criterion that a Given System of Deviations from the Probable in the Case of a
    Correlated System of Variables is such that it can be Reasonably Supposed to have Arisen from Random
    Sampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import not_negative


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Units that arrived and the shares that were planned, of one shape, arms along the last axis.

    Attributes:
        units: Units per arm.
        shares: Planned shares, which sum to 1.
    """

    units: NDArray[np.float64]
    shares: NDArray[np.float64]

    @property
    def expected(self) -> NDArray[np.float64]:
        """Units per arm that the plan leads to expect, given their total."""
        return np.asarray(np.sum(self.units, axis=-1, keepdims=True) * self.shares)

    @property
    def distance(self) -> NDArray[np.float64]:
        """Pearson's chi-square over the arms that have a share."""
        expected = self.expected
        parts = np.zeros(self.units.shape)
        np.divide((self.units - expected) ** 2, expected, out=parts, where=expected > 0)
        return np.asarray(np.sum(parts, axis=-1))

    @property
    def df(self) -> NDArray[np.int64]:
        """Arms that have a share, less one."""
        return np.asarray(np.sum(self.shares > 0, axis=-1) - 1)

    @property
    def stray(self) -> NDArray[np.bool_]:
        """True where an arm without a share has a unit: no plan explains that."""
        return np.asarray(np.any((self.units > 0) & (self.shares == 0), axis=-1))

    def p_value(self) -> NDArray[np.float64]:
        """Of Pearson's test; 0 where a unit is stray."""
        return np.where(self.stray, 0.0, chi_square_tail(self.distance, self.df))


def checked_plan(observed: ArrayLike, expected_shares: ArrayLike, *, axes: int = 1) -> Plan:
    """Counts and shares, validated and broadcast.

    Args:
        observed: Units per arm along the last axis, 0 or greater.
        expected_shares: Planned shares or weights along the last axis; they are divided by their sum.
        axes: Axes that `observed` must have at least.

    Returns:
        The plan.

    Raises:
        InputError: Negative or infinite counts or shares, shares that sum to 0, or shapes that do not fit.
    """
    units = not_negative("observed", observed, finite=True)
    shares = not_negative("expected_shares", expected_shares, finite=True)
    if units.ndim == 0 or shares.ndim == 0 or units.shape[-1] != shares.shape[-1]:
        raise InputError(
            f"observed has shape {units.shape} and expected_shares {shares.shape}; "
            "both need one element per arm along the last axis"
        )
    if units.ndim < axes:
        raise InputError(f"observed has shape {units.shape}; it needs {axes} axes, the last one of arms")
    whole = np.sum(shares, axis=-1, keepdims=True)
    if not np.all(whole > 0):
        raise InputError("expected_shares sum to 0; at least one arm must have a share")
    try:
        units, shares = np.broadcast_arrays(units, shares / whole)
    except ValueError:
        raise InputError(
            f"observed has shape {units.shape} and expected_shares {shares.shape}; these must broadcast"
        ) from None
    return Plan(units, shares)


def whole_numbers(name: str, counts: NDArray[np.float64]) -> None:
    """Refuse counts that are not whole.

    Raises:
        InputError: A count is not; the message names the first.
    """
    broken = counts != np.floor(counts)
    if np.any(broken):
        raise InputError(f"{name} is {float(counts[broken].ravel()[0]):g}; counts must be whole numbers")


def chi_square_tail(distance: NDArray[np.float64], df: NDArray[np.int64]) -> NDArray[np.float64]:
    """Upper tail of the chi-square law; 1 where no degree of freedom is left: nothing can be contradicted."""
    return np.where(df > 0, special.chdtrc(np.maximum(df, 1), distance), 1.0)

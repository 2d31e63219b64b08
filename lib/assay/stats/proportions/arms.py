"""Two arms of zeros and ones as tables of counts.

Every method of this package opens with `paired_tables`, which says what cannot be answered and why, and puts
a harmless table there, so that the arithmetic behind it meets counts only.

References:
    Newcombe (1998), Interval Estimation for the Difference between Independent Proportions: Comparison of
    Eleven Methods (the notation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.moments import Moments
from assay.stats.proportions.inversion import Tables
from assay.stats.result import Reason, flagged

Array = NDArray[np.float64]

# How far a mean of zeros and ones may leave [0, 1] by the rounding of merges.
_ROUNDING = 1e-9
# How far n·mean may be from a whole number by the same: n is at most 1e9 where a whole number is needed.
_WHOLE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """Two arms, broadcast.

    Attributes:
        tables: Their counts; where `usable` is false, a table that stands for nothing.
        difference: p_t - p_c; NaN for an arm without units.
        lift: p_t / p_c - 1; NaN where the control has no success.
        alpha: The level.
        reason: Why there is no answer, and `ZERO_CONTROL`.
        usable: Where there is one.
    """

    tables: Tables
    difference: Array
    lift: Array
    alpha: Array
    reason: NDArray[np.uint16]
    usable: NDArray[np.bool_]

    def known(self, values: Array) -> Array:
        """The values where there is an answer, NaN elsewhere."""
        return np.where(self.usable, values, np.nan)

    def without(self, gone: NDArray[np.bool_], why: Reason) -> Arms:
        """The arms with no answer, for that reason, where `gone` holds."""
        return replace(self, reason=self.reason | flagged((gone, why)), usable=self.usable & ~gone)

    @property
    def wald_error(self) -> Array:
        """Standard error of the difference from each arm's own share, 0 if neither varies."""
        t = self.tables
        return np.sqrt(t.p_c * (1 - t.p_c) / t.n_c + t.p_t * (1 - t.p_t) / t.n_t)


def paired_tables(
    control: Moments, treatment: Moments, alpha: Array, *, most: float = np.inf, whole: bool = False
) -> Arms:
    """The arms as tables.

    Args:
        control: Moments with y of zeros and ones.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        most: Units in both arms together beyond which there is no answer (`OUTSIDE_DOMAIN`).
        whole: True asks for whole counts (else `OUTSIDE_DOMAIN`).

    Returns:
        The arms.

    Raises:
        InputError: A mean outside [0, 1].
    """
    n_c, p_c, n_t, p_t, level = np.broadcast_arrays(
        control.n, share("control", control), treatment.n, share("treatment", treatment), alpha
    )
    outside = n_c + n_t > most
    if whole:
        outside = (
            outside | _fractional(n_c) | _fractional(n_t) | _fractional(n_c * p_c) | _fractional(n_t * p_t)
        )
    reason = flagged(
        ((n_c == 0) | (n_t == 0), Reason.TOO_FEW_UNITS),
        (np.isnan(p_c + p_t), Reason.NOT_FINITE),
        (outside, Reason.OUTSIDE_DOMAIN),
        ((p_c == 0) & (n_c > 0), Reason.ZERO_CONTROL),
    )
    usable = (reason & ~np.uint16(Reason.ZERO_CONTROL)) == 0
    difference = np.where((n_c > 0) & (n_t > 0), p_t - p_c, np.nan)
    table = (np.where(usable, a, b) for a, b in ((n_c, 2.0), (p_c, 0.5), (n_t, 2.0), (p_t, 0.5)))
    lift = np.where(p_c == 0, np.nan, difference / p_c)
    return Arms(Tables(*table), difference, lift, np.asarray(level, dtype=float), reason, usable)


def share(name: str, moments: Moments) -> Array:
    """The proportion that the moments of a 0/1 metric hold.

    Raises:
        InputError: It lies outside [0, 1] by more than rounding.
    """
    value = moments.mean_y
    outside = (value < -_ROUNDING) | (value > 1 + _ROUNDING)
    if np.any(outside):
        first = float(value[outside].ravel()[0])
        raise InputError(
            f"{name}'s mean is {first:g}; a proportion must lie between 0 and 1: use a method for means"
        )
    return np.clip(value, 0.0, 1.0)


def pooled_z(tables: Tables) -> Array:
    """The score at no effect: the difference over its standard error at the pooled share."""
    total = tables.n_c + tables.n_t
    pooled = (tables.n_c * tables.p_c + tables.n_t * tables.p_t) / total
    variance = pooled * (1 - pooled) * (1 / tables.n_c + 1 / tables.n_t)
    # Nobody, or everybody, succeeded: the limit of the score at no effect is 0.
    return np.where(variance > 0, (tables.p_t - tables.p_c) / np.sqrt(variance), 0.0)


def _fractional(values: Array) -> NDArray[np.bool_]:
    return np.asarray(np.abs(values - np.rint(values)) > _WHOLE)

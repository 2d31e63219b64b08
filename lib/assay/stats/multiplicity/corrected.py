"""What every correction for many tests answers, and how its arguments are checked.

A correction answers twice, and the answers agree: a hypothesis is rejected where its corrected p-value is
below the family's alpha, which is where its raw p-value is below its own corrected alpha. So an interval at
the corrected alpha shows the corrected decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """Corrected p-values and levels, of the shape of the raw p-values.

    Attributes:
        p_value: To compare with the family's alpha; NaN where the raw one is.
        alpha: To compare with the raw p-value, and the level for its interval; 0 where a gate is closed.
    """

    p_value: Array
    alpha: Array


def corrected(
    p_values: ArrayLike, alpha: float, axis: int, rule: Callable[[Array, float], tuple[Array, Array]]
) -> Corrected:
    """Apply a rule to each family.

    Args:
        p_values: Along `axis`, one family; NaN (an undefined test) counts as a member that is never rejected.
        alpha: Error rate of a family, strictly between 0 and 1.
        axis: The axis of a family.
        rule: From p-values in ascending order along the last axis (NaN last) and alpha to corrected p-values
            and levels in the same order.

    Returns:
        Corrected p-values and levels, in the order of `p_values`.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """
    raw, level = checked_family(p_values, alpha, axis)
    if raw.size == 0:
        return Corrected(raw, np.full(raw.shape, level))
    table = np.moveaxis(raw, axis, -1)
    order = np.argsort(table, axis=-1, kind="stable")
    back = np.argsort(order, axis=-1)
    found = rule(np.take_along_axis(table, order, axis=-1), level)
    p_value, levels = (np.moveaxis(np.take_along_axis(a, back, axis=-1), -1, axis) for a in found)
    return Corrected(np.where(np.isnan(raw), np.nan, p_value), levels)


def checked_family(p_values: ArrayLike, alpha: float, axis: int) -> tuple[Array, float]:
    """P-values and level, if they are what they should be.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """
    raw = numbers("p_values", p_values)
    outside = (raw < 0) | (raw > 1)
    if np.any(outside):
        raise InputError(f"p_values holds {float(raw[outside].ravel()[0]):g}; a p-value lies between 0 and 1")
    if not -raw.ndim <= axis < raw.ndim:
        raise InputError(f"axis is {axis}; p_values of shape {raw.shape} have {raw.ndim} axes")
    return raw, float(open_unit("alpha", alpha))

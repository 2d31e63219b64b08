"""Many tests at once: levels and p-values that keep the family-wise error rate.

Each correction answers twice, and the answers agree: a hypothesis is rejected where its corrected p-value is
below alpha, which is where its raw p-value is below its corrected alpha. An interval at the corrected alpha
therefore shows the corrected decision.

References:
    Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure. Dunn (1961), Multiple Comparisons
    among Means (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """Corrected p-values and levels, of the shape of the raw p-values.

    Attributes:
        p_value: To compare with the family's alpha; NaN where the raw one is.
        alpha: To compare with the raw p-value, and the level for its interval.
    """

    p_value: NDArray[np.float64]
    alpha: NDArray[np.float64]


def bonferroni(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Bonferroni's correction: every hypothesis at alpha over their number.

    Args:
        p_values: Along `axis`, one family; NaN (an undefined test) counts as a member and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values and levels.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """
    raw, level = _checked(p_values, alpha, axis)
    size = raw.shape[axis]
    return Corrected(np.minimum(raw * size, 1.0), np.full(raw.shape, level / max(size, 1)))


def holm(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Holm's step-down correction: never less powerful than Bonferroni's.

    The level of the k-th smallest of m is alpha / (m - k + 1) as long as all before it are rejected; from the
    first that is not, all share its level.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member that is never rejected and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values and levels.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """
    raw, level = _checked(p_values, alpha, axis)
    table = np.moveaxis(raw, axis, -1)
    size = table.shape[-1]
    order = np.argsort(table, axis=-1, kind="stable")  # NaN last
    left = size - np.arange(size)
    ordered = np.take_along_axis(table, order, axis=-1)
    adjusted = np.minimum(np.maximum.accumulate(ordered * left, axis=-1), 1.0)
    rejected = np.sum(adjusted < level, axis=-1, keepdims=True)
    levels = level / (size - np.minimum(np.arange(size), rejected))
    back = np.argsort(order, axis=-1)
    p_value, alphas = (np.take_along_axis(a, back, axis=-1) for a in (adjusted, levels))
    return Corrected(np.moveaxis(p_value, -1, axis), np.moveaxis(alphas, -1, axis))


CORRECTIONS: dict[str, Callable[..., Corrected]] = {"bonferroni": bonferroni, "holm": holm}


def _checked(p_values: ArrayLike, alpha: float, axis: int) -> tuple[NDArray[np.float64], float]:
    raw = numbers("p_values", p_values)
    outside = (raw < 0) | (raw > 1)
    if np.any(outside):
        raise InputError(f"p_values holds {float(raw[outside].ravel()[0]):g}; a p-value lies between 0 and 1")
    if not -raw.ndim <= axis < raw.ndim:
        raise InputError(f"axis is {axis}; p_values of shape {raw.shape} have {raw.ndim} axes")
    return raw, float(open_unit("alpha", alpha))

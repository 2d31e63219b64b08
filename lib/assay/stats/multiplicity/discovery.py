"""Corrections that keep the share of false ones among the findings: the false discovery rate.

For many metrics of which some may be wrong, not for the one decision that matters. An interval at the
corrected alpha keeps the false coverage rate: among the intervals of the findings, the expected share that
misses the truth is at most alpha.

References:
    Benjamini and Hochberg (1995), Controlling the False Discovery Rate. Benjamini and Yekutieli (2001), The
    Control of the False Discovery Rate in Multiple Testing under Dependency, theorem 1.3. Benjamini and
    Yekutieli (2005), False Discovery Rate-Adjusted Multiple Confidence Intervals for Selected Parameters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.multiplicity.corrected import Array, Corrected, corrected
from assay.stats.multiplicity.familywise import stepped_up


def benjamini_hochberg(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Benjamini and Hochberg's correction, for independent or positively related tests.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member that is never rejected and stays NaN.
        alpha: False discovery rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values, and k·alpha / m as the level where k of m are rejected (alpha / m where none is).

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """
    return corrected(p_values, alpha, axis, lambda p, level: _step_up(p, level, 1.0))


def benjamini_yekutieli(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Benjamini and Yekutieli's correction, valid under any dependence.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member that is never rejected and stays NaN.
        alpha: False discovery rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        As `benjamini_hochberg`, with m times the sum of 1, 1/2, ..., 1/m in the place of m.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        return _step_up(p, level, float(np.sum(1 / np.arange(1, p.shape[-1] + 1))))

    return corrected(p_values, alpha, axis, rule)


def _step_up(p: Array, level: float, price: float) -> tuple[Array, Array]:
    size = p.shape[-1]
    adjusted = stepped_up(p * size * price / np.arange(1, p.shape[-1] + 1))
    rejected = np.sum(adjusted < level, axis=-1, keepdims=True)
    return adjusted, np.broadcast_to(level * np.maximum(rejected, 1) / (size * price), p.shape)

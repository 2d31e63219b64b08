"""Corrections that keep the probability of any false alarm in a family: the family-wise error rate.

References:
    Dunn (1961), Multiple Comparisons among Means (Bonferroni). Šidák (1967), Rectangular Confidence Regions
    for the Means of Multivariate Normal Distributions. Holm (1979), A Simple Sequentially Rejective Multiple
    Test Procedure. Hochberg (1988), A Sharper Bonferroni Procedure for Multiple Tests of Significance. Hommel
    (1988), A Stagewise Rejective Multiple Test Procedure Based on a Modified Bonferroni Test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.multiplicity.corrected import Array, Corrected, corrected


def bonferroni(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Bonferroni's correction: every hypothesis at alpha over their number; valid under any dependence.

    Args:
        p_values: Along `axis`, one family; NaN (an undefined test) counts as a member and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values and levels.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        size = p.shape[-1]
        return np.minimum(p * size, 1.0), np.full(p.shape, level / size)

    return corrected(p_values, alpha, axis, rule)


def sidak(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Šidák's correction: a little more power than Bonferroni's, for independent or positively related tests.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values 1 - (1 - p)^m and levels 1 - (1 - alpha)^(1/m).

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        size = p.shape[-1]
        with np.errstate(divide="ignore"):  # p = 1
            combined = -np.expm1(size * np.log1p(-p))
        return combined, np.full(p.shape, -np.expm1(np.log1p(-level) / size))

    return corrected(p_values, alpha, axis, rule)


def holm(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Holm's step-down correction: never less powerful than Bonferroni's; valid under any dependence.

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

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        place = np.arange(p.shape[-1])
        left = p.shape[-1] - place
        adjusted = np.minimum(np.maximum.accumulate(p * left, axis=-1), 1.0)
        rejected = np.sum(adjusted < level, axis=-1, keepdims=True)
        return adjusted, level / (p.shape[-1] - np.minimum(place, rejected))

    return corrected(p_values, alpha, axis, rule)


def hochberg(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Hochberg's step-up correction: at least Holm's power, for independent or positively related tests.

    Of k rejected hypotheses all share the level alpha / (m - k + 1) of the last.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member that is never rejected and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values and levels.

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        left = p.shape[-1] - np.arange(p.shape[-1])
        adjusted = stepped_up(p * left)
        rejected = np.sum(adjusted < level, axis=-1, keepdims=True)
        shared = level / (p.shape[-1] - np.maximum(rejected, 1) + 1)
        return adjusted, np.broadcast_to(shared, p.shape)

    return corrected(p_values, alpha, axis, rule)


def hommel(p_values: ArrayLike, *, alpha: float = 0.05, axis: int = -1) -> Corrected:
    """Hommel's correction, the closure of Simes' test: at least Hochberg's power, on the same assumption.

    Args:
        p_values: Along `axis`, one family; NaN counts as a member that is never rejected and stays NaN.
        alpha: Family-wise error rate, strictly between 0 and 1.
        axis: The axis of a family.

    Returns:
        Corrected p-values, and alpha / j as the level, j the size of the largest subset that Simes' test does
        not reject (alpha itself if there is none).

    Raises:
        InputError: A p-value outside [0, 1], alpha outside (0, 1), or no such axis.
    """

    def rule(p: Array, level: float) -> tuple[Array, Array]:
        size = p.shape[-1]
        filled = np.where(np.isnan(p), 1.0, p)
        adjusted = filled.copy()
        largest = np.zeros(p.shape[:-1])
        for j in range(1, size + 1):
            # Simes' p-value of the j greatest; a smaller p-value may take its place there, j times itself.
            simes = np.min(j * filled[..., size - j :] / np.arange(1, j + 1), axis=-1, keepdims=True)
            largest = np.where(simes[..., 0] >= level, j, largest)
            adjusted = np.maximum(adjusted, np.minimum(simes, j * filled))
        return np.minimum(adjusted, 1.0), np.broadcast_to(
            (level / np.maximum(largest, 1))[..., None], p.shape
        )

    return corrected(p_values, alpha, axis, rule)


def stepped_up(scaled: Array) -> Array:
    """Corrected p-values of a step-up rule: the least of what follows, at most 1.

    Args:
        scaled: p-values in ascending order times their factors; NaN last.
    """
    filled = np.where(np.isnan(scaled), np.inf, scaled)
    least = np.minimum.accumulate(filled[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.minimum(least, 1.0))

"""Do the arms differ in how units fall into categories? Pearson's chi-square test of homogeneity.

References:
    Pearson (1900), On the Criterion that a Given System of Deviations from the Probable in the Case of a
    Correlated System of Variables is such that it can be Reasonably Supposed to have Arisen from Random
    Sampling. Fisher (1922), On the Interpretation of χ² from Contingency Tables, and the Calculation of P
    (the degrees of freedom). Cramér (1946), Mathematical Methods of Statistics (the measure of association).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import InputError
from assay.stats.arms.omnibus import Omnibus, omnibus
from assay.stats.checks import not_negative
from assay.stats.result import Reason, flagged


def chi_square(counts: ArrayLike) -> Omnibus:
    """Are units of all arms spread over the categories in the same shares?

    Formula: X² = Σ (O - E)² / E with E = arm total · category total / N, chi-square with (k - 1)·(c - 1)
        degrees of freedom for k arms and c categories that any unit is in, without Yates' correction;
        `effect_size` is Cramér's V = √(X² / (N·min(k - 1, c - 1))).
    Assumes: each unit counts once, independently of the others, and no expected count is small (under about
        5).
    Use when: the metric is a choice among categories (plan, browser, outcome), or a conversion in more than
        two arms: categories are then converted and not.
    Avoid when: units can count more than once, or most cells are nearly empty. Whether arms got their planned
        shares of users is another question: `allocation.srm`.

    Args:
        counts: Units, 0 or greater, shape (..., arms, categories). A category that no unit is in plays no
            part.

    Returns:
        The test, `df_within` infinite. An arm without units, or all units in one category, leave nothing.

    Raises:
        InputError: A negative count, fewer than two arms, or fewer than two categories.

    Example:
        >>> found = chi_square([[30, 70], [45, 55], [38, 62]])
        >>> round(float(found.statistic), 4), round(float(found.p_value), 4)
        (4.7986, 0.0908)
    """
    table = not_negative("counts", counts)
    if table.ndim < 2 or min(table.shape[-2:]) < 2:  # noqa: PLR2004 - axes, arms and categories
        raise InputError(
            f"counts has shape {table.shape}; it needs at least 2 arms and 2 categories as its last two axes"
        )
    with np.errstate(all="ignore"):
        rows, columns = (np.sum(table, axis=axis, keepdims=True) for axis in (-1, -2))
        total = np.sum(rows, axis=-2, keepdims=True)
        expected = rows * (columns / total)
        parts = np.where(columns > 0, (table - expected) ** 2 / expected, 0.0)
        distance, units = np.sum(parts, axis=(-2, -1)), total[..., 0, 0]
        arms, used = table.shape[-2], np.sum(columns > 0, axis=(-2, -1))
        size = np.sqrt(distance / units / np.minimum(arms - 1, used - 1))
    finite = np.all(np.isfinite(table), axis=(-2, -1))
    empty = np.any(rows == 0, axis=(-2, -1))
    one = finite & ~empty & (used < 2)  # noqa: PLR2004 - categories
    reason = flagged((empty, Reason.TOO_FEW_UNITS), (~finite, Reason.NOT_FINITE), (one, Reason.NO_VARIANCE))
    return omnibus(
        statistic=distance,
        df_between=(arms - 1) * (used - 1),
        df_within=np.inf,
        effect_size=size,
        reason=reason,
    )

"""Moments of many groups in one pass over columns, from NumPy, pandas or Arrow alike.

Each group's values are centred on the group's own mean before they are squared (the corrected two-pass
algorithm of `Moments.of`, group by group).

References:
    Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample Variance, eq. 1.7.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.moments import Moments


def moments_by(
    group: ArrayLike, y: ArrayLike, d: ArrayLike | None = None, x: ArrayLike | None = None
) -> tuple[NDArray[np.generic], Moments]:
    """Moments of each group's units.

    Args:
        group: A label per unit, shape (units,): anything that can be sorted.
        y: The metric, shape (units,); a pandas Series or an Arrow array will do.
        d: The denominator, or None.
        x: The covariate, or None.

    Returns:
        The labels in order, and moments of their shape. NaN makes the moments of its group NaN.

    Raises:
        InputError: The series differ in length.

    Example:
        >>> labels, moments = moments_by(["a", "b", "a"], [1.0, 5.0, 3.0])
        >>> labels.tolist(), moments.mean_y.tolist(), moments.m2_y.tolist()
        (['a', 'b'], [2.0, 5.0], [2.0, 0.0])
    """
    labels, code = np.unique(np.asarray(group), return_inverse=True)
    series = {k: numbers(k, v) for k, v in (("y", y), ("d", d), ("x", x)) if v is not None}
    for name, values in series.items():
        if values.shape != code.shape or values.ndim != 1:
            raise InputError(
                f"{name} has shape {values.shape} and group {code.shape}; both need one element per unit"
            )
    size = len(labels)
    n = np.bincount(code, minlength=size).astype(np.float64)
    parts: dict[str, NDArray[np.float64]] = {}
    rest: dict[str, NDArray[np.float64]] = {}
    with np.errstate(all="ignore"):  # NaN and overflow stay in the moments and get a reason in the methods
        for name, values in series.items():
            parts[f"mean_{name}"], rest[name] = _centred(code, values, n)
            parts[f"m2_{name}"] = _sums(code, rest[name] ** 2, size)
        for a, b in combinations(series, 2):
            parts[f"c_{a}{b}"] = _sums(code, rest[a] * rest[b], size)
    return labels, Moments(n=n, **parts)


def _centred(
    code: NDArray[np.intp], values: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Group means and residuals; the second pass takes back what rounding left in the first mean."""
    origin = np.zeros(len(n))
    origin[code[::-1]] = values[::-1]  # each group's first value: deviations from it are small
    moved = values - origin[code]
    mean = _sums(code, moved, len(n)) / n
    residuals = moved - mean[code]
    left = _sums(code, residuals, len(n)) / n
    return origin + (mean + left), residuals - left[code]


def _sums(code: NDArray[np.intp], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(code, values, minlength=size), dtype=np.float64)

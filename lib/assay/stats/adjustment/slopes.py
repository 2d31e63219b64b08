"""Least-squares slopes of a metric on covariates, from comoments.

A ratio takes part as its linearisation z = R + (y - R·d) / mean(d), whose mean is the ratio R and whose
variance over n is the delta method's; with d = 1 it is y itself.

References:
    Deng, Xu, Kohavi and Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data, eq. 4. Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric
    Analytics: A Practical Guide with Novel Ideas, eq. 4 (ratios).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.adjustment.comoments import Comoments
from assay.stats.result import Reason, flagged

EPS = float(np.finfo(np.float64).eps)
# A sum of squares smaller than this share of its terms is what their rounding leaves of 0.
ROUNDING = 16 * EPS
# Fewer degrees of freedom than this are none: the trace that they are the rest of carries rounding.
LEAST_DF = 1e-9
# Directions of the covariates' correlation matrix below this eigenvalue are redundant: products of
# deviations carry about 16 digits, so less than five of a slope along it would be left.
_REDUNDANT = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What an adjustment reads of one arm; k covariates.

    Attributes:
        n: Units, shape (...).
        value: The unadjusted estimate: mean, or ratio of sums; NaN of no unit.
        square: Sum of squared deviations of the metric, or of a ratio's linearisation.
        terms: Sum of the sizes of the terms that `square` was computed from, for its rounding.
        mean_x: Means of the covariates, shape (..., k).
        cross: Sums of products of deviations of metric and covariates, shape (..., k).
        square_x: The same of the covariates with each other, shape (..., k, k).
        reason: Codes of `Reason`.
    """

    n: NDArray[np.float64]
    value: NDArray[np.float64]
    square: NDArray[np.float64]
    terms: NDArray[np.float64]
    mean_x: NDArray[np.float64]
    cross: NDArray[np.float64]
    square_x: NDArray[np.float64]
    reason: NDArray[np.uint16]


def mean_side(arm: Comoments) -> Side:
    """An arm's mean of y and its products with the covariates."""
    first, mean, square = len(arm.names) - len(arm.covariates), arm.mean[..., 0], arm.m2[..., 0, 0]
    return Side(
        n=arm.n,
        value=np.where(arm.n > 0, mean, np.nan),
        square=square,
        terms=square + arm.n * (EPS * mean) ** 2 / ROUNDING,
        mean_x=arm.mean[..., first:],
        cross=arm.m2[..., 0, first:],
        square_x=arm.m2[..., first:, first:],
        reason=_reason(arm),
    )


def ratio_side(arm: Comoments) -> Side:
    """An arm's ratio of sums y over d and its linearisation's products with the covariates."""
    mean_d = arm.mean[..., 1]
    value = np.where(mean_d == 0, np.nan, arm.mean[..., 0] / mean_d)
    plain = arm.m2[..., 0, 0] + value**2 * arm.m2[..., 1, 1]
    mixed = 2 * value * arm.m2[..., 0, 1]
    cross = (arm.m2[..., 0, 2:] - value[..., None] * arm.m2[..., 1, 2:]) / mean_d[..., None]
    return Side(
        n=arm.n,
        value=np.where(arm.n > 0, value, np.nan),
        square=np.maximum(plain - mixed, 0.0) / mean_d**2,
        terms=plain / mean_d**2,
        mean_x=arm.mean[..., 2:],
        cross=cross,
        square_x=arm.m2[..., 2:, 2:],
        reason=_reason(arm) | flagged(((mean_d == 0) & (arm.n > 0), Reason.ZERO_DENOMINATOR)),
    )


def residual_square(
    side: Side, slope: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of squared deviations of metric - slope·covariates in an arm, and what rounding can make of 0."""
    fitted = quadratic(slope, side.square_x)
    mixed = 2 * dot(slope, side.cross)
    square = np.maximum(side.square - mixed + fitted, 0.0)
    return square, ROUNDING * (side.terms + np.abs(mixed) + fitted)


def inverse(square_x: NDArray[np.float64], length: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of the covariates' sums of products, with constant and redundant covariates left out.

    Args:
        square_x: Shape (..., k, k).
        length: Root of the sum of squares of each covariate's raw values, shape (..., k): what remains of
            the variance of a constant is rounding of this.

    Returns:
        The inverse on the directions that vary, 0 on the others: a covariate that does not vary has the slope
        0.
    """
    root = np.sqrt(np.diagonal(square_x, axis1=-2, axis2=-1))
    varies = root > 4 * EPS * length
    usable = varies & np.isfinite(root) & (root > 0)
    scale = np.where(usable, 1 / np.where(usable, root, 1.0), 0.0)
    outer = scale[..., :, None] * scale[..., None, :]
    if square_x.shape[-1] == 1:
        return np.asarray(outer)
    correlation = np.where(outer > 0, square_x * outer, 0.0)
    values, vectors = np.linalg.eigh(np.where(np.isfinite(correlation), correlation, 0.0))
    kept = values > _REDUNDANT
    weights = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    return np.asarray(outer * ((vectors * weights[..., None, :]) @ np.swapaxes(vectors, -2, -1)))


def raw_length(side: Side) -> NDArray[np.float64]:
    """Root of the sum of squares of an arm's raw covariates, shape (..., k)."""
    square = np.diagonal(side.square_x, axis1=-2, axis2=-1)
    return np.asarray(np.sqrt(square + side.n[..., None] * side.mean_x**2))


def dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the last axis of products; shapes broadcast."""
    return np.asarray(np.sum(a * b, axis=-1))


def times(matrix: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices (..., k, k) times vectors (..., k)."""
    return np.asarray(np.sum(matrix * vector[..., None, :], axis=-1))


def quadratic(vector: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """vector'·matrix·vector."""
    return dot(vector, times(matrix, vector))


def trace_of_product(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trace of the product of two symmetric matrices."""
    return np.asarray(np.sum(a * b, axis=(-2, -1)))


def _reason(arm: Comoments) -> NDArray[np.uint16]:
    size = np.sum(np.abs(arm.mean), axis=-1) + np.sum(np.abs(arm.m2), axis=(-2, -1))
    return flagged(
        (arm.n < 2, Reason.TOO_FEW_UNITS),  # noqa: PLR2004 - a variance needs two
        (~np.isfinite(size), Reason.NOT_FINITE),
    )

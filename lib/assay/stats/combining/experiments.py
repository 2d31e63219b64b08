"""The experiments that are combined: estimates and standard errors, checked and brought to one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape
from assay.stats.result import Reason, flagged

Array = NDArray[np.float64]

# Estimates that differ by less than this share of the greatest are equal but for their rounding.
_ROUNDING = 8 * np.finfo(np.float64).eps
# Beyond it, in units of the greatest standard error, products of weights leave double precision.
_GREATEST_DISTANCE = 1e70
_LEAST_VARIANCE = 1 / _GREATEST_DISTANCE


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Experiments:
    """Experiments along the last axis, NaN in every row that cannot be combined.

    Attributes:
        y: Estimates minus `center`, in units of `scale`.
        v: Their squared standard errors, in units of `scale` squared.
        center: The first estimate: without it shared leading digits would cancel.
        scale: A power of 2 near the greatest standard error: squares neither overflow nor underflow.
        reason: Codes of `Reason`, one per row.
    """

    y: Array
    v: Array
    center: Array
    scale: Array
    reason: NDArray[np.uint16]

    @classmethod
    def of(cls, estimate: ArrayLike, std_error: ArrayLike, *, axis: int, least: int) -> Experiments:
        """Check estimates and standard errors.

        Args:
            estimate: Estimates, the experiments along `axis`.
            std_error: Standard errors, 0 or greater; broadcasts with `estimate`.
            axis: The axis of the experiments.
            least: How many experiments the caller needs; fewer are `Reason.TOO_FEW_UNITS`.

        Raises:
            InputError: A negative standard error, shapes that do not broadcast, no such axis, or an empty
                one.
        """
        effects, errors = numbers("estimate", estimate), not_negative("std_error", std_error)
        shape = shared_shape(estimate=effects, std_error=errors)
        if not -len(shape) <= axis < len(shape):
            raise InputError(f"axis is {axis}; estimates of shape {shape} have {len(shape)} axes")
        if shape[axis] == 0:
            raise InputError(f"estimate has shape {shape}; axis {axis} must hold at least 1 experiment")
        theta, error = (np.moveaxis(np.broadcast_to(a, shape), axis, -1) for a in (effects, errors))
        reason = _reason(theta, error, least)
        defined = (reason == 0)[..., None]
        theta, error = np.where(defined, theta, np.nan), np.where(defined, error, np.nan)
        center = theta[..., 0]
        scale = np.ldexp(1.0, np.frexp(np.max(error, axis=-1))[1])
        with np.errstate(over="ignore"):
            apart = theta - center[..., None]
            far = np.abs(apart / scale[..., None]) > _GREATEST_DISTANCE
        v = (error / scale[..., None]) ** 2
        wide = np.any(far | (v < _LEAST_VARIANCE), axis=-1)
        reason |= flagged((wide, Reason.NOT_FINITE))
        apart, v = (np.where(wide[..., None], np.nan, a) for a in (apart, v))
        rounding = _ROUNDING * np.max(np.abs(theta), axis=-1)
        equal = np.max(np.abs(apart), axis=-1) <= rounding
        y = np.where(equal[..., None], 0.0, apart) / scale[..., None]
        return cls(y=y, v=v, center=center, scale=scale, reason=reason)

    @property
    def count(self) -> int:
        """Number of experiments."""
        return int(self.y.shape[-1])


def weighted(y: Array, v: Array, tau_squared: Array | float = 0.0) -> tuple[Array, Array, Array]:
    """Inverse-variance weights, their sum, and the weighted mean.

    Args:
        y: Estimates along the last axis.
        v: Their sampling variances.
        tau_squared: Variance between experiments, one per row.

    Returns:
        Weights 1 / (v + tau²) of the shape of `y`; sum and mean, one per row.
    """
    weight = 1 / (v + np.asarray(tau_squared)[..., None])
    total = np.sum(weight, axis=-1)
    return weight, total, np.asarray(np.sum(weight * y, axis=-1) / total)


def _reason(theta: Array, error: Array, least: int) -> NDArray[np.uint16]:
    lost = ~np.all(np.isfinite(theta) & np.isfinite(error), axis=-1)
    return flagged(
        (lost, Reason.NOT_FINITE),
        (np.any(error == 0, axis=-1), Reason.NO_VARIANCE),
        (np.full(lost.shape, theta.shape[-1] < least), Reason.TOO_FEW_UNITS),
    )

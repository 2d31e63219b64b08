"""Mergeable moments of a metric and any number of covariates.

`Moments` holds one covariate; regression on many needs their full matrix of products. As there, every moment
is kept centred and parts merge without loss.

References:
    Pébay (2008), Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order
    Statistical Moments, eq. 3.6. Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample
    Variance, eq. 1.7 (the corrected two-pass algorithm).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape
from assay.stats.moments import Moments

# How far rounding may carry a product over the Cauchy-Schwarz bound, against the series' raw lengths.
_ROUNDING = 1e-9
_MEANS = {"y": "mean_y", "d": "mean_d", "x": "mean_x"}
_PRODUCTS = {
    "yy": "m2_y", "yd": "c_yd", "yx": "c_yx",
    "dy": "c_yd", "dd": "m2_d", "dx": "c_dx",
    "xy": "c_yx", "xd": "c_dx", "xx": "m2_x",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comoments:
    """Moments of one arm's metric `y`, perhaps a ratio's denominator `d`, and k covariates.

    Where `n` is 0 all other moments are set to 0, so that an empty arm is the identity of `merge`. NaN and
    infinity are accepted; a method answers them with a reason code.

    Attributes:
        n: Number of units, 0 or greater, shape (...).
        mean: Mean of each series, shape (..., series).
        m2: Sums over units of products of deviations, shape (..., series, series), symmetric.
        names: Names of the series: "y" first, "d" second if there is a denominator, then the covariates.

    Raises:
        InputError: Names that repeat or do not start with "y", shapes that do not fit them or each other, a
            negative count or sum of squares, products that are not symmetric or that no data can have.

    Example:
        >>> c = Comoments.of([1.0, 2.0, 4.0], {"before": [1.0, 1.0, 4.0], "age": [30.0, 41.0, 25.0]})
        >>> c.names, c.m2.shape
        (('y', 'before', 'age'), (3, 3))
    """

    n: NDArray[np.float64]
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        names = _names(self.names)
        n, mean, m2 = (
            not_negative("n", self.n, finite=True),
            numbers("mean", self.mean),
            numbers("m2", self.m2),
        )
        size = len(names)
        if mean.shape[-1:] != (size,) or m2.shape[-2:] != (size, size):
            raise InputError(
                f"mean has shape {mean.shape} and m2 {m2.shape}; for {size} series they must end in "
                f"({size},) and ({size}, {size})"
            )
        shape = shared_shape(n=n, mean=mean[..., 0], m2=m2[..., 0, 0])
        empty = n == 0
        if np.any(empty):
            mean = np.where(empty[..., None], 0.0, mean)
            m2 = np.where(empty[..., None, None], 0.0, m2)
        _refuse_impossible_products(n, mean, m2, names)
        for name, value in (("n", n), ("mean", mean), ("m2", m2)):
            tail = value.shape[value.ndim - ("n", "mean", "m2").index(name) :]
            object.__setattr__(self, name, np.broadcast_to(value, (*shape, *tail)))
        object.__setattr__(self, "names", names)

    @classmethod
    def of(cls, y: ArrayLike, x: Mapping[str, ArrayLike], d: ArrayLike | None = None) -> Comoments:
        """Comoments of samples.

        Args:
            y: The metric, or a ratio's numerator, shape (..., units).
            x: Covariates by name, each broadcasting to the shape of `y`.
            d: A ratio's denominator, likewise.

        Returns:
            Comoments of shape (...).

        Raises:
            InputError: `y` is a single number, a series is not numbers or does not fit `y`, or a covariate is
                called "y" or "d".
        """
        metric = numbers("y", y)
        if metric.ndim == 0:
            raise InputError("y is a single number; samples need an axis of units")
        if "d" in x or "y" in x:
            raise InputError(f"x has the names {', '.join(x)}; a covariate may not be called y or d")
        others = x if d is None else {"d": d, **x}
        given = {name: numbers(name, values) for name, values in others.items()}
        for name, values in given.items():
            if shared_shape(y=metric, **{name: values}) != metric.shape:
                raise InputError(f"{name} has shape {values.shape}; it must broadcast to y's {metric.shape}")
        series = np.stack([metric, *(np.broadcast_to(v, metric.shape) for v in given.values())], axis=-2)
        with np.errstate(all="ignore"):
            mean, residuals = _centre(series)
            # Not a matrix product: its order of summation, and so its last digit, may depend on the batch.
            m2 = np.einsum("...in,...jn->...ij", residuals, residuals)
        n = np.full(metric.shape[:-1], float(metric.shape[-1]))
        return cls(n=n, mean=mean, m2=m2, names=("y", *given))

    @classmethod
    def of_moments(cls, moments: Moments) -> Comoments:
        """The same moments with the series of `moments`: y, then d and x as far as they are there."""
        names = tuple(name for name in ("y", "d", "x") if name in moments.series)
        mean = np.stack([getattr(moments, _MEANS[name]) for name in names], axis=-1)
        rows = [np.stack([getattr(moments, _PRODUCTS[a + b]) for b in names], axis=-1) for a in names]
        return cls(n=moments.n, mean=mean, m2=np.stack(rows, axis=-2), names=names)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: one element per test."""
        return self.n.shape

    @property
    def series(self) -> frozenset[str]:
        """Which of `y`, `d` and `x` (at least one covariate) are present."""
        return frozenset({"y"} | ({"d"} & set(self.names)) | ({"x"} if self.covariates else set()))

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates."""
        return tuple(name for name in self.names if name not in ("y", "d"))

    def merge(self, other: Comoments) -> Comoments:
        """Comoments of the units of both, which must be disjoint.

        Args:
            other: Comoments of the same names; shapes broadcast.

        Returns:
            Comoments of the union: equal to those of the pooled units up to rounding, for any order.

        Raises:
            InputError: The names or the shapes do not fit.
        """
        refuse_unlike(self, other)
        shape = shared_shape(self=self.n, other=other.n)
        n = np.broadcast_to(self.n + other.n, shape)
        with np.errstate(all="ignore"):
            share = np.divide(other.n, n, out=np.zeros(shape), where=n > 0)
            weight = (self.n * share)[..., None]
            # Where a side is empty there is no distance, and a huge mean must not overflow into one.
            shift = np.where(weight > 0, other.mean - self.mean, 0.0)
            mean = np.where((self.n > 0)[..., None], self.mean + shift * share[..., None], other.mean)
            between = (shift * weight)[..., :, None] * shift[..., None, :]
            return Comoments(n=n, mean=mean, m2=self.m2 + other.m2 + between, names=self.names)


def missing_indicator(x: ArrayLike, *, name: str = "x") -> dict[str, NDArray[np.float64]]:
    """A covariate that some units lack (no pre-period) as two: its value, and whether it is missing.

    Adjusting for both adjusts the units that have the covariate by it, and leaves those that lack it as they
    are but for their number per arm. With no unit missing the indicator is constant and drops out; with all
    missing the estimate is the unadjusted one.

    Args:
        x: Values, NaN where missing.
        name: Name of the covariate.

    Returns:
        `name` with 0 where it is missing, and `name`_missing, 1 where it is; for `Comoments.of`.

    Example:
        >>> both = missing_indicator([4.0, float("nan")], name="before")
        >>> [(name, values.tolist()) for name, values in both.items()]
        [('before', [4.0, 0.0]), ('before_missing', [0.0, 1.0])]
    """
    values = numbers(name, x)
    missing = np.isnan(values)
    return {name: np.where(missing, 0.0, values), f"{name}_missing": missing.astype(np.float64)}


def refuse_unlike(one: Comoments, other: Comoments) -> None:
    """Refuse two sides of different series.

    Raises:
        InputError: The names, or their order, differ.
    """
    if one.names != other.names:
        raise InputError(
            f"one side has the series {', '.join(one.names)}, the other {', '.join(other.names)}; "
            "they must be the same in the same order"
        )


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    listed = tuple(names)
    if listed[:1] != ("y",) or len(set(listed)) < len(listed) or "d" in listed[2:]:
        raise InputError(
            f"names is {listed}; it must start with 'y', then 'd' if there is a denominator, and not repeat"
        )
    return listed


def _refuse_impossible_products(
    n: NDArray[np.float64], mean: NDArray[np.float64], m2: NDArray[np.float64], names: tuple[str, ...]
) -> None:
    squares = not_negative("the diagonal of m2", np.diagonal(m2, axis1=-2, axis2=-1))
    with np.errstate(all="ignore"):
        root = np.sqrt(squares)
        length = np.hypot(root, np.sqrt(n)[..., None] * mean)
        bound = root[..., :, None] * root[..., None, :]
        slack = _ROUNDING * length[..., :, None] * length[..., None, :]
        bad = (np.abs(m2) > bound + slack) | (np.abs(m2 - np.swapaxes(m2, -2, -1)) > slack)
    if np.any(bad):
        *_, i, j = np.argwhere(bad)[0]
        raise InputError(
            f"m2 of {names[i]} and {names[j]} is larger than the root of the product of their sums of "
            "squares, or differs from its mirror image: these moments are of different units"
        )


def _centre(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and residuals along the last axis; the second pass takes back what rounding left in the mean."""
    if values.shape[-1] == 0:
        return np.zeros(values.shape[:-1]), values
    # Deviations from the first value are exact for a constant, and small for data far from 0.
    origin = values[..., :1]
    moved = values - origin
    mean = np.mean(moved, axis=-1, keepdims=True)
    residuals = moved - mean
    left = np.mean(residuals, axis=-1, keepdims=True)
    return (origin + (mean + left))[..., 0], residuals - left

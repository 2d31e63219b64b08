"""Mergeable moments: the sufficient statistics that every method of this package reads.

A moment is kept centred (count, mean, sum of squared deviations, sums of products of deviations), never as a
sum of squares: raw sums lose every digit of the variance on NIST's NumAcc4 and can make it negative.

Three series of one arm's units share an `n`: `y`, the metric or a ratio's numerator; `d`, a ratio's
denominator; `x`, a covariate from before the exposure. `d` and `x` are optional.

References:
    Chan, Golub and LeVeque (1979), Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, eq. 2.1. Pébay (2008), Formulas for Robust, One-Pass Parallel Computation of Covariances and
    Arbitrary-Order Statistical Moments, eq. 3.6 (the cross-moment). Chan, Golub and LeVeque (1983),
    Algorithms for Computing the Sample Variance, eq. 1.7 (the corrected two-pass algorithm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from operator import itemgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape

_MEANS = {"y": "mean_y", "d": "mean_d", "x": "mean_x"}
_SQUARES = {"y": "m2_y", "d": "m2_d", "x": "m2_x"}
_CROSSES = {("y", "d"): "c_yd", ("y", "x"): "c_yx", ("d", "x"): "c_dx"}
# How far rounding may carry a cross-moment over the Cauchy-Schwarz bound, against the series' raw lengths.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moments:
    """Moments of the units of one arm, as arrays that broadcast to one shape (one element per test).

    Where `n` is 0 all other moments are set to 0, so that an empty arm is the identity of `merge`. NaN and
    infinity are accepted in means and moments; a method answers them with a reason code.

    Attributes:
        n: Number of units, 0 or greater.
        mean_y: Mean of the metric, in the metric's unit.
        m2_y: Sum over units of (y - mean_y)².
        mean_d: Mean of the denominator, or None.
        m2_d: Sum over units of (d - mean_d)², or None.
        c_yd: Sum over units of (y - mean_y)(d - mean_d), or None.
        mean_x: Mean of the covariate, or None.
        m2_x: Sum over units of (x - mean_x)², or None.
        c_yx: Sum over units of (y - mean_y)(x - mean_x), or None.
        c_dx: Sum over units of (d - mean_d)(x - mean_x); present exactly if `d` and `x` both are.

    Raises:
        InputError: A negative count or sum of squares, a part of a series missing, a cross-moment that no
            data can have (Cauchy-Schwarz), or shapes that do not broadcast.

    Example:
        >>> m = Moments.of([1.0, 2.0, 3.0, 4.0])
        >>> float(m.mean_y), float(m.var_y)
        (2.5, 1.6666666666666667)
    """

    n: NDArray[np.float64]
    mean_y: NDArray[np.float64]
    m2_y: NDArray[np.float64]
    mean_d: NDArray[np.float64] | None = None
    m2_d: NDArray[np.float64] | None = None
    c_yd: NDArray[np.float64] | None = None
    mean_x: NDArray[np.float64] | None = None
    m2_x: NDArray[np.float64] | None = None
    c_yx: NDArray[np.float64] | None = None
    c_dx: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        _refuse_half_series(self)
        given = {name: numbers(name, value) for name, value in _present(self)}
        given["n"] = not_negative("n", given["n"], finite=True)
        for name in _SQUARES.values():
            if name in given:
                not_negative(name, given[name])
        shape = shared_shape(**given)
        empty = given["n"] == 0
        for name, value in given.items():
            kept = np.where(empty, 0.0, value) if name != "n" and np.any(empty) else value
            object.__setattr__(self, name, np.broadcast_to(kept, shape))
        _refuse_impossible_products(self)

    @classmethod
    def of(
        cls, y: ArrayLike, d: ArrayLike | None = None, x: ArrayLike | None = None, *, axis: int = -1
    ) -> Moments:
        """Moments of samples, by the corrected two-pass algorithm.

        Args:
            y: The metric, one value per unit along `axis`.
            d: The denominator, of the shape of `y`, or None.
            x: The covariate, of the shape of `y`, or None.
            axis: The axis of units; the others remain.

        Returns:
            Moments of the shape of `y` without `axis`. A NaN or infinite value makes its moments NaN.

        Raises:
            InputError: The series differ in shape, or are not numbers.
        """
        series = {k: numbers(k, v) for k, v in (("y", y), ("d", d), ("x", x)) if v is not None}
        for name, value in series.items():
            if value.shape != series["y"].shape or value.ndim == 0:
                raise InputError(
                    f"{name} has shape {value.shape} and y {series['y'].shape}; "
                    "series of the same units must have one shape with at least one axis"
                )
        count = series["y"].shape[axis]
        parts: dict[str, NDArray[np.float64]] = {}
        residuals: dict[str, NDArray[np.float64]] = {}
        with np.errstate(all="ignore"):  # NaN and overflow stay in the moments and get a reason there
            for name, value in series.items():
                parts[_MEANS[name]], residuals[name] = _centre(value, axis)
                parts[_SQUARES[name]] = np.sum(residuals[name] ** 2, axis=axis)
            for (a, b), name in _CROSSES.items():
                if a in residuals and b in residuals:
                    parts[name] = np.sum(residuals[a] * residuals[b], axis=axis)
        return cls(n=np.full(parts["mean_y"].shape, float(count)), **parts)

    @classmethod
    def of_counts(cls, successes: ArrayLike, n: ArrayLike) -> Moments:
        """Moments of a 0/1 metric from its counts.

        Args:
            successes: Units whose value is 1; between 0 and `n`.
            n: Units.

        Returns:
            Moments with `mean_y` the proportion, shapes broadcast.

        Raises:
            InputError: More successes than units, or a count that is negative or not finite.
        """
        ones = not_negative("successes", successes, finite=True)
        units = not_negative("n", n, finite=True)
        shape = shared_shape(successes=ones, n=units)
        ones, units = np.broadcast_to(ones, shape), np.broadcast_to(units, shape)
        if np.any(ones > units):
            most, all_units = (float(a[ones > units][0]) for a in (ones, units))
            raise InputError(f"successes is {most:g}; it must lie between 0 and n, which is {all_units:g}")
        share = np.divide(ones, units, out=np.zeros(shape), where=units > 0)
        return cls(n=units, mean_y=share, m2_y=ones * (1.0 - share))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array: one element per test."""
        return self.n.shape

    @property
    def series(self) -> frozenset[str]:
        """Which of `y`, `d` and `x` are present."""
        return frozenset(name for name, mean in _MEANS.items() if getattr(self, mean) is not None)

    @property
    def var_y(self) -> NDArray[np.float64]:
        """Sample variance of y, divisor n - 1; NaN where n < 2."""
        return self._per_degree("m2_y")

    @property
    def var_d(self) -> NDArray[np.float64]:
        """Sample variance of d; NaN where n < 2."""
        return self._per_degree("m2_d")

    @property
    def var_x(self) -> NDArray[np.float64]:
        """Sample variance of x; NaN where n < 2."""
        return self._per_degree("m2_x")

    @property
    def cov_yd(self) -> NDArray[np.float64]:
        """Sample covariance of y and d; NaN where n < 2."""
        return self._per_degree("c_yd")

    @property
    def cov_yx(self) -> NDArray[np.float64]:
        """Sample covariance of y and x; NaN where n < 2."""
        return self._per_degree("c_yx")

    @property
    def cov_dx(self) -> NDArray[np.float64]:
        """Sample covariance of d and x; NaN where n < 2."""
        return self._per_degree("c_dx")

    def merge(self, other: Moments) -> Moments:
        """Moments of the units of both, which must be disjoint.

        Args:
            other: Moments with the same series; shapes broadcast.

        Returns:
            Moments of the union: equal to those of the pooled units up to rounding, for any order.

        Raises:
            InputError: The series or the shapes do not fit.
        """
        if self.series != other.series:
            raise InputError(
                f"one side has the series {_listed(self)}, the other {_listed(other)}; merge like with like"
            )
        shape = shared_shape(self=self.n, other=other.n)
        n = np.broadcast_to(self.n + other.n, shape)
        parts: dict[str, NDArray[np.float64]] = {}
        shift: dict[str, NDArray[np.float64]] = {}
        with np.errstate(all="ignore"):
            share = np.divide(other.n, n, out=np.zeros(shape), where=n > 0)
            weight = self.n * share
            for name in sorted(self.series):
                mine, theirs = getattr(self, _MEANS[name]), getattr(other, _MEANS[name])
                # Where a side is empty there is no distance, and a huge mean must not overflow into one.
                shift[name] = np.where(weight > 0, theirs - mine, 0.0)
                parts[_MEANS[name]] = np.where(self.n > 0, mine + shift[name] * share, theirs)
                square = _SQUARES[name]
                parts[square] = getattr(self, square) + getattr(other, square) + shift[name] ** 2 * weight
            for (a, b), cross in _CROSSES.items():
                if a in shift and b in shift:
                    parts[cross] = getattr(self, cross) + getattr(other, cross) + shift[a] * shift[b] * weight
        return Moments(n=n, **parts)

    def merge_all(self, axis: int = -1) -> Moments:
        """Merge along an axis, neighbours first, in an order that depends on the length of the axis only.

        The tree keeps the rounding error at O(log k) of k parts, and a result repeats to the last bit.

        Args:
            axis: The axis of parts (days, partitions); must exist.

        Returns:
            Moments of the shape without `axis`; of no parts, an empty arm.

        Raises:
            InputError: There is no such axis.
        """
        if not -len(self.shape) <= axis < len(self.shape):
            raise InputError(
                f"axis is {axis}; moments of shape {self.shape} have {len(self.shape)} axes to merge along"
            )
        parts = _mapped(self, lambda a: np.moveaxis(a, axis, 0))
        if parts.shape[0] == 0:
            return _mapped(parts, lambda a: np.zeros(a.shape[1:]))
        while (size := parts.shape[0]) > 1:
            even = size - size % 2
            left, right = itemgetter(slice(0, even, 2)), itemgetter(slice(1, even, 2))
            merged = _mapped(parts, left).merge(_mapped(parts, right))
            parts = merged if even == size else _joined(merged, _mapped(parts, itemgetter(slice(-1, None))))
        return _mapped(parts, itemgetter(0))

    def _per_degree(self, name: str) -> NDArray[np.float64]:
        total: NDArray[np.float64] | None = getattr(self, name)
        if total is None:
            raise InputError(f"{name} is None; these moments carry {_listed(self)} only")
        variance = np.full(self.shape, np.nan)
        np.divide(total, self.n - 1, out=variance, where=self.n > 1)
        return variance


def _present(moments: Moments) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for field in fields(moments):
        value = getattr(moments, field.name)
        if value is not None:
            yield field.name, value


def _mapped(moments: Moments, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Moments:
    return replace(moments, **{name: change(value) for name, value in _present(moments)})


def _listed(moments: Moments) -> str:
    return ", ".join(name for name in _MEANS if name in moments.series)


def _refuse_half_series(moments: Moments) -> None:
    carried = moments.series
    wanted = {_MEANS[s] for s in carried} | {_SQUARES[s] for s in carried} | {"n", "mean_y", "m2_y"}
    wanted |= {name for pair, name in _CROSSES.items() if carried.issuperset(pair)}
    given = {name for name, _ in _present(moments)}
    if given != wanted:
        missing, extra = sorted(wanted - given), sorted(given - wanted)
        raise InputError(
            f"moments lack {missing or 'nothing'} and have {extra or 'nothing'} too many; "
            "a series needs its mean, its m2 and its cross-moments with the others, or none of them"
        )


def _refuse_impossible_products(moments: Moments) -> None:
    for (a, b), name in _CROSSES.items():
        cross = getattr(moments, name)
        if cross is None:
            continue
        with np.errstate(all="ignore"):
            bound = np.sqrt(getattr(moments, _SQUARES[a])) * np.sqrt(getattr(moments, _SQUARES[b]))
            slack = _ROUNDING * _length(moments, a) * _length(moments, b)
            bad = np.abs(cross) > bound + slack
        if np.any(bad):
            at = int(np.argmax(bad))
            raise InputError(
                f"{name} is {cross.flat[at]:g}; its size must not exceed {bound.flat[at]:g}, "
                f"the root of {_SQUARES[a]} times {_SQUARES[b]}: these moments are of different units"
            )


def _length(moments: Moments, name: str) -> NDArray[np.float64]:
    mean, square = getattr(moments, _MEANS[name]), getattr(moments, _SQUARES[name])
    return np.asarray(np.hypot(np.sqrt(square), np.sqrt(moments.n) * mean))


def _centre(values: NDArray[np.float64], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and residuals; the second pass takes back what rounding left in the first mean."""
    if values.shape[axis] == 0:
        return np.zeros(np.delete(values.shape, axis)), values
    # Deviations from the first value are exact for a constant, and small for data far from 0.
    origin = np.take(values, [0], axis=axis)
    moved = values - origin
    mean = np.mean(moved, axis=axis, keepdims=True)
    residuals = moved - mean
    left = np.mean(residuals, axis=axis, keepdims=True)
    return np.squeeze(origin + (mean + left), axis=axis), residuals - left


def _joined(a: Moments, b: Moments) -> Moments:
    both = {name: np.concatenate([value, getattr(b, name)]) for name, value in _present(a)}
    return replace(a, **both)

"""Samples: the units themselves, for methods that no moments suffice for.

The last axis is that of units; the axes before it are the batch, one element per test. Series of the same
units: `y`, the metric or a ratio's numerator; `d`, a ratio's denominator; `x`, a covariate from before the
exposure; `w`, weights; `cluster`, the number of the group that a unit belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers
from assay.stats.moments import Moments

SERIES = ("y", "d", "x", "w", "cluster")
"""Names of the series, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One arm's units.

    NaN and infinity are accepted in the series; a method answers them with a reason code.

    Attributes:
        y: The metric, shape (..., n); a list of numbers is one test.
        d: The denominator, broadcasting to the shape of `y`, or None.
        x: The covariate, likewise.
        w: Weights, 0 or greater, likewise.
        cluster: Whole numbers, equal for units of one group, likewise.

    Raises:
        InputError: A series is not numbers, does not broadcast to the shape of `y`, or a weight is negative.

    Example:
        >>> arm = Samples([1.0, 2.0, 4.0])
        >>> arm.n, round(float(arm.moments().mean_y), 4)
        (3, 2.3333)
    """

    y: NDArray[np.float64]
    d: NDArray[np.float64] | None = None
    x: NDArray[np.float64] | None = None
    w: NDArray[np.float64] | None = None
    cluster: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        given = {name: numbers(name, getattr(self, name)) for name in self.series}
        shape = given["y"].shape
        if not shape:
            raise InputError("y is a single number; samples need an axis of units")
        if "w" in given:
            not_negative("w", given["w"])
        for name, values in given.items():
            if not _fits(values.shape, shape):
                raise InputError(
                    f"{name} has shape {values.shape} and y {shape}; it must broadcast to the shape of y"
                )
            object.__setattr__(self, name, np.broadcast_to(values, shape))

    @property
    def n(self) -> int:
        """Units of the arm."""
        return int(self.y.shape[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: that of `y` without the axis of units."""
        return self.y.shape[:-1]

    @property
    def series(self) -> frozenset[str]:
        """Which of `y`, `d`, `x`, `w` and `cluster` are present."""
        return frozenset(name for name in SERIES if getattr(self, name) is not None)

    def moments(self) -> Moments:
        """Moments of y, d and x; weights and clusters play no part."""
        return Moments.of(self.y, self.d, self.x)


def _fits(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    tail = target[len(target) - len(shape) :]
    return len(shape) <= len(target) and all(a in (1, b) for a, b in zip(shape, tail, strict=True))

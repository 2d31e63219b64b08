"""One arm and its resamples: the estimate, its variance and the skewness of its influence.

The estimate is the mean of y, or where the units carry a denominator d the ratio of sums Σy / Σd.

References:
    Davison and Hinkley (1997), Bootstrap Methods and their Application, sections 2.7 and 3.2.1 (influence
    values, several samples).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.resampling.weights import sums
from assay.stats.result import Reason, flagged

# A variance below this share of its terms is rounding.
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """An arm with its resamples; m tests, B resamples.

    Attributes:
        value: The estimate, shape (m,).
        variance: Its sampling variance, linearised for a ratio.
        square: Σ l² / n² over units, l their influence on the estimate.
        cube: Σ l³ / n³.
        moves: The estimate in each resample less the estimate, shape (m, B).
        draw_variances: Its variance in each resample, shape (m, B).
        reason: Codes of `Reason`, shape (m,).
    """

    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    square: NDArray[np.float64]
    cube: NDArray[np.float64]
    moves: NDArray[np.float64]
    draw_variances: NDArray[np.float64]
    reason: NDArray[np.uint16]

    def __getitem__(self, which: NDArray[np.int64]) -> Resampled:
        return Resampled(*(getattr(self, field.name)[which] for field in fields(self)))

    def times(self, sign: NDArray[np.float64]) -> Resampled:
        """The same arm with the metric of some tests turned about 0, by factors 1 and -1."""
        return replace(self, value=self.value * sign, cube=self.cube * sign, moves=self.moves * sign[:, None])


def resampled(
    y: NDArray[np.float64],
    d: NDArray[np.float64] | None,
    blocks: Iterator[NDArray[np.float64]],
    resamples: int,
) -> Resampled:
    """An arm's estimates in its resamples.

    Args:
        y: The metric, shape (m, n), n at least 2.
        d: The denominator of that shape, or None.
        blocks: Weights, as in `weights`.
        resamples: How many rows of weights count.

    Returns:
        The arm.
    """
    m, n = y.shape
    bottom = np.ones((m, n)) if d is None else d
    mean_y, mean_d = np.mean(y, axis=1), np.mean(bottom, axis=1)
    y0, d0 = y - mean_y[:, None], bottom - mean_d[:, None]
    # Centred products, so that a resample's variance does not come from sums of raw squares.
    series = [y0, y0 * y0] if d is None else [y0, y0 * y0, d0, d0 * d0, y0 * d0]
    drawn = sums(blocks, np.concatenate(series), resamples) / n
    parts = [*drawn.reshape(len(series), m, resamples)]
    parts += [np.zeros((1, 1))] * (5 - len(parts))
    value = mean_y / mean_d
    moves, variances = _ratio(value[:, None], mean_d[:, None], parts, n)
    influence = (y0 - value[:, None] * d0) / mean_d[:, None]
    square = np.sum((influence / n) ** 2, axis=1)
    finite = np.all(np.isfinite(y) & np.isfinite(bottom), axis=1)
    no_bottom = finite & ((mean_d == 0) | np.any(~np.isfinite(moves), axis=1))
    return Resampled(
        value=value,
        variance=square * n / (n - 1),
        square=square,
        cube=np.sum((influence / n) ** 3, axis=1),
        moves=moves,
        draw_variances=variances,
        reason=flagged((~finite, Reason.NOT_FINITE), (no_bottom, Reason.ZERO_DENOMINATOR)),
    )


def _ratio(
    real: NDArray[np.float64], mean_d: NDArray[np.float64], parts: list[NDArray[np.float64]], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the ratio moves in each resample, and its linearised variance, from means of products."""
    y, yy, d, dd, yd = parts
    bottom = mean_d + d
    move = (y - real * d) / bottom
    value = real + move
    square = yy - 2 * value * yd + value**2 * dd
    spread = square - (y - value * d) ** 2
    spread = np.where(spread <= _ROUNDING * (yy + value**2 * dd), 0.0, spread)
    return move, spread / bottom**2 / (n - 1)


def units(series: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A series of an arm as (m, n), for the m tests of a batch of that shape."""
    n = series.shape[-1]
    return np.broadcast_to(series, (*shape, n)).reshape(int(np.prod(shape)), n)

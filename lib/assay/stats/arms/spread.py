"""The arms of one experiment side by side, and their variation between and within arms.

References:
    Fisher (1925), Statistical Methods for Research Workers (the analysis of variance). Chan, Golub
    and LeVeque (1983), Algorithms for Computing the Sample Variance (data moved towards 0 first).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.checks import shared_shape
from assay.stats.moments import Moments
from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples

Array = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)
_LEAST_ARMS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Units, means and squares of the arms, which stand along the last axis.

    Attributes:
        n: Units per arm, shape (..., arms).
        mean: Means, moved by one amount per experiment: only their differences mean anything.
        m2: Sums of squared deviations within each arm.
        floor: What rounding alone can make of a variance of 0, shape (...).
        reason: Codes known so far, shape (...): an arm without units, or moments that are not finite.
    """

    n: Array
    mean: Array
    m2: Array
    floor: Array
    reason: NDArray[np.uint16]

    @property
    def arms(self) -> int:
        """Number of arms."""
        return int(self.n.shape[-1])

    @property
    def df_within(self) -> Array:
        """Units less arms."""
        return np.asarray(np.sum(self.n, axis=-1) - self.arms)

    @property
    def between(self) -> Array:
        """Sum of squares between arms: Σ n·(mean - grand mean)²."""
        grand = np.sum(self.n * self.mean, axis=-1) / np.sum(self.n, axis=-1)
        return np.asarray(np.sum(self.n * (self.mean - grand[..., None]) ** 2, axis=-1))

    @property
    def within(self) -> Array:
        """Sum of squares within arms."""
        return np.asarray(np.sum(self.m2, axis=-1))

    def pooled(self) -> tuple[Array, NDArray[np.uint16]]:
        """Variance within arms on `df_within` degrees of freedom, NaN where there is none, and why."""
        few = self.df_within < 1
        reason = self.reason | flagged((few, Reason.TOO_FEW_UNITS))
        with np.errstate(all="ignore"):
            variance = self.within / np.where(few, np.nan, self.df_within)
        fixed = (reason == 0) & (variance <= self.floor)
        reason = reason | flagged((fixed, Reason.NO_VARIANCE))
        return np.where(reason == 0, variance, np.nan), reason

    def separate(self) -> tuple[Array, NDArray[np.uint16]]:
        """Variance of each arm, NaN in a row with an arm that has none, and why."""
        reason = self.reason | flagged((np.any(self.n < 2, axis=-1), Reason.TOO_FEW_UNITS))  # noqa: PLR2004
        with np.errstate(all="ignore"):
            variance = self.m2 / np.where(self.n > 1, self.n - 1, np.nan)
        fixed = (reason == 0) & np.any(variance <= self.floor[..., None], axis=-1)
        reason = reason | flagged((fixed, Reason.NO_VARIANCE))
        return np.where((reason == 0)[..., None], variance, np.nan), reason


def spread(arms: Moments | Sequence[Samples]) -> Spread:
    """The arms of experiments, from moments or from the units.

    Units are moved by the first of them before anything is squared, so that data far from 0 keep the digits
    that a mean in double precision would lose.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.

    Returns:
        The spread.

    Raises:
        InputError: Fewer than two arms, something else than moments or samples, or shapes that do not fit.
    """
    if isinstance(arms, Moments):
        moments = arms
        if not arms.shape or arms.shape[-1] < _LEAST_ARMS:
            raise InputError(f"arms has shape {arms.shape}; it needs a last axis of at least 2 arms")
    else:
        moments = _moved(checked_samples(arms))
    n, mean, m2 = moments.n, moments.mean_y, moments.m2_y
    bad = np.any(~np.isfinite(mean) | ~np.isfinite(m2), axis=-1)
    with np.errstate(all="ignore"):
        floor = np.max((_EPS * mean) ** 2, axis=-1)
        mean = mean - mean[..., :1]
    reason = flagged((np.any(n == 0, axis=-1), Reason.TOO_FEW_UNITS), (bad, Reason.NOT_FINITE))
    return Spread(n, mean, m2, floor, reason)


def checked_samples(arms: Sequence[Samples]) -> Sequence[Samples]:
    """Samples of at least two arms whose batches broadcast.

    Raises:
        InputError: They are not.
    """
    for arm in arms:
        if not isinstance(arm, Samples):
            raise InputError(f"arms holds {type(arm).__name__}; give Samples of each arm")
    if len(arms) < _LEAST_ARMS:
        raise InputError(f"arms holds {len(arms)}; a comparison needs at least 2")
    shared_shape(**{f"arm {i}": np.empty(arm.shape) for i, arm in enumerate(arms)})
    return arms


def _moved(arms: Sequence[Samples]) -> Moments:
    """Moments of all arms from one origin, arms along a new last axis."""
    shape = np.broadcast_shapes(*(arm.shape for arm in arms))
    origin = next((arm.y[..., :1] for arm in arms if arm.n), np.zeros(1))
    with np.errstate(all="ignore"):
        parts = [Moments.of(arm.y - origin) for arm in arms]

    def side_by_side(name: str) -> Array:
        return np.stack([np.broadcast_to(getattr(part, name), shape) for part in parts], axis=-1)

    return Moments(n=side_by_side("n"), mean_y=side_by_side("mean_y"), m2_y=side_by_side("m2_y"))

"""Sums per cluster, of both arms side by side: what every method of this package starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples

Array = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class ClusterSums:
    """One arm's clusters, in the order of their numbers; a cluster that the arm does not have has size 0.

    Attributes:
        mean: Mean of the arm's units, shape of the batch.
        size: Units per cluster, shape (..., k).
        residual: Sum over the cluster's units of y - `mean`.
        floor: What rounding alone can make of the variance of `mean`.
        reason: `TOO_FEW_UNITS` for fewer than two clusters, `NOT_FINITE`.
    """

    mean: Array
    size: Array
    residual: Array
    floor: Array
    reason: NDArray[np.uint16]

    @property
    def n(self) -> Array:
        """Units of the arm."""
        return np.asarray(np.sum(self.size, axis=-1))

    @property
    def clusters(self) -> Array:
        """Clusters of the arm."""
        return np.asarray(np.sum(self.size > 0, axis=-1, dtype=np.float64))


def cluster_sums(*arms: Samples) -> tuple[ClusterSums, ...]:
    """Sums per cluster of each arm; the k-th cluster is the same one in every arm.

    Args:
        arms: Samples with y and cluster; batches broadcast. A number stands for the same cluster in all arms.

    Returns:
        One set of sums per arm, all of one shape.
    """
    shape = np.broadcast_shapes(*(arm.shape for arm in arms))
    labels = [np.broadcast_to(np.asarray(arm.cluster), (*shape, arm.n)) for arm in arms]
    codes, count = cluster_codes(np.concatenate(labels, axis=-1))
    ends = np.cumsum([0, *(arm.n for arm in arms)])
    return tuple(
        _sums(np.broadcast_to(arm.y, label.shape), label, codes[..., start:end], count)
        for arm, label, start, end in zip(arms, labels, ends[:-1], ends[1:], strict=True)
    )


def per_cluster(values: Array, codes: NDArray[np.intp], count: int) -> Array:
    """Sum of values over the units of each cluster, shape (..., count)."""
    batch = values.shape[:-1]
    rows = int(np.prod(batch))
    cell = codes.reshape(rows, -1) + count * np.arange(rows)[:, None]
    total = np.bincount(cell.ravel(), weights=values.ravel(), minlength=rows * count)
    return np.asarray(total.reshape((*batch, count)))


def cluster_codes(labels: Array) -> tuple[NDArray[np.intp], int]:
    """The rank of each unit's cluster among those of its batch element, and the most clusters of an element.

    Args:
        labels: Number of each unit's cluster, shape (..., n).

    Returns:
        Codes from 0 on, in the order of the numbers, of the same shape; and one more than the greatest.
    """
    order = np.argsort(labels, axis=-1, kind="stable")
    ordered = np.take_along_axis(labels, order, axis=-1)
    steps = np.zeros(labels.shape, dtype=np.intp)
    np.cumsum(ordered[..., 1:] != ordered[..., :-1], axis=-1, out=steps[..., 1:])
    codes = np.empty_like(steps)
    np.put_along_axis(codes, order, steps, axis=-1)
    return codes, int(np.max(codes, initial=0)) + 1


def _sums(y: Array, label: Array, codes: NDArray[np.intp], count: int) -> ClusterSums:
    size = per_cluster(np.ones(y.shape), codes, count)
    if y.shape[-1] == 0:
        nothing = np.full(y.shape[:-1], np.nan)
        return ClusterSums(
            nothing, size, np.zeros(size.shape), nothing, flagged((True, Reason.TOO_FEW_UNITS))
        )
    rough = np.mean(y, axis=-1, keepdims=True)
    mean = rough + np.mean(y - rough, axis=-1, keepdims=True)
    finite = np.all(np.isfinite(y) & np.isfinite(label), axis=-1)
    lone = np.sum(size > 0, axis=-1) < 2  # noqa: PLR2004 - a variance needs two clusters
    return ClusterSums(
        mean=mean[..., 0],
        size=size,
        residual=per_cluster(y - mean, codes, count),
        floor=(2 * _EPS * np.max(np.abs(y), axis=-1)) ** 2,
        reason=flagged((lone, Reason.TOO_FEW_UNITS), (~finite, Reason.NOT_FINITE)),
    )

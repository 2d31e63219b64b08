"""From units to one value per cluster: what `ratio_delta` and `welch` need to treat the cluster as the unit.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics, section 3. Donner and Klar
    (2000), Design and Analysis of Cluster Randomization Trials in Health Research, chapter 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.clusters.sums import cluster_codes, per_cluster
from assay.stats.moments import Moments
from assay.stats.samples import Samples

Array = NDArray[np.float64]


def cluster_totals(samples: Samples) -> Moments:
    """Moments whose unit is the cluster: y the sum of the metric, d the number of units, for `ratio_delta`.

    Their ratio is the mean per unit: large clusters count for more. With a denominator in the samples, d is
    its sum, and the ratio that of the sums.

    Args:
        samples: Samples with y and cluster, and d if the metric is a ratio.

    Returns:
        Moments of the clusters, series y and d.

    Raises:
        InputError: The samples have no cluster.

    Example:
        >>> shops = Samples([1.0, 2.0, 6.0], cluster=[7, 7, 8])
        >>> moments = cluster_totals(shops)
        >>> float(moments.n), float(moments.mean_y), float(moments.mean_d)
        (2.0, 4.5, 1.5)
    """
    codes, count = _grouped(samples)
    weight = np.ones(samples.y.shape) if samples.d is None else samples.d
    size = per_cluster(np.ones(samples.y.shape), codes, count)
    return _moments(size > 0, per_cluster(samples.y, codes, count), per_cluster(weight, codes, count))


def cluster_means(samples: Samples) -> Moments:
    """Moments whose unit is the cluster: y its mean, for `welch`. Every cluster counts for the same.

    Args:
        samples: Samples with y and cluster.

    Returns:
        Moments of the clusters, series y.

    Raises:
        InputError: The samples have no cluster.
    """
    codes, count = _grouped(samples)
    size = per_cluster(np.ones(samples.y.shape), codes, count)
    with np.errstate(all="ignore"):
        means = np.where(size > 0, per_cluster(samples.y, codes, count) / size, 0.0)
    return _moments(size > 0, means)


def _grouped(samples: Samples) -> tuple[NDArray[np.intp], int]:
    if samples.cluster is None:
        raise InputError("samples have no series cluster; give the number of each unit's cluster")
    return cluster_codes(samples.cluster)


def _moments(present: NDArray[np.bool_], y: Array, d: Array | None = None) -> Moments:
    n = np.asarray(np.sum(present, axis=-1, dtype=np.float64))
    with np.errstate(all="ignore"):
        mean_y, y = _centred(present, y, n)
        parts = {"mean_y": mean_y, "m2_y": np.sum(y**2, axis=-1)}
        if d is not None:
            mean_d, d = _centred(present, d, n)
            parts |= {"mean_d": mean_d, "m2_d": np.sum(d**2, axis=-1), "c_yd": np.sum(y * d, axis=-1)}
    return Moments(n=n, **parts)


def _centred(present: NDArray[np.bool_], values: Array, n: Array) -> tuple[Array, Array]:
    mean = np.sum(values, axis=-1, where=present) / n
    rest = np.where(present, values - mean[..., None], 0.0)
    left = np.sum(rest, axis=-1) / n
    return mean + left, np.where(present, rest - left[..., None], 0.0)

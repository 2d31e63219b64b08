"""How alike are units of one cluster, and what does that cost? Intraclass correlation and design effect.

References:
    Donner and Koval (1980), The Estimation of Intraclass Correlation in the Analysis of Family Data, eq. 2
    (the analysis of variance estimator). Kish (1965), Survey Sampling, section 8.2. Eldridge, Ashby and Kerry
    (2006), Sample Size for Cluster Randomized Trials: Effect of Coefficient of Variation of Cluster Size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape
from assay.stats.clusters.sums import cluster_codes, per_cluster
from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Intraclass:
    """How units cluster, pooled over arms; arrays of the shape of the batch.

    Attributes:
        n: Units.
        clusters: Clusters.
        icc: Share of the variance that lies between clusters, by analysis of variance; may be negative.
        design_effect: How many times the variance of a mean exceeds that of as many independent units; a
            negative `icc` counts as 0.
        effective_n: Independent units that would tell as much: `n` over `design_effect`.
        reason: `TOO_FEW_UNITS` without two clusters in an arm or without a cluster of two, `NO_VARIANCE`, or
            `NOT_FINITE`: no `icc`.
    """

    n: Array
    clusters: Array
    icc: Array
    design_effect: Array
    effective_n: Array
    reason: NDArray[np.uint16]


def intraclass(arm: Samples, *others: Samples) -> Intraclass:
    """Intraclass correlation within arms, design effect and effective sample size.

    ICC = (B - W) / (B + (m0 - 1)·W) with the mean squares B between and W within clusters, and m0 = (N - Σ
    m² / N) / (G - 1) for G clusters of m units, sums taken arm by arm. Design effect 1 + (Σ m² / N - 1)·ICC.

    Args:
        arm: Samples with y and cluster.
        others: More arms, each with its own mean; batches broadcast.

    Returns:
        What the arms have in common.

    Raises:
        InputError: An arm has no cluster, or shapes do not broadcast.

    Example:
        >>> found = intraclass(Samples([1.0, 2.0, 5.0, 6.0], cluster=[0, 0, 1, 1]))
        >>> round(float(found.icc), 4), round(float(found.effective_n), 2)
        (0.9394, 2.06)
    """
    arms = (arm, *others)
    shared_shape(**{f"arm_{i}": np.empty(a.shape) for i, a in enumerate(arms)})
    with np.errstate(all="ignore"):
        columns = list(zip(*(_sums_of_squares(a) for a in arms), strict=True))
        n, clusters, between, within, evenness, squares = (np.asarray(sum(column)) for column in columns)
        degrees = clusters - len(arms)
        mean_between, mean_within = between / degrees, within / (n - clusters)
        total = mean_between + (evenness / degrees - 1) * mean_within
        few = (_fewest(columns[1]) < 2) | (n <= clusters)  # noqa: PLR2004 - a variance needs two
        lost = ~np.isfinite(between + within)
        reason = flagged(
            (few, Reason.TOO_FEW_UNITS),
            (lost, Reason.NOT_FINITE),
            (~few & ~lost & (total == 0), Reason.NO_VARIANCE),
        )
        icc = np.where(reason == 0, (mean_between - mean_within) / total, np.nan)
        effect = 1 + (squares / n - 1) * np.maximum(icc, 0.0)
    return Intraclass(n, clusters, icc, effect, n / effect, reason)


def design_effect(icc: ArrayLike, mean_size: ArrayLike, *, cv: ArrayLike = 0.0) -> Array:
    """How many times more units clusters need than independent units: 1 + ((1 + cv²)·size - 1)·ICC.

    Args:
        icc: Intraclass correlation, between 0 and 1.
        mean_size: Units per cluster on average, 1 or more.
        cv: Standard deviation of the size over its mean, 0 or greater.

    Returns:
        The factor on the sample size, 1 or greater; shapes broadcast.

    Raises:
        InputError: An ICC outside [0, 1], a size below 1, a negative cv, or shapes that do not broadcast.

    Example:
        >>> float(design_effect(0.05, 21))
        2.0
    """
    correlation, size, spread = numbers("icc", icc), numbers("mean_size", mean_size), not_negative("cv", cv)
    if not np.all((correlation >= 0) & (correlation <= 1)):
        raise InputError(f"icc is {icc!r}; it must lie between 0 and 1")
    if not np.all(size >= 1):
        raise InputError(f"mean_size is {mean_size!r}; a cluster has 1 unit or more")
    shared_shape(icc=correlation, mean_size=size, cv=spread)
    return np.asarray(1 + ((1 + spread**2) * size - 1) * correlation)


def _fewest(clusters: tuple[Array, ...]) -> Array:
    return reduce(np.minimum, clusters)


def _sums_of_squares(arm: Samples) -> tuple[Array, ...]:
    """Units, clusters, squares between and within, N - Σ m² / N, and Σ m²."""
    if arm.cluster is None:
        raise InputError("an arm has no series cluster; give the number of each unit's cluster")
    codes, count = cluster_codes(arm.cluster)
    size = per_cluster(np.ones(arm.y.shape), codes, count)
    n = np.asarray(np.sum(size, axis=-1))
    centred = arm.y - np.sum(arm.y, axis=-1, keepdims=True) / n[..., None]
    means = np.where(size > 0, per_cluster(centred, codes, count) / size, 0.0)
    rest = centred - np.take_along_axis(means, codes, axis=-1)
    squares = np.sum(size**2, axis=-1)
    # A cluster without a finite number is no cluster.
    bad = ~np.all(np.isfinite(arm.cluster), axis=-1)
    between = np.where(bad, np.nan, np.sum(size * means**2, axis=-1))
    clusters = np.asarray(np.sum(size > 0, axis=-1, dtype=np.float64))
    return n, clusters, between, np.sum(rest**2, axis=-1), n - squares / n, squares

"""Does the mean differ between blocks of time that depend on their neighbours? HAC variance over blocks.

References:
    Newey and West (1987), A Simple, Positive Semi-Definite, Heteroskedasticity and Autocorrelation Consistent
    Covariance Matrix, eq. 5. Newey and West (1994), Automatic Lag Selection in Covariance Matrix Estimation
    (the rule for lags). Fieller (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.clusters.sums import ClusterSums, cluster_sums
from assay.stats.pivot import Joint, joint_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Array = NDArray[np.float64]


@method(
    name="switchback_hac",
    version="1",
    metric_types=(),
    summary="Difference of mean blocks of a switchback, with Newey-West variance over blocks in time.",
    needs=("y", "cluster"),
    data=Samples,
)
def switchback_hac(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    lags: int | None = None,
) -> Effect:
    """Difference and lift of the mean of block means, blocks correlated with their neighbours in time.

    Formula: e_b the mean of block b minus that of its arm's blocks, u_b = ±e_b / G over the arm's G blocks;
        var = n / (n - 2)·Σ k(l)·Σ u_b·u_(b-l) over lags l from -L to L, k(l) = 1 - |l| / (L + 1), n blocks;
        T = (mean_t - mean_c) / √var, Student's t with n - 2 degrees of freedom.
    Assumes: Blocks far apart are independent; nothing carries over between blocks after the burn-in.
    Use when: One market is switched back and forth over many blocks, and demand drifts over several of them.
    Avoid when: There are fewer than about 40 blocks: the variance then comes out too small; use
        `cluster_robust` with longer blocks, or with pairs of blocks as clusters.

    Args:
        control: Samples with y and cluster, the number of the block in time, as `switchback` gives them.
        treatment: The same; no block is in both arms; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        lags: L, 0 or greater; by default 4·(n / 100)^(2/9), rounded down. Blocks without observations are
            skipped in the count.

    Returns:
        The effect. Every block weighs the same. Fewer than 2 blocks in an arm, or no variance, leave only the
        estimate; a block in both arms is `OUTSIDE_DOMAIN`.

    Raises:
        InputError: Lags that are negative or not whole.
    """
    if lags is not None and (lags < 0 or lags != int(lags)):
        raise InputError(f"lags is {lags!r}; it must be a whole number, 0 or greater")
    sides = cluster_sums(control, treatment)
    (mean_c, u_c), (mean_t, u_t) = (_block_means(side) for side in sides)
    n = sides[0].clusters + sides[1].clusters
    width = np.floor(4 * (n / 100) ** (2 / 9)) if lags is None else np.full(n.shape, float(lags))
    both = np.any((sides[0].size > 0) & (sides[1].size > 0), axis=-1)
    scale = n / (n - 2)
    difference = u_t - u_c
    return joint_effect(
        Joint(
            control=mean_c,
            difference=mean_t - mean_c,
            control_variance=scale * _long_run(u_c, u_c, width),
            variance=scale * _long_run(difference, difference, width),
            covariance=scale * _long_run(difference, u_c, width),
            floor=sides[0].floor + sides[1].floor,
            df=n - 2,
            reason=sides[0].reason | sides[1].reason | flagged((both, Reason.OUTSIDE_DOMAIN)),
        ),
        alpha=alpha,
        alternative=alternative,
    )


def _block_means(arm: ClusterSums) -> tuple[Array, Array]:
    """Mean of the arm's block means, and each block's influence on it; 0 for the other arm's blocks."""
    present = arm.size > 0
    off = np.where(present, arm.residual / arm.size, 0.0)
    count = arm.clusters[..., None]
    shift = np.sum(off, axis=-1, keepdims=True) / count
    return arm.mean + shift[..., 0], np.where(present, off - shift, 0.0) / count


def _long_run(a: Array, b: Array, width: Array) -> Array:
    """Σ k(l)·Σ a_b·b_(b-l) over lags of both signs, Bartlett's kernel."""
    total = np.sum(a * b, axis=-1)
    for lag in range(1, min(int(np.max(width, initial=0)), a.shape[-1] - 1) + 1):
        kernel = np.maximum(1 - lag / (width + 1), 0.0)
        ahead = a[..., lag:] * b[..., :-lag] + a[..., :-lag] * b[..., lag:]
        total = total + kernel * np.sum(ahead, axis=-1)
    return np.asarray(total)

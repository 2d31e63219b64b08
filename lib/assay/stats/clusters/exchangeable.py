"""Cluster-robust variance whose correction knows that units of one cluster are alike.

CR2 and its degrees of freedom are exact where units are independent, which is not why anybody uses them: with
few clusters of unlike size and correlated units the variance comes out too small. Here the working model has
an intraclass correlation: a cluster of m units has a total of variance τ = m·(1 - ICC) + ICC·m², its residual
sum has C = τ·(1 - 2h) + h²·Σ τ, h = m / N, and the adjustment is u = τ / C, so that the variance estimate
Σ u·r² / N² has no bias under that model. For an ICC of 0 this is `cluster_robust`.

References:
    Bell and McCaffrey (2002), Bias Reduction in Standard Errors for Linear Regression with Multi-Stage
    Samples, section 4. Pustejovsky and Tipton (2018), Small-Sample Methods for Cluster-Robust Variance
    Estimation, eq. 4 to 11 (any working model). Imbens and Kolesár (2016), Robust Standard Errors in Small
    Samples: Some Practical Advice, section 3 (a working model with estimated correlation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, shared_shape
from assay.stats.clusters.intraclass import intraclass
from assay.stats.clusters.sums import ClusterSums, cluster_sums
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Array = NDArray[np.float64]


@method(
    name="cluster_robust_icc",
    version="1",
    metric_types=(),
    summary="Difference of means, cluster-robust, corrected under a working intraclass correlation.",
    needs=("y", "cluster"),
    data=Samples,
)
def cluster_robust_icc(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    icc: ArrayLike | None = None,
) -> Effect:
    """Difference and lift of means of units in randomised clusters, for few clusters of unlike size.

    Formula: T = (mean_t - mean_c) / √Σ u·r² / N² over clusters of both arms, r the sum of a cluster's
        residuals and u = τ / C as above; Student's t with (Σ λ)² / Σ λ² degrees of freedom, λ the eigenvalues
        of the variance estimate's quadratic form under the working model.
    Assumes: Clusters are independent of each other, each in one arm. The working model need not hold: with
        many clusters the answer does not depend on it.
    Use when: There are fewer than about 40 clusters and their sizes differ: with 5 clusters an arm of 2 to 40
        units and an ICC of 1/6, `cluster_robust` rejects a true null at the level of 5 % in 6.4 % of
        experiments (20,000 simulated), this one in 3.8 %.
    Avoid when: Clusters have units in both arms: use `cluster_robust`. Clusters are of one size: both are
        the same, and `cluster_robust` is what other programs give.

    Args:
        control: Samples with y and cluster; other series play no part.
        treatment: The same, with other clusters; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        icc: Working intraclass correlation, between 0 and 1, from history; broadcasts. Left out, it is
            estimated from both arms, a negative one as 0.

    Returns:
        The effect. Fewer than 2 clusters in an arm, or no variance, leave only the estimate; a cluster in
        both arms is `OUTSIDE_DOMAIN`.

    Raises:
        InputError: An icc outside [0, 1], or that does not broadcast.
    """
    c, t = cluster_sums(control, treatment)
    if icc is None:
        found = intraclass(control, treatment).icc
        working = np.where(np.isnan(found), 0.0, np.maximum(found, 0.0))
    else:
        working = _share(icc)
        shared_shape(icc=working, control=c.mean, alpha=alpha)
    both = flagged((np.any((c.size > 0) & (t.size > 0), axis=-1), Reason.OUTSIDE_DOMAIN))
    (one, square_c), (two, square_t) = (_arm(side, working[..., None], both) for side in (c, t))
    expected = [np.sum(_total(side, working[..., None]), axis=-1) / side.n**2 for side in (c, t)]
    df = (expected[0] + expected[1]) ** 2 / (square_c + square_t)
    return pivotal_effect(one, two, df=np.asarray(df), alpha=alpha, alternative=alternative)


def _arm(arm: ClusterSums, icc: Array, reason: NDArray[np.uint16]) -> tuple[Estimate, Array]:
    """The arm's mean with its variance, and the trace of the square of the variance's quadratic form.

    The form has u_i·C_i = τ_i on its diagonal and √(u_i·u_j)·(h_i·h_j·S - h_j·τ_i - h_i·τ_j) off it, S = Σ τ;
    the sum of all squares needs sums over clusters only.
    """
    n = arm.n[..., None]
    share, total = arm.size / n, _total(arm, icc)
    whole = np.sum(total, axis=-1, keepdims=True)
    adjust = np.where(total > 0, total / (total * (1 - 2 * share) + share**2 * whole), 0.0)
    twice, mixed, squared = (np.sum(adjust * part, axis=-1) for part in (total**2, share * total, share**2))
    s = whole[..., 0]
    everywhere = 2 * twice * squared + 2 * mixed**2 + (squared * s) ** 2 - 4 * squared * mixed * s
    diagonal = adjust * (share**2 * whole - 2 * share * total)
    trace = everywhere + np.sum(total**2 - diagonal**2, axis=-1)
    estimate = Estimate(
        value=arm.mean,
        variance=np.sum(adjust * arm.residual**2, axis=-1) / arm.n**2,
        floor=arm.floor,
        df=np.asarray(np.nan),
        reason=arm.reason | reason,
    )
    return estimate, np.asarray(trace / arm.n**4)


def _total(arm: ClusterSums, icc: Array) -> Array:
    """Variance of each cluster's total under the working model, in units of a single unit's variance."""
    return np.asarray(arm.size * (1 - icc) + icc * arm.size**2)


def _share(icc: ArrayLike) -> Array:
    values = numbers("icc", icc)
    good = (values >= 0) & (values <= 1)
    if not np.all(good):
        raise InputError(f"icc is {float(values[~good].ravel()[0]):g}; it must lie between 0 and 1")
    return values

"""Does the mean differ when whole groups were randomised? Cluster-robust variance, corrected for few groups.

For an intercept and a treatment the regressors are constant within an arm, so that the Bell-McCaffrey
adjustment of cluster g's residuals has a closed form: it divides their sum by √(1 - h), h = m_g / N the share
of the arm's units that are in the cluster. The degrees of freedom match the first two moments of the variance
estimate under independent errors of one variance, again in closed form.

References:
    Bell and McCaffrey (2002), Bias Reduction in Standard Errors for Linear Regression with Multi-Stage
    Samples, section 4. Pustejovsky and Tipton (2018), Small-Sample Methods for Cluster-Robust Variance
    Estimation and Hypothesis Testing in Fixed Effects Models, eq. 4 to 11. Fieller (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.clusters.sums import ClusterSums, cluster_sums
from assay.stats.pivot import Joint, joint_effect
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Array = NDArray[np.float64]


@method(
    name="cluster_robust",
    version="1",
    metric_types=(),
    summary="Difference of means with CR2 cluster-robust variance and Satterthwaite degrees of freedom.",
    needs=("y", "cluster"),
    data=Samples,
)
def cluster_robust(
    control: Samples, treatment: Samples, *, alpha: Array, alternative: Alternative = "two-sided"
) -> Effect:
    """Difference and lift of means of units whose clusters (shops, regions, days) were randomised.

    Formula: T = (mean_t - mean_c) / √Σ (u_gt - u_gc)² over clusters g, u_g = Σ (y - mean) /
        (N·√(1 - m_g / N)) over g's units in the arm; Student's t with (Σ λ)² / Σ λ² degrees of freedom, λ the
        eigenvalues of the variance estimate's quadratic form under independent errors of one variance.
    Assumes: Clusters are independent of each other; within one, units may depend on each other in any way.
    Use when: What was randomised is a group of the units that the metric is about; from two clusters an arm.
        A cluster with units in both arms (a day of which half was treated, a matched pair of shops) counts as
        one: with equal sizes that is the paired t-test.
    Avoid when: There are fewer than about 40 clusters of very unlike size: the correction is exact for
        independent units only, and `cluster_robust_icc` keeps the level. Only sums per cluster are kept, or
        the metric is a ratio: `ratio_delta` from `cluster_totals` is the same to the first order, with many
        clusters. If every cluster should weigh the same, however large, use `welch` from `cluster_means`.

    Args:
        control: Samples with y and cluster; other series play no part.
        treatment: The same; broadcasts. A number stands for the same cluster in both arms: clusters of which
            each is in one arm only need different numbers.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Fewer than 2 clusters in an arm, or no variance, leave only the estimate.
    """
    c, t = cluster_sums(control, treatment)
    u_c, u_t = _influence(c), _influence(t)
    variance_control = np.sum(u_c**2, axis=-1)
    return joint_effect(
        Joint(
            control=c.mean,
            difference=t.mean - c.mean,
            control_variance=variance_control,
            variance=np.sum((u_t - u_c) ** 2, axis=-1),
            covariance=np.sum(u_t * u_c, axis=-1) - variance_control,
            floor=c.floor + t.floor,
            df=satterthwaite(c, t),
            reason=c.reason | t.reason,
        ),
        alpha=alpha,
        alternative=alternative,
    )


def satterthwaite(control: ClusterSums, treatment: ClusterSums) -> Array:
    """Degrees of freedom (Σ λ)² / Σ λ² of the variance of the difference of two means.

    The quadratic form is B_c + B_t with B_ij = -√(q_i·q_j) / N off the diagonal and h_i / N on it, for each
    arm: its trace is 1 / N, and the trace of its square needs sums over clusters only.
    """
    sides = []
    for arm in (control, treatment):
        share = arm.size / arm.n[..., None]
        sides.append((arm.n, share, share**2 / (1 - share)))
    (n_c, h_c, q_c), (n_t, h_t, q_t) = sides
    squares = _product(h_c, h_c, q_c) / n_c**2 + _product(h_t, h_t, q_t) / n_t**2
    across = _product(h_c, h_t, np.sqrt(q_c * q_t)) / (n_c * n_t)
    return np.asarray((1 / n_c + 1 / n_t) ** 2 / (squares + 2 * across))


def _product(h_a: Array, h_b: Array, q: Array) -> Array:
    """The trace of the product of two such forms, times both N."""
    return np.asarray(np.sum(h_a * h_b, axis=-1) + np.sum(q, axis=-1) ** 2 - np.sum(q**2, axis=-1))


def _influence(arm: ClusterSums) -> Array:
    n = arm.n[..., None]
    return np.asarray(arm.residual / (n * np.sqrt(1 - arm.size / n)))

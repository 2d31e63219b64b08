"""What each of many experiments truly did: their estimates drawn towards their common mean.

The greatest of many estimated lifts is greatest partly by luck. If true effects follow one normal law, its
mean and variance can be learned from all experiments, and each estimate is drawn towards the mean by the
share of its variance that is noise.

References:
    Efron and Morris (1975), Data Analysis Using Stein's Estimator and Its Generalizations. Morris (1983),
    Parametric Empirical Bayes Inference: Theory and Applications, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.stats.checks import open_unit, shared_shape
from assay.stats.combining.between import estimator
from assay.stats.combining.experiments import Array, Experiments, weighted


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shrunk:
    """Posterior of every experiment's true effect; the experiments along the last axis.

    Attributes:
        mean: Posterior mean of each true effect, in the estimates' unit.
        std_dev: Posterior standard deviation of each.
        lower: Lower end of the 1 - `alpha` credible interval of each.
        upper: Its upper end.
        probability_positive: Posterior probability that each true effect is above 0.
        shrinkage: v / (v + tau²), the share of the way to the pooled mean: 0 leaves an estimate as it is, 1
            puts the pooled mean in its place.
        pooled_mean: Mean of the true effects; one per batch element, as all that follows.
        pooled_std_error: Its standard error.
        tau_squared: Variance of the true effects.
        alpha: The level.
        reason: `TOO_FEW_UNITS` for one experiment, `NO_VARIANCE` for a standard error of 0, `NOT_FINITE` for
            NaN or infinity in any experiment.
    """

    mean: Array
    std_dev: Array
    lower: Array
    upper: Array
    probability_positive: Array
    shrinkage: Array
    pooled_mean: Array
    pooled_std_error: Array
    tau_squared: Array
    alpha: Array
    reason: NDArray[np.uint16]


def shrink(
    estimate: ArrayLike,
    std_error: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    between: str = "reml",
    axis: int = -1,
) -> Shrunk:
    """Partial pooling of many effects: empirical Bayes with a normal law of true effects.

    Formula: m = Σwy / Σw with w = 1 / (v + tau²) and B = v / (v + tau²); posterior mean m + (1 - B)·(y - m),
        variance (1 - B)·v + B² / Σw (the second term for a mean that is itself estimated).
    Assumes: independent, approximately normal estimates, true effects drawn from one normal law, tau² as good
        as known.
    Use when: many experiments of one kind are ranked, or the wins of a quarter are added up: the shrunken
        effects are free of the winner's curse where the raw ones are not.
    Avoid when: there are fewer than about ten experiments: the uncertainty of tau² is left out, and where it
        is estimated as 0 every effect becomes the mean with too narrow an interval.

    Args:
        estimate: Estimates, the experiments along `axis`, batch axes elsewhere. Lifts are best given as logs.
        std_error: Standard errors, 0 or greater; broadcasts.
        alpha: Level, strictly between 0 and 1; broadcasts with the batch.
        between: How tau² is estimated: `reml`, `paule-mandel` or `dersimonian-laird`.
        axis: The axis of the experiments.

    Returns:
        The posterior of each experiment, experiments along the last axis.

    Raises:
        InputError: A negative standard error, alpha outside (0, 1), no such estimator or axis, or shapes that
            do not broadcast.

    Example:
        >>> found = shrink([0.0, 1.0, 5.0], [1.0, 1.0, 1.0])
        >>> np.round(found.mean, 3).tolist(), round(float(found.tau_squared), 3)
        ([0.286, 1.143, 4.571], 6.0)
    """
    rule, level = estimator(between), open_unit("alpha", alpha)
    data = Experiments.of(estimate, std_error, axis=axis, least=2)
    shape = shared_shape(experiments=np.empty(data.center.shape), alpha=level)
    defined = data.reason == 0
    tau_squared = rule(data.y, data.v) if data.count > 1 else np.full(defined.shape, np.nan)
    weight, total, pooled = weighted(data.y, data.v, tau_squared)
    shrinkage = data.v * weight
    keep = tau_squared[..., None] * weight  # 1 - B, without the cancellation
    center, scale = data.center[..., None], data.scale[..., None]
    mean = center + (pooled[..., None] + keep * (data.y - pooled[..., None])) * scale
    std_dev = np.sqrt(keep * data.v + shrinkage**2 / total[..., None]) * scale
    half = -special.ndtri(level / 2)[..., None] * std_dev
    each = np.broadcast_arrays(
        mean, std_dev, mean - half, mean + half, special.ndtr(mean / std_dev), shrinkage
    )
    names = ("mean", "std_dev", "lower", "upper", "probability_positive", "shrinkage")
    return Shrunk(
        **dict(zip(names, each, strict=True)),
        pooled_mean=np.broadcast_to(data.center + pooled * data.scale, shape),
        pooled_std_error=np.broadcast_to(data.scale / np.sqrt(total), shape),
        tau_squared=np.broadcast_to(tau_squared * data.scale**2, shape),
        alpha=np.broadcast_to(level, shape),
        reason=np.broadcast_to(data.reason, shape),
    )

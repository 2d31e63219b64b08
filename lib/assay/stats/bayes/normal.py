"""How likely is a mean the greater? The posterior of a difference of means under a normal prior.

With d the observed difference and v its variance, the difference D has the posterior

    N((d / v + m / s²) / (1 / v + 1 / s²), 1 / (1 / v + 1 / s²)),

m and s the prior's mean and deviation. The control's mean has a flat prior, so that both are jointly normal,
and the interval of the lift L is where D - L·control leaves 0 in its middle.

References:
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, eq. 2.12. Fieller (1954),
    Some Problems in Interval Estimation. Raiffa and Schlaifer (1961), Applied Statistical Decision Theory,
    section 5.3 (the loss).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from assay.errors import InputError
from assay.stats.bayes.posterior import Array, believed, limits
from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.pivot import Joint, joint_effect
from assay.stats.registry import method
from assay.stats.result import Posterior, Reason, flagged
from assay.stats.tails import Alternative


@method(
    name="normal_normal",
    version="1",
    metric_types=("mean",),
    summary="Posterior of the difference of two means under a normal prior; probability better, losses.",
    needs=("y",),
    result=Posterior,
)
def normal_normal(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    prior_mean: float = 0.0,
    prior_sd: float = math.inf,
    region: tuple[float, float] = (0.0, 0.0),
) -> Posterior:
    """Difference and lift of two means.

    Formula: 1 / V = 1 / v + 1 / prior_sd², E D = V·(d / v + prior_mean / prior_sd²), d the difference of the
        means and v = s_t² / n_t + s_c² / n_c; intervals are equal-tailed.
    Assumes: Units are independent and arms are so large that v counts as known and d as normal.
    Use when: A probability or an expected loss decides, or earlier experiments say how great effects are.
    Avoid when: Arms are small, or an error rate must be kept under repeated looks.

    Args:
        control: Moments with y.
        treatment: Moments with y; broadcasts.
        alpha: Level of the credible intervals; broadcasts.
        alternative: Which end stays open.
        prior_mean: Mean of the difference before the data, in the metric's unit.
        prior_sd: Its standard deviation, above 0; infinite for a flat prior.
        region: Differences that are as good as none, from lower to upper end.

    Returns:
        The posterior; `relative_estimate` is the ratio of the posterior means of D and control. An arm of
        fewer than 2 units has no variance, so the prior remains (`TOO_FEW_UNITS`), without a lift; of a flat
        one nothing does. No variance in both arms leaves only the estimate. The lift's interval counts a
        negative control as none, like Fieller's.

    Raises:
        InputError: A prior that is none, or a region that is none.
    """
    low, high = limits(region)
    if not math.isfinite(prior_mean):
        raise InputError(f"prior_mean is {prior_mean}; it must be finite")
    if not prior_sd > 0:
        raise InputError(f"prior_sd is {prior_sd}; it must be above 0, and infinite for a flat prior")
    joint, few = _joint(control, treatment, prior_mean, prior_sd)
    effect = joint_effect(joint, alpha=alpha, alternative=alternative)
    effect_reason = effect.reason | flagged((few, Reason.TOO_FEW_UNITS))
    object.__setattr__(effect, "reason", effect_reason)
    centre, sd = effect.estimate, effect.std_error
    z = centre / sd
    # The smaller loss by Mills's ratio, without the cancellation; the losses differ by the estimate.
    mills = math.sqrt(math.pi / 2) * special.erfcx(np.abs(z) / math.sqrt(2))
    least = sd * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (1 - np.abs(z) * mills)
    loss = least + np.maximum(-centre, 0.0), least + np.maximum(centre, 0.0)
    a, b = (low - centre) / sd, (high - centre) / sd
    inside = np.where(a > 0, special.ndtr(-a) - special.ndtr(-b), special.ndtr(b) - special.ndtr(a))
    return believed(effect, better=special.ndtr(z), loss=loss, equivalent=inside)


def _joint(control: Moments, treatment: Moments, prior_mean: float, prior_sd: float) -> tuple[Joint, Array]:
    """Posterior of the control's mean and of the difference, and where too few units told nothing."""
    c, t = mean(control), mean(treatment)
    few = ((c.reason | t.reason) & Reason.TOO_FEW_UNITS) != 0
    reason = (c.reason | t.reason) & ~np.uint16(Reason.TOO_FEW_UNITS)
    observed, variance = t.value - c.value, c.variance + t.variance
    floor = c.floor + t.floor
    fixed = variance <= floor
    # How far the data draw the prior's mean to theirs: 1 under a flat prior.
    weight = np.where(few, 0.0, 1 / (1 + variance / prior_sd**2))
    known = np.where(few | fixed, np.nan, variance)
    posterior = np.where(few, prior_sd**2, np.where(fixed, 0.0, weight * variance))
    difference = np.where(few, prior_mean, prior_mean + weight * (observed - prior_mean))
    share = c.variance / known
    flat = few & math.isinf(prior_sd)
    return Joint(
        control=np.where(few, np.nan, np.where(fixed, c.value, c.value + share * (observed - difference))),
        difference=np.where(flat, observed, difference),
        variance=np.where(flat, np.nan, posterior),
        control_variance=share * t.variance + share**2 * posterior,
        covariance=-share * posterior,
        floor=np.where(few, 0.0, floor * weight),
        df=np.full(np.shape(known), np.inf),
        reason=reason,
    ), few

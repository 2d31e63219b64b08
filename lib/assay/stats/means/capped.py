"""A few huge values should not decide: winsorised metrics, with one cap for both arms.

The cap is a quantile of the pooled units: one that differs between arms would turn a difference of tails into
a difference of means. Of a ratio, numerator and denominator are capped on the same units.

References:
    Tukey (1962), The Future of Data Analysis (winsorising). Deng and Shi (2016), Data-Driven Metric
    Development for Online Controlled Experiments (capping before testing).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.means.welch import welch
from assay.stats.moments import Moments
from assay.stats.ratios.delta import ratio_delta
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Array = NDArray[np.float64]
DEFAULT_QUANTILE = 0.99


@method(
    name="winsorised",
    version="1",
    metric_types=("mean",),
    summary="Welch's t-test after capping both arms at one quantile of the pooled units.",
    needs=("y",),
    data=Samples,
)
def winsorised(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    quantile: float = DEFAULT_QUANTILE,
    cap: float | None = None,
) -> Effect:
    """Difference and lift of means of the capped metric.

    Formula: y' = min(y, c), c the pooled `quantile` (linear between order statistics) or `cap`; then Welch's
        test.
    Assumes: Units are independent; the cap counts as fixed, which its sampling error hardly disturbs.
    Use when: Few units make most of the total, and a change of the bulk is what matters.
    Avoid when: The tail is the business: the estimate is of the capped metric, not of the total.

    Args:
        control: Samples with y.
        treatment: Samples with y; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        quantile: Of the pooled units, above 0 and at most 1 (1 caps nothing).
        cap: The cap itself, in the metric's unit, instead of a quantile.

    Returns:
        The effect, as Welch's test gives it.

    Raises:
        InputError: A quantile outside (0, 1].
    """
    limit = _limit(control.y, treatment.y, quantile, cap)
    arms = (Moments.of(np.minimum(arm.y, limit)) for arm in (control, treatment))
    return welch(*arms, alpha=alpha, alternative=alternative)


@method(
    name="ratio_winsorised",
    version="1",
    metric_types=("ratio",),
    summary="Delta-method test of ratios after capping numerator and denominator on the same pooled units.",
    needs=("y", "d"),
    data=Samples,
)
def ratio_winsorised(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    quantile: float = DEFAULT_QUANTILE,
) -> Effect:
    """Difference and lift of ratios of capped sums.

    Formula: y' = min(y, c_y), d' = min(d, c_d), each cap the pooled `quantile` of its series over the same
        units; then `ratio_delta`.
    Assumes: Units are independent; caps count as fixed.
    Use when: Single units with huge numerators or denominators would decide a ratio.
    Avoid when: Capping moves the ratio itself more than the effect does: look at the uncapped ratio too.

    Args:
        control: Samples with y and d.
        treatment: Samples with y and d; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        quantile: Of the pooled units, above 0 and at most 1 (1 caps nothing).

    Returns:
        The effect, as `ratio_delta` gives it.

    Raises:
        InputError: A quantile outside (0, 1].
    """
    d_c, d_t = np.asarray(control.d), np.asarray(treatment.d)
    limit_y = _limit(control.y, treatment.y, quantile, None)
    limit_d = _limit(d_c, d_t, quantile, None)
    arms = (
        Moments.of(np.minimum(y, limit_y), np.minimum(d, limit_d))
        for y, d in ((control.y, d_c), (treatment.y, d_t))
    )
    return ratio_delta(*arms, alpha=alpha, alternative=alternative)


def _limit(control: Array, treatment: Array, quantile: float, cap: float | None) -> Array:
    """The cap of each test, with an axis of units."""
    if not 0 < quantile <= 1:
        raise InputError(f"quantile is {quantile:g}; it must be above 0 and at most 1")
    if cap is not None:
        return np.asarray(float(cap))
    batch = np.broadcast_shapes(control.shape[:-1], treatment.shape[:-1])
    sides = [np.broadcast_to(y, (*batch, y.shape[-1])) for y in (control, treatment)]
    pooled = np.concatenate(sides, axis=-1)
    if pooled.shape[-1] == 0:
        return np.asarray(np.inf)
    return np.asarray(np.quantile(pooled, quantile, axis=-1, keepdims=True))

"""Bootstrap intervals from quantiles of the resampled difference: percentile and BCa.

References:
    Efron (1987), Better Bootstrap Confidence Intervals, eq. 3.8. Efron and Tibshirani (1993), An Introduction
    to the Bootstrap, chapters 13 and 14. Davison and Hinkley (1997), Bootstrap Methods and their Application,
    eqs. 5.18 and 5.21 to 5.24.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.registry import method
from assay.stats.resampling.bootstrap_effect import seeded
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative


@method(
    name="bootstrap_percentile",
    version="1",
    metric_types=("mean", "proportion", "ratio"),
    summary="Percentile bootstrap of the difference and the lift; p-value by inversion.",
    needs=("y",),
    data=Samples,
)
def bootstrap_percentile(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    resamples: int = 9_999,
    seed: int = 0,
) -> Effect:
    """Quantiles of the resampled differences as the interval.

    Formula: lower = the α/2 quantile of D* = t* - c* over resamples, upper the 1 - α/2 one; p = twice the
        lesser level at which an end is 0. For the lift, the same of t* - (1 + L)·c*.
    Assumes: Units are independent; the law of D* - D̂ is near that of D̂ - D, and symmetric.
    Use when: A simple interval is wanted and arms are large.
    Avoid when: Arms are small or skewed: it is too short there. Use `bootstrap_t_symmetric`.

    Args:
        control: Units with y, and d for a ratio of sums.
        treatment: The same; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        resamples: Resamples of each arm, 99 to 1,000,000.
        seed: Of the draws; the tests of a batch share their resamples.

    Returns:
        The effect; `std_error` is the standard deviation of D*, `statistic` and `df` are not defined. An end
        is infinite where the resamples are too few for the level.

    Raises:
        InputError: `resamples` or `seed` out of range.
    """
    return seeded(control, treatment, alpha, alternative, "percentile", resamples, seed)


@method(
    name="bootstrap_bca",
    version="1",
    metric_types=("mean", "proportion", "ratio"),
    summary="BCa bootstrap (bias-corrected, accelerated) of difference and lift; p-value by inversion.",
    needs=("y",),
    data=Samples,
)
def bootstrap_bca(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    resamples: int = 9_999,
    seed: int = 0,
) -> Effect:
    """Quantiles of the resampled differences at levels corrected for bias and skewness.

    Formula: the quantile of D* at level Φ(z0 + (z0 + z)/(1 - a·(z0 + z))), z = Φ⁻¹(α/2) or Φ⁻¹(1 - α/2);
        z0 = Φ⁻¹(share of D* below D̂), a = Σ l³ / (6·(Σ l²)^1.5), l = a unit's influence over its arm's size.
        For the lift, the same of t* - (1 + L)·c*.
    Assumes: Units are independent; some transformation of D̂ is normal.
    Use when: The metric is moderately skewed and the interval should not depend on its scale.
    Avoid when: Arms are small and heavy-tailed: it is far too short then (20 % where `bootstrap_t` rejects 13
        %). Use `bootstrap_t_symmetric`.

    Args:
        control: Units with y, and d for a ratio of sums.
        treatment: The same; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        resamples: Resamples of each arm, 99 to 1,000,000.
        seed: Of the draws; the tests of a batch share their resamples.

    Returns:
        The effect, as of `bootstrap_percentile`.

    Raises:
        InputError: `resamples` or `seed` out of range.
    """
    return seeded(control, treatment, alpha, alternative, "bca", resamples, seed)

"""Does a weighted mean differ? Units that stand for more than themselves, or for less.

References:
    Hájek (1971), Comment on "An Essay on the Logical Foundations of Survey Sampling". Cochran (1977),
    Sampling Techniques, eq. 6.13 (its linearised variance, that of a ratio).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.ratios.delta import ratio_delta
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative


@method(
    name="weighted",
    version="1",
    metric_types=(),
    summary="t-test of weighted means with the linearised variance of survey statistics; lift by Fieller.",
    needs=("y", "w"),
    data=Samples,
)
def weighted(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of weighted means.

    Formula: mean = Σw·y / Σw, a ratio of sums, with its delta-method variance; the scale of the weights plays
        no part.
    Assumes: Units are independent; weights are sampling or importance weights, not counts of equal units.
    Use when: Units were sampled at different rates, or should count by size.
    Avoid when: A few weights are huge: the effective number of units, (Σw)² / Σw², is then small.

    Args:
        control: Samples with y and w.
        treatment: Samples with y and w; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Weights that sum to 0 leave nothing defined; fewer than 2 units in an arm, or no variance,
        leave only the estimate.
    """
    arms = (Moments.of(arm.y * np.asarray(arm.w), arm.w) for arm in (control, treatment))
    return ratio_delta(*arms, alpha=alpha, alternative=alternative)

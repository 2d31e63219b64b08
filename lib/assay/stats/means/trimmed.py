"""Does the middle of the metric differ? Yuen's test of trimmed means.

References:
    Yuen (1974), The Two-Sample Trimmed t for Unequal Population Variances. Fieller (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, t_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Array = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)


@method(
    name="trimmed",
    version="1",
    metric_types=("mean",),
    summary="Yuen's t-test of trimmed means, without the least and the greatest units of each arm.",
    needs=("y",),
    data=Samples,
)
def trimmed(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    share: float = 0.1,
) -> Effect:
    """Difference and lift of trimmed means.

    Formula: g = ⌊share·n⌋ units off each end leave h = n - 2g, whose mean is the estimate; its variance is
        M2_w / (h·(h - 1)), M2_w that of the arm winsorised at the same units; Student's t with
        Welch-Satterthwaite degrees of freedom on h - 1.
    Assumes: Units are independent and each arm's law has a middle worth comparing.
    Use when: Outliers are noise, such as broken records, and the middle is what matters.
    Avoid when: The metric is skewed and its total matters: a trimmed mean is another quantity. Of a metric
        that is nearly always 0, it is 0.

    Args:
        control: Samples with y.
        treatment: Samples with y; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        share: Of an arm's units to leave out at each end, from 0 to below 1/2; 0 is Welch's test.

    Returns:
        The effect of the trimmed means. Fewer than 2 units left in an arm, or no variance in both, leave only
        the estimates.

    Raises:
        InputError: A share outside [0, 0.5).
    """
    if not 0 <= share < 0.5:  # noqa: PLR2004 - half from each end would leave nothing
        raise InputError(f"share is {share:g}; it must be 0 or greater and below 0.5")
    return t_effect(_middle(control, share), _middle(treatment, share), alpha=alpha, alternative=alternative)


def _middle(samples: Samples, share: float) -> Estimate:
    off = int(share * samples.n)
    left = samples.n - 2 * off
    ordered = np.sort(samples.y, axis=-1)
    kept = Moments.of(ordered[..., off : samples.n - off])
    low, high = (ordered[..., [i]] for i in (off, samples.n - off - 1)) if left else (ordered, ordered)
    winsorised = Moments.of(np.clip(ordered, low, high))
    some = left > 1
    shape = samples.shape
    return Estimate(
        value=np.where(left > 0, kept.mean_y, np.nan),
        variance=winsorised.m2_y / (left * (left - 1)) if some else np.full(shape, np.nan),
        floor=(_EPS * kept.mean_y) ** 2 / max(left, 1),
        df=np.full(shape, float(left - 1)),
        reason=flagged(
            (np.full(shape, not some), Reason.TOO_FEW_UNITS),
            (~np.isfinite(kept.mean_y + winsorised.m2_y), Reason.NOT_FINITE),
        ),
    )

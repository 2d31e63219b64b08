"""Do the arms differ at all? Fisher's analysis of variance, and Welch's for variances that differ.

References:
    Fisher (1925), Statistical Methods for Research Workers. Welch (1951), On the Comparison of
    Several Mean Values: An Alternative Approach. Cohen (1988), Statistical Power Analysis for the Behavioral
    Sciences (eta squared).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.arms.spread import spread
from assay.stats.moments import Moments
from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Omnibus:
    """A test of no difference among all arms: arrays of the shape of the batch.

    A field is NaN only where `reason` says why.

    Attributes:
        statistic: F, or chi-square where `df_within` is infinite.
        df_between: Degrees of freedom between arms.
        df_within: Degrees of freedom within arms; infinite for a chi-square.
        p_value: The upper tail of the statistic if no arm differs.
        effect_size: How far the arms differ, from 0 (not at all) to 1 (nothing varies but between arms); each
            test says which measure.
        reason: Codes of `Reason`; 0 where everything is defined.
    """

    statistic: Array
    df_between: Array
    df_within: Array
    p_value: Array
    effect_size: Array
    reason: NDArray[np.uint16]


def anova(arms: Moments | Sequence[Samples]) -> Omnibus:
    """Analysis of variance in one way: are the means of all arms one?

    Formula: F = [Σ n·(m - m̄)² / (k - 1)] / [Σ M2 / (N - k)] with m̄ the mean of all N units of k arms,
        Fisher's F with k - 1 and N - k degrees of freedom; `effect_size` is eta squared, the share of the sum
        of squares that lies between arms.
    Assumes: independent units, means nearly normal, one variance for all arms.
    Use when: more than two arms are compared and one answer comes first: does anything differ?
    Avoid when: variances differ, the more so if sizes do too: `welch_anova`. Which arm differs is a question
        for `dunnett` and `tukey`, which need no F test before them.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.
            Samples keep digits that means of data far from 0 have lost.

    Returns:
        The test. An arm without units, no more units than arms, or no variance leave nothing.

    Raises:
        InputError: Fewer than two arms, something else than moments or samples, or shapes that do not fit.

    Example:
        >>> found = anova(Moments.of([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 7.0]]))
        >>> float(found.statistic), round(float(found.p_value), 4)
        (6.0, 0.037)
    """
    found = spread(arms)
    with np.errstate(all="ignore"):
        variance, reason = found.pooled()
        between = found.between
        return omnibus(
            statistic=between / (found.arms - 1) / variance,
            df_between=found.arms - 1,
            df_within=found.df_within,
            effect_size=between / (between + found.within),
            reason=reason,
        )


def welch_anova(arms: Moments | Sequence[Samples]) -> Omnibus:
    """Welch's analysis of variance: are the means of all arms one, whatever their variances?

    Formula: with w = n / s², W = Σw, m̃ = Σ w·m / W and A = Σ (1 - w / W)² / (n - 1): F = [Σ w·(m - m̃)² /
        (k - 1)] / [1 + 2·(k - 2)·A / (k² - 1)], Fisher's F with k - 1 and (k² - 1) / (3·A) degrees of
        freedom; `effect_size` is eta squared, as in `anova`.
    Assumes: independent units and means nearly normal.
    Use when: arms may differ in spread, as they mostly do where a treatment moves a mean; with two arms it is
        Welch's t-test. The sane default of the two.
    Avoid when: arms have under about ten units and the metric is skewed: `kruskal_wallis`.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.

    Returns:
        The test. An arm with fewer than 2 units or without variance leaves nothing.

    Raises:
        InputError: Fewer than two arms, something else than moments or samples, or shapes that do not fit.

    Example:
        >>> found = welch_anova(Moments.of([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 7.0]]))
        >>> round(float(found.statistic), 4), round(float(found.df_within), 4)
        (10.2047, 3.7895)
    """
    found = spread(arms)
    k = found.arms
    with np.errstate(all="ignore"):
        variance, reason = found.separate()
        weight = found.n / variance
        share = weight / np.sum(weight, axis=-1, keepdims=True)
        centre = np.sum(share * found.mean, axis=-1, keepdims=True)
        uneven = np.sum((1 - share) ** 2 / (found.n - 1), axis=-1)
        apart = np.sum(weight * (found.mean - centre) ** 2, axis=-1) / (k - 1)
        between = found.between
        return omnibus(
            statistic=apart / (1 + 2 * (k - 2) * uneven / (k**2 - 1)),
            df_between=k - 1,
            df_within=(k**2 - 1) / (3 * uneven),
            effect_size=between / (between + found.within),
            reason=reason,
        )


def omnibus(
    *,
    statistic: Array,
    df_between: Array | int,
    df_within: Array | float,
    effect_size: Array,
    reason: NDArray[np.uint16],
) -> Omnibus:
    """The answer, with its p-value; undefined rows are NaN, and no NaN is without a reason.

    Args:
        statistic: F, or chi-square where `df_within` is infinite.
        df_between: Degrees of freedom between arms.
        df_within: Degrees of freedom within; broadcasts.
        effect_size: The measure.
        reason: Codes known so far.
    """
    lost = (reason == 0) & ~(np.isfinite(statistic) & np.isfinite(effect_size))
    reason = reason | flagged((lost, Reason.NOT_FINITE))
    statistic, first, second, effect_size = np.broadcast_arrays(
        *(np.where(reason == 0, part, np.nan) for part in (statistic, df_between, df_within, effect_size))
    )
    tail = np.where(
        np.isinf(second), special.chdtrc(first, statistic), special.fdtrc(first, second, statistic)
    )
    return Omnibus(
        statistic=statistic,
        df_between=first,
        df_within=second,
        p_value=tail,
        effect_size=effect_size,
        reason=np.broadcast_to(reason, tail.shape),
    )

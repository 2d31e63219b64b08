"""Which arms differ from which? All pairs by Tukey and Kramer, and by Games and Howell.

References:
    Tukey (1953), The Problem of Multiple Comparisons. Kramer (1956), Extension of Multiple Range Tests to
    Group Means with Unequal Numbers of Replications. Hayter (1984), A Proof of the Conjecture that the
    Tukey-Kramer Multiple Comparisons Procedure is Conservative. Games and Howell (1976), Pairwise Multiple
    Comparison Procedures with Unequal N's and/or Variances: A Monte Carlo Study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.arms.contrasts import Contrasts, contrasts
from assay.stats.arms.range_law import studentised_range_quantile, studentised_range_tail
from assay.stats.arms.spread import spread
from assay.stats.moments import Moments
from assay.stats.pivot import satterthwaite, side_by_side
from assay.stats.samples import Samples

Array = NDArray[np.float64]
_ROOT_TWO = float(np.sqrt(2))


@dataclass(frozen=True, slots=True, eq=False)
class _AllPairs:
    """The law of the studentised range, on the scale of t.

    Attributes:
        means: Number of arms.
    """

    means: int

    def tail(self, statistic: Array, df: Array) -> Array:
        """Adjusted p-values."""
        return studentised_range_tail(_ROOT_TWO * np.abs(statistic), self.means, df)

    def quantile(self, alpha: Array, df: Array) -> Array:
        """How far each interval reaches."""
        return studentised_range_quantile(alpha[..., None], self.means, df) / _ROOT_TWO


def tukey(arms: Moments | Sequence[Samples], *, alpha: ArrayLike = 0.05) -> Contrasts:
    """All pairs of arms by Tukey and Kramer, with p-values and intervals that hold together.

    Formula: t_ij = (m_j - m_i) / √(s²·(1 / n_i + 1 / n_j)), s² = Σ M2 / (N - k); adjusted p-values
        P(Q >= √2·|t_ij|) and intervals m_j - m_i ± q / √2·√(s²·(1 / n_i + 1 / n_j)), Q the studentised range
        of k means with N - k degrees of freedom and P(Q > q) = alpha.
    Assumes: independent units, means nearly normal, one variance for all arms.
    Use when: any two of several variants may be compared. Exact for equal sizes, conservative for others.
    Avoid when: variances differ: `games_howell`. Only comparisons with one control matter: `dunnett`.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.
        alpha: Level of the family; broadcasts with the batch.

    Returns:
        One contrast per pair, (0, 1), (0, 2), ..., (1, 2), ...; the later arm less the earlier. No variance
        or no more units than arms leave the estimates only; so does an arm without units, for the whole row.

    Raises:
        InputError: Fewer than two arms, alpha outside (0, 1), or shapes that do not fit.

    Example:
        >>> found = tukey(Moments.of([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 7.0]]))
        >>> found.estimate.tolist(), found.p_value.round(4).tolist()
        ([2.0, 4.0, 2.0], [0.2694, 0.031, 0.2694])
    """
    found = spread(arms)
    pairs = np.triu_indices(found.arms, 1)
    variance, reason = found.pooled()
    with np.errstate(all="ignore"):
        square = variance[..., None] * sum(1 / found.n[..., side] for side in pairs)
    return contrasts(
        found,
        pairs,
        variance=square,
        df=found.df_within[..., None],
        reason=reason,
        law=_AllPairs(found.arms),
        alpha=alpha,
    )


def games_howell(arms: Moments | Sequence[Samples], *, alpha: ArrayLike = 0.05) -> Contrasts:
    """All pairs of arms by Games and Howell: as Tukey's, for variances that differ.

    Formula: t_ij = (m_j - m_i) / √(s_i² / n_i + s_j² / n_j), its degrees of freedom by Welch and
        Satterthwaite; adjusted p-values P(Q >= √2·|t_ij|) and the intervals that invert them, Q the
        studentised range of k means with the pair's degrees of freedom.
    Assumes: independent units and means nearly normal.
    Use when: any two of several variants may be compared and nobody promises equal variances.
    Avoid when: arms have under about ten units, where the level may exceed alpha a little.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.
        alpha: Level of the family; broadcasts with the batch.

    Returns:
        One contrast per pair, (0, 1), (0, 2), ..., (1, 2), ...; the later arm less the earlier. An arm with
        fewer than 2 units or without variance leaves the estimates only, for the whole row.

    Raises:
        InputError: Fewer than two arms, alpha outside (0, 1), or shapes that do not fit.

    Example:
        >>> found = games_howell(Moments.of([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 7.0]]))
        >>> found.df.round(3).tolist(), found.p_value.round(4).tolist()
        ([2.941, 4.0, 2.941], [0.3904, 0.0175, 0.3904])
    """
    found = spread(arms)
    pairs = np.triu_indices(found.arms, 1)
    variance, reason = found.separate()
    with np.errstate(all="ignore"):
        own = variance / found.n
        parts, degrees = (side_by_side(*(a[..., side] for side in pairs)) for a in (own, found.n - 1))
        df = satterthwaite(parts, degrees)
    return contrasts(
        found,
        pairs,
        variance=np.sum(parts, axis=-1),
        df=df,
        reason=reason,
        law=_AllPairs(found.arms),
        alpha=alpha,
    )

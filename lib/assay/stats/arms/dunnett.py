"""Which treatments differ from the one control? Dunnett's many-to-one comparisons.

References:
    Dunnett (1955), A Multiple Comparison Procedure for Comparing Several Treatments with a Control. Dunnett
    (1964), New Tables for Multiple Comparisons with a Control (unequal sizes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.arms.contrasts import Contrasts, contrasts
from assay.stats.arms.dunnett_law import dunnett_quantile, dunnett_tail
from assay.stats.arms.spread import spread
from assay.stats.moments import Moments
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, checked

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _ManyToOne:
    """Dunnett's law for the sizes at hand.

    Attributes:
        ratios: Units of each treatment over those of the control, shape (..., treatments).
        alternative: What the tests look for.
    """

    ratios: Array
    alternative: Alternative

    def tail(self, statistic: Array, df: Array) -> Array:
        """Adjusted p-values."""
        return dunnett_tail(statistic, self.ratios[..., None, :], df, alternative=self.alternative)

    def quantile(self, alpha: Array, df: Array) -> Array:
        """How far each interval reaches, the same for all contrasts."""
        side = "two-sided" if self.alternative == "two-sided" else "greater"
        return dunnett_quantile(alpha, self.ratios, df[..., 0], alternative=side)[..., None]


def dunnett(
    arms: Moments | Sequence[Samples],
    *,
    control: int = 0,
    alpha: ArrayLike = 0.05,
    alternative: str = "two-sided",
) -> Contrasts:
    """Every treatment against one control, with p-values and intervals that hold together.

    Formula: t_i = (m_i - m_0) / √(s²·(1 / n_i + 1 / n_0)), s² = Σ M2 / (N - k); adjusted p-values
        P(max |T_j| >= |t_i|) and intervals m_i - m_0 ± q·√(s²·(1 / n_i + 1 / n_0)) with P(max |T_j| > q) =
        alpha, by deterministic quadrature for any sizes.
    Assumes: independent units, means nearly normal, one variance for all arms.
    Use when: several variants run against one control and a claim about any of them must not be false more
        often than alpha. More powerful than `multiplicity.bonferroni`, which knows nothing of the control
        that all comparisons share.
    Avoid when: variances differ and sizes do too: correct Welch's p-values by `multiplicity.holm`. Variants
        are compared with each other as well: `tukey`.

    Args:
        arms: Moments with the arms along the last axis, or the samples of each arm; batches broadcast.
        control: Index of the control.
        alpha: Level of the family; broadcasts with the batch.
        alternative: `two-sided`, `greater` (treatments above the control) or `less`.

    Returns:
        One contrast per treatment, in the order of the arms. No variance or no more units than arms leave the
        estimates only; so does an arm without units, for the whole row.

    Raises:
        InputError: Fewer than two arms, no such control, alpha outside (0, 1), an unknown alternative, or
            shapes that do not fit.

    Example:
        >>> found = dunnett(Moments.of([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 7.0]]))
        >>> found.estimate.tolist(), found.p_value.round(4).tolist()
        ([2.0, 4.0], [0.2213, 0.0237])
    """
    side, found = checked(alternative), spread(arms)
    if not 0 <= control < found.arms:
        raise InputError(f"control is {control}; it must be the index of one of {found.arms} arms")
    treatments = np.delete(np.arange(found.arms), control)
    variance, reason = found.pooled()
    with np.errstate(all="ignore"):
        share = found.n[..., treatments] / found.n[..., [control]]
        square = variance[..., None] * (1 / found.n[..., treatments] + 1 / found.n[..., [control]])
    return contrasts(
        found,
        (np.full(treatments.shape, control), treatments),
        variance=square,
        df=found.df_within[..., None],
        reason=reason,
        law=_ManyToOne(np.where(reason[..., None] == 0, share, 1.0), side),
        alpha=alpha,
        alternative=side,
    )

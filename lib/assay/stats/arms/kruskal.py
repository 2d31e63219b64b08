"""Do the arms differ in where their values rank? Kruskal and Wallis's test, with ties.

References:
    Kruskal and Wallis (1952), Use of Ranks in One-Criterion Variance Analysis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.stats.arms.omnibus import Omnibus, omnibus
from assay.stats.arms.spread import checked_samples
from assay.stats.ranks.midranks import midranks
from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples


def kruskal_wallis(arms: Sequence[Samples]) -> Omnibus:
    """Do values of one arm tend to be higher than those of others?

    Formula: H = 12 / (N·(N + 1)) · Σ n·(r̄ - (N + 1) / 2)² / (1 - Σ(t³ - t) / (N³ - N)), r̄ the mean midrank
        of an arm and t the sizes of groups of ties; chi-square with k - 1 degrees of freedom. `effect_size`
        is H / (N - 1), the eta squared of the ranks.
    Assumes: independent units; if no arm differs, all have one law.
    Use when: the metric is ordinal, or so heavy-tailed that means say little.
    Avoid when: the decision is about a mean or a total, arms differ in spread only (the level is then wrong),
        or arms have under about five units, where the chi-square is a rough guide.

    Args:
        arms: The samples of each arm; batches broadcast.

    Returns:
        The test, `df_within` infinite. An arm without units, a value that is not finite, or values that are
        all equal leave nothing.

    Raises:
        InputError: Fewer than two arms, something else than samples, or shapes that do not broadcast.

    Example:
        >>> found = kruskal_wallis([Samples([1.0, 3.0]), Samples([2.0, 5.0]), Samples([6.0, 7.0])])
        >>> round(float(found.statistic), 4), round(float(found.p_value), 4)
        (3.7143, 0.1561)
    """
    shape = np.broadcast_shapes(*(arm.shape for arm in checked_samples(arms)))
    together = np.concatenate([np.broadcast_to(arm.y, (*shape, arm.n)) for arm in arms], axis=-1)
    units = together.shape[-1]
    ranks, ties = midranks(together)
    edges = np.cumsum([arm.n for arm in arms])[:-1]
    finite = np.all(np.isfinite(together), axis=-1)
    reason = flagged((min(arm.n for arm in arms) == 0, Reason.TOO_FEW_UNITS), (~finite, Reason.NOT_FINITE))
    with np.errstate(all="ignore"):
        between = sum(
            np.sum(own - (units + 1) / 2, axis=-1) ** 2 / own.shape[-1]
            for own in np.split(ranks, edges, axis=-1)
            if own.size
        )
        tied = (float(units) ** 3 - units - ties) / 12
        share = between / tied
    reason = reason | flagged(((reason == 0) & ~(tied > 0), Reason.NO_VARIANCE))
    return omnibus(
        statistic=(units - 1) * share,
        df_between=len(arms) - 1,
        df_within=np.inf,
        effect_size=share,
        reason=reason,
    )

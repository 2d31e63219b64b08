"""Mann and Whitney's test by the exact conditional distribution, ties included.

References:
    Streitberg and Röhmel (1986), Exact Distributions for Permutation and Rank Tests: An Introduction to Some
    Recently Published Algorithms. Lehmann (1975), Nonparametrics: Statistical Methods Based on Ranks,
    section 1.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.ranks.conditional import conditional_tails
from assay.stats.ranks.midranks import Ranking, ranking, unusable
from assay.stats.ranks.superiority import Inference, Superiority, superiority
from assay.stats.registry import method
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, p_value


@method(
    name="mann_whitney_exact",
    version="1",
    metric_types=("mean",),
    summary="Mann-Whitney test by its exact conditional distribution, ties included; no interval.",
    needs=("y",),
    data=Samples,
    result=Superiority,
)
def mann_whitney_exact(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Superiority:
    """Is the sum of the treatment's ranks surprising among all assignments of these units?

    Formula: P(W >= w) over all (n_c + n_t)! / (n_c!·n_t!) choices of the treatment's units, W the sum of
        their midranks; a two-sided p-value is twice the smaller tail.
    Assumes: Units were assigned at random and the treatment changes none of them: nothing else.
    Use when: Arms are small or values are tied, and the level must be guaranteed.
    Avoid when: An interval is wanted (the test has none for the probability of superiority: use
        `hodges_lehmann` for a shift), or arms exceed about 100 units each.

    Args:
        control: Units of the control.
        treatment: Units of the treatment; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        Superiority with p-value, estimate and U as `statistic` (pairs that the treatment wins, ties half);
        the rest is not defined. All values equal give p = 1.

    Raises:
        InputError: The arms are too large for the exact distribution.
    """
    ranks = ranking(control, treatment)
    bad = unusable(control, treatment, 1)
    below, above = _tails(ranks, bad)
    undefined = np.asarray(np.nan)
    found = Inference(
        probability=ranks.wins / max(ranks.pairs, 1),
        std_error=undefined,
        statistic=ranks.wins,
        df=undefined,
        p_value=p_value(below, above, alternative),
        lower=undefined,
        upper=undefined,
    )
    return superiority(
        found, alpha=alpha, alternative=alternative, unusable=bad, fixed=np.zeros((), dtype=np.bool_)
    )


def _tails(ranks: Ranking, bad: NDArray[np.uint16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tails = np.full((2, *ranks.wins.shape), np.nan)
    usable = np.broadcast_to(bad == 0, ranks.wins.shape)
    for at in zip(*np.nonzero(np.atleast_1d(usable)), strict=True):
        where = at if usable.ndim else ()
        both = np.concatenate([ranks.control[where], ranks.treatment[where]])
        tails[(slice(None), *where)] = conditional_tails(both, ranks.treatment.shape[-1])
    return tails[0], tails[1]

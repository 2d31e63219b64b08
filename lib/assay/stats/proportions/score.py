"""Do two proportions differ? The score test, with its own inversion as the interval.

Which score: Mee's (no factor N / (N - 1)) for the difference and Koopman's for the risk ratio, because at no
effect both are the pooled z whose p-value everybody reports. Miettinen and Nurminen's has the factor, in the
p-value too.

References:
    Mee (1984), Confidence Bounds for the Difference between Two Probabilities. Koopman (1984), Confidence
    Intervals for the Ratio of Two Binomial Proportions. Newcombe (1998), Interval Estimation for the
    Difference between Independent Proportions, methods 5 and 6. Miettinen and Nurminen (1985), Comparative
    Analysis of Two Rates, eqs. 8 and 10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.proportions.arms import paired_tables, pooled_z
from assay.stats.proportions.fields import Pivot, z_fields
from assay.stats.proportions.inversion import difference_interval, ratio_interval
from assay.stats.registry import method
from assay.stats.result import Effect, Reason
from assay.stats.tails import Alternative


@method(
    name="proportions_score",
    version="1",
    metric_types=("proportion",),
    summary="Pooled z-test of two proportions; Mee's and Koopman's score intervals from the same inversion.",
    needs=("y",),
)
def proportions_score(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions.

    No success in both arms, or no failure, is evidence of nothing: p = 1. The interval
    of the difference is finite all the same.

    Formula: Z(δ) = (p_t - p_c - δ) / √(p̃_t·q̃_t / n_t + p̃_c·q̃_c / n_c), p̃ the maximum likelihood under the
        hypothesis p_t - p_c = δ; the interval is where |Z(δ)| <= z. The risk ratio likewise.
    Assumes: Units are independent, each a success or not.
    Use when: The metric is the share of units that did something; any counts, 0 and all included.
    Avoid when: An arm has a handful of units and the level must be guaranteed: use an exact test.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `std_error` is that of the estimate, p_c·q_c / n_c + p_t·q_t / n_t under the root, 0 if
        neither arm varies; `statistic` is the score z, whose standard error is the pooled one; `df` is
        infinite. An arm without units leaves nothing defined; a control without success leaves the lift
        without an estimate and without an upper end.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha)
    pivot = Pivot.of(arms.alpha, alternative)
    ends = difference_interval(arms.tables, pivot.z), ratio_interval(arms.tables, pivot.z)
    return Effect(**z_fields(arms, pooled_z(arms.tables), *ends, pivot))


@method(
    name="miettinen_nurminen",
    version="1",
    metric_types=("proportion",),
    summary="Miettinen and Nurminen's score test of two proportions, and its intervals by inversion.",
    needs=("y",),
)
def miettinen_nurminen(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions, variances by N - 1.

    Formula: As `proportions_score` with the variance times N / (N - 1), N = n_c + n_t: Z(δ) is
        √((N - 1) / N) times as great, and the p-value comes from Z(0).
    Assumes: Units are independent, each a success or not.
    Use when: A protocol names it, as those of clinical trials do, or arms are small: it is a little wider.
    Avoid when: The p-value must be that of the pooled z-test: use `proportions_score`.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, as that of `proportions_score`. Arms of one unit together leave nothing defined.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha)
    total = arms.tables.n_c + arms.tables.n_t
    # Weights may leave an arm a part of a unit: without N > 1 the factor does not exist.
    known = total > 1
    factor = np.sqrt(np.where(known, (total - 1) / total, 1.0))
    pivot = Pivot.of(arms.alpha, alternative)
    z = pivot.z / factor
    ends = difference_interval(arms.tables, z), ratio_interval(arms.tables, z)
    arms = arms.without(~known, Reason.TOO_FEW_UNITS)
    return Effect(**z_fields(arms, pooled_z(arms.tables) * factor, *ends, pivot))

"""Where does the effect lie, at all looks at once? Asymptotic confidence sequences.

A confidence sequence is a confidence interval per look whose coverage holds for all looks together. The
asymptotic one asks no more of the data than a central limit theorem does, and the standard error is the
estimated one.

References:
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-Uniform Central Limit Theory and Asymptotic
    Confidence Sequences, theorem 2.2, appendix B.2 (tuning) and section 3 (average treatment effects).
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics (ratios).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.pivot import Estimate
from assay.stats.ratios.delta import ratio as ratio_of_sums
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.sequential.normal_mixture import (
    log_evidence,
    positive,
    radius,
    sequence_effect,
    tightest_ratio,
)
from assay.stats.tails import Alternative

_PLANNED = 5_000


@method(
    name="confidence_sequence",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Asymptotic confidence sequence of two means: interval and p-value hold at all looks at once.",
    needs=("y",),
)
def confidence_sequence(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    planned_n: ArrayLike = _PLANNED,
) -> Effect:
    """Difference and lift of means from all units so far, to be read as often as one likes.

    p-values and intervals mean what they mean for `mixture_sprt`, of which this is the form whose mixture
    scales with the units' spread; the least p-value and the intersection of intervals over looks are valid
    too (`over_looks`).

    Formula: N = n_c + n_t, V = s_c² / n_c + s_t² / n_t, r = r₀·N / planned_n with r₀ = log(1 + r₀) -
        2·log 0.05 = 8.212; interval mean_t - mean_c ± √(V·(1 + r) / r·(log(1 + r) - 2·log alpha)); p by
        inversion. One-sided: half the mixture.
    Assumes: Units are independent, with finite variance; enough of them at the first look (a hundred an arm,
        more if the metric is skewed); shares of the arms do not change on the way.
    Use when: Results are watched and may stop the experiment at any time; the number of units to expect is
        known better than the size of the effect.
    Avoid when: The number of looks is planned: a group sequential design is shorter. Looks begin with a
        handful of units: use `mixture_t`, or `betting_sequence` for bounded data.

    Args:
        control: Moments with y, of all units so far.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        planned_n: Units of both arms together at which the two-sided 95 % interval is tightest, above 0;
            broadcasts. It is no limit: at a tenth of it the interval is 26 % wider than it could be, at ten
            times 7 %.

    Returns:
        The effect; `statistic` is the estimate over its standard error, `df` is infinite. Fewer than 2 units
        in an arm, or no variance in both, leave only the estimate.

    Raises:
        InputError: `planned_n` is not above 0.
    """
    return _sequence(control, treatment, (mean(control), mean(treatment)), planned_n, alpha, alternative)


@method(
    name="confidence_sequence_ratio",
    version="1",
    metric_types=("ratio",),
    summary="Asymptotic confidence sequence of two ratios of sums, by the delta method.",
    needs=("y", "d"),
)
def confidence_sequence_ratio(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    planned_n: ArrayLike = _PLANNED,
) -> Effect:
    """Difference and lift of ratios of sums from all units so far, to be read as often as one likes.

    Formula: That of `confidence_sequence`, with R = Σy / Σd per arm and V the sum of the arms' var(R) =
        (v_y - 2·R·c_yd + R²·v_d) / (n·mean(d)²).
    Assumes: What `confidence_sequence` assumes, and a denominator whose mean is well away from 0.
    Use when: Events are finer than what was randomised, and results are watched on the way.
    Avoid when: The treatment moves the denominator itself and that is what matters.

    Args:
        control: Moments with y and d, of all units so far.
        treatment: Moments with y and d; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        planned_n: Units of both arms together at which the two-sided 95 % interval is tightest, above 0.

    Returns:
        The effect, as of `confidence_sequence`; a denominator of mean 0 leaves nothing defined.

    Raises:
        InputError: `planned_n` is not above 0.
    """
    arms = ratio_of_sums(control), ratio_of_sums(treatment)
    return _sequence(control, treatment, arms, planned_n, alpha, alternative)


def _sequence(
    control: Moments,
    treatment: Moments,
    arms: tuple[Estimate, Estimate],
    planned_n: ArrayLike,
    alpha: NDArray[np.float64],
    alternative: Alternative,
) -> Effect:
    ratio = tightest_ratio() * (control.n + treatment.n) / positive("planned_n", planned_n)
    return sequence_effect(
        *arms,
        reach=radius(ratio, alpha, alternative),
        evidence=lambda z: log_evidence(z, ratio, alternative),
        alpha=alpha,
        alternative=alternative,
    )

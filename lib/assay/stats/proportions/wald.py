"""Do two proportions differ? The customary interval, and its repair by four pseudo-units.

References:
    Newcombe (1998), Interval Estimation for the Difference between Independent Proportions, method 1. Agresti
    and Caffo (2000), Simple and Effective Confidence Intervals for Proportions and Differences of Proportions
    Result from Adding Two Successes and Two Failures, section 2. Fieller (1954), Some Problems in Interval
    Estimation, eq. 5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.proportions.arms import Arms, paired_tables
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative


@method(
    name="proportions_wald",
    version="1",
    metric_types=("proportion",),
    summary="The customary unpooled z interval of two proportions; lift by Fieller from the same pivot.",
    needs=("y",),
)
def proportions_wald(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions, each arm's variance at its own share.

    Formula: Z = (p_t - p_c) / √(p_t·q_t / n_t + p_c·q_c / n_c), the interval (p_t - p_c) ± z times the root.
    Assumes: Units are independent, each a success or not, and every arm has many of both.
    Use when: The customary number must stand beside a better one. It covers 95 % only where successes and
        failures are counted in hundreds.
    Avoid when: Any count is small: it covers far less than it says, and nothing at all for a share of 0 or 1
        in both arms. Use `proportions_score`.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. The ends may leave [-1, 1]. If neither arm varies only the estimates are left
        (`NO_VARIANCE`).

    Raises:
        InputError: A mean outside [0, 1].
    """
    return _pivotal(paired_tables(control, treatment, alpha), 0.0, alternative)


@method(
    name="agresti_caffo",
    version="1",
    metric_types=("proportion",),
    summary="The customary interval after one more success and one more failure in each arm.",
    needs=("y",),
)
def agresti_caffo(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions with four pseudo-units.

    Formula: As `proportions_wald` with p̃ = (x + 1) / (n + 2) and n + 2 for p and n in each arm.
    Assumes: Units are independent, each a success or not.
    Use when: The interval must be one of closed form by hand; it is near its level from ten units an arm on.
    Avoid when: Successes are rare beside the arms' sizes: the pseudo-success pulls the lift to 0.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. The estimates are the observed ones; `statistic`, `std_error` and the intervals are those
        of p̃. The ends may leave [-1, 1].

    Raises:
        InputError: A mean outside [0, 1].
    """
    return _pivotal(paired_tables(control, treatment, alpha), 1.0, alternative)


def _pivotal(arms: Arms, added: float, alternative: Alternative) -> Effect:
    """The z pivot of both forms, with so many successes and as many failures added to each arm."""
    t = arms.tables
    effect = pivotal_effect(
        _estimate(arms, t.n_c, t.p_c, added),
        _estimate(arms, t.n_t, t.p_t, added),
        df=np.asarray(np.inf),
        alpha=arms.alpha,
        alternative=alternative,
    )
    # What was added moves the intervals, not the estimates.
    lost = flagged((arms.reason & Reason.ZERO_CONTROL != 0, Reason.ZERO_CONTROL))
    return replace(effect, estimate=arms.difference, relative_estimate=arms.lift, reason=effect.reason | lost)


def _estimate(arms: Arms, n: NDArray[np.float64], p: NDArray[np.float64], added: float) -> Estimate:
    units = n + 2 * added
    p = (n * p + added) / units if added else p
    return Estimate(
        value=p,
        variance=p * (1 - p) / units,
        floor=np.zeros_like(p),
        df=np.full_like(p, np.inf),
        reason=np.where(arms.usable, np.uint16(0), arms.reason),
    )

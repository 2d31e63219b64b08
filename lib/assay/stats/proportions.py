"""Do two proportions differ? The score test, with its own inversion as the interval.

Which score: Mee's (no factor N / (N - 1)) for the difference and Koopman's for the risk ratio, because at no
effect both are the pooled z whose p-value everybody reports.

References:
    Mee (1984), Confidence Bounds for the Difference between Two Probabilities. Koopman (1984), Confidence
    Intervals for the Ratio of Two Binomial Proportions. Newcombe (1998), Interval Estimation for the
    Difference between Independent Proportions, method 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect, Reason
from assay.stats.score import Tables, difference_interval, ratio_interval

# How far a mean of zeros and ones may leave [0, 1] by the rounding of merges.
_ROUNDING = 1e-9


@method(
    name="proportions_score",
    version="1",
    metric_types=("proportion",),
    summary="Pooled z-test of two proportions; Mee's and Koopman's score intervals from the same inversion.",
    needs=("y",),
)
def proportions_score(control: Moments, treatment: Moments, *, alpha: NDArray[np.float64]) -> Effect:
    """Difference and risk ratio of two proportions.

    No success in both arms, or no failure, is evidence of nothing: p = 1. The interval
    of the difference is finite all the same.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.

    Returns:
        The effect. `std_error` is that of the estimate, p_c·q_c / n_c + p_t·q_t / n_t under the root, 0 if
        neither arm varies; `statistic` is the score z, whose standard error is the pooled one; `df` is
        infinite. An arm without units leaves nothing defined; a control without success leaves the lift
        without an estimate and without an upper end.

    Raises:
        InputError: A mean outside [0, 1].
    """
    n_c, p_c, n_t, p_t, level = np.broadcast_arrays(
        control.n, _share("control", control), treatment.n, _share("treatment", treatment), alpha
    )
    reason = _reason(n_c, p_c, n_t, p_t)
    usable = (reason & ~np.uint8(Reason.ZERO_CONTROL)) == 0
    # Elements without an answer still need a table for the solver.
    tables = Tables(*(np.where(usable, a, b) for a, b in ((n_c, 2.0), (p_c, 0.5), (n_t, 2.0), (p_t, 0.5))))
    z = -special.ndtri(level / 2)
    lower, upper = difference_interval(tables, z)
    ratio_lower, ratio_upper = ratio_interval(tables, z)
    unbounded = usable & np.isinf(ratio_upper)
    difference = np.where((n_c > 0) & (n_t > 0), p_t - p_c, np.nan)
    statistic = _pooled_z(tables)

    def known(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(usable, values, np.nan)

    return Effect(
        estimate=difference,
        std_error=known(np.sqrt(p_c * (1 - p_c) / n_c + p_t * (1 - p_t) / n_t)),
        statistic=known(statistic),
        df=np.asarray(np.inf),
        p_value=known(2 * special.ndtr(-np.abs(statistic))),
        lower=known(lower),
        upper=known(upper),
        relative_estimate=np.where(p_c == 0, np.nan, difference / p_c),
        relative_lower=known(ratio_lower - 1),
        relative_upper=known(ratio_upper - 1),
        alpha=level,
        reason=reason | np.where(unbounded, np.uint8(Reason.RELATIVE_UNBOUNDED), np.uint8(0)),
    )


def _share(name: str, moments: Moments) -> NDArray[np.float64]:
    share = moments.mean_y
    outside = (share < -_ROUNDING) | (share > 1 + _ROUNDING)
    if np.any(outside):
        first = float(share[outside].ravel()[0])
        raise InputError(
            f"{name}'s mean is {first:g}; a proportion must lie between 0 and 1: use a method for means"
        )
    return np.clip(share, 0.0, 1.0)


def _reason(
    n_c: NDArray[np.float64], p_c: NDArray[np.float64], n_t: NDArray[np.float64], p_t: NDArray[np.float64]
) -> NDArray[np.uint8]:
    few = np.where((n_c == 0) | (n_t == 0), np.uint8(Reason.TOO_FEW_UNITS), np.uint8(0))
    bad = np.where(np.isnan(p_c + p_t), np.uint8(Reason.NOT_FINITE), np.uint8(0))
    zero = np.where((p_c == 0) & (n_c > 0), np.uint8(Reason.ZERO_CONTROL), np.uint8(0))
    return np.asarray(few | bad | zero, dtype=np.uint8)


def _pooled_z(tables: Tables) -> NDArray[np.float64]:
    total = tables.n_c + tables.n_t
    pooled = (tables.n_c * tables.p_c + tables.n_t * tables.p_t) / total
    variance = pooled * (1 - pooled) * (1 / tables.n_c + 1 / tables.n_t)
    # Nobody, or everybody, succeeded: the limit of the score at no effect is 0.
    return np.where(variance > 0, (tables.p_t - tables.p_c) / np.sqrt(variance), 0.0)

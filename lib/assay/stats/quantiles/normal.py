"""Do quantiles differ? Normal theory with the distance of two order statistics as the standard error.

Two order statistics around the quantile hold it with a known binomial probability; a normal estimate would
need 2·z standard errors to do so, which gives the standard error without a density.

References:
    Price and Bonett (2002), Statistical Inference for a Linear Function of Medians, eq. 1 to 3 (q = 1/2).
    Bonett and Price (2020), Interval Estimation for Linear Functions of Medians in Within-Subjects and Mixed
    Designs, eq. 2. McKean and Schrader (1984), A Comparison of Methods for Studentizing the Sample Median.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.stats.checks import open_unit, shared_shape
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.quantiles.empirical import (
    not_ranked,
    order_statistic,
    ordered,
    rank_law,
    sample_quantile,
)
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

# Standard errors of the rank on either side: for the median, Price and Bonett's (n + 1) / 2 - √n.
_REACH = 2.0
# The least probability of holding the quantile from which a standard error may be read.
_LEAST = 0.75


@method(
    name="quantile_normal",
    version="1",
    metric_types=("quantile",),
    summary="z-test of quantiles with Price and Bonett's order-statistic standard error; lift by Fieller.",
    needs=("y",),
    data=Samples,
)
def quantile_normal(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    q: ArrayLike = 0.5,
) -> Effect:
    """Difference and lift of a quantile by normal theory.

    Formula: z = (x̂_t - x̂_c) / √(s_t² + s_c²), s = (x(u) - x(l)) / (2·z*), ranks l and u = (n + 1)·q ∓
        2·√(n·q·(1 - q)) rounded away from the middle's half, z* the normal quantile of P(l <= B < u), B ~
        Bin(n, q). For the median this is Price and Bonett's; the lift is Fieller's.
    Assumes: Units are independent, arms are large, and the density is positive and smooth at the quantile.
    Use when: A standard error is needed, to combine experiments or to plan; many tests at once.
    Avoid when: Values tie near the quantile, or q is extreme: the standard error follows the same few units
        as the estimate. Use `quantile_melded` for decisions.

    Args:
        control: Samples with y.
        treatment: Samples with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        q: Order of the quantile, strictly between 0 and 1; broadcasts.

    Returns:
        The effect, `df` infinite. An arm whose order statistics would hold the quantile with a probability
        below 3/4 has too few units (`Reason.TOO_FEW_UNITS`); order statistics that tie in both arms leave no
        variance.

    Raises:
        InputError: A `q` outside (0, 1).
    """
    order = open_unit("q", q)
    shared_shape(control=np.empty(control.shape), treatment=np.empty(treatment.shape), q=order, alpha=alpha)
    arms = (quantile_estimate(arm, order) for arm in (control, treatment))
    return pivotal_effect(*arms, df=np.asarray(np.inf), alpha=alpha, alternative=alternative)


def quantile_estimate(samples: Samples, q: NDArray[np.float64]) -> Estimate:
    """An arm's quantile with its order-statistic variance and reasons; batch and `q` broadcast."""
    ascending, n = ordered(samples), samples.n
    ranks = np.array([_ranks(n, float(order)) for order in q.flat]).reshape(*q.shape, 3)
    lower, upper, coverage = np.moveaxis(ranks, -1, 0)
    few = coverage < _LEAST
    width = order_statistic(ascending, upper) - order_statistic(ascending, lower)
    # The normal quantile of the middle's probability, from the tails that it leaves.
    std_error = width / (-2 * special.ndtri((1 - coverage) / 2))
    reason = not_ranked(ascending) | flagged((few, Reason.TOO_FEW_UNITS))
    return Estimate(
        value=np.where(np.isfinite(width), sample_quantile(ascending, q), np.nan),
        variance=std_error**2,
        floor=np.asarray(0.0),
        df=np.asarray(np.inf),
        reason=reason,
    )


def _ranks(n: int, q: float) -> tuple[float, float, float]:
    """Ranks on either side of the quantile, mirrored for 1 - q, and the probability that they hold it."""
    middle, reach = (n + 1) * q, _REACH * np.sqrt(n * q * (1 - q))
    lower, upper = max(np.floor(middle - reach + 0.5), 1), min(np.ceil(middle + reach - 0.5), n)
    first, weights = rank_law(n, q)
    ranks = np.arange(first, first + len(weights))
    outside = (ranks < lower) | (ranks >= upper)
    return float(lower), float(upper), float(1 - np.sum(weights[outside]))

"""Do quantiles differ? Melded exact intervals: what this package compares quantiles with by default.

The exact one-sample interval of a quantile exists at every level, and so describes the quantile by two laws
on its order statistics: x(B) bounds it from below and x(B + 1) from above, B ~ Bin(n, q), x(0) = -inf and
x(n + 1) = inf. Melding draws one arm's lower bound against the other arm's upper bound; here the draws are
summed exactly.

References:
    Fay, Proschan and Brittain (2015), Combining One-Sample Confidence Procedures for Inference in the
    Two-Sample Case, eq. 2 and section 5.1 (difference in medians).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.quantiles.comparison import compared
from assay.stats.quantiles.convolution import Bounds, Law
from assay.stats.quantiles.empirical import rank_law
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative


@method(
    name="quantile_melded",
    version="1",
    metric_types=("quantile",),
    summary="Difference and lift of a quantile by melding the arms' exact order-statistic intervals.",
    needs=("y",),
    data=Samples,
)
def quantile_melded(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    q: ArrayLike = 0.5,
) -> Effect:
    """Difference and lift of a quantile, distribution-free in each arm.

    Formula: p = P(x_t(B_t) <= x_c(B_c + 1)) against a greater treatment, B ~ Bin(n, q) in each arm; the lower
        end of the difference is the alpha/2 quantile of x_t(B_t) - x_c(B_c + 1), that of the lift the same of
        the ratio minus 1; the upper ends with x_t(B_t + 1) and x_c(B_c). Estimates are sample quantiles of
        type 7 (Hyndman and Fan).
    Assumes: Units are independent, and nothing else: distributions may differ in every respect, be heavy
        tailed, discrete, or have a gap at the quantile.
    Use when: The metric is the median, a p90 or a p99 of one value per unit. It keeps its level at any size
        of the arms, because it errs to the safe side by half a rank per arm; that costs little unless
        n·q·(1 - q) is below about 10.
    Avoid when: Rows are events of the unit that was randomised: use `quantile_clustered`. The loss of half a
        rank matters: use `quantile_poisson_bootstrap`.

    Args:
        control: Samples with y.
        treatment: Samples with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        q: Order of the quantile, strictly between 0 and 1; broadcasts.

    Returns:
        The effect; the method has no standard error, statistic or degrees of freedom. Where an arm is too
        small for its quantile the interval is open (`Reason.UNBOUNDED`), and the p-value is still exact. A
        control that is not clearly of one sign leaves the lift open.

    Raises:
        InputError: A `q` outside (0, 1).
    """
    return compared(control, treatment, q=q, alpha=alpha, alternative=alternative, bounds_of=exact_bounds)


def exact_bounds(ascending: NDArray[np.float64], q: float) -> Bounds:
    """The two laws whose tails are the exact one-sample intervals of a quantile."""
    first, weights = rank_law(len(ascending), q)
    ranks = slice(first, first + len(weights))
    below, above = np.concatenate([[-np.inf], ascending]), np.concatenate([ascending, [np.inf]])
    return Bounds(Law.of(below[ranks], weights), Law.of(above[ranks], weights))

"""Do quantiles differ? The Poisson bootstrap of quantiles, without resampling.

When every unit gets a Poisson(1) weight, the rank of the unit that becomes the sample quantile follows
Bin(n + 1, q), so that the bootstrap's law is known and needs no draws. Of the two arms' laws the difference
and the ratio are summed exactly.

References:
    Schultzberg and Ankargren (2022), Resampling-free Bootstrap Inference for Quantiles, arXiv 2202.10992,
    theorem 1 and algorithms 4 and 5.
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
    name="quantile_poisson_bootstrap",
    version="1",
    metric_types=("quantile",),
    summary="Difference and lift of a quantile by the Poisson bootstrap, its law summed instead of drawn.",
    needs=("y",),
    data=Samples,
)
def quantile_poisson_bootstrap(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    q: ArrayLike = 0.5,
) -> Effect:
    """Difference and lift of a quantile by the percentile interval of the Poisson bootstrap.

    Formula: p = P(x_t(I_t) <= x_c(I_c)) against a greater treatment, I ~ Bin(n + 1, q) in each arm; the ends
        of the difference are the alpha/2 and 1 - alpha/2 quantiles of x_t(I_t) - x_c(I_c), those of the lift
        the same of the ratio minus 1. Ranks 0 and n + 1 belong to no unit: such draws count against every
        claim. Estimates are sample quantiles of type 7 (Hyndman and Fan).
    Assumes: Units are independent, with values that seldom tie near the quantile.
    Use when: Arms are large, the metric is continuous, and the half rank that `quantile_melded` gives away
        for safety matters.
    Avoid when: n·q·(1 - q) is below about 10 or the level must be kept at any size: use `quantile_melded`.
        Rows are events of the unit that was randomised: use `quantile_clustered`.

    Args:
        control: Samples with y.
        treatment: Samples with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        q: Order of the quantile, strictly between 0 and 1; broadcasts.

    Returns:
        The effect. `std_error` is the standard deviation of the bootstrap's law, ranks held within 1 and n;
        statistic and degrees of freedom are not defined. Where an arm is too small for its quantile the
        interval is open (`Reason.UNBOUNDED`).

    Raises:
        InputError: A `q` outside (0, 1).
    """
    return compared(
        control,
        treatment,
        q=q,
        alpha=alpha,
        alternative=alternative,
        bounds_of=bootstrap_bounds,
        spread_of=bootstrap_variance,
    )


def bootstrap_bounds(ascending: NDArray[np.float64], q: float) -> Bounds:
    """The bootstrap's law, with the draws that belong to no unit at the far end of either side."""
    first, weights = rank_law(len(ascending) + 1, q)
    ranks = np.arange(first, first + len(weights))
    inside = (ranks > 0) & (ranks <= len(ascending))
    values, kept = ascending[ranks[inside] - 1], weights[inside]
    lost = np.sum(weights[~inside], keepdims=True)
    return Bounds(
        Law.of(np.concatenate([[-np.inf], values]), np.concatenate([lost, kept])),
        Law.of(np.concatenate([values, [np.inf]]), np.concatenate([kept, lost])),
    )


def bootstrap_variance(ascending: NDArray[np.float64], q: float) -> float:
    """Variance of the bootstrap's law, ranks held within 1 and n."""
    first, weights = rank_law(len(ascending) + 1, q)
    ranks = np.clip(np.arange(first, first + len(weights)), 1, len(ascending))
    values = ascending[ranks - 1]
    centre = np.sum(weights * values)
    return float(np.sum(weights * (values - centre) ** 2))

"""Do experiments agree? Cochran's test and the measures of their heterogeneity.

References:
    Cochran (1954), The Combination of Estimates from Different Experiments. Higgins and Thompson (2002),
    Quantifying Heterogeneity in a Meta-Analysis, eqs. 6, 9 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.stats.combining.between import estimator, spare
from assay.stats.combining.experiments import Array, Experiments, weighted
from assay.stats.result import Reason


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Heterogeneity:
    """How much experiments differ beyond chance; one element per combination.

    Attributes:
        q: Cochran's Q: squared distances from the fixed-effect mean in units of the standard errors.
        df: Experiments minus 1.
        p_value: Of one effect common to all: the chi-squared tail of `q`.
        tau_squared: Variance between the true effects, in the estimates' unit squared.
        i_squared: Share of the total variation that is between true effects, in [0, 1).
        h_squared: Total over sampling variation, 1 / (1 - I²); 1 if there is no heterogeneity.
        reason: `TOO_FEW_UNITS` for one experiment, `NO_VARIANCE` for a standard error of 0, `NOT_FINITE` for
            NaN or infinity.
    """

    q: Array
    df: Array
    p_value: Array
    tau_squared: Array
    i_squared: Array
    h_squared: Array
    reason: NDArray[np.uint16]


def heterogeneity(
    estimate: ArrayLike, std_error: ArrayLike, *, between: str = "reml", axis: int = -1
) -> Heterogeneity:
    """Cochran's Q with its p-value, tau², I² and H².

    Formula: Q = Σ w·(y - m)² with w = 1 / v and the weighted mean m, chi-squared with k - 1 degrees of
        freedom if all effects are one; H² = 1 + tau² / s² and I² = tau² / (tau² + s²) with the typical
        sampling variance s² = (k - 1) / (Σw - Σw² / Σw).
    Assumes: independent, approximately normal estimates whose standard errors are as good as known.
    Use when: several experiments on one question are to be pooled, and to say whether one number serves all.
    Avoid when: experiments are few: Q misses much then, and a large p-value is no sign of agreement.

    Args:
        estimate: Estimates, the experiments along `axis`, batch axes elsewhere.
        std_error: Standard errors, 0 or greater; broadcasts.
        between: How tau² is estimated: `reml`, `paule-mandel` or `dersimonian-laird`.
        axis: The axis of the experiments.

    Returns:
        The measures, one per batch element.

    Raises:
        InputError: A negative standard error, no such estimator or axis, or shapes that do not broadcast.

    Example:
        >>> found = heterogeneity([0.1, 0.3, 0.8], [0.1, 0.1, 0.2])
        >>> round(float(found.q), 3), round(float(found.p_value), 4)
        (10.0, 0.0067)
    """
    return heterogeneity_of(Experiments.of(estimate, std_error, axis=axis, least=2), between)


def heterogeneity_of(data: Experiments, between: str) -> Heterogeneity:
    """The same of checked experiments; a row of one experiment alone has none.

    Raises:
        InputError: No such estimator.
    """
    rule = estimator(between)
    if data.count == 1:
        reason = data.reason | np.uint16(Reason.TOO_FEW_UNITS)
        nan = np.full(reason.shape, np.nan)
        return Heterogeneity(
            q=nan, df=nan, p_value=nan, tau_squared=nan, i_squared=nan, h_squared=nan, reason=reason
        )
    df = np.where(data.reason == 0, data.count - 1.0, np.nan)
    with np.errstate(all="ignore"):  # rows without an answer are NaN already, and have their reason
        weight, total, mean = weighted(data.y, data.v)
        q = np.sum(weight * (data.y - mean[..., None]) ** 2, axis=-1)
        tau_squared = np.where(data.reason == 0, rule(data.y, data.v), np.nan)
        typical = df / spare(weight, total)
        i_squared, h_squared = tau_squared / (tau_squared + typical), 1 + tau_squared / typical
    return Heterogeneity(
        q=q,
        df=df,
        p_value=special.chdtrc(df, q),
        tau_squared=tau_squared * data.scale**2,
        i_squared=i_squared,
        h_squared=h_squared,
        reason=data.reason,
    )

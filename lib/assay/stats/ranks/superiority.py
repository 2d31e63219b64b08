"""The effect that rank tests estimate: how often a treatment unit beats a control unit.

P(T > C) + P(T = C) / 2 is 1/2 at no effect. Methods answer in the difference that is 0 at no effect,
P(T > C) - P(T < C), also called Cliff's delta, and carry the probability beside it.

References:
    Vargha and Delaney (2000), A Critique and Improvement of the CL Common Language Effect Size Statistics.
    Cliff (1993), Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative, opened


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Superiority(Effect):
    """Effect on the scale of ranks: `estimate`, `lower` and `upper` are P(T > C) - P(T < C), within -1 and 1.

    There is no lift (`Reason.NOT_DEFINED`).

    Attributes:
        superiority: P(T > C) + P(T = C) / 2, estimated over all pairs of units.
        superiority_lower: Lower end of its 1 - `alpha` interval, at least 0.
        superiority_upper: Upper end, at most 1.
    """

    superiority: NDArray[np.float64]
    superiority_lower: NDArray[np.float64]
    superiority_upper: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """What a rank test found, with the probability of superiority as its parameter.

    Attributes:
        probability: The estimate.
        std_error: Its standard error.
        statistic: The test's pivot at 1/2.
        df: Degrees of freedom of the pivot.
        p_value: Of 1/2.
        lower: Lower end of the interval.
        upper: Upper end.
    """

    probability: NDArray[np.float64]
    std_error: NDArray[np.float64]
    statistic: NDArray[np.float64]
    df: NDArray[np.float64]
    p_value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def superiority(
    found: Inference,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    unusable: NDArray[np.uint16],
    fixed: NDArray[np.bool_],
) -> Superiority:
    """The answer of a rank test.

    Args:
        found: What the arithmetic gave, on both sides.
        alpha: Level; broadcasts.
        alternative: Opens the side that a one-sided test says nothing about.
        unusable: Codes of what leaves not even an estimate.
        fixed: Where the data leave the test without a variance, and thus only the estimate.

    Returns:
        The effect.
    """

    def known(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where((unusable != 0) | fixed, np.nan, values)

    lower, upper = opened(known(found.lower), known(found.upper), alternative, least=0.0, greatest=1.0)
    estimate = np.where(unusable != 0, np.nan, found.probability)
    reason = unusable | flagged((True, Reason.NOT_DEFINED), (fixed & (unusable == 0), Reason.NO_VARIANCE))
    undefined = np.asarray(np.nan)
    return Superiority(
        estimate=2 * estimate - 1,
        std_error=2 * known(found.std_error),
        statistic=known(found.statistic),
        df=known(found.df),
        p_value=known(found.p_value),
        lower=2 * lower - 1,
        upper=2 * upper - 1,
        relative_estimate=undefined,
        relative_lower=undefined,
        relative_upper=undefined,
        alpha=alpha,
        reason=reason,
        alternative=alternative,
        superiority=estimate,
        superiority_lower=lower,
        superiority_upper=upper,
    )

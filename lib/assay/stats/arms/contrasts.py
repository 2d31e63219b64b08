"""What simultaneous comparisons of arms answer: p-values and intervals that hold together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.arms.spread import Spread
from assay.stats.checks import open_unit, shared_shape
from assay.stats.result import Reason, flagged
from assay.stats.tails import Alternative, opened

Array = NDArray[np.float64]
_APART = ("first", "second", "alternative")


class Law(Protocol):
    """The law of all t statistics of a row together."""

    def tail(self, statistic: Array, df: Array) -> Array:
        """Adjusted p-values of statistics (..., contrasts), NaN staying NaN."""

    def quantile(self, alpha: Array, df: Array) -> Array:
        """Critical values of t (..., contrasts or 1) at levels (...)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Contrasts:
    """Differences between arms, contrasts along the last axis of every array but `first` and `second`.

    A field is NaN only where `reason` says why. Contrasts of means have no lift here: `METHODS` compare two
    arms in the relative form.

    Attributes:
        first: Index of the arm that is subtracted, shape (contrasts,).
        second: Index of the arm that it is subtracted from.
        estimate: Mean of the second arm minus mean of the first, in the metric's unit.
        std_error: Its standard error.
        statistic: t, their ratio.
        df: Degrees of freedom of the variance.
        p_value: Adjusted for all contrasts; below `alpha` exactly where the interval leaves out 0.
        lower: Lower end of the interval; all intervals of a row hold at once with probability 1 - `alpha`.
        upper: Upper end.
        alpha: Level of the family.
        reason: Codes of `Reason`; 0 where everything is defined.
        alternative: What the tests looked for.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    estimate: Array
    std_error: Array
    statistic: Array
    df: Array
    p_value: Array
    lower: Array
    upper: Array
    alpha: Array
    reason: NDArray[np.uint16]
    alternative: Alternative = "two-sided"

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self) if field.name not in _APART]
        arrays = np.broadcast_arrays(*(getattr(self, name) for name in names))
        for name, array in zip(names, arrays, strict=True):
            object.__setattr__(self, name, array)


def contrasts(
    arms: Spread,
    pairs: tuple[ArrayLike, ArrayLike],
    *,
    variance: Array,
    df: Array,
    reason: NDArray[np.uint16],
    law: Law,
    alpha: ArrayLike,
    alternative: Alternative = "two-sided",
) -> Contrasts:
    """Differences of means by t pivots that share one law.

    Args:
        arms: The arms.
        pairs: Indices of the arms that are subtracted, and of those they are subtracted from.
        variance: Sampling variance of each difference, contrasts along the last axis; NaN where undefined.
        df: Its degrees of freedom; broadcasts.
        reason: Codes known so far, shape of the batch.
        law: The law of all statistics together.
        alpha: Level of the family; broadcasts with the batch.
        alternative: What the tests look for.

    Returns:
        The contrasts.

    Raises:
        InputError: alpha outside (0, 1), or of a shape that does not broadcast with the batch.
    """
    level = open_unit("alpha", alpha)
    shared_shape(arms=np.empty(reason.shape), alpha=level)
    first, second = (np.asarray(side, dtype=np.int64) for side in pairs)
    with np.errstate(all="ignore"):
        there = (arms.n[..., first] > 0) & (arms.n[..., second] > 0)
        estimate = np.where(there, arms.mean[..., second] - arms.mean[..., first], np.nan)
        std_error = np.sqrt(variance)
        statistic = estimate / std_error
        codes = reason[..., None]
        codes = codes | flagged(((codes == 0) & ~np.isfinite(statistic), Reason.NOT_FINITE))
        statistic = np.where(codes == 0, statistic, np.nan)
        # Rows without an answer get a harmless law; their NaN comes from the standard error.
        known = np.where(reason[..., None] == 0, df, 1.0)
        reach = law.quantile(level, known) * np.where(codes == 0, std_error, np.nan)
        lower, upper = opened(estimate - reach, estimate + reach, alternative)
        return Contrasts(
            first=first,
            second=second,
            estimate=estimate,
            std_error=std_error,
            statistic=statistic,
            df=np.where(codes == 0, df, np.nan),
            p_value=law.tail(statistic, known),
            lower=lower,
            upper=upper,
            alpha=level[..., None],
            reason=codes,
            alternative=alternative,
        )

"""By how much is the treatment shifted? Hodges and Lehmann's estimate, with Wilcoxon's test inverted.

The test of a shift δ counts the pairs whose difference exceeds δ. Pairs at δ exactly are counted for the
shift on either side, so the interval is closed and its level is kept with ties too; the p-value is that of a
shift of 0 by the same count. So both come from one inversion even on whole numbers, where the customary
p-value (ties counted half) and the customary interval contradict each other.

References:
    Hodges and Lehmann (1963), Estimates of Location Based on Rank Tests, eq. 2.2. Lehmann (1975),
    Nonparametrics: Statistical Methods Based on Ranks, section 2.5. Noether (1967), Wilcoxon Confidence
    Intervals for Location Parameters in the Discrete Case.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.ranks.conditional import untied_tail
from assay.stats.ranks.differences import Differences
from assay.stats.ranks.midranks import unusable
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, opened, p_value, per_tail

# Pairs up to which the exact law of the count is used unless told otherwise (50 units per arm).
_EXACT_PAIRS = 2_500
# Pairs up to which it may be asked for.
_MOST_PAIRS = 10_000

_Tail = Callable[[NDArray[np.int64]], NDArray[np.float64]]


@method(
    name="hodges_lehmann",
    version="1",
    metric_types=("mean",),
    summary="Hodges-Lehmann shift with Wilcoxon's test and the interval of the same inversion.",
    needs=("y",),
    data=Samples,
)
def hodges_lehmann(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    exact: bool | None = None,
    continuity: bool = False,
) -> Effect:
    """The shift between two laws of one shape: the median of all differences between the arms' units.

    Formula: δ̂ = median of t_j - c_i; a shift δ is rejected upwards if P(U >= #{t_j - c_i > δ}) is below the
        level, U being Mann-Whitney's count without ties, and downwards by #{t_j - c_i < δ} likewise.
    Assumes: Units are independent, and the treatment adds the same amount to every unit.
    Use when: The metric is continuous with heavy tails or outliers and a shift in its unit is wanted.
    Avoid when: Most values are equal (the shift of a metric that is mostly 0 is 0), or the effect is
        multiplicative: take logarithms first.

    Args:
        control: Units of the control.
        treatment: Units of the treatment; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        exact: True for the exact law of the count, False for the normal one; by default exact up to 2,500
            pairs.
        continuity: Moves the count by half a pair towards no effect in the normal law.

    Returns:
        The effect; `statistic` is Mann-Whitney's U, ties half. It has no standard error and no lift. An end
        is infinite (`Reason.UNBOUNDED`) where the arms are too small for the level.

    Raises:
        InputError: `exact` for more than 10,000 pairs.
    """
    pairs = control.n * treatment.n
    if exact and pairs > _MOST_PAIRS:
        raise InputError(
            f"exact is True for {pairs} pairs; it must be False or left out above {_MOST_PAIRS} pairs"
        )
    bad = unusable(control, treatment, 1)
    shape = np.broadcast_shapes(bad.shape, alpha.shape)
    tail = _tail(control.n, treatment.n, pairs <= _EXACT_PAIRS if exact is None else exact, continuity)
    level = np.broadcast_to(per_tail(alpha, alternative), shape)
    critical = _critical(level, pairs, tail)
    # rows: estimate, more, less, lower, upper
    found = _found(control, treatment, np.broadcast_to(bad == 0, shape), critical)
    estimate, more, less, lower, upper = found
    counts = np.nan_to_num(found[1:3]).astype(np.int64)
    p = p_value(tail(counts[1]), tail(counts[0]), alternative)
    unbounded = (np.isinf(lower) & (alternative != "less")) | (np.isinf(upper) & (alternative != "greater"))
    lower, upper = opened(lower, upper, alternative)
    undefined = np.asarray(np.nan)
    return Effect(
        estimate=estimate,
        std_error=undefined,
        statistic=(more + pairs - less) / 2,
        df=undefined,
        p_value=np.where(bad == 0, p, np.nan),
        lower=lower,
        upper=upper,
        relative_estimate=undefined,
        relative_lower=undefined,
        relative_upper=undefined,
        alpha=alpha,
        reason=bad | flagged((True, Reason.NOT_DEFINED), (unbounded, Reason.UNBOUNDED)),
        alternative=alternative,
    )


def _tail(n_c: int, n_t: int, exact: bool, continuity: bool) -> _Tail:
    """P(U >= u) as a function of whole u."""
    if min(n_c, n_t) == 0:
        return lambda u: np.ones(u.shape)
    if exact:
        return untied_tail(n_c, n_t).__getitem__
    return partial(_normal_tail, n_c=n_c, n_t=n_t, step=0.5 if continuity else 0.0)


def _normal_tail(u: NDArray[np.int64], *, n_c: int, n_t: int, step: float) -> NDArray[np.float64]:
    pairs = n_c * n_t
    deviation = np.sqrt(pairs * (n_c + n_t + 1) / 12)
    return np.where(u <= 0, 1.0, np.where(u > pairs, 0.0, special.ndtr((pairs / 2 + step - u) / deviation)))


def _critical(level: NDArray[np.float64], pairs: int, tail: _Tail) -> NDArray[np.int64]:
    """The least count whose tail is below the level, by bisection: 1 to pairs + 1."""
    low, high = np.zeros(level.shape, dtype=np.int64), np.full(level.shape, pairs + 1)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        rejected = tail(middle) < level
        low, high = np.where(rejected, low, middle), np.where(rejected, middle, high)
    return high


def _found(
    control: Samples, treatment: Samples, usable: NDArray[np.bool_], critical: NDArray[np.int64]
) -> NDArray[np.float64]:
    shape, pairs = usable.shape, control.n * treatment.n
    found = np.full((5, *shape), np.nan)
    arms = [np.broadcast_to(arm.y, (*shape, arm.n)) for arm in (control, treatment)]
    for at in np.ndindex(shape):
        if not usable[at]:
            continue
        pair = Differences(arms[0][at], arms[1][at])
        cut = int(critical[at])
        bounded = cut <= pairs
        found[(slice(None), *at)] = (
            (pair.select((pairs + 1) // 2) + pair.select(pairs // 2 + 1)) / 2,
            pairs - pair.at_most(0.0),
            pair.below(0.0),
            pair.select(pairs - cut + 1) if bounded else -np.inf,
            pair.select(cut) if bounded else np.inf,
        )
    return found

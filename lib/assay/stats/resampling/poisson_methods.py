"""Does the mean or the ratio differ? The Poisson bootstrap, from samples or from merged states.

References:
    Chamandy, Muralidharan, Najmi and Naidu (2012), Estimating Uncertainty for Massive Data Streams, sect. 3.
    Davison and Hinkley (1997), Bootstrap Methods and their Application, eq. 4.11 (the p-value counts the
    sample itself) and section 5.3.1 (percentile limits).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError, did_you_mean
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.registry import method
from assay.stats.resampling.poisson import REPLICATES, PoissonSums, whole
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, opened, p_value, per_tail

Interval = Literal["percentile", "normal"]
"""How replicates become a p-value and an interval."""

_INTERVALS: tuple[Interval, ...] = get_args(Interval)
# What the rounding of a quotient can make of replicates that are all equal.
_ROUNDING = 4 * float(np.finfo(np.float64).eps)


@method(
    name="poisson_bootstrap",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Poisson bootstrap of a mean, or of a ratio by unit; percentile or normal interval.",
    needs=("y",),
    data=Samples,
)
def poisson_bootstrap(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    seed: int = 0,
    replicates: int = REPLICATES,
    interval: Interval = "percentile",
) -> Effect:
    """Difference and lift of means, or of ratios of sums, with Poisson(1) weights per unit.

    Formula: m_b = Σ w_ib·y_i / Σ w_ib·d_i (d = 1 for a mean), w_ib ~ Poisson(1), D_b = m_tb - m_cb.
        Percentile: p = (1 + #{D_b <= 0}) / (B + 1) against a greater treatment, and the ends are the order
        statistics of D_b that this inverts to. Normal: z = (m_t - m_c) / √(s_t² + s_c²), s the standard
        deviation of m_b, lift by Fieller.
    Assumes: Units are independent; rows of one unit may depend on each other if `cluster` names the unit.
        Arms are large enough for the estimate to be nearly normal, or at least nearly symmetric.
    Use when: Rows are many and lie in many partitions, or rows are events of the unit.
    Avoid when: A mean per unit is all there is: `welch` answers the same without draws. Arms are small or
        very skewed: a percentile interval follows the skew the wrong way; use a bootstrap-t.

    Args:
        control: Samples with y, and d for a ratio; `cluster` names the unit of each row.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        seed: 0 or greater.
        replicates: B, 1 or greater.
        interval: `percentile` or `normal`.

    Returns:
        The effect. Too few replicates for the level leave the interval open (`Reason.UNBOUNDED`): a
        two-sided percentile interval needs at least 2 / `alpha` - 1 of them.

    Raises:
        InputError: An unknown interval, or a seed or number of replicates that is not allowed.
    """
    seed, replicates = whole("seed", seed, least=0), whole("replicates", replicates, least=1)
    arms = [
        _drawn(arm, seed, replicates, name) for name, arm in (("control", control), ("treatment", treatment))
    ]
    return _effect(*arms, alpha=alpha, alternative=alternative, interval=interval)


@method(
    name="poisson_bootstrap_merged",
    version="1",
    metric_types=(),
    summary="Poisson bootstrap of a mean or ratio from states that were merged over partitions.",
    needs=("y",),
    data=PoissonSums,
)
def poisson_bootstrap_merged(
    control: PoissonSums,
    treatment: PoissonSums,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    interval: Interval = "percentile",
) -> Effect:
    """Difference and lift of means, or of ratios of sums, from weighted sums per replicate.

    Formula: That of `poisson_bootstrap`, whose weights come from the ids of the units.
    Assumes: Units are independent, and no unit is in both arms.
    Use when: Rows never come together on one machine: each partition makes a `PoissonSums`, and they merge.
    Avoid when: Moments suffice: `welch` and `ratio_delta` merge too, and are cheaper.

    Args:
        control: State of the control.
        treatment: State of the treatment, with as many replicates; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        interval: `percentile` or `normal`.

    Returns:
        The effect, the same to the last bit for every partition of the rows.

    Raises:
        InputError: An unknown interval, or arms that differ in their number of replicates.
    """
    if control.replicates != treatment.replicates:
        raise InputError(
            f"control has {control.replicates} replicates and treatment {treatment.replicates}; "
            "both must have the same number"
        )
    arms = ((state.rows, state.finite, state.estimates) for state in (control, treatment))
    return _effect(*arms, alpha=alpha, alternative=alternative, interval=interval)


Drawn = tuple[int, NDArray[np.bool_], NDArray[np.float64]]
"""Rows of an arm, whether they are finite, and the estimates of the sample and of every replicate."""


def _drawn(arm: Samples, seed: int, replicates: int, stream: str) -> Drawn:
    """The whole batch with common weights, or row by row where each has clusters of its own."""

    def drawn(ids: NDArray[np.float64], *at: int) -> Drawn:
        y, d = arm.y[at], None if arm.d is None else arm.d[at]
        usable = np.isfinite(ids)
        numbered = np.where(usable, ids, 0).astype(np.int64)
        sums = PoissonSums.of(numbered, y, d, seed=seed, replicates=replicates, stream=stream)
        return sums.rows, sums.finite & np.all(usable), sums.estimates

    if arm.cluster is None:
        return drawn(np.arange(arm.n, dtype=np.float64))
    parts = [drawn(arm.cluster[at], *at) for at in np.ndindex(arm.shape)]
    finite = np.reshape([part[1] for part in parts], arm.shape)
    return arm.n, finite, np.reshape([part[2] for part in parts], (*arm.shape, replicates + 1))


def _effect(
    control: Drawn,
    treatment: Drawn,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    interval: Interval,
) -> Effect:
    if interval not in _INTERVALS:
        raise InputError(f"interval is {interval!r}; {did_you_mean(str(interval), _INTERVALS)}")
    arms = [_estimate(arm) for arm in (control, treatment)]
    normal = pivotal_effect(*arms, df=np.asarray(np.inf), alpha=alpha, alternative=alternative)
    if interval == "normal":
        return normal
    return _percentile(normal, control[2], treatment[2])


def _estimate(drawn: Drawn) -> Estimate:
    rows, finite, estimates = drawn
    value, replicates = estimates[..., 0], estimates[..., 1:]
    known = np.isfinite(replicates)
    many = np.sum(known, axis=-1)
    centre = np.sum(np.where(known, replicates, 0.0), axis=-1, keepdims=True) / many[..., None]
    square = np.sum(np.where(known, replicates - centre, 0.0) ** 2, axis=-1)
    few = (rows < 2) | (many < 2)  # noqa: PLR2004 - a variance needs two
    return Estimate(
        value=np.where(finite, value, np.nan),
        variance=square / (many - 1),
        floor=(_ROUNDING * value) ** 2,
        df=np.asarray(np.inf),
        reason=flagged(
            (few, Reason.TOO_FEW_UNITS),
            (~finite, Reason.NOT_FINITE),
            (finite & (rows > 0) & np.isnan(value), Reason.ZERO_DENOMINATOR),
        ),
    )


def _percentile(normal: Effect, control: NDArray[np.float64], treatment: NDArray[np.float64]) -> Effect:
    """The effect with p-value and ends read from the replicates.

    A replicate without an estimate counts against every claim: as -inf for a lower end, as inf for an upper.
    """
    tail = per_tail(normal.alpha, normal.alternative)
    usable = np.isfinite(normal.statistic)
    differences = treatment[..., 1:] - control[..., 1:]
    # A chance to be at most 0 speaks against a greater treatment.
    p = p_value(_chance_below(-differences), _chance_below(differences), normal.alternative)
    ends = _lower_end(differences, tail), -_lower_end(-differences, tail)
    sign = np.sign(control[..., :1])
    lifts, unsigned = _lifts(differences * sign, control[..., 1:] * sign)
    endless = unsigned >= tail
    lift_lower = np.where(endless, -np.inf, _lower_end(lifts, tail))
    lift_upper = np.where(endless, np.inf, -_lower_end(-lifts, tail))
    # Under a negative control a greater treatment is a lesser lift.
    falls = (sign[..., 0] < 0) & (normal.alternative != "two-sided")
    below, above = (
        np.broadcast_to(normal.alternative != side, falls.shape) ^ falls for side in ("less", "greater")
    )
    lower, upper = opened(*ends, normal.alternative)
    lost = normal.reason & ~np.uint16(Reason.RELATIVE_UNBOUNDED)
    return replace(
        normal,
        statistic=np.full(normal.shape, np.nan),
        df=np.full(normal.shape, np.nan),
        p_value=np.where(usable, p, np.nan),
        lower=np.where(usable, lower, np.nan),
        upper=np.where(usable, upper, np.nan),
        relative_lower=np.where(usable, np.where(below, lift_lower, -np.inf), np.nan),
        relative_upper=np.where(usable, np.where(above, lift_upper, np.inf), np.nan),
        reason=lost
        | flagged(
            (usable, Reason.NOT_DEFINED),
            (usable & (np.isinf(ends[0]) & (normal.alternative != "less")), Reason.UNBOUNDED),
            (usable & (np.isinf(ends[1]) & (normal.alternative != "greater")), Reason.UNBOUNDED),
            (usable & np.isinf(lift_lower) & below, Reason.RELATIVE_UNBOUNDED),
            (usable & np.isinf(lift_upper) & above, Reason.RELATIVE_UNBOUNDED),
        ),
    )


def _lifts(
    differences: NDArray[np.float64], control: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lifts of the replicates, the control being positive, and the share in which it is not.

    Those keep the verdict of their difference, as an infinite lift. The difference over the control, not the
    ratio minus 1, has the sign of the difference to the last bit.
    """
    positive = control > 0
    verdicts = np.where(differences == 0, 0.0, differences * np.inf)
    lifts = np.where(positive, differences / np.where(positive, control, 1.0), verdicts)
    return lifts, (1 + np.sum(~positive, axis=-1)) / (control.shape[-1] + 1)


def _chance_below(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often a draw is 0 or less, the sample itself counted as one that is."""
    return np.asarray((1 + np.sum(~(draws > 0), axis=-1)) / (draws.shape[-1] + 1))


def _lower_end(draws: NDArray[np.float64], tail: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least d with (1 + #{draws <= d}) / (B + 1) >= tail; -inf where that holds for every d."""
    count = draws.shape[-1]
    ascending = np.sort(np.where(np.isnan(draws), -np.inf, draws), axis=-1)
    fenced = np.concatenate([np.full((*draws.shape[:-1], 1), -np.inf), ascending], axis=-1)
    rank = np.searchsorted((1 + np.arange(count + 1)) / (count + 1), tail)
    shape = np.broadcast_shapes(draws.shape[:-1], tail.shape)
    fenced = np.broadcast_to(fenced, (*shape, count + 1))
    return np.take_along_axis(fenced, np.broadcast_to(rank, shape)[..., None], axis=-1)[..., 0]

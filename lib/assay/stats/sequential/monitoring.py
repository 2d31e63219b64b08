"""Stop or go on? The decision at each look, with what may be reported there.

References:
    Jennison and Turnbull (2000), Group Sequential Methods, chapters 7 to 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.result import Effect
from assay.stats.sequential.boundary import Boundary
from assay.stats.sequential.inference import stagewise
from assay.stats.sequential.repeated import repeated_intervals


class Decision(IntEnum):
    """What a look says."""

    CONTINUE = 0
    """No bound is reached, and looks are still to come."""
    GREATER = 1
    """Stop: the treatment is greater."""
    LESS = 2
    """Stop: the treatment is less."""
    FUTILITY = 3
    """Stop: the effect that was looked for is out of reach."""
    NO_EFFECT = 4
    """The last look; all of alpha is spent, and no effect was found."""
    ENDED = 5
    """The experiment stopped at an earlier look."""
    UNDEFINED = 6
    """Estimate or standard error is not finite, or the standard error is 0."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Monitored:
    """Experiments under a design; arrays of the effects' shape, looks along the last axis.

    Attributes:
        statistic: z at each look.
        decision: Codes of `Decision`.
        p_value: If the experiment ends at this look: stage-wise p-value. This and the next three are NaN
            where the decision is `ENDED` or `UNDEFINED`.
        estimate: The same: median-unbiased estimate, in the metric's unit.
        lower: The same: lower end of the interval.
        upper: The same: upper end of the interval.
        repeated_lower: Lower end of the interval that holds at all looks at once, also if it goes on.
        repeated_upper: Its upper end.
        stopped: Number of the look at which the experiment ended, 1 for the first; 0 while it goes on. One
            element per experiment, without the axis of looks.
    """

    statistic: NDArray[np.float64]
    decision: NDArray[np.int8]
    p_value: NDArray[np.float64]
    estimate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    repeated_lower: NDArray[np.float64]
    repeated_upper: NDArray[np.float64]
    stopped: NDArray[np.int64]


def monitor(effect: Effect, design: Boundary, *, futility: bool = True) -> Monitored:
    """The decision at each look, with adjusted p-value, estimate and interval.

    Formula: z_k = estimate_k / std_error_k against the bounds of look k; the rest by `stagewise` and
        `repeated_intervals`, in the metric's unit.
    Assumes: Every look's effect is from all data up to it, and the design's fractions are the information
        there. Arms large enough for z to be nearly normal.
    Use when: Some experiments, or metrics of one, share their looks.
    Avoid when: Their information fractions differ: ask for each with its own design.

    Args:
        effect: Effects, looks along the last axis; any method's with a standard error.
        design: The design at these looks: `spending_bounds(fractions so far)`.
        futility: Whether the experiment ends where a non-binding futility bound is reached.

    Returns:
        Decisions, and what to report if the experiment ends there or goes on. At an efficacy bound the
        p-value is below alpha; at the last look exactly where there is an effect.

    Raises:
        InputError: The last axis of `effect` is not the design's looks, or binding futility is not obeyed.
    """
    if effect.shape[-1:] != (design.size,):
        raise InputError(f"effect has shape {effect.shape}; its last axis must be the {design.size} looks")
    if design.binding and not futility:
        raise InputError("futility is False, but the design's futility bounds are binding; obey them")
    with np.errstate(all="ignore"):
        z = effect.estimate / effect.std_error
    decision = _decisions(z, design, futility=futility)
    told = decision < Decision.ENDED
    found = np.full((4, *z.shape), np.nan)
    for k in range(design.size):
        at = np.where(told[..., k], z[..., k], np.nan)
        answer = stagewise(design, at, look=k + 1)
        scale = np.sqrt(design.fraction[k]) * effect.std_error[..., k]
        found[0, ..., k] = answer.p_value
        with np.errstate(invalid="ignore"):
            found[1:, ..., k] = scale * np.stack([answer.estimate, answer.lower, answer.upper])
    repeated = repeated_intervals(design, effect.estimate, effect.std_error)
    ends = told & (decision != Decision.CONTINUE)
    return Monitored(
        statistic=z,
        decision=decision,
        p_value=found[0],
        estimate=found[1],
        lower=found[2],
        upper=found[3],
        repeated_lower=repeated.lower,
        repeated_upper=repeated.upper,
        stopped=np.where(ends.any(axis=-1), ends.argmax(axis=-1) + 1, 0),
    )


def _decisions(z: NDArray[np.float64], design: Boundary, *, futility: bool) -> NDArray[np.int8]:
    decision = np.full(z.shape, Decision.CONTINUE, dtype=np.int8)
    if design.complete:
        decision[..., -1] = Decision.NO_EFFECT
    if futility and design.alternative != "two-sided":
        hopeless = design.sign * z <= design.sign * design.futility
        hopeless[..., -1] &= not design.complete
        decision[hopeless] = Decision.FUTILITY
    decision[z >= design.upper] = Decision.GREATER
    decision[z <= design.lower] = Decision.LESS
    decision[~np.isfinite(z)] = Decision.UNDEFINED
    stops = (decision != Decision.CONTINUE) & (decision != Decision.UNDEFINED)
    earlier = np.cumsum(stops, axis=-1) - stops > 0
    decision[earlier] = Decision.ENDED
    return decision

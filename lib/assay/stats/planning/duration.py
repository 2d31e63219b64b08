"""How many days must an experiment run, when users come back and a unit's variance changes with the days?

Distinct users do not grow in proportion to days, and a metric summed over a longer watch varies more. So the
minimum detectable effect is worked out from history for each candidate duration, and the first that is small
enough is the answer; nothing is extrapolated.

References:
    Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, chapters 2 and 17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit, shared_shape
from assay.stats.planning.design import Design
from assay.stats.planning.outcomes import Outcome
from assay.stats.planning.plans import Plan, minimum_effect
from assay.stats.result import Reason, flagged

Array = NDArray[np.float64]
_SUPERIORITY = Design()


@dataclass(frozen=True, slots=True, eq=False)
class Duration:
    """Answers per metric, and the curve behind them.

    Attributes:
        days: The smallest number of days that is enough; NaN if none of the history's is.
        plan: The minimum detectable effect after each duration; its last axis is that of the durations.
        reason: `NOT_REACHED` where no duration is enough.
    """

    days: Array
    plan: Plan
    reason: NDArray[np.uint16]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `days`: one element per metric."""
        return self.days.shape


def duration(
    outcome: Outcome,
    *,
    days: ArrayLike,
    users: ArrayLike,
    target: ArrayLike,
    relative: bool = False,
    power: ArrayLike = 0.8,
    design: Design = _SUPERIORITY,
) -> Duration:
    """The smallest number of days after which an effect as large as the target is found.

    Args:
        outcome: The metric over units watched for so many days; its last axis is that of `days` (or it
            broadcasts, if variance and mean do not change with them).
        days: Candidate durations, strictly increasing, above 0, one axis (7, 14, 21 for whole weeks).
        users: Distinct users that enter both arms within so many days, never decreasing along the last axis,
            which is that of `days`.
        target: Effect that must be found, in the metric's unit, or over the control's mean of as many days if
            `relative`; one per metric. Its sign is that of the alternative; a two-sided test takes its size.
        relative: Whether the target is relative.
        power: Wanted probability to find it, strictly between `alpha` and 1; one per metric.
        design: Test, allocation and multipliers; without the axis of days, or with it as the last.

    Returns:
        The days per metric, with the curve.

    Raises:
        InputError: Days that do not increase, users that decrease, or shapes that do not fit.

    Example:
        >>> from assay.stats.planning import mean_outcome
        >>> metric = mean_outcome([4.0, 5.0, 5.5], mean=[1.0, 1.6, 2.0])
        >>> found = duration(metric, days=[7, 14, 21], users=[9e3, 15e3, 19e3], target=0.06, relative=True)
        >>> float(found.days), found.plan.relative_effect.round(3).tolist()
        (21.0, [0.118, 0.064, 0.048])
    """
    candidates, entered = numbers("days", days), not_negative("users", users, finite=True)
    if candidates.ndim != 1 or candidates.size == 0 or not np.all(np.diff(candidates, prepend=0.0) > 0):
        raise InputError(f"days is {days!r}; it must be one axis of increasing numbers above 0")
    if np.shape(entered)[-1:] != candidates.shape:
        raise InputError(f"users has shape {entered.shape}; its last axis must be the {candidates.size} days")
    if np.any(np.diff(entered, axis=-1) < 0):
        raise InputError("users decreases with the days; give distinct users up to each day, cumulated")
    wanted, goal = open_unit("power", power)[..., None], numbers("target", target)[..., None]
    plan = minimum_effect(outcome, n=entered, power=wanted, design=design)
    found = plan.relative_effect if relative else plan.effect
    shared_shape(target=goal, plan=found)
    # A relative effect of a negative mean has the other sign.
    sign = design.sign * (np.sign(np.where(np.isnan(outcome.mean), 1.0, outcome.mean)) if relative else 1.0)
    least = np.abs(goal) if design.alternative == "two-sided" else sign * goal
    enough = sign * found <= least
    first = candidates[np.argmax(enough, axis=-1)]
    reached = np.any(enough, axis=-1)
    return Duration(np.where(reached, first, np.nan), plan, flagged((~reached, Reason.NOT_REACHED)))

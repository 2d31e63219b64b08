"""From an effect's posterior to the answer: what all methods of this package share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.result import Effect, Posterior, Reason, flagged

Array = NDArray[np.float64]


def limits(region: tuple[float, float]) -> tuple[float, float]:
    """The region of practical equivalence.

    Args:
        region: Its lower and upper end, in the metric's unit.

    Returns:
        Both ends.

    Raises:
        InputError: Not two numbers of which the first is at most the second.
    """
    ends = numbers("region", region)
    if ends.shape != (2,) or not ends[0] <= ends[1]:
        raise InputError(f"region is {region!r}; it must be two numbers, the first at most the second")
    return float(ends[0]), float(ends[1])


def believed(effect: Effect, *, better: Array, loss: tuple[Array, Array], equivalent: Array) -> Posterior:
    """The posterior of an effect whose intervals are credible ones.

    Args:
        effect: Estimate, deviation and intervals; its test is left out.
        better: Probability that the treatment's parameter is the greater.
        loss: Expected loss of choosing the treatment, and of staying with the control.
        equivalent: Probability of the region of practical equivalence.

    Returns:
        The posterior.
    """
    fields = {name: getattr(effect, name) for name in effect.names()}
    nothing = np.full(effect.shape, np.nan)
    fields.update(statistic=nothing, df=nothing, p_value=nothing)
    fields["reason"] = effect.reason | flagged((True, Reason.NOT_DEFINED))
    return Posterior(
        **fields,
        alternative=effect.alternative,
        probability_better=better,
        loss_treatment=loss[0],
        loss_control=loss[1],
        probability_equivalent=equivalent,
    )

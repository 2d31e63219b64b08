"""Other numbers of units: the power that they give for one effect, and the effect that they find."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.certify.plan.planning import design_of
from assay.certify.plan.units import Units
from assay.stats.planning import achieved_power, minimum_effect

Array = NDArray[np.float64]


def curve(units: Units, *, lift: float, n: ArrayLike, allocation: float = 0.5, alpha: float = 0.05) -> Array:
    """Power by the formula for each number of units.

    Args:
        units: Where units come from.
        lift: Relative effect on the mean.
        n: Units of both arms, any shape.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level of the test.

    Returns:
        Of the shape of `n`; NaN where an arm has fewer than two units.

    Raises:
        InputError: A number outside its range.
    """
    effect = lift * units.outcome.mean
    design = design_of(units, None, allocation=allocation, alpha=alpha)
    return achieved_power(units.outcome, effect=effect, n=n, design=design).power


def effects(
    units: Units, *, n: ArrayLike, power: float = 0.8, allocation: float = 0.5, alpha: float = 0.05
) -> Array:
    """The smallest relative effect that each number of units finds.

    Args:
        units: Where units come from.
        n: Units of both arms, any shape.
        power: Probability to find it.
        allocation: Share of the units in the treatment.
        alpha: Two-sided level of the test.

    Returns:
        Of the shape of `n`; NaN where there is no such effect.

    Raises:
        InputError: A number outside its range.
    """
    design = design_of(units, None, allocation=allocation, alpha=alpha)
    return minimum_effect(units.outcome, n=n, power=power, design=design).relative_effect

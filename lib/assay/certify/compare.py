"""Was the answer right? A result beside the truth that the blueprint planted.

References:
    Gelman and Carlin (2014), Beyond Power Calculations (the type S error: significant, and of the wrong
    sign).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import get_args

from assay.errors import InputError
from assay.spec import Blueprint
from assay.spec.arm import Dimension
from assay.spec.segment import ALL, parsed
from assay.spec.truth import ArmTruth, is_planted, truth

NONE, TYPE_I, TYPE_II, TYPE_S = "none", "type I", "type II", "type S"
CUSTOMERS = ("silver.customers", "customer_id")
"""Table and unit of what a population's customers are like; its columns are named as its dimensions."""
# A planted lift smaller than this is what floating point leaves of none.
_ROUNDING = 1e-9
_DIMENSIONS: dict[str, Dimension] = {name: name for name in get_args(Dimension)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A result against the truth; all None where no truth is planted.

    Attributes:
        truth: The planted difference, in the metric's unit.
        relative_truth: The planted lift; None if the control's mean is 0.
        covered: Whether the interval holds `truth`; None without an interval.
        error_kind: `type I` (no effect, called different), `type II` (an effect, not called different), `type
            S` (called different in the wrong direction) or `none`, at the uncorrected level.
    """

    truth: float | None = None
    relative_truth: float | None = None
    covered: bool | None = None
    error_kind: str | None = None


def planted(
    blueprint: Blueprint, experiment: str, metric: str, as_of: date, segment: str = ALL
) -> dict[str, ArmTruth] | None:
    """The truth of a metric per arm, or None where it is not known.

    Args:
        blueprint: The blueprint in force.
        experiment: Id of a round of one of its experiments.
        metric: Name of one of its metrics.
        as_of: The look.
        segment: As results name it.

    Returns:
        Arm to truth. None if the metric rests on real data, if the segment is none of the population's, or if
        effects of another layer reach the experiment, so that no closed form exists.

    Raises:
        InputError: The blueprint has no such experiment.
    """
    confined = None if segment == ALL else _confined(blueprint, segment)
    if not is_planted(blueprint, metric) or (segment != ALL and confined is None):
        return None
    round_, world = blueprint.round_of(experiment), blueprint.world_of(experiment)
    try:
        return truth(world, round_, metric, as_of, segment=confined)
    except InputError:
        # The specification refuses a truth that it cannot state; a result is then like one on real data.
        return None


def _confined(blueprint: Blueprint, segment: str) -> tuple[Dimension, str] | None:
    """A segment as the population has it; None where it is another's, or may change after an exposure."""
    name, value = parsed(segment)
    population, declared = blueprint.population, blueprint.segments.get(name)
    if population is None or declared is None or (declared.table, declared.unit) != CUSTOMERS:
        return None
    dimension = _DIMENSIONS.get(declared.column)
    if dimension is None or (dimension == "tier" and population.tier_review_weeks is not None):
        return None
    named = declared.values is None or value in declared.values
    return (dimension, value) if named and value in getattr(population, dimension) else None


def compare(
    known: ArmTruth | None,
    *,
    estimate: float | None,
    lower: float | None,
    upper: float | None,
    p_value: float | None,
    alpha: float,
) -> Comparison:
    """Judge one result.

    Args:
        known: The truth of the treatment; None if there is none.
        estimate: Treatment minus control.
        lower: Lower end of the interval at `alpha`.
        upper: Upper end.
        p_value: Of no effect.
        alpha: Level of the interval.

    Returns:
        The comparison. Without a p-value, as of a posterior, an interval without 0 is significant.
    """
    if known is None:
        return Comparison()
    null = not abs(known.relative) > _ROUNDING if not math.isnan(known.relative) else known.difference == 0
    difference = 0.0 if null else known.difference
    significant = _significant(p_value, lower, upper, alpha)
    covered = None if lower is None or upper is None else lower <= difference <= upper
    relative = None if math.isnan(known.relative) else (0.0 if null else known.relative)
    return Comparison(
        difference, relative, covered, _error_kind(difference, estimate, significant=significant)
    )


def _significant(p_value: float | None, lower: float | None, upper: float | None, alpha: float) -> bool:
    if p_value is not None:
        return p_value < alpha
    return lower is not None and upper is not None and not lower <= 0 <= upper


def _error_kind(difference: float, estimate: float | None, *, significant: bool) -> str:
    if difference == 0:
        return TYPE_I if significant else NONE
    if not significant or estimate is None:
        return TYPE_II
    return NONE if math.copysign(1.0, estimate) == math.copysign(1.0, difference) else TYPE_S

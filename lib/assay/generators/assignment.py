"""Who is in which experiment, in which arm, and since when: hashes of the customer's id.

A layer's units are cut into slots by one hash, so that its experiments share no customer; the arm comes from
a hash salted by the round, so that every round randomises anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.generators.columns import WEEK, Ints
from assay.generators.customers import Customers, week_begin
from assay.spec import Blueprint, PlannedExperiment


@dataclass(frozen=True, slots=True)
class Assignment:
    """The customers of a block that one round has exposed by the end of a week; arrays of shape `(k,)`.

    Attributes:
        rows: Their positions in the block's customers.
        arms: Position of the arm.
        exposed: Time of the first exposure, microseconds since 1970.
        weeks: Number of the week of the first exposure.
    """

    rows: Ints
    arms: Ints
    exposed: Ints
    weeks: Ints


def assign(blueprint: Blueprint, planned: PlannedExperiment, customers: Customers, week: int) -> Assignment:
    """Everyone whom a round has exposed by the end of a week.

    Customers from before the start are exposed at a uniform time of the first week; those who sign up during
    enrolment at a uniform time between sign-up and the end of their week.

    Args:
        blueprint: A synthetic one.
        planned: The round.
        customers: Customers of one block.
        week: Number of the week, not before the round's first.
    """
    first, closed = (blueprint.week_number(day) for day in (planned.start, planned.enrol_end))
    entry = np.maximum(customers.weeks, first)
    eligible = (entry < closed) & (entry <= week) & in_slot(blueprint, planned, customers.ids)
    rows = np.flatnonzero(eligible)
    entry = entry[rows]
    ids = customers.ids[rows]
    opens = week_begin(blueprint, 1) + (entry - 1) * WEEK
    earliest = np.maximum(opens, customers.signed_up[rows])
    place = seeds.hash_uniform(blueprint.seed, f"exposed.{planned.id}", ids)
    exposed = earliest + np.floor(place * (opens + WEEK - earliest)).astype(np.int64)
    return Assignment(rows, arms_of(blueprint, planned, ids), exposed, entry)


def arms_of(blueprint: Blueprint, planned: PlannedExperiment, ids: Ints) -> Ints:
    """The arm of each id, as its position among the round's arms."""
    edges = np.cumsum([arm.allocation for arm in planned.arms])
    place = seeds.hash_uniform(blueprint.seed, f"arm.{planned.id}", ids)
    return np.minimum(np.searchsorted(edges, place, side="right"), len(edges) - 1).astype(np.int64)


def in_slot(blueprint: Blueprint, planned: PlannedExperiment, ids: Ints) -> NDArray[np.bool_]:
    """Whether each id falls into the experiment's slot of its layer; slots lie in order of name.

    Args:
        blueprint: A synthetic one.
        planned: Any round of the experiment.
        ids: Ids of customers, shape `(n,)`.
    """
    experiment = blueprint.experiments[planned.experiment]
    if experiment.layer is None:
        place = seeds.hash_uniform(blueprint.seed, f"slot.experiment.{planned.experiment}", ids)
        return place < experiment.traffic
    below = sum(
        other.traffic
        for name, other in sorted(blueprint.experiments.items())
        if other.layer == experiment.layer and name < planned.experiment
    )
    place = seeds.hash_uniform(blueprint.seed, f"slot.layer.{experiment.layer}", ids)
    return (place >= below) & (place < below + experiment.traffic)

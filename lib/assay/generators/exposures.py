"""The records of exposures that a week leaves: first ones, repeats, and planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay import seeds
from assay.generators.assignment import Assignment, assign
from assay.generators.columns import EXPOSURES, WEEK, Ints, labels, row_ids, times
from assay.generators.customers import Customers, week_begin
from assay.spec import Blueprint, PlannedExperiment, Planted


@dataclass(frozen=True, slots=True)
class _Records:
    """Records of one round: customer ids, positions of arms, times; arrays of one shape."""

    ids: Ints
    arms: Ints
    at: Ints


def exposures(blueprint: Blueprint, customers: Customers, week: int, block: int) -> pa.Table:
    """The exposure records of a block's customers in a week, in order of round and time."""
    tables = []
    for planned in blueprint.planned(week):
        records = _merge(list(_records(blueprint, planned, customers, week)))
        tables.append(
            pa.Table.from_arrays(
                [
                    pa.array(np.zeros(len(records.ids), dtype=np.int64)),
                    labels([planned.id], np.zeros(len(records.ids), dtype=np.int64)),
                    pa.array(records.ids),
                    labels([arm.name for arm in planned.arms], records.arms),
                    times(records.at),
                ],
                schema=EXPOSURES,
            )
        )
    table = pa.concat_tables([EXPOSURES.empty_table(), *tables])
    return table.set_column(0, EXPOSURES.field(0), pa.array(row_ids(week, block, len(table))))


def _records(
    blueprint: Blueprint, planned: PlannedExperiment, customers: Customers, week: int
) -> Iterator[_Records]:
    """First exposures of the week, repeats of earlier ones, and records in a second arm."""
    planted = blueprint.experiments[planned.experiment].planted or Planted()
    assignment = assign(blueprint, planned, customers, week)
    kept = _kept(blueprint, planned, planted, customers.ids[assignment.rows], assignment.arms)

    def pick(mask: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        return customers.ids[assignment.rows[mask]], assignment.arms[mask]

    first = kept & (assignment.weeks == week)
    yield _Records(*pick(first), assignment.exposed[first])

    again = kept & _repeated(blueprint, planned, planted, customers, assignment, week)
    ids, arms = pick(again)
    yield _Records(ids, arms, _uniform(blueprint, f"repeat.{planned.id}.{week}.at", ids, week))

    place = seeds.hash_uniform(blueprint.seed, f"multi.{planned.id}", customers.ids[assignment.rows])
    second = kept & (assignment.weeks == week - 1) & (place < planted.multi_arm)
    ids, arms = pick(second)
    other = (arms + 1) % len(planned.arms)
    yield _Records(ids, other, _uniform(blueprint, f"multi.{planned.id}.at", ids, week))


def _kept(
    blueprint: Blueprint, planned: PlannedExperiment, planted: Planted, ids: Ints, arms: Ints
) -> NDArray[np.bool_]:
    """Units whose records are not lost: all or none of a unit, else a repeat would stand in for the first."""
    losses = np.array([planted.lost_exposures.get(arm.name, 0.0) for arm in planned.arms])
    return seeds.hash_uniform(blueprint.seed, f"lost.{planned.id}", ids) >= losses[arms]


def _repeated(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    planted: Planted,
    customers: Customers,
    assignment: Assignment,
    week: int,
) -> NDArray[np.bool_]:
    """Units from earlier weeks that are recorded again in this one."""
    place = seeds.hash_uniform(blueprint.seed, f"repeat.{planned.id}.{week}", customers.ids[assignment.rows])
    return (assignment.weeks < week) & (place < planted.repeats_per_week)


def _uniform(blueprint: Blueprint, name: str, ids: Ints, week: int) -> Ints:
    """A uniform time of the week per id."""
    place = seeds.hash_uniform(blueprint.seed, name, ids)
    return week_begin(blueprint, week) + np.floor(place * WEEK).astype(np.int64)


def _merge(parts: list[_Records]) -> _Records:
    ids, arms, at = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "arms", "at")
    )
    order = np.lexsort((ids, at))
    return _Records(ids[order], arms[order], at[order])

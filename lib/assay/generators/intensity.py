"""By how much planted effects multiply a customer's rate and values, at every moment of a week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay import seeds
from assay.generators.assignment import Assignment, arms_of, assign, in_slot
from assay.generators.columns import WEEK, Floats, Ints
from assay.generators.customers import Customers, population_of, segments
from assay.spec import Arm, Blueprint, Fade, Interference, PlannedExperiment
from assay.spec.kinds import planted_in
from assay.spec.paths import factor_at


@dataclass(frozen=True, slots=True)
class Effect:
    """One arm's multiplier of one target for the customers of a block; arrays of shape `(n,)`.

    Attributes:
        factors: From exposure on, where nothing fades; 1 for everyone who is not in the arm.
        since: Time of exposure, microseconds since 1970; irrelevant where the factor is 1.
        fade: How the factor changes with the time since exposure; None for not.
    """

    factors: Floats
    since: Ints
    fade: Fade | None = None

    def at(self, rows: Ints, when: Ints) -> Floats:
        """The factor for customers (positions in the block) at times (microseconds), shape of `rows`."""
        age, full = when - self.since[rows], self.factors[rows]
        if self.fade is None:
            return np.where(age >= 0, full, 1.0)
        return np.where(age >= 0, factor_at(full, self.fade)(np.maximum(age, 0) / WEEK), 1.0)


def effects(blueprint: Blueprint, customers: Customers, week: int, target: str) -> list[Effect]:
    """Every effect on a target in a week; a customer's multiplier is their product.

    Args:
        blueprint: A synthetic one.
        customers: Customers of one block.
        week: Number of the week. Rounds end with a week, so an effect lasts to the end of the week.
        target: For example `"trades.rate"`.
    """
    found = []
    for planned in blueprint.planned(week):
        arms = [arm for arm in planned.arms if target in arm.targets]
        interference = planted_in(blueprint, planned).interference if target.endswith(".rate") else None
        if not arms and interference is None:
            continue
        assignment = assign(blueprint, planned, customers, week)
        if interference is not None:
            found.append(spill(blueprint, planned, interference, customers, assignment))
        for arm in arms:
            treated = _treated(blueprint, planned, arm, customers, assignment)
            full = _full(blueprint, arm, target, customers, treated)
            found.append(_effect(customers, treated, full, arm.fades.get(target)))
    return found


def spill(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    interference: Interference,
    customers: Customers,
    assignment: Assignment,
) -> Effect:
    """By what interference multiplies the rates of a round's units.

    Args:
        blueprint: A synthetic one.
        planned: The round.
        interference: What is planted in it.
        customers: Customers of one block, of which no cluster is cut.
        assignment: Those of them whom the round has exposed.
    """
    size = interference.size
    clusters, place = np.unique((customers.ids - 1) // size, return_inverse=True)
    members = clusters[:, None] * size + 1 + np.arange(size)
    treated = in_slot(blueprint, planned, members) & (arms_of(blueprint, planned, members) != 0)
    own = treated[place, (customers.ids - 1) % size]
    share = (treated.sum(axis=1)[place] - own) / (size - 1)
    return _effect(customers, assignment, 1 + interference.spill * share[assignment.rows], None)


def _effect(customers: Customers, some: Assignment, factors: Floats, fade: Fade | None) -> Effect:
    """An effect on some customers from their exposure on."""
    count = len(customers.ids)
    effect = Effect(np.ones(count), np.zeros(count, dtype=np.int64), fade)
    effect.factors[some.rows] = factors
    effect.since[some.rows] = some.exposed
    return effect


def _treated(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    arm: Arm,
    customers: Customers,
    assignment: Assignment,
) -> Assignment:
    """The part of an assignment that gets an arm's effects: those of the arm that comply."""
    chosen = assignment.arms == planned.arms.index(arm)
    planted = planted_in(blueprint, planned)
    if planted.non_compliance and arm != planned.arms[0]:
        place = seeds.hash_uniform(blueprint.seed, f"compliance.{planned.id}", customers.ids[assignment.rows])
        chosen &= place >= planted.non_compliance
    return Assignment(*(getattr(assignment, name)[chosen] for name in assignment.__slots__))


def _full(blueprint: Blueprint, arm: Arm, target: str, customers: Customers, treated: Assignment) -> Floats:
    """The full multiplier of each treated unit: the arm's, times those of its segments at its exposure."""
    full = np.full(len(treated.rows), arm.effects.get(target, 1.0))
    for dimension, targets in arm.effects_by.items():
        names = sorted(getattr(population_of(blueprint), dimension))
        factors = np.array([targets.get(target, {}).get(name, 1.0) for name in names])
        full *= factors[segments(blueprint, customers.only(treated.rows), dimension, treated.weeks)]
    return full


def highest(found: list[Effect], count: int) -> Floats:
    """An upper bound of each customer's multiplier over the week, shape `(count,)`."""
    bound = np.ones(count)
    for effect in found:
        bound *= np.maximum(effect.factors, 1.0)
    return bound


def at(found: list[Effect], rows: Ints, when: Ints) -> Floats:
    """The product of all effects for customers (positions in the block) at times, shape of `rows`."""
    product = np.ones(len(rows))
    for effect in found:
        product *= effect.at(rows, when)
    return product

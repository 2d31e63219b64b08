"""By how much planted effects multiply a customer's rate and values, at every moment of a week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.generators.assignment import assign
from assay.generators.columns import Floats, Ints
from assay.generators.customers import Customers
from assay.spec import Blueprint


@dataclass(frozen=True, slots=True)
class Effect:
    """One round's multiplier of one target for the customers of a block; arrays of shape `(n,)`.

    Attributes:
        factors: From exposure on; 1 for everyone who is not in the round.
        since: Time of exposure, microseconds since 1970; irrelevant where the factor is 1.
    """

    factors: Floats
    since: Ints

    def at(self, rows: Ints, when: Ints) -> Floats:
        """The factor for customers (positions in the block) at times (microseconds), shape of `rows`."""
        return np.where(when >= self.since[rows], self.factors[rows], 1.0)


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
        factors = np.array([arm.effects.get(target, 1.0) for arm in planned.arms])
        if (factors == 1).all():
            continue
        assignment = assign(blueprint, planned, customers, week)
        effect = Effect(np.ones(len(customers.ids)), np.zeros(len(customers.ids), dtype=np.int64))
        effect.factors[assignment.rows] = factors[assignment.arms]
        effect.since[assignment.rows] = assignment.exposed
        found.append(effect)
    return found


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

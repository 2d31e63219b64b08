"""Who the customers are: a function of the seed and the id, in blocks of fixed size.

Ids count from 1 in order of sign-up week. Block `b` holds the ids from `b * BLOCK + 1` on; a block is always
drawn whole and then cut to the customers who are there, so that what a customer is does not depend on when
one looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay import seeds
from assay.errors import InputError
from assay.generators.columns import CUSTOMERS, WEEK, Ints, labels, times
from assay.spec import Blueprint, Population
from assay.spec.arm import Dimension

BLOCK = 8192
"""Customers per block."""

_HISTORY_WEEKS = 104


@dataclass(frozen=True, slots=True)
class Customers:
    """Some customers of one block; all arrays have the shape `(n,)`.

    Attributes:
        ids: Customer ids.
        weeks: Week of sign-up, 0 for those who were there at the start.
        signed_up: Time of sign-up, microseconds since 1970.
    """

    ids: Ints
    weeks: Ints
    signed_up: Ints

    def only(self, mask: NDArray[np.bool_] | Ints) -> Customers:
        """Those that a boolean mask of shape `(n,)` selects, or positions."""
        return Customers(self.ids[mask], self.weeks[mask], self.signed_up[mask])


def population_of(blueprint: Blueprint) -> Population:
    """The blueprint's population.

    Raises:
        InputError: It has none.
    """
    if blueprint.population is None:
        raise InputError(f"blueprint {blueprint.name} has no population; there is nothing to generate")
    return blueprint.population


def week_begin(blueprint: Blueprint, week: int) -> int:
    """Start of a week in microseconds since 1970."""
    midnight = datetime.combine(blueprint.week_start(week), time(), tzinfo=UTC)
    return int(midnight.timestamp()) * 1_000_000


def head_counts(blueprint: Blueprint, week: int) -> Ints:
    """How many customers there are at the start and at the end of weeks 1 to `week`.

    Returns:
        Ascending, shape `(week + 1,)`.
    """
    population = population_of(blueprint)
    signups = [
        int(seeds.stream(blueprint.seed, "customers.signups", w).poisson(population.signups_per_week))
        for w in range(1, week + 1)
    ]
    return np.cumsum([population.initial, *signups], dtype=np.int64)


def block_count(blueprint: Blueprint, week: int) -> int:
    """How many blocks hold the customers of a week."""
    return -(-int(head_counts(blueprint, week)[-1]) // BLOCK)


def customers_of(blueprint: Blueprint, heads: Ints, block: int) -> Customers:
    """The customers of one block at the end of a week.

    Args:
        blueprint: A synthetic one.
        heads: As `head_counts` gives them for that week.
        block: Which block, from 0.
    """
    ids = np.arange(block * BLOCK + 1, min((block + 1) * BLOCK, int(heads[-1])) + 1, dtype=np.int64)
    weeks = np.searchsorted(heads, ids).astype(np.int64)
    place = seeds.hash_uniform(blueprint.seed, "customers.signed_up", ids)
    start = week_begin(blueprint, 1)
    earlier = start - 1 - np.floor(place * (_HISTORY_WEEKS * WEEK)).astype(np.int64)
    later = start + (weeks - 1) * WEEK + np.floor(place * WEEK).astype(np.int64)
    return Customers(ids, weeks, np.where(weeks == 0, earlier, later))


def new_customers(blueprint: Blueprint, customers: Customers, week: int) -> pa.Table:
    """Rows that a week adds: its sign-ups, and in week 1 those who were there before."""
    new = customers.only(np.maximum(customers.weeks, 1) == week)
    return _rows(blueprint, new, _reviews(blueprint, new, week))


def tier_changes(blueprint: Blueprint, customers: Customers, week: int) -> pa.Table:
    """Full rows of earlier customers whose tier another review has changed this week."""
    if population_of(blueprint).tier_review_weeks is None:
        return CUSTOMERS.empty_table()
    known = customers.only(np.maximum(customers.weeks, 1) < week)
    before, now = (_reviews(blueprint, known, w) for w in (week - 1, week))
    changed = _tiers(blueprint, known, before) != _tiers(blueprint, known, now)
    return _rows(blueprint, known.only(changed), now[changed])


def segments(blueprint: Blueprint, customers: Customers, dimension: Dimension, weeks: Ints) -> Ints:
    """Each customer's segment in a week of their own.

    Args:
        blueprint: A synthetic one.
        customers: Whose segment.
        dimension: `country`, which stays, or `tier`.
        weeks: Number of the week of each customer, shape `(n,)`.

    Returns:
        Positions in the sorted names of the dimension's segments, shape `(n,)`.
    """
    if dimension == "country":
        return _choose(blueprint, "customers.country", customers.ids, population_of(blueprint).country)
    return _tiers(blueprint, customers, _reviews(blueprint, customers, weeks))


def _reviews(blueprint: Blueprint, customers: Customers, week: int | Ints) -> Ints:
    """Number of tier reviews that each customer has had by a week; turns are spread over the weeks."""
    period = population_of(blueprint).tier_review_weeks
    if period is None:
        return np.zeros(len(customers.ids), dtype=np.int64)
    phase = np.floor(seeds.hash_uniform(blueprint.seed, "customers.review", customers.ids) * period)
    return (week + phase.astype(np.int64)) // period


def _tiers(blueprint: Blueprint, customers: Customers, reviews: Ints) -> Ints:
    """Position of each customer's tier after so many reviews."""
    tiers = np.zeros(len(customers.ids), dtype=np.int64)
    for review in np.unique(reviews):
        here = reviews == review
        tiers[here] = _choose(
            blueprint, f"customers.tier.{review}", customers.ids[here], population_of(blueprint).tier
        )
    return tiers


def _choose(blueprint: Blueprint, name: str, ids: Ints, shares: Mapping[str, float]) -> Ints:
    """Position in the sorted names, by the id's hash."""
    edges = np.cumsum([shares[key] for key in sorted(shares)])
    place = seeds.hash_uniform(blueprint.seed, name, ids)
    return np.minimum(np.searchsorted(edges, place, side="right"), len(edges) - 1).astype(np.int64)


def _rows(blueprint: Blueprint, customers: Customers, reviews: Ints) -> pa.Table:
    population = population_of(blueprint)
    countries = _choose(blueprint, "customers.country", customers.ids, population.country)
    return pa.Table.from_arrays(
        [
            pa.array(customers.ids),
            times(customers.signed_up),
            labels(sorted(population.country), countries),
            labels(sorted(population.tier), _tiers(blueprint, customers, reviews)),
        ],
        schema=CUSTOMERS,
    )

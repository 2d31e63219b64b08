"""What canaries truly did, as arrays drawn from the seeds.

Bad rows, double bookings and wrong assets, which the platform must remove or correct, are not there at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from assay.generators.assignment import assign
from assay.generators.canaries import is_late
from assay.generators.columns import Ints, nearest, row_ids
from assay.generators.customers import block_count, customers_of, head_counts, week_begin
from assay.generators.events import events, values
from assay.generators.rates import rates
from assay.spec import Blueprint
from assay.spec.canaries import world

_FACT, _VALUE = "trades", "notional"
"""The fact that generators draw (`assay.spec.references.SYNTHETIC_TRADES`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Canaries of one or several rounds. Arrays of units have the shape `(n,)`, of trades `(m,)`.

    Times are microseconds since the Monday of the round.

    Attributes:
        rounds: Number of rounds.
        round: Which round a unit is in, from 0.
        experiment: Position of its experiment, in order of name.
        arm: Position of its arm; 0 is the control.
        exposed: When it was exposed.
        unit: Position of a trade's unit.
        at: When the trade was made.
        cents: Its value, in hundredths.
        late: Whether it arrives with the week after.
    """

    rounds: int
    round: Ints
    experiment: Ints
    arm: Ints
    exposed: Ints
    unit: Ints
    at: Ints
    cents: Ints
    late: NDArray[np.bool_]

    def trades(self, chosen: NDArray[np.bool_] | Ints) -> Records:
        """The same units with these of their trades: a mask, or positions."""
        kept = {name: getattr(self, name)[chosen] for name in ("unit", "at", "cents", "late")}
        return replace(self, **kept)


def drawn(blueprint: Blueprint, weeks: Sequence[int]) -> Records:
    """The canaries of some weeks.

    Args:
        blueprint: One with canaries.
        weeks: Numbers of the weeks; each becomes a round.
    """
    return joined([_of_week(blueprint, n) for n in weeks])


def _of_week(blueprint: Blueprint, n: int) -> Records:
    own = world(blueprint, n)
    blocks = [of_block(blueprint, own, n, block) for block in range(block_count(own, 1))]
    whole = joined(blocks)
    return replace(whole, rounds=1, round=np.zeros_like(whole.round))


def joined(parts: Iterable[Records]) -> Records:
    """The rounds of several records, one after the other."""
    each = list(parts)
    units = np.cumsum([0, *(len(part.arm) for part in each)])
    rounds = np.cumsum([0, *(part.rounds for part in each)])
    shifted = [
        replace(part, round=part.round + rounds[i], unit=part.unit + units[i]) for i, part in enumerate(each)
    ]
    names = [field.name for field in fields(Records) if field.name != "rounds"]
    arrays = {name: np.concatenate([getattr(part, name) for part in shifted]) for name in names}
    return Records(rounds=int(rounds[-1]), **arrays)


def of_block(blueprint: Blueprint, own: Blueprint, n: int, block: int) -> Records:
    """The canaries of one block of customers in a week, as one round.

    Args:
        blueprint: Says which trades are late.
        own: The world of the week's canaries.
        n: Number of the week.
        block: Which block of its customers.
    """
    there = customers_of(own, head_counts(own, 1), block)
    laws = own.generated(_FACT)
    rate = rates(own, _FACT, laws.rate, block, len(there.ids))
    acts = events(own, _FACT, there, rate, n, block)
    worth = values(own, f"{_FACT}.{_VALUE}", laws.values[_VALUE], acts, there, n, block)
    begin = week_begin(blueprint, n)
    where = np.zeros((3, len(there.ids)), dtype=np.int64)  # experiment, arm, exposed
    for i, planned in enumerate(own.planned(n)):
        found = assign(own, planned, there, n)
        where[:, found.rows] = np.broadcast_to(i, found.rows.shape), found.arms, found.exposed - begin
    return Records(
        rounds=1,
        round=np.zeros(len(there.ids), dtype=np.int64),
        experiment=where[0],
        arm=where[1],
        exposed=where[2],
        unit=acts.rows,
        at=acts.at - begin,
        cents=nearest(worth * 100),
        late=is_late(blueprint, -row_ids(n, block, len(acts.rows))),
    )

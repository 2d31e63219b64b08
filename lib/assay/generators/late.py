"""Trades that arrive a week late: which, and what that leaves of a week.

A row's correction or deletion comes with the row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from assay import seeds
from assay.generators.assignment import assign
from assay.generators.columns import CUSTOMERS, EXPOSURES, QUOTES, Ints
from assay.generators.customers import block_count, customers_of, head_counts
from assay.generators.weeks import Week, week
from assay.spec import Blueprint, PlannedExperiment
from assay.spec.kinds import planted_in

TRADES = ("trades", "trade_corrections", "trade_deletes")
"""The tables of a week whose rows may be late."""


def arriving(blueprint: Blueprint, n: int) -> Week:
    """The world's rows that a week brings: its own in time, and the late ones of the week before.

    Args:
        blueprint: A synthetic one.
        n: Number of the week, from 1.
    """
    drawn = week(blueprint, n)
    if _delayed(blueprint, n):
        drawn = split(drawn, _late_trades(blueprint, drawn), late=False)
    if n > 1 and _delayed(blueprint, n - 1):
        before = week(blueprint, n - 1)
        drawn = drawn.plus(_trades_only(split(before, _late_trades(blueprint, before), late=True)))
    return drawn


def split(drawn: Week, late_trades: Ints, *, late: bool) -> Week:
    """A week with the trades that are late, or with the others.

    Args:
        drawn: The whole week.
        late_trades: Ids of the trades that are late.
        late: Which part.
    """

    def part(table: pa.Table) -> pa.Table:
        return table.filter(pa.array(np.isin(ints(table, "trade_id"), late_trades) == late))

    kept = {name: part(getattr(drawn, name)) for name in TRADES}
    # Of three bad rows in turn each breaks one of these, see `trades`.
    return replace(drawn, **kept, bad_trades=_bad(kept["trades"]))


def ints(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers as an array."""
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _delayed(blueprint: Blueprint, n: int) -> list[tuple[PlannedExperiment, float]]:
    """The rounds of a week whose events may be late, and their share."""
    shares = [(planned, planted_in(blueprint, planned).late_events) for planned in blueprint.planned(n)]
    return [(planned, share) for planned, share in shares if share]


def _late_trades(blueprint: Blueprint, drawn: Week) -> Ints:
    """Ids of the trades of a week that arrive with the next: each by its own hash."""
    trades, customers = ints(drawn.trades, "trade_id"), ints(drawn.trades, "customer_id")
    late = np.zeros(len(trades), dtype=np.bool_)
    for planned, share in _delayed(blueprint, drawn.number):
        place = seeds.hash_uniform(blueprint.seed, f"late.{planned.id}", trades)
        late |= np.isin(customers, _units(blueprint, planned, drawn.number)) & (place < share)
    return trades[late]


def _units(blueprint: Blueprint, planned: PlannedExperiment, n: int) -> Ints:
    """Ids of all whom a round has exposed by the end of a week."""
    heads = head_counts(blueprint, n)
    blocks = [customers_of(blueprint, heads, block) for block in range(block_count(blueprint, n))]
    return np.concatenate([block.ids[assign(blueprint, planned, block, n).rows] for block in blocks])


def _trades_only(drawn: Week) -> Week:
    """What is left where everything but trades has arrived already."""
    empty = {"customers": CUSTOMERS, "customer_updates": CUSTOMERS, "exposures": EXPOSURES, "quotes": QUOTES}
    return replace(drawn, **{name: schema.empty_table() for name, schema in empty.items()})


def _bad(trades: pa.Table) -> int:
    rows = trades.select(["asset", "side", "notional"]).to_pylist()
    return sum(row["asset"] is None or row["side"] == "gift" or row["notional"] < 0 for row in rows)

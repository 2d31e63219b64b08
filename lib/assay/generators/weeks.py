"""A week of the synthetic world, whole or in parts: a function of the blueprint and the week's number."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import pyarrow as pa

from assay.errors import InputError
from assay.generators.columns import CUSTOMERS, EXPOSURES, QUOTES, TRADE_KEYS, TRADES
from assay.generators.customers import (
    BLOCK,
    customers_of,
    head_counts,
    new_customers,
    population_of,
    tier_changes,
)
from assay.generators.exposures import exposures
from assay.generators.quotes import prices, quotes
from assay.generators.trades import trades
from assay.spec import Blueprint

MOST_WEEKS = 2**19
"""Row ids are made for fewer weeks than this."""


@dataclass(frozen=True, slots=True)
class Week:
    """What a week does to the source database; Arrow tables with exactly the database's types.

    Inserts come first, then updates, then deletes.

    Attributes:
        number: Of the week, from 1.
        start: Its Monday.
        customers: Rows to insert.
        customer_updates: Full rows of known customers with a changed tier.
        exposures: Rows to insert.
        trades: Rows to insert, among them bad rows, double bookings and wrong assets.
        trade_corrections: Full rows to update by `trade_id`.
        trade_deletes: `trade_id` of the rows to delete.
        quotes: Rows to insert.
        bad_trades: How many of the inserted trades break the contract of silver.
    """

    number: int
    start: date
    customers: pa.Table
    customer_updates: pa.Table
    exposures: pa.Table
    trades: pa.Table
    trade_corrections: pa.Table
    trade_deletes: pa.Table
    quotes: pa.Table
    bad_trades: int

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows of every table, by its name here."""
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: table.num_rows for name, table in tables.items() if isinstance(table, pa.Table)}

    def plus(self, other: Week) -> Week:
        """This week with the rows of another appended to each table."""
        tables = {name: pa.concat_tables([getattr(self, name), getattr(other, name)]) for name in self.rows}
        return replace(self, **tables, bad_trades=self.bad_trades + other.bad_trades)


def nothing(blueprint: Blueprint, n: int) -> Week:
    """A week that brings nothing to the source database."""
    schemas = {
        "customers": CUSTOMERS,
        "customer_updates": CUSTOMERS,
        "exposures": EXPOSURES,
        "trades": TRADES,
        "trade_corrections": TRADES,
        "trade_deletes": TRADE_KEYS,
        "quotes": QUOTES,
    }
    tables = {name: schema.empty_table() for name, schema in schemas.items()}
    return Week(number=n, start=blueprint.week_start(n), bad_trades=0, **tables)


def week(blueprint: Blueprint, n: int, *, blocks: range | None = None) -> Week:
    """Draw a week.

    A row depends on the seed, its customer and the week only: any partition of the blocks gives the same
    rows, and a week needs nothing of the weeks before it. Quotes belong to block 0.

    Args:
        blueprint: A synthetic one.
        n: Number of the week, from 1.
        blocks: Which blocks of customers, all within `block_count(blueprint, n)`; None for all.

    Raises:
        InputError: No population, or a week or block that does not exist.
    """
    population_of(blueprint)
    if not 1 <= n < MOST_WEEKS:
        raise InputError(f"week is {n}; weeks count from 1 to {MOST_WEEKS - 1}")
    heads = head_counts(blueprint, n)
    count = -(-int(heads[-1]) // BLOCK)
    chosen = range(count) if blocks is None else blocks
    if any(not 0 <= block < count for block in chosen):
        raise InputError(f"blocks is {chosen}; week {n} of {blueprint.name} has the blocks 0 to {count - 1}")
    priced = prices(blueprint, n)
    groups = [customers_of(blueprint, heads, block) for block in chosen]
    booked = [trades(blueprint, group, priced, n, block) for block, group in zip(chosen, groups, strict=True)]
    seen = [exposures(blueprint, group, n, block) for block, group in zip(chosen, groups, strict=True)]
    return Week(
        number=n,
        start=blueprint.week_start(n),
        customers=_join(CUSTOMERS, [new_customers(blueprint, group, n) for group in groups]),
        customer_updates=_join(CUSTOMERS, [tier_changes(blueprint, group, n) for group in groups]),
        exposures=_join(EXPOSURES, seen),
        trades=_join(TRADES, [part.inserted for part in booked]),
        trade_corrections=_join(TRADES, [part.corrections for part in booked]),
        trade_deletes=_join(TRADE_KEYS, [part.deletes for part in booked]),
        quotes=quotes(blueprint, n) if 0 in chosen else QUOTES.empty_table(),
        bad_trades=sum(part.bad for part in booked),
    )


def _join(schema: pa.Schema, tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *tables])

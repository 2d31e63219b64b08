"""The trades of a week, and what goes wrong with them: bad rows, corrections, double bookings.

Faults are additions that leave the true rows whole: a bad row is an extra one that breaks the contract of
silver, a double booking is deleted again, a correction changes the asset back. No metric's truth depends on
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay import seeds
from assay.generators.assignment import assign
from assay.generators.columns import (
    TRADE_KEYS,
    TRADES,
    Floats,
    Ints,
    decimals,
    labels,
    nearest,
    row_ids,
    times,
)
from assay.generators.customers import Customers, population_of
from assay.generators.events import Events, events, values
from assay.generators.quotes import Prices
from assay.generators.rates import rates
from assay.generators.units import acting
from assay.spec import Blueprint

_SPREAD = 0.0005
"""Standard deviation of a trade's price around the quote, relative."""

_SIDES = ("buy", "sell", "gift")
"""The third is no side: it makes a bad row."""


@dataclass(frozen=True, slots=True)
class BlockTrades:
    """Trades of one block in one week.

    Attributes:
        inserted: All rows as they are first booked.
        corrections: Rows as they are after their update.
        deletes: Ids of the rows that are deleted again.
        bad: How many of the inserted rows break the contract.
    """

    inserted: pa.Table
    corrections: pa.Table
    deletes: pa.Table
    bad: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """Columns of trades before they become Arrow; asset -1 is a missing one. Arrays of one shape."""

    customer: Ints
    asset: Ints
    side: Ints
    quantity: Ints
    price: Ints
    notional: Ints
    at: Ints

    def take(self, index: Ints) -> _Rows:
        return _Rows(*(getattr(self, name)[index] for name in self.__slots__))


def trades(blueprint: Blueprint, customers: Customers, prices: Prices, week: int, block: int) -> BlockTrades:
    """Draw the trades of a block's customers in a week.

    Args:
        blueprint: A synthetic one.
        customers: Customers of the block at the end of the week.
        prices: Of the week.
        week: Number of the week.
        block: Which block.
    """
    generate = blueprint.generated("trades")
    rate = rates(blueprint, "trades", generate.rate, block, len(customers.ids))
    rate = acting(blueprint, customers, rate, week)
    drawn = events(blueprint, "trades", customers, rate, week, block)
    notional = values(
        blueprint, "trades.notional", generate.values["notional"], drawn, customers, week, block
    )
    good = _book(blueprint, customers, prices, drawn, notional, week, block)
    return _plant(blueprint, good, _doubled(blueprint, customers, drawn, week, block), week, block)


def _book(
    blueprint: Blueprint,
    customers: Customers,
    prices: Prices,
    drawn: Events,
    notional: Floats,
    week: int,
    block: int,
) -> _Rows:
    """Give every event an asset, a side, a price near the quote, and the quantity that fits its value."""
    count = len(drawn.rows)
    rng = seeds.stream(blueprint.seed, "trades.details", week, block)
    popularity = 1 / np.arange(1, len(population_of(blueprint).market.assets) + 1)
    edges = np.cumsum(popularity / popularity.sum())
    asset = np.minimum(np.searchsorted(edges, rng.random(count), side="right"), len(edges) - 1).astype(
        np.int64
    )
    side = rng.integers(0, 2, count)
    quoted = prices.near(asset, drawn.at) * np.exp(rng.normal(0, _SPREAD, count))
    price = np.maximum(nearest(quoted * 1e4), 1)
    return _Rows(
        customer=customers.ids[drawn.rows],
        asset=asset,
        side=side,
        quantity=nearest(notional / (price / 1e4) * 1e6),
        price=price,
        notional=nearest(notional * 100),
        at=drawn.at,
    )


def _doubled(
    blueprint: Blueprint, customers: Customers, drawn: Events, week: int, block: int
) -> NDArray[np.bool_]:
    """Which events the experiments of a week book twice, among those of their exposed units."""
    doubled = np.zeros(len(drawn.rows), dtype=np.bool_)
    for planned in blueprint.planned(week):
        planted = blueprint.experiments[planned.experiment].planted
        if planted is None or not planted.duplicated_events:
            continue
        units = np.zeros(len(customers.ids), dtype=np.bool_)
        units[assign(blueprint, planned, customers, week).rows] = True
        rng = seeds.stream(blueprint.seed, f"trades.duplicated.{planned.id}", week, block)
        doubled |= units[drawn.rows] & (rng.random(len(drawn.rows)) < planted.duplicated_events)
    return doubled


def _plant(
    blueprint: Blueprint, good: _Rows, more_doubled: NDArray[np.bool_], week: int, block: int
) -> BlockTrades:
    """Add bad rows and double bookings, and book some assets wrongly first."""
    faults = population_of(blueprint).faults
    count = len(good.at)
    rng = seeds.stream(blueprint.seed, "trades.faults", week, block)
    bad, corrected, doubled = (
        np.flatnonzero(rng.random(count) < share)
        for share in (faults.bad_trades, faults.corrected_trades, faults.duplicated_trades)
    )
    doubled = np.union1d(doubled, np.flatnonzero(more_doubled))
    assets = population_of(blueprint).market.assets
    if len(assets) == 1:
        corrected = corrected[:0]  # there is no wrong asset to book
    booked = _Rows(
        good.customer, good.asset.copy(), good.side, good.quantity, good.price, good.notional, good.at
    )
    booked.asset[corrected] = (booked.asset[corrected] + 1) % len(assets)
    parts = (booked, _spoil(good.take(bad)), good.take(doubled))
    ids = row_ids(week, block, sum(len(part.at) for part in parts))
    inserted = pa.concat_tables(
        _table(assets, part, part_ids)
        for part, part_ids in zip(parts, np.split(ids, [count, count + len(bad)]), strict=True)
    )
    return BlockTrades(
        inserted=inserted,
        corrections=_table(assets, good.take(corrected), ids[corrected]),
        deletes=pa.Table.from_arrays([pa.array(ids[count + len(bad) :])], schema=TRADE_KEYS),
        bad=len(bad),
    )


def _spoil(rows: _Rows) -> _Rows:
    """Break the contract in turn: a negative value, a missing asset, an unknown side."""
    kind = np.arange(len(rows.at)) % 3
    return _Rows(
        customer=rows.customer,
        asset=np.where(kind == 1, -1, rows.asset),
        side=np.where(kind == 2, len(_SIDES) - 1, rows.side),  # noqa: PLR2004 - the third kind
        quantity=rows.quantity,
        price=rows.price,
        notional=np.where(kind == 0, -rows.notional - 1, rows.notional),
        at=rows.at,
    )


def _table(assets: list[str], rows: _Rows, ids: Ints) -> pa.Table:
    return pa.Table.from_arrays(
        [
            pa.array(ids),
            pa.array(rows.customer),
            labels([*assets, None], rows.asset % (len(assets) + 1)),  # -1 becomes the last: missing
            labels(_SIDES, rows.side),
            decimals(rows.quantity, 18, 6),
            decimals(rows.price, 18, 4),
            decimals(rows.notional, 18, 2),
            times(rows.at),
        ],
        schema=TRADES,
    )

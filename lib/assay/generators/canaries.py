"""What a week's canaries do: the rows of a small world of their own, under negative ids.

A share of their trades arrives with the week after, so that a platform which ignores late rows is found out.
A row's correction or deletion comes with the row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay import seeds
from assay.generators.columns import CUSTOMERS, EXPOSURES, QUOTES, Ints
from assay.generators.customers import block_count, customers_of, head_counts, new_customers
from assay.generators.late import TRADES, arriving, ints, split
from assay.generators.weeks import Week, nothing, week
from assay.spec import Blueprint
from assay.spec.canaries import world

_CUSTOMER_BITS = 24


def arrivals(blueprint: Blueprint, n: int) -> Week:
    """Everything that a week brings to the source database: the world's rows, and the canaries'.

    Args:
        blueprint: One without a population brings nothing: its data are real, and come from elsewhere.
        n: Number of the week, from 1.
    """
    if blueprint.population is None:
        return nothing(blueprint, n)
    drawn = arriving(blueprint, n)
    if blueprint.canaries is None:
        return drawn
    if n >= blueprint.canaries.first_week:
        drawn = drawn.plus(_arriving(blueprint, canaries(blueprint, n), late=False))
    if n > blueprint.canaries.first_week:
        before = _arriving(blueprint, canaries(blueprint, n - 1), late=True)
        seen = {"customers": CUSTOMERS.empty_table(), "exposures": EXPOSURES.empty_table()}
        drawn = drawn.plus(replace(before, **seen))
    return drawn


def canaries(blueprint: Blueprint, n: int) -> Week:
    """What the canaries of a week do, in it and whenever it arrives.

    Args:
        blueprint: One with canaries.
        n: Number of the week, not before their first.

    Returns:
        A week without quotes; its ids are negative.
    """
    own = world(blueprint, n)
    drawn = week(own, n)
    heads = head_counts(own, 1)
    blocks = [customers_of(own, heads, block) for block in range(block_count(own, 1))]
    everyone = pa.concat_tables([new_customers(own, block, 1) for block in blocks])
    tables = {name: getattr(drawn, name) for name in ("exposures", *TRADES)} | {"customers": everyone}
    minted = {name: _minted(table, n) for name, table in tables.items()}
    return replace(drawn, quotes=QUOTES.empty_table(), **minted)


def is_late(blueprint: Blueprint, trade_ids: Ints) -> NDArray[np.bool_]:
    """Which trades of canaries arrive with the week after.

    Args:
        blueprint: One with canaries.
        trade_ids: Their ids, shape `(m,)`.
    """
    share = 0.0 if blueprint.canaries is None else blueprint.canaries.late
    return seeds.hash_uniform(blueprint.seed, "canaries.late", trade_ids) < share


def _arriving(blueprint: Blueprint, drawn: Week, *, late: bool) -> Week:
    """The part of the canaries' week whose trades arrive late, or in time."""
    ids = ints(drawn.trades, "trade_id")
    return split(drawn, ids[is_late(blueprint, ids)], late=late)


def _minted(table: pa.Table, n: int) -> pa.Table:
    """The table with negative ids: a customer's after its week and number, a row's after its own."""
    for name in table.column_names:
        if name == "customer_id":
            ids = -(n << _CUSTOMER_BITS) - ints(table, name)
        elif name in ("trade_id", "exposure_id"):
            ids = -ints(table, name)
        else:
            continue
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(ids))
    return table

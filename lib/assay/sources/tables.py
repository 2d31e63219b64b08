"""The brokerage's tables as they stand in its database.

There are no CHECK or NOT NULL constraints beside the keys: bad rows must be able to arrive, and silver is
where they are found. REPLICA IDENTITY FULL makes change capture carry whole rows for updates and deletes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCHEMA = "brokerage"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the source database.

    Attributes:
        name: Its name in schema `brokerage`.
        columns: Column → type.
        key: Columns of the primary key.
        money: Columns whose sums are compared from here to gold.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    money: tuple[str, ...] = ()

    def ddl(self) -> str:
        """Statements that make the table if it is not there."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        key = ", ".join(self.key)
        return (
            f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{self.name} ({columns}, PRIMARY KEY ({key}));"
            f"ALTER TABLE {SCHEMA}.{self.name} REPLICA IDENTITY FULL;"
        )


CUSTOMERS = Table(
    "customers",
    {"customer_id": "bigint", "signed_up_at": "timestamptz", "country": "text", "tier": "text"},
    ("customer_id",),
)
EXPOSURES = Table(
    "exposures",
    {
        "exposure_id": "bigint",
        "experiment": "text",
        "customer_id": "bigint",
        "arm": "text",
        "exposed_at": "timestamptz",
    },
    ("exposure_id",),
)
TRADES = Table(
    "trades",
    {
        "trade_id": "bigint",
        "customer_id": "bigint",
        "asset": "text",
        "side": "text",
        "quantity": "numeric(18,6)",
        "price": "numeric(18,4)",
        "notional": "numeric(18,2)",
        "traded_at": "timestamptz",
    },
    ("trade_id",),
    money=("notional",),
)
QUOTES = Table(
    "quotes",
    {"asset": "text", "quoted_at": "timestamptz", "price": "numeric(18,4)"},
    ("asset", "quoted_at"),
)
LOADS = Table(
    "loads",
    {
        "week": "date",
        "blueprint": "text",
        "version": "text",
        "changes": "text",
        "loaded_at": "timestamptz",
    },
    ("week",),
)
ALL = (CUSTOMERS, EXPOSURES, TRADES, QUOTES, LOADS)

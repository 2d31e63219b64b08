"""Gold for the API: real Iceberg tables in the emulator's S3 and Glue, with the columns of their contracts.

Results and runs are those of a real run (tests/unit/dashboard/data); the others are made here.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError

from assay.lake.contracts import Contract
from assay.runtime import clients
from assay.serving.queries import catalog

Rows = list[dict[str, Any]]
BUCKET = "lake-of-the-api"
DATA = Path(__file__).parents[1] / "dashboard" / "data"
TABLES = ("experiment_results", "certificates", "asset_daily", "runs")
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(), "date": pa.date32(), "boolean": pa.bool_(), "bigint": pa.int64(),
    "int": pa.int32(), "double": pa.float64(), "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
}  # fmt: skip


def make() -> Catalog:
    """Every table that the API reads, filled; those that are there already are made anew."""
    s3 = clients.s3()
    if BUCKET not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    place = catalog.glue()
    place.create_namespace_if_not_exists("gold")
    made = {
        "experiment_results": results(), "certificates": certificates(), "asset_daily": days(),
        "runs": runs(),
    }  # fmt: skip
    for name, rows in made.items():
        table(place, name)
        append(place, name, rows)
    return place


def table(place: Catalog, name: str) -> None:
    """A table without rows, as its contract has it."""
    drop(place, name)
    place.create_table(f"gold.{name}", schema(name), location=f"s3://{BUCKET}/warehouse/gold.db/{name}")


def drop(place: Catalog, name: str) -> None:
    """No table of that name."""
    with contextlib.suppress(NoSuchTableError):
        place.drop_table(f"gold.{name}")


def append(place: Catalog, name: str, rows: Rows) -> None:
    """One more snapshot with some rows."""
    place.load_table(f"gold.{name}").append(pa.Table.from_pylist(rows, schema=schema(name)))


def schema(name: str) -> pa.Schema:
    """The Arrow schema of a contract."""
    fields = [(each.name, _type(each.type)) for each in Contract.load(f"gold.{name}").fields]
    return pa.schema(fields)


def _type(name: str) -> pa.DataType:
    if name.startswith("decimal"):
        precision, scale = name.removeprefix("decimal(").removesuffix(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return _TYPES[name]


def results() -> Rows:
    """Results of a real run."""
    times = dict.fromkeys(("as_of", "decided"), date.fromisoformat)
    return _real("experiment_results", times)


def runs() -> Rows:
    """Runs of a real lake."""
    moment = lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)  # noqa: E731
    return _real("runs", {"week": date.fromisoformat, "started_at": moment, "ended_at": moment})


def _real(name: str, read: dict[str, Callable[[str], object]]) -> Rows:
    known = Contract.load(f"gold.{name}").columns
    rows: Rows = json.loads((DATA / f"{name}.json").read_text())["rows"]
    return [
        {key: read[key](row[key]) if key in read and row.get(key) else row.get(key) for key in known}
        for row in rows
    ]


def certificates(count: int = 12) -> Rows:
    """Certificates of two methods."""
    return [
        {
            **dict.fromkeys(Contract.load("gold.certificates").columns),
            "certificate_id": f"aa-{number:016x}", "method": ("welch", "cuped")[number % 2],
            "method_version": "1", "scenario": "aa", "metric": "traded_value", "as_of": date(2026, 1, 12),
            "n_control": 500, "n_treatment": 500 + number, "replicates": 2000, "alpha": 0.05,
            "type_i_error": 0.05, "lower": 0.04, "upper": 0.06, "tolerance": 0.01, "seed": number,
            "verdict": ("holds", "liberal", "holds")[number % 3], "kind": "re-randomised",
            "power": float("nan") if number == 0 else 0.8, "_run_id": "wr_1",
        }
        for number in range(count)
    ]  # fmt: skip


def days(assets: tuple[str, ...] = ("BTC", "DAX", "^GSPC"), count: int = 10) -> Rows:
    """Days of assets: of the brokerage's own, and of two markets'."""
    return [
        {
            **dict.fromkeys(Contract.load("gold.asset_daily").columns),
            "asset": asset, "day": date(2026, 1, 5) + timedelta(days=number),
            "open": Decimal("10.0000"), "high": Decimal("12.5000"), "low": Decimal("9.0000"),
            "close": None if number == count - 1 else Decimal("11.2500") + number, "trades": 3,
            "volume": Decimal("1.000001"), "traded_value": Decimal("12345678901234567890.12"), "customers": 2,
            "exchange": None if asset == "BTC" else "XETR", "currency": None if asset == "BTC" else "EUR",
            "sources": None if asset == "BTC" else ["closes_legacy", "closes_api"],
            "dissenting": None if asset == "BTC" else [], "_run_id": "wr_1",
        }
        for asset in assets
        for number in range(count)
    ]  # fmt: skip

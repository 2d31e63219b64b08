"""A small brokerage on real tables, its changes in the landing bucket, and what the twin says must be."""

from __future__ import annotations

import io
import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from assay.generators import columns
from assay.lake import Lake, iceberg, markets, reconciliation, refresh
from assay.lake.contracts import made_of
from assay.lake.parallel import each
from assay.lake.refine import refine
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from assay.spec import Blueprint
from faults import model
from faults.model import Change, Gold, Row, week

NAMES = ("silver.trades", "silver.exposures", "silver.customers")
MADE = (
    *NAMES, *(made_of()[name] for name in NAMES), "silver.quarantine", "gold.unit_metrics",
    "gold.metric_moments", "gold.experiment_results", "gold.experiment_health", "gold.asset_daily",
)  # fmt: skip
SCHEMAS = {"trades": columns.TRADES, "exposures": columns.EXPOSURES, "customers": columns.CUSTOMERS}


class Killed(BaseException):
    """The end of a process: nobody handles it, as nobody handles SIGKILL."""


@contextmanager
def dying(at: int | None) -> Iterator[None]:
    """Die at a commit to main: at 1 before the first, at 2 after it, at 3 before the second, and so on.

    Whatever the process would commit afterwards, in other threads too, is not committed.
    """
    publish, lock, count = iceberg.Table.publish, threading.Lock(), itertools.count(1)
    dead = threading.Event()

    def counted(table: iceberg.Table, *what: Any) -> None:
        with lock:
            if dead.is_set():
                raise Killed
            number = next(count)
            if number * 2 - 1 == at:
                dead.set()
                raise Killed
            publish(table, *what)
            if number * 2 == at:
                dead.set()
                raise Killed

    with pytest.MonkeyPatch.context() as patch:
        if at is not None:
            patch.setattr(iceberg.Table, "publish", counted)
        yield


@dataclass
class World:
    """The pipeline and what was done to it.

    Attributes:
        spark: The session.
        catalog: With `silver.loads` and `silver.blueprints` in it: see `prepare`.
        landing: An empty bucket.
        changes: All changes of the source.
        waiting: Those that have not been delivered.
        delivered: Files of changes, in the order of delivery.
        week: The latest week that a run was for.
        until: The week before which gold ends.
        runs: How many there were.
        deaths: How many of them died.
    """

    spark: SparkSession
    catalog: str
    landing: Landing
    changes: list[Change] = field(default_factory=list)
    waiting: list[Change] = field(default_factory=list)
    delivered: list[list[Change]] = field(default_factory=list)
    week: int = 1
    until: int = 0
    runs: int = 0
    deaths: int = 0

    # -- the source --------------------------------------------------------------------------------
    def change(self, table: str, operation: str, row: Row) -> None:
        one = Change(table, operation, f"{len(self.changes) + 1:06}", row)
        self.changes.append(one)
        self.waiting.append(one)

    def rows(self, table: str) -> list[Row]:
        """The rows of the source that are not deleted."""
        newest = {c.row[model.KEY[table]]: c for c in self.changes if c.table == table}
        return [change.row for change in newest.values() if change.operation != "D"]

    def next_key(self, table: str) -> int:
        return 1 + max((c.row[model.KEY[table]] for c in self.changes if c.table == table), default=0)

    # -- change capture ----------------------------------------------------------------------------
    def deliver(self, *, backwards: bool = False, hold: int = 0) -> None:
        """Write files of the waiting changes, all but some, perhaps the newest first."""
        batch, self.waiting = self.waiting[hold:], self.waiting[:hold]
        self._write(batch[::-1] if backwards else batch)

    def again(self, which: int) -> None:
        """Deliver changes of before once more, under a new name."""
        if self.delivered:
            self._write(self.delivered[which % len(self.delivered)])

    def _write(self, batch: Sequence[Change]) -> None:
        for table, schema in SCHEMAS.items():
            mine = [change for change in batch if change.table == table]
            # Two files, so that their order may differ from the order of what they hold.
            for part in (mine[: len(mine) // 2], mine[len(mine) // 2 :]):
                if part:
                    self.delivered.append(list(part))
                    self._put(table, schema, part)

    def _put(self, table: str, schema: pa.Schema, part: Sequence[Change]) -> None:
        rows = pa.Table.from_pylist([dict(change.row) for change in part], schema=schema)
        rows = rows.append_column("Op", pa.array([change.operation for change in part]))
        rows = rows.append_column("dms_ts", pa.array(["2026-01-12 03:15:00.000000"] * len(part)))
        rows = rows.append_column("change_seq", pa.array([change.sequence for change in part]))
        sink = io.BytesIO()
        pq.write_table(rows, sink)
        key = f"rds/brokerage/{table}/20260112-{len(self.delivered):09}.parquet"
        self.landing.client.put_object(Bucket=self.landing.bucket, Key=key, Body=sink.getvalue())

    # -- the pipeline ------------------------------------------------------------------------------
    @property
    def lake(self) -> Lake:
        return Lake(self.spark, f"r-{self.runs}", self.catalog)

    def run(self, *, ahead: int = 0, steps: int = 3, die_at: int | None = None) -> bool:
        """Run the first jobs for a week after the latest (or before it); whether they lived to their end."""
        worked = max(1, self.week + ahead)
        self.week = max(self.week, worked)
        self.runs += 1
        lake = self.lake
        now = model.START_AT + timedelta(days=100, hours=self.runs)
        try:
            with dying(die_at):
                Intake(lake, self.landing, now=lambda: now).tables()
                if steps > 1:
                    refine(lake, NAMES)
                if steps > 2:
                    refresh.experiments(lake, week(worked), week(worked + 1))
                    markets.asset_daily(lake, week(worked + 1))
                    self._ended(lake, worked + 1)
        except Killed:
            self.deaths += 1
            return False
        return True

    def _ended(self, lake: Lake, until: int) -> None:
        """A run that died in a later week may have come further, and gold never goes back.

        Once the experiment is over, gold may stay where it is: no later week has anything to show.
        """
        over = model.FIRST + model.WEEKS
        least, most = week(max(self.until, min(until, over))), week(self.week + 1)
        mark = lake.watermark("gold.experiment_health", "until")
        reached = date.fromisoformat(mark) if mark else least
        assert least <= reached <= most
        self.until = 1 + (reached - model.START).days // 7

    def gold(self) -> dict[str, list[str]]:
        """The rows of gold as texts that show every bit, without the run."""
        return {
            name: sorted(
                repr({k: v for k, v in row.items() if k != "_run_id"}) for row in _collected(self.lake, name)
            )
            for name in MADE
            if name.startswith("gold.")
        }

    def forget_gold(self) -> None:
        """Drop what gold wrote."""
        for name in MADE:
            if name.startswith("gold."):
                self.spark.sql(f"DROP TABLE IF EXISTS {self.catalog}.{name} PURGE")

    # -- what must be ------------------------------------------------------------------------------
    def check(self, *, layers: bool = True) -> None:
        """Compare all tables with the twin and, if asked, every layer with the one before."""
        taken = [change for part in self.delivered for change in part]
        lake = self.lake
        found = each({name: partial(_collected, lake, name) for name in MADE}, threads=2)
        self._check_silver(found, taken)
        once = list({(c.table, c.sequence): c for c in taken}.values())
        expected = model.gold(once, week(self.until))
        if self.until <= model.FIRST:
            expected = Gold({}, {}, {}, {}, expected.days)
        check_gold(found, expected)
        if not layers:
            return
        states = each({name: partial(lake.state, name) for name in (*made_of(), *MADE)}, threads=2)
        broken = [line for line in reconciliation.account(lake, week(self.week), states) if line.broken]
        assert broken == []

    def _check_silver(self, found: dict[str, list[Row]], taken: Sequence[Change]) -> None:
        for table in SCHEMAS:
            came = sorted(row["_change_seq"] for row in found[f"bronze.{table}"])
            assert came == sorted(change.sequence for change in taken if change.table == table), table
        for table in ("trades", "customers"):
            expected = {key: (c.sequence, dict(c.row)) for key, c in model.standing(taken, table).items()}
            got = {
                row[model.KEY[table]]: (row["_change_seq"], {k: v for k, v in row.items() if k[0] != "_"})
                for row in found[f"silver.{table}"]
            }
            assert got == expected, table
        got = {row["unit"]: {k: row[k] for k in _EXPOSURE} for row in found["silver.exposures"]}
        assert got == model.exposures(taken)
        set_aside = [(row["contract"], row["_change_seq"]) for row in found["silver.quarantine"]]
        assert sorted(set_aside) == sorted(model.quarantined(taken))


_EXPOSURE = ("arm", "exposed_at", "exposures", "arms", "multi_arm")


def _collected(lake: Lake, name: str) -> list[Row]:
    return [{k: _aware(v) for k, v in row.asDict().items()} for row in lake.read(name).collect()]


def _aware(value: Any) -> Any:
    """Spark gives times without a zone, in UTC here."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def check_gold(found: dict[str, list[Row]], expected: Gold) -> None:
    """Counts, sums and decisions must be equal, floats to 1e-12 of what they are made of."""
    units = {
        (row["unit"], row["arm"], row["measure"], row["period"]): (row["total"], row["covariate"])
        for row in found["gold.unit_metrics"]
    }
    assert units == expected.units
    assert len(units) == len(found["gold.unit_metrics"])
    days = {
        row["day"]: (row["trades"], row["traded_value"], row["customers"])
        for row in found["gold.asset_daily"]
    }
    assert days == expected.days
    moments = {
        (row["arm"], row["metric"], row["as_of"]): (row["n"], *(row[part] for part in model.PARTS))
        for row in found["gold.metric_moments"]
    }
    _same("moments", moments, expected.moments)
    results = {
        (row["as_of"], row["metric"]): {name: row[name] for name in expected_names(expected)}
        for row in found["gold.experiment_results"]
    }
    _same(
        "results",
        {key: tuple(row.values()) for key, row in results.items()},
        {key: tuple(row.values()) for key, row in expected.results.items()},
    )
    health = {
        (row["as_of"], row["check"]): (row["status"], row["value"], row["p_value"])
        for row in found["gold.experiment_health"]
    }
    _same("health", health, expected.health)


def expected_names(expected: Gold) -> list[str]:
    """The columns of results that the twin computes, in its order."""
    return list(next(iter(expected.results.values()), {}))


def _same(what: str, got: dict[Any, tuple[Any, ...]], expected: dict[Any, tuple[Any, ...]]) -> None:
    assert got.keys() == expected.keys(), what
    for key, values in expected.items():
        for mine, theirs in zip(got[key], values, strict=True):
            assert _close(mine, theirs), (what, key, got[key], values)


def _close(got: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        if math.isnan(expected) or got is None:
            return got is None and math.isnan(expected)
        return math.isclose(got, expected, rel_tol=1e-12, abs_tol=1e-9)
    return bool(got == expected)


# -- where it happens ------------------------------------------------------------------------------
def prepare(spark: SparkSession, catalog: str) -> None:
    """Silver's blueprint and load, which all sequences share."""
    lake = Lake(spark, "r-0", catalog)
    document = Blueprint.parse(model.BLUEPRINT, "the twin's").document()
    rows: dict[str, dict[str, Any]] = {
        "silver.blueprints": {"blueprint": "shop", "version": "v000001", "number": 1, "document": document},
        "silver.loads": {
            "week": model.START, "blueprint": "shop", "version": "v", "changes": "{}",
            "loaded_at": model.START_AT,
        },
    }  # fmt: skip
    for name, row in rows.items():
        lake.merge(name, _frame(lake, name, row | {"_change_seq": "1", "_run_id": "r-0"}), {})


def _frame(lake: Lake, name: str, row: dict[str, Any]) -> Any:
    schema = lake.read(name).schema
    return lake.spark.createDataFrame([tuple(row[field.name] for field in schema)], schema)


def forget(spark: SparkSession, catalog: str) -> None:
    """Drop what a sequence made."""
    for name in MADE:
        spark.sql(f"DROP TABLE IF EXISTS {catalog}.{name} PURGE")


def trade(number: int, customer: int, at: datetime, units: int, *, broken: bool = False) -> Row:
    return {
        "trade_id": number, "customer_id": customer, "asset": None if broken else "BTC", "side": "buy",
        "quantity": Decimal("1.000000"), "price": Decimal("1.0000"),
        "notional": Decimal(units).quantize(Decimal("0.01")), "traded_at": at,
    }  # fmt: skip


def exposure(number: int, customer: int, arm: str | None, at: datetime) -> Row:
    return {
        "exposure_id": number, "experiment": model.EXPERIMENT, "customer_id": customer, "arm": arm,
        "exposed_at": at,
    }  # fmt: skip


def customer(number: int, tier: str, *, broken: bool = False) -> Row:
    return {
        "customer_id": number, "signed_up_at": model.START_AT, "country": "gbr" if broken else "GB",
        "tier": tier,
    }  # fmt: skip

"""A small lake with customers in every place that can hold one, and a source database to forget them in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from assay import configs
from assay.lake import markets, refresh, states
from assay.lake.certification import certify_waiting, planned
from assay.lake.parallel import each
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.local.job import load
from assay.runtime import clients
from assay.runtime.journal import Journal
from assay.sources.entries import Entries
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from assay.spec import Blueprint
from faults import search
from faults.landed import AT, WEEK, Place, parquet, row

DOCUMENT = (Path(__file__).parents[1] / "data" / "blueprints" / "button.yaml").read_text()
FIRST, APART = 918_273_640, 100_200_301
"""Ids that share no beginning: files are searched as they are packed, too, where what two texts share may
stand once, before the rest of a third one."""
OTHERS = range(1, 13)
GOLD = (*refresh.EXPERIMENTS, markets.DAILY, markets.PORTFOLIOS)
Changes = list[tuple[str, int, dict[str, Any]]]


def money(unit: int) -> Decimal:
    """What a customer's good trade is worth: nobody else's is."""
    return Decimal(10) + Decimal(unit % 97) / 100


def rows_of(unit: int) -> dict[str, list[dict[str, Any]]]:
    """A customer's rows; one of the trades breaks its contract."""
    trade = {"customer_id": unit, "price": Decimal(5), "traded_at": AT + timedelta(hours=unit % 24)}
    arm = ("control", "blue")[unit % 2]
    return {
        "customers": [row("customers", customer_id=unit)],
        "exposures": [row("exposures", exposure_id=unit, customer_id=unit, arm=arm)],
        "trades": [
            row("trades", trade_id=10 * unit, **trade, notional=money(unit)),
            row("trades", trade_id=10 * unit + 1, **trade, notional=Decimal(-5)),
        ],
    }


@dataclass
class People:
    """The source database, what it captured, and the lake that was made of it.

    Attributes:
        place: Landing, journal and jobs.
        units: Customers that will be forgotten.
        warehouse: The folder of the tables.
        rows: What the database holds: table → rows.
        delays: Whether the database's deletes are not captured yet.
        waiting: Those deletes.
    """

    place: Place
    units: Sequence[int]
    warehouse: Path
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    delays: bool = False
    waiting: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    _numbers: int = 100
    _files: int = 10

    # -- what happens to it ----------------------------------------------------------------------
    def begin(self, *, gold: bool = True) -> None:
        """One week from the database to silver, or to gold; files of a second transaction come with it."""
        clients.s3().put_bucket_versioning(
            Bucket=self.place.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        body = json.dumps({"document": Blueprint.parse(DOCUMENT, "test").document()}).encode()
        self.place.put_key("parameters/shop/v000001.json", body)
        promised = {}
        for table in ("customers", "exposures", "trades"):
            self.rows[table] = [found for unit in (*OTHERS, *self.units) for found in rows_of(unit)[table]]
            inserted: Changes = [("I", self._number(), each) for each in self.rows[table]]
            again = [each for each in self.rows[table] if each["customer_id"] in (*self.units, 1)]
            if table == "trades":  # one was booked for somebody else first
                moved = row("trades", trade_id=7, customer_id=self.units[0])
                inserted.append(("I", self._number(), {**moved, "customer_id": 1}))
                again.append(moved)
                self.rows[table].append(moved)
            updated: Changes = [("U", self._number(), each) for each in again]
            for changes in (inserted, updated):
                self._land(table, changes)
            promised[table] = len(inserted) + len(updated)
        self._land("quotes", [("I", self._number(), row("quotes", hour)) for hour in (1, 2)])
        self.place.load(self._name(), self._number(), promised | {"quotes": 2})
        journal = Journal("r-0", "assay-bronze", WEEK, self.place.journal)
        for unit in self.units:
            with journal.step("rows") as step:
                step.warnings.append(f"customer {unit} looks strange")
        with journal.step("rows") as step:
            step.warnings.append("customer 1 looks strange")
        self.run(gold=gold)

    def run(self, *, gold: bool = True) -> None:
        """What the jobs bronze, silver and gold do, without their checks."""
        lake = Lake(self.place.spark, f"r-{self._number()}")
        intake = Intake(lake, Landing(clients.s3(), self.place.bucket))
        intake.week(WEEK, wait_seconds=0)
        intake.documents()
        intake.journal(Entries(clients.dynamodb(), self.place.journal))
        refine(lake)
        if not gold:
            return
        end = WEEK + timedelta(days=7)
        each(
            {
                "experiments": partial(refresh.experiments, lake, WEEK, end),
                "markets": partial(markets.refresh, lake, end),
                "runs": partial(refresh.runs, lake, {}),
            }
        )
        certify_waiting(lake, planned(lake, WEEK, end))

    def capture(self) -> None:
        """The database's deletes that were not captured arrive."""
        for table, rows in self.waiting:
            moment = f"2026-01-13 10:00:00.{self._number():06}"
            self._land(table, [("D", self._number(), each) for each in rows], moment=moment)
        self.waiting.clear()

    def forget(self, unit: int | str, **options: object) -> None:
        """`assay forget`, as far as it is a job."""
        self.maintain("forget", unit=str(unit), wait_seconds=0 if self.delays else 30, **options)

    def maintain(self, action: str, **options: object) -> None:
        """The job as the command line starts it."""
        argv = ["--JOB_NAME", "assay-maintain", "--landing_bucket", self.place.bucket]
        argv += ["--journal_table", self.place.journal, "--action", action]
        load(configs.path("jobs/maintain.py"))([*argv, "--options", json.dumps(options)])

    def _land(self, table: str, changes: Changes, **more: Any) -> None:
        if changes:
            self.place.put(table, self._name(), parquet(table, changes, **more))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _name(self) -> str:
        self._files += 1
        return f"20260112-03150{self._files:04}"

    # -- the database, as psycopg shows it --------------------------------------------------------
    @contextlib.contextmanager
    def opened(self, _context: object = None) -> Iterator[People]:
        yield self

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def execute(self, statement: Any, given: Sequence[Any] = ()) -> Answer:
        text = str(statement)
        if "information_schema" in text:
            return Answer([(name,) for name in self.rows])
        table = next((name for name in self.rows if f"'{name}')" in text), "")
        if "COMMENT" in text or not table:
            return Answer([])
        mine = [each for each in self.rows[table] if each["customer_id"] == given[0]]
        if "DELETE" in text:
            self.rows[table] = [each for each in self.rows[table] if each not in mine]
            self.waiting.append((table, mine))
            if not self.delays:
                self.capture()
        return Answer([(len(mine),)], len(mine))

    # -- what is there afterwards -----------------------------------------------------------------
    @property
    def lake(self) -> Lake:
        return Lake(self.place.spark, "reader")

    def holding(self, unit: int) -> list[str]:
        """Every place whose bytes hold a customer's id or the keys of its rows."""
        wanted = search.marks(unit, 10 * unit, 10 * unit + 1)
        stored = [*search.files(self.warehouse), *search.objects(self.place.bucket)]
        return [where for where, content in [*stored, *search.items(self.place.journal)]
                if search.holds(content, wanted)]  # fmt: skip

    def state(self, *names: str, lake: Lake | None = None) -> dict[str, list[str]]:
        """The rows of tables, without the columns that tell of runs."""
        return {
            name: sorted(
                repr({k: v for k, v in found.asDict().items() if not k.startswith("_")})
                for found in (lake or self.lake).read(name).collect()
            )
            for name in names
        }

    def gold_from_nothing(self) -> dict[str, list[str]]:
        """What gold is when it is made anew from silver as a whole, on a branch that is dropped."""
        end = WEEK + timedelta(days=7)
        lake = self.lake.on("check")
        for name in GOLD:
            lake.clear(name)
        refresh.experiments(lake, WEEK, end)
        markets.refresh(lake, end)
        certify_waiting(lake, planned(lake, WEEK, end))
        found = self.state(*GOLD, lake=lake)
        for name in (*GOLD, "gold.certificates"):
            states.drop(self.lake, name, "check")
        return found


@dataclass
class Answer:
    """Rows of a statement."""

    rows: list[tuple[Any, ...]]
    rowcount: int = 0

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self.rows[0] if self.rows else None

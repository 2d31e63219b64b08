"""Forgetting a unit, everywhere: the right to erasure (see docs/adr/0019-forgetting.md).

The order of steps is what makes it safe to be killed and repeated:

1. The source database first, so that nothing brings the unit back. Its deletes arrive through change capture
   and are waited for, because they name the unit as well.
2. The journal and the landing bucket, from which the lake could be made anew.
3. Bronze, then silver, which reads on from bronze's new state, then gold from silver's: so every table names
   the new states as those that it goes on from, and what is made of the unit is made anew without it.
4. Only then the states of before, with their files.

While that is under way the tables carry a note, which does not say who is forgotten. Whoever finds it does
all steps, also where nothing of the unit is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

import psycopg
from pydantic import ConfigDict, Field, field_validator

from assay.errors import InputError
from assay.lake import erasure, markets, past, refresh, units
from assay.lake.certification import certify_waiting, planned
from assay.lake.contracts import Contract, made_of
from assay.lake.ingredients import Warn
from assay.lake.parallel import each
from assay.lake.refine import QUARANTINE, refine
from assay.lake.tables import Lake
from assay.lake.units import Unit, marked
from assay.medallion.gold_blueprint import in_force
from assay.runtime import clients, objects
from assay.runtime.bill import work
from assay.runtime.data_catalog import DataCatalog
from assay.sources import database, erase_database, erase_journal, erase_landing
from assay.sources.entries import Entries
from assay.sources.intake import POLL_SECONDS, Intake
from assay.sources.landing import Landing, Position
from assay.spec.source import Files, sources
from assay.upkeep.action import Context, Options, Report, action

_WEEK = timedelta(days=7)
_GOLD = (*refresh.EXPERIMENTS, markets.DAILY, markets.PORTFOLIOS, "gold.runs")
_LAYERS = ("bronze", "silver", "gold")


class Whom(Options):
    """Options.

    Attributes:
        unit: The customer's id.
        dry_run: Only say what is held.
        wait_seconds: How long to wait until the database's deletes have arrived.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    unit: str
    dry_run: bool = False
    wait_seconds: float = Field(default=120, ge=0)

    @field_validator("unit")
    @classmethod
    def _an_id(cls, text: str) -> str:
        return Unit.parse(text).digits


@dataclass(slots=True)
class Removed:
    """What went, or would go, as lines of the report.

    Attributes:
        lines: Where, what, and how much of it.
        again: Why it must be run again, one sentence each.
    """

    lines: list[dict[str, object]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def add(self, where: str, what: str, count: int) -> None:
        """One more line, if there is anything to tell."""
        if count:
            self.lines.append({"where": where, "what": what, "removed": count})


@action("forget", Whom)
def forget(context: Context, whom: Whom) -> Report:
    """Remove a customer from the database, landing, journal, tables and their past states."""
    # At INFO, Glue's own level, Spark tells what it filters by.
    context.lake.spark.sparkContext.setLogLevel("ERROR")
    unit = Unit.parse(whom.unit)
    held = _held(context, unit)
    elsewhere = _elsewhere(context.lake)
    under_way = past.is_open(context.lake)
    if whom.dry_run or not (held.lines or under_way):
        return _report(held, elsewhere, under_way=under_way)
    removed = Removed()
    past.begin(context.lake)
    _at_the_source(context, unit, whom.wait_seconds, removed)
    _where_it_landed(context, unit, removed)
    _in_tables(context, unit, removed)
    _in_the_past(context, removed)
    if not removed.again:
        past.end(context.lake)
    context.step.warnings += removed.again
    return _report(removed, elsewhere, under_way=bool(removed.again))


def _report(removed: Removed, elsewhere: list[str], *, under_way: bool) -> Report:
    return {
        "removed": removed.lines,
        "under_way": under_way,
        "again": removed.again,
        "elsewhere": elsewhere,
    }


def _elsewhere(lake: Lake) -> list[str]:
    """What gold reads in place, one sentence each: it is its owner's to change."""
    week = lake.read("silver.loads").agg({"week": "max"}).collect()[0][0]
    if week is None:
        return []
    try:
        blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), week)
    except InputError:  # none is registered: nothing is read by it
        return []
    return [
        f"{name} is read in place and is not ours to change: remove the customer there as well, then run "
        "the job gold"
        for name in blueprint.in_place
    ]


# -- what is held --------------------------------------------------------------------------------
def _held(context: Context, unit: Unit) -> Removed:
    """What is held now, the past states aside. Nothing is changed."""
    found, lake = Removed(), context.lake
    with _database(context) as connection:
        for table, count in erase_database.count(connection, unit).items():
            found.add(f"database: {table}", "rows", count)
    _journal(context, unit, found, dry_run=True)
    _landing(context, unit, found, dry_run=True)
    counted = each({name: partial(erasure.count, lake, name, unit) for name in erasure.there(lake)})
    for name, rows in counted.items():
        _tell(name, rows, found)
    return found


@contextmanager
def _database(context: Context) -> Iterator[psycopg.Connection]:
    with database.connect(clients.secret(context.database_secret)) as connection:
        yield connection


def _tell(name: str, found: erasure.Found, removed: Removed) -> None:
    removed.add(name, "rows", found.rows)
    removed.add(name, "texts", found.texts)


# -- the steps -----------------------------------------------------------------------------------
def _at_the_source(context: Context, unit: Unit, seconds: float, removed: Removed) -> None:
    """Delete the unit's rows in the database, and take in the deletes and all that arrived before them."""
    intake = Intake(
        context.lake, Landing(clients.s3(), context.landing_bucket), warn=context.step.warnings.append
    )
    intake.tables()
    before = _deletes(context.lake, unit)
    with _database(context) as connection:
        gone = erase_database.erase(connection, unit)
    for table, rows in gone.items():
        removed.add(f"database: {table}", "rows", rows)
    expected = {table: before.get(table, 0) + rows for table, rows in gone.items() if rows}

    def arrived() -> bool:
        here = _deletes(context.lake, unit)
        return all(here.get(table, 0) >= rows for table, rows in expected.items())

    def take() -> None:
        intake.tables(look_back=False)

    if not _wait(arrived, take, seconds):
        removed.again.append(
            f"the database's deletes have not arrived within {seconds:g} s, and they name the customer: run "
            "the command again after the next run of a week"
        )


def _wait(arrived: Callable[[], bool], take: Callable[[], None], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not arrived():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
        take()
    return True


def _deletes(lake: Lake, unit: Unit) -> dict[str, int]:
    """Table → the unit's deletes that bronze has."""
    found = {}
    for table in erase_landing.captured_tables():
        rows = units.held(Contract.load(f"bronze.{table}"), unit).rows or "false"
        found[table] = lake.read(f"bronze.{table}").where(f"_op = 'D' AND ({rows})").count()
    return found


def _where_it_landed(context: Context, unit: Unit, removed: Removed) -> None:
    """Blank the journal's texts and write the change files anew."""
    _journal(context, unit, removed)
    intake = Intake(context.lake, Landing(clients.s3(), context.landing_bucket))
    intake.journal(Entries(clients.dynamodb(), context.journal_table))
    _landing(context, unit, removed)


def _journal(context: Context, unit: Unit, removed: Removed, *, dry_run: bool = False) -> None:
    entries = Entries(clients.dynamodb(), context.journal_table)
    removed.add("journal", "texts", erase_journal.erase(entries, unit, dry_run=dry_run))


def _landing(context: Context, unit: Unit, removed: Removed, *, dry_run: bool = False) -> None:
    landing = Landing(clients.s3(), context.landing_bucket)
    context.step.warnings += brought(landing, unit, removed, dry_run=dry_run)
    for table in erase_landing.captured_tables():
        read = Position.parse(context.lake.watermark(f"bronze.{table}", erasure.LANDED))
        before = {} if dry_run else erasure.passed_on(context.lake, f"bronze.{table}", unit)
        found = erase_landing.erase(landing, table, read, unit, before=before, dry_run=dry_run)
        removed.add(f"landing: {table}", f"rows of {found.files:,} files", found.rows)
        if not dry_run:
            removed.add(f"landing: {table}", "old versions of files", erase_landing.purge(landing, table))


def brought(landing: Landing, unit: Unit, removed: Removed, *, dry_run: bool = False) -> list[str]:
    """Write what sources have landed anew without a unit's rows.

    Args:
        landing: The landing bucket.
        unit: The unit.
        removed: Takes what went.
        dry_run: Only count.

    Returns:
        Sentences about files that hold the unit and are the user's own.
    """
    told = []
    for source in sources().values():
        if not marked(Contract.load(f"silver.{source.table}"), "id"):
            continue
        where = f"landing: {source.table} from {source.name}"
        found = erase_landing.erase_brought(landing, source.name, source.table, unit, dry_run=dry_run)
        removed.add(where, f"rows of {found.files:,} files", found.rows)
        if not dry_run:
            purged = erase_landing.purge_brought(landing, source.name, source.table)
            removed.add(where, "old versions of files", purged)
        if found.rows and isinstance(source, Files):
            told.append(
                f"the files at {source.at}, which source {source.name} has read, are not ours to change: "
                "remove the customer there as well"
            )
    return told


def _in_tables(context: Context, unit: Unit, removed: Removed) -> None:
    """Layer by layer: what a table is made of is new before it reads on."""
    lake = context.lake
    for layer in _LAYERS:
        if layer == "silver":
            refine(lake)
        if layer == "gold":
            _gold_anew(lake, context.step.warnings.append)
        mine = [name for name in erasure.there(lake) if name.startswith(f"{layer}.")]
        found = each({name: partial(erasure.erase, lake, name, unit) for name in mine})
        for name, gone in found.items():
            _tell(name, gone, removed)


def _gold_anew(lake: Lake, warn: Warn) -> None:
    """What gold shows of the weeks that it has reached, made anew where silver changed, and certified."""
    sources = (*made_of(), QUARANTINE, markets.DAILY)
    before = {name: lake.watermarks(name, (*sources, "until")) for name in _GOLD}
    now = {source: lake.snapshot(source) for source in sources}
    made = {name for name, marks in before.items() if any(marks.values())}
    tasks: dict[str, Callable[[], int]] = {}
    until = max((marks["until"] for marks in before.values() if marks["until"]), default=None)
    end = date.fromisoformat(until) if until else None
    if end:
        tasks["experiments"] = partial(
            refresh.experiments, lake, end - _WEEK, end, catalog=DataCatalog(), warn=warn
        )
    if markets.DAILY in made:
        tasks["markets"] = partial(markets.refresh, lake)
    if "gold.runs" in made:
        tasks["runs"] = partial(refresh.runs, lake, work.rates())
    each(tasks)
    for name in made:
        marks: Mapping[str, str | None] = {source: before[name][source] for source in sources}
        refresh.settle(lake, name, marks, now)
    if end:
        certify_waiting(lake, planned(lake, end - _WEEK, end))


def _in_the_past(context: Context, removed: Removed) -> None:
    """Everything that tables were before goes, and what a bucket keeps of removed files."""
    lake, now = context.lake, datetime.now(UTC)
    needed = past.named(lake)
    names = erasure.there(lake)
    swept = each({name: partial(past.sweep, lake, name, needed.get(name, ()), now) for name in names})
    for name, gone in swept.items():
        removed.add(name, "states", gone.snapshots)
        removed.add(name, "branches", gone.branches)
        removed.add(name, "files of no state", gone.orphans)
        place = lake.table(name).location
        if place.startswith("s3://"):
            removed.add(name, "old versions of files", objects.purge(*objects.split(f"{place}/")))
    young = sum(gone.young for gone in swept.values())
    if young:
        removed.again.append(
            f"{young:,} files belong to no state and are too young to be told from a write under way: run "
            f"the command again after {now + past.SETTLED:%Y-%m-%d %H:%M} UTC"
        )

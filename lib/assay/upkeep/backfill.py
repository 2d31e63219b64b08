"""Making the lake anew beside the published one, on a branch of each table, to be compared and published.

After a change of a contract or of code `backfill` makes silver and gold anew from bronze; `replay` makes
bronze anew, too, from the landing bucket alone. Both go through the functions of the weekly jobs, with a lake
that reads and writes a branch. Readers and runs see nothing of it until main of each table is moved there.

Of silver, whole tables are made anew: a row depends on every version of it that bronze has, from any week. Of
gold, the weeks that are asked: unit metrics and market days of these weeks, and every look that comes after
their first day. What changed in silver reaches gold by itself, in whatever week it lies, so that gold is
always what silver says. Tables that tell of runs (journal, runs) stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import partial

from pyspark.sql import functions as F

from assay.errors import InputError, TerminalError
from assay.lake import markets, refresh
from assay.lake.certification import certify_waiting, planned
from assay.lake.contracts import made_of, names
from assay.lake.erasure import ERASED
from assay.lake.parallel import each
from assay.lake.refine import QUARANTINE, refine
from assay.lake.summary import plain
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.runtime.data_catalog import DataCatalog
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from assay.upkeep.action import Context, Options, Report, action
from assay.upkeep.branches import publish
from assay.upkeep.compare import compare_branch

OF_RUNS = "silver.journal"
SILVER = tuple(name for name in made_of() if name != OF_RUNS)
BRONZE = tuple(made_of()[name] for name in SILVER)
GOLD = (*refresh.EXPERIMENTS, markets.DAILY, markets.PORTFOLIOS)
_WEEK = timedelta(days=7)


class Weeks(Options):
    """Options.

    Attributes:
        from_week: Monday of the first week.
        to_week: Monday of the last week.
        publish: Whether to publish right away what was made.
    """

    from_week: date
    to_week: date
    publish: bool = False


class Landed(Options):
    """Options.

    Attributes:
        publish: Whether to publish right away what was made.
    """

    publish: bool = False


@action("backfill", Weeks)
def backfill(context: Context, weeks: Weeks) -> Report:
    """Make silver, and some weeks of gold, anew on a branch, and compare it with main."""
    for day in (weeks.from_week, weeks.to_week):
        if day.weekday() != 0:
            monday = day - timedelta(days=day.weekday())
            raise InputError(f"{day:%Y-%m-%d} is a {day:%A}; a week is named by its Monday, here {monday}")
    if weeks.to_week < weeks.from_week:
        raise InputError(
            f"the weeks begin on {weeks.from_week} and end on {weeks.to_week}; give the earlier one first"
        )
    count = (weeks.to_week - weeks.from_week).days // 7 + 1
    lake = context.lake.on(f"backfill_{plain(context.lake.run_id)}")
    silver(context, lake)
    gold(context, lake, [weeks.from_week + n * _WEEK for n in range(count)])
    return _compared(context, lake.branch, publish_it=weeks.publish)


@action("replay", Landed)
def replay(context: Context, landed: Landed) -> Report:
    """Make bronze, silver and gold anew on a branch from the landing bucket alone; compare it with main."""
    lake = context.lake.on(f"replay_{plain(context.lake.run_id)}")
    bronze(context, lake)
    silver(context, lake)
    with context.journal.step("clear gold"):
        each({name: partial(lake.clear, name) for name in GOLD})
    gold(context, lake)
    return _compared(context, lake.branch, publish_it=landed.publish)


def bronze(context: Context, lake: Lake) -> None:
    """Take in everything that landed once more; the source database is not asked.

    Raises:
        TerminalError: The landing bucket lacks a file that bronze has rows of, or changes that a load
            counted: bronze would lose them.
    """
    landing = Landing(clients.s3(), context.landing_bucket)
    with context.journal.step("bronze anew") as step:
        gone = _not_landed(context.lake, landing)
        if gone:
            raise TerminalError(
                f"s3://{landing.bucket} lacks {len(gone):,} files that bronze has rows of, such as "
                f"{gone[0]}; made anew from there, bronze would lose them: restore the files first"
            )
        each({name: partial(lake.clear, name, keep=(ERASED,)) for name in BRONZE})
        intake = Intake(lake, landing)
        step.rows_out = intake.tables() + intake.documents()
        newest = _newest(lake)
        lacking = intake.lacking(newest, None) if newest else ["no week at all landed"]
        if lacking:
            raise TerminalError(f"s3://{landing.bucket} does not hold all: {'; '.join(lacking)}")


def silver(context: Context, lake: Lake) -> None:
    """Make silver's tables anew, as wholes; of the quarantine the rows of these tables."""
    with context.journal.step("silver anew") as step:
        held = lake.read(QUARANTINE)
        lake.overwrite(QUARANTINE, held.where(~F.col("contract").isin(*SILVER)), "true", {})
        each({name: partial(lake.clear, name) for name in SILVER})
        done = refine(lake, SILVER)
        step.rows_in = sum(counts.rows_in for counts in done.values())
        step.rows_out = sum(counts.rows_out for counts in done.values())
        step.rows_quarantined = sum(counts.quarantined for counts in done.values())


def gold(context: Context, lake: Lake, weeks: Collection[date] = ()) -> None:
    """Bring gold up to date with silver, weeks by force, and certify the results.

    Raises:
        InputError: silver knows no week.
    """
    newest = _newest(lake, "silver.loads")
    if newest is None:
        raise InputError("silver.loads is empty, so that there is no week to make; run the workflow first")
    as_of = newest + _WEEK
    with context.journal.step("gold anew") as step:
        tasks = {
            "experiments": partial(
                refresh.experiments,
                lake,
                newest,
                as_of,
                anew=weeks,
                catalog=DataCatalog(),
                warn=step.warnings.append,
            ),
            "markets": partial(markets.refresh, lake, as_of, anew=weeks, warn=step.warnings.append),
        }
        step.rows_out = sum(each(tasks).values())
    with context.journal.step("certify anew") as step:
        step.rows_in, step.rows_out, _ = certify_waiting(lake, planned(lake, newest, as_of))


def _newest(lake: Lake, loads: str = "bronze.loads") -> date | None:
    week: date | None = lake.read(loads).agg(F.max("week")).collect()[0][0]
    return week


def _not_landed(lake: Lake, landing: Landing) -> list[str]:
    """The files that bronze has rows of and the landing bucket does not have."""
    with clients.calling(f"list s3://{landing.bucket}"):
        pages = landing.client.get_paginator("list_objects_v2").paginate(Bucket=landing.bucket)
        there = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    files = {row[0] for name in BRONZE for row in lake.read(name).select("_source_file").distinct().collect()}
    return sorted(uri for uri in files if uri.partition("://")[2].partition("/")[2] not in there)


def _compared(context: Context, branch: str, *, publish_it: bool) -> Report:
    with context.journal.step("compare"):
        report = compare_branch(context.lake, branch, names())
    moved = publish(context.lake, branch) if publish_it else []
    return {**report, "published": moved}

"""silver → gold: what experiments show and what runs took; only where silver changed.

How far each table goes stands in its own commits, as the snapshots of the silver tables that it was made of.
Running again from there after a kill ends in the same tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.metric_check import refuse
from assay.lake.parallel import each
from assay.lake.publish import Commit
from assay.lake.tables import Lake
from assay.medallion import gold_exposures, gold_looks, gold_runs
from assay.medallion.gold_blueprint import in_force
from assay.medallion.gold_scope import Touched, scopes
from assay.medallion.gold_touched import sources, touched
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.spec import Blueprint

# Written last of the experiments' tables. A kill in between leaves some of the four further than others: each
# one's own watermarks say how far it goes.
LAST = "gold.experiment_health"
EXPERIMENTS = ("gold.unit_metrics", "gold.metric_moments", "gold.experiment_results", LAST)

Marks = dict[str, str | None]
"""Key → how far a table goes; None if it never said so."""


def experiments(lake: Lake, week: date, as_of: date, *, anew: Collection[date] = ()) -> int:
    """Unit metrics, moments, results and health of what changed, one commit per table.

    Args:
        lake: The lake.
        week: Monday of the week whose blueprint is in force.
        as_of: End of that week, exclusive: the latest look.
        anew: Mondays of weeks whose facts count as changed, whether they did or not: their unit metrics and
            every later look are made anew.

    Returns:
        Rows written.
    """
    blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), week)
    refuse(blueprint, f"blueprint {blueprint.name}")
    now = _now(lake, sources(blueprint))
    held = [lake.watermarks(name, (*now, "blueprint", "until")) for name in EXPERIMENTS]
    reached = [date.fromisoformat(before["until"]) for before in held if before["until"]]
    until = max([as_of, *reached])
    marks = now | {"blueprint": f"{blueprint.name} {blueprint.version}", "until": until.isoformat()}
    everything = any(before["blueprint"] != marks["blueprint"] for before in held)
    # Since the state of each table: what came after one and went after another has changed for that alone.
    changed = None if everything else _touched(lake, blueprint, now, held).also(anew)
    nothing = not anew and all(before == marks for before in held)
    since = min(reached, default=None)
    asked = [] if nothing else scopes(blueprint, changed, since=since, until=until)
    if not asked:
        return 0
    silver = at(lake, now)
    exposures = gold_exposures.exposures(silver[blueprint.exposed.table], blueprint)
    quarantine = silver["silver.quarantine"]
    units = signed(lake, unit_metrics(silver, exposures, blueprint, asked))
    first = lake.overwrite(
        "gold.unit_metrics", units, gold_looks.replaced(asked, everything=everything), marks
    )
    found = gold_looks.looks(lake.read("gold.unit_metrics"), exposures, quarantine, blueprint, asked)
    rows = {table: signed(lake, frame) for table, frame in found.tables().items()}
    merge = partial(_merge, lake, marks=marks, everything=everything)
    commits = each({table: partial(merge, table, rows[table]) for table in rows if table != LAST})
    return sum(commit.added for commit in (first, *commits.values(), merge(LAST, rows[LAST])))


def runs(lake: Lake, rates: Mapping[str, tuple[float, float]]) -> int:
    """What the jobs did of which the journal has news.

    Args:
        lake: The lake.
        rates: Job → data processing units that it occupies, and dollars of one of them for an hour.

    Returns:
        Rows written.
    """
    now, before = positions(lake, "gold.runs", ("silver.journal",))
    if now == before:
        return 0
    news = gold_runs.touched_runs(changes(lake, now, before)["silver.journal"])
    rows = gold_runs.runs(at(lake, now)["silver.journal"], news, rates)
    return lake.merge("gold.runs", signed(lake, rows), now).added


def settle(lake: Lake, name: str, before: Mapping[str, str | None], now: Mapping[str, int | None]) -> None:
    """Let a table say that it goes as far as its sources stood, where nothing that they changed concerns it.

    Args:
        lake: The lake.
        name: A table that was brought up to date between `now` and this call.
        before: Source → how far the table went before that.
        now: Source → its newest state before that.
    """
    held = lake.watermarks(name, before)
    late = {
        source: str(now[source])
        for source, mark in held.items()
        if mark is not None and mark == before[source] and now.get(source) and mark != str(now[source])
    }
    if late:
        lake.mark(name, late)


def _now(lake: Lake, tables: Iterable[str]) -> dict[str, str]:
    """Where the sources stand now; 0: never written."""
    return {table: str(lake.snapshot(table) or 0) for table in tables}


def positions(
    lake: Lake, name: str, tables: Iterable[str], others: Iterable[str] = ()
) -> tuple[dict[str, str], Marks]:
    """Where the sources stand now, and where they stood at a table's last commit.

    Args:
        lake: The lake.
        name: The table.
        tables: Its sources.
        others: Further watermarks of the table that are wanted.

    Returns:
        Source → snapshot, as text; 0: never written. And the same as the table's watermarks have it, with the
        others.
    """
    now = _now(lake, tables)
    return now, lake.watermarks(name, (*now, *others))


def at(lake: Lake, now: Mapping[str, str]) -> dict[str, DataFrame]:
    """Sources as they stood at some positions; one that was never written is empty."""
    return {table: lake.read(table, int(mark) or None) for table, mark in now.items()}


def _touched(lake: Lake, blueprint: Blueprint, now: Mapping[str, str], held: Iterable[Marks]) -> Touched:
    """What changed since any of the states that tables hold: of one only, unless a run died."""
    states = {tuple(before[table] for table in now): before for before in held}
    found = (touched(blueprint, changes(lake, now, before)) for before in states.values())
    return reduce(Touched.__or__, found)


def changes(lake: Lake, now: Mapping[str, str], before: Marks) -> dict[str, DataFrame]:
    """Changelogs of sources since a table's last commit; arguments as `positions` gives them."""
    return {
        table: lake.changelog(table, int(before[table] or 0) or None, int(mark) or None)
        for table, mark in now.items()
    }


def signed(lake: Lake, rows: DataFrame) -> DataFrame:
    """Rows with the run that writes them."""
    return rows.withColumn("_run_id", F.lit(lake.run_id))


def _merge(lake: Lake, name: str, rows: DataFrame, *, marks: dict[str, str], everything: bool) -> Commit:
    keys = Contract.load(name).keys
    kept = gold_looks.with_stale(rows, lake.read(name), keys, everything=everything)
    return lake.merge(name, kept, marks, delete_when="_deleted")

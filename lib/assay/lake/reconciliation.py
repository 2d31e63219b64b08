"""Reconciliation: bronze, silver and gold compared in rows and to the cent, once per run.

A break stops the run with a sentence. What was compared is published before, whether it agrees or not: see
gold.reconciliation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial, reduce

from pyspark.sql import DataFrame

from assay.errors import ReconciliationError
from assay.lake.contracts import Contract, made_of
from assay.lake.parallel import each
from assay.lake.tables import Lake
from assay.medallion import accounts, accounts_gold, accounts_silver, gold_exposures
from assay.medallion.accounts import Line
from assay.medallion.gold_blueprint import in_force
from assay.spark.local import frame

TABLE, QUARANTINE = "gold.reconciliation", "silver.quarantine"
MONEY: Mapping[str, tuple[str, ...]] = {"silver.trades": ("notional",)}
"""Silver table → its columns of money, which have the same names in bronze."""
_SHOWN = 3
_SCHEMA = (
    "week date, source string, target string, measure string, came_in decimal(38,9), went_out decimal(38,9), "
    "quarantined decimal(38,9), deduplicated decimal(38,9), filtered decimal(38,9), status string, "
    "detail string, _run_id string"
)
State = tuple[int | None, Mapping[str, str]]


def reconcile(lake: Lake, week: date) -> int:
    """Compare the layers as they stand.

    Args:
        lake: The lake.
        week: Monday of the week that was worked on.

    Returns:
        Rows published; 0 where nothing changed since they agreed last.

    Raises:
        ReconciliationError: Rows or money are missing or too many; the message names table, week, both
            numbers and where to look.
    """
    tables = (*made_of(), QUARANTINE, accounts_gold.DAYS, accounts_gold.UNITS)
    states: dict[str, State] = each({name: partial(lake.state, name) for name in tables})
    marks = {name: str(number or 0) for name, (number, _) in states.items()}
    if marks.items() <= lake.state(TABLE)[1].items():
        return 0
    found = account(lake, week, states)
    broken = [line for line in found if line.broken]
    rows = frame(lake.spark, _rows(found, week, lake.run_id), _SCHEMA)
    # Without the marks a run that is repeated compares again, and stops again.
    published = lake.merge(TABLE, rows, {} if broken else marks).added
    if broken:
        raise ReconciliationError(_sentence(broken, week))
    return published


def account(lake: Lake, week: date, states: Mapping[str, State]) -> list[Line]:
    """The account of all layers.

    Args:
        lake: The lake.
        week: Monday of the week that was worked on.
        states: Table → its snapshot and how far it goes, both of one moment.
    """
    tasks: dict[str, Callable[[], DataFrame | None]] = {
        "silver": partial(_silver, lake, states),
        accounts_gold.DAYS: partial(_days, lake, states[accounts_gold.DAYS]),
        accounts_gold.UNITS: partial(_units, lake, week, states[accounts_gold.UNITS]),
    }
    found = [frame for frame in each(tasks).values() if frame is not None]
    return accounts.lines(reduce(DataFrame.unionByName, found).collect()) if found else []


def _silver(lake: Lake, states: Mapping[str, State]) -> DataFrame | None:
    made = {name: states[name] for name, source in made_of().items() if source in states[name][1]}
    tables = each({name: partial(_layers, lake, name, state) for name, state in made.items()})
    return accounts_silver.of_versions(tables, lake.read(QUARANTINE)) if tables else None


def _layers(lake: Lake, name: str, state: State) -> accounts_silver.Layers:
    number, marks = state
    return accounts_silver.Layers(
        made_of()[name],
        lake.read(made_of()[name], int(marks[made_of()[name]])),
        lake.read(name, number),
        Contract.load(name).keys,
        MONEY.get(name, ()),
    )


def _days(lake: Lake, state: State) -> DataFrame | None:
    number, marks = state
    if number is None or accounts_gold.TRADES not in marks:
        return None
    trades = lake.read(accounts_gold.TRADES, int(marks[accounts_gold.TRADES]) or None)
    return accounts_gold.of_days(trades, lake.read(accounts_gold.DAYS, number))


def _units(lake: Lake, week: date, state: State) -> DataFrame | None:
    number, marks = state
    if number is None or "blueprint" not in marks:
        return None
    blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), week)
    if marks["blueprint"] != f"{blueprint.name} {blueprint.version}":
        return None  # no experiment of the blueprint in force began: what stands is of another
    silver = {name: lake.read(name, int(mark) or None) for name, mark in marks.items() if name in made_of()}
    exposures = gold_exposures.exposures(silver[blueprint.exposed.table], blueprint)
    until = date.fromisoformat(marks["until"])
    return accounts_gold.of_units(silver, exposures, lake.read(accounts_gold.UNITS, number), blueprint, until)


def _rows(found: Iterable[Line], week: date, run_id: str) -> list[tuple[object, ...]]:
    """One row per pair of tables and measure; experiments together."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in found:
        groups.setdefault((line.source, line.target, line.measure), []).append(line)
    rows: list[tuple[object, ...]] = []
    for key, group in groups.items():
        reasons: dict[str, Decimal] = {}
        for line in group:
            for reason, amount in line.filtered.items():
                reasons[reason] = reasons.get(reason, Decimal(0)) + amount
        broken = [line for line in group if line.broken]
        detail = "; ".join([*(_break(line) for line in broken[:_SHOWN]), *_reasons(reasons)])
        sums = [sum((getattr(line, name) for line in group), Decimal(0)) for name in _SUMS]
        status = "fail" if broken else "ok"
        rows.append((week, *key, *sums, sum(reasons.values(), Decimal(0)), status, detail or None, run_id))
    return rows


_SUMS = ("came_in", "went_out", "quarantined", "deduplicated")


def _reasons(reasons: Mapping[str, Decimal]) -> list[str]:
    return [f"{accounts.plain(amount)} {reason}" for reason, amount in sorted(reasons.items())]


def _sentence(broken: Sequence[Line], week: date) -> str:
    shown = "; ".join(_break(line) for line in broken[:_SHOWN])
    more = f"; and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    return (
        f"week {week}: {shown}{more}. The tables are published and the run stops here: see "
        f"SELECT * FROM {TABLE} WHERE status = 'fail'"
    )


def _break(line: Line) -> str:
    scope = f", experiment {line.scope}" if line.scope else ""
    example = f", for example {line.example}" if line.example else ""
    wrong = f"; rows that differ: {line.wrong:,}{example}" if line.wrong else ""
    return (
        f"{line.target}{scope}: {line.measure} is {accounts.plain(line.went_out)} and should be "
        f"{accounts.plain(line.expected)} by {line.source}{wrong}"
    )

"""What should have happened and did not: weeks without a run that succeeded, tables older than they may be.

`assay runs check` asks here. In AWS the job `maintain` asks every day and fails with what it found, which the
rule for failed jobs sends to the alerts topic: a run that never started leaves nothing behind that could.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from assay.errors import TerminalError
from assay.lake.contracts import Contract, names
from assay.runtime import clients, objects
from assay.runtime.bill import work
from assay.sources import runs
from assay.sources.entries import Entries
from assay.sources.landing import Landing
from assay.spec import Blueprint
from assay.spec.source import sources
from assay.upkeep.action import Context, Options, Report, action

JOBS = ("ingest", "sources", "bronze", "silver", "gold", "calibrate")
"""What a run of the workflow consists of; a test compares it with the template."""
STARTS_AFTER = timedelta(hours=3, minutes=15)
"""When the week after is that old, the workflow starts: the schedule in workflow.yaml; a test compares."""
TAKES_AT_MOST = timedelta(hours=21)
_WEEK = timedelta(weeks=1)
_SHOWN = 5  # sentences of an error
_SELDOM = frozenset({"bronze.parameters", "silver.blueprints", "silver.quarantine", "gold.certificates"})
"""Tables that get rows only when something changes or breaks; a run that is missing shows in all others."""
_NO_NEW_ROWS = "replace"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is missing.

    Attributes:
        kind: `missing run` or `stale table`.
        what: The week's Monday, or the table.
        since: Since when it is due, UTC.
        sentence: What it is, and what to do or whom to ask.
    """

    kind: str
    what: str
    since: datetime
    sentence: str


class When(Options):
    """Options.

    Attributes:
        now: The time that is taken for now, UTC; the clock's by default.
        fail: Whether an alarm fails the job, as the alert in AWS needs it.
    """

    now: datetime | None = None
    fail: bool = False


@action("alarms", When)
def alarms(context: Context, when: When) -> Report:
    """Look for weeks without a successful run and for stale tables."""
    now = (when.now or datetime.now(UTC)).astimezone(UTC)
    newest, unasked = {name: _newest(context, name) for name in names()}, left_out()
    asked = {name: at for name, at in newest.items() if at is not None or name not in unasked}
    start = first_week(Landing(clients.s3(), context.landing_bucket))
    found = [
        *missing(start, _done(context), now),
        *stale(asked, now, running=start is not None),
    ]
    context.step.warnings += [each.sentence for each in found]
    if found and when.fail:
        more = f"; and {len(found) - _SHOWN} more: `assay runs check`" if len(found) > _SHOWN else ""
        raise TerminalError("; ".join(each.sentence for each in found[:_SHOWN]) + more)
    return {
        "now": now.isoformat(timespec="seconds"),
        "first_week": start.isoformat() if start else None,
        "alarms": [asdict(each) | {"since": each.since.isoformat(timespec="seconds")} for each in found],
    }


def missing(start: date | None, done: Iterable[str], now: datetime) -> list[Alarm]:
    """The weeks that are due and not done, oldest first.

    Args:
        start: The blueprint's first week; None where none is registered, so that nothing is due.
        done: The weeks that succeeded, ISO 8601.
        now: UTC.
    """
    if start is None:
        return []
    found, known, week = [], set(done), start
    while (due := _due(week)) <= now:
        if week.isoformat() not in known:
            sentence = f"week {week} has no run that succeeded; it was due {_shown(due)}: run it again"
            found.append(Alarm("missing run", week.isoformat(), due, sentence))
        week += _WEEK
    return found


def stale(newest: Mapping[str, datetime | None], now: datetime, *, running: bool) -> list[Alarm]:
    """The tables that are older than their contract allows.

    Args:
        newest: Table → when its newest rows were committed; None for a table without any.
        now: UTC.
        running: Whether there should be rows at all: not before a blueprint is registered.
    """
    found = []
    for name, at in newest.items():
        if name in _SELDOM:
            continue
        contract = Contract.load(name)
        if at is None:
            if running:
                sentence = f"{name} has never been written; ask {contract.owner}"
                found.append(Alarm("stale table", name, now, sentence))
        elif now - at > contract.freshness:
            promise = f"{contract.freshness / timedelta(days=1):g} days"
            sentence = f"{name} is of {_shown(at)}, older than {promise}; ask {contract.owner}"
            found.append(Alarm("stale table", name, at + contract.freshness, sentence))
    return found


def left_out() -> frozenset[str]:
    """The tables that stay empty where the secrets of optional sources do not exist: no others fill them."""
    declared = sources().values()
    needed = {each.table for each in declared if not each.optional}
    unasked = {each.table for each in declared} - needed
    return frozenset(f"{layer}.{table}" for table in unasked for layer in ("bronze", "silver"))


def first_week(landing: Landing) -> date | None:
    """The Monday on which the registered blueprint starts, the earliest of several; None without one."""
    newest = {each.blueprint: each for each in sorted(landing.documents({}), key=lambda d: d.version)}
    starts = [
        Blueprint.parse(json.loads(objects.read_text(each.uri))["document"], each.uri).start
        for each in newest.values()
    ]
    return min(starts, default=None)


def _done(context: Context) -> set[str]:
    """Weeks that succeeded: by the journal, and by gold.runs for what the journal no longer has."""
    entries = Entries(clients.dynamodb(), context.journal_table).since(None, date.max)
    recent = runs.done(runs.runs(entries, work.rates()), JOBS)
    rows = context.lake.read("gold.runs").where("state = 'SUCCEEDED' AND week IS NOT NULL")
    jobs: dict[str, set[str]] = {}
    for row in rows.select("week", "job").distinct().collect():
        jobs.setdefault(row["week"].isoformat(), set()).add(runs.short(row["job"]))
    return recent | {week for week, names_ in jobs.items() if names_ >= set(JOBS)}


def _newest(context: Context, name: str) -> datetime | None:
    """When rows were last committed; a compaction commits none."""
    at = None
    for each in context.lake.history(name, 1_000):
        at = each.at
        if each.operation != _NO_NEW_ROWS:
            break
    return at


def _due(week: date) -> datetime:
    after = datetime.combine(week + _WEEK, datetime.min.time(), UTC)
    return after + STARTS_AFTER + TAKES_AT_MOST


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")

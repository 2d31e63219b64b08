"""Runs, jobs and steps out of the journal's entries: what `assay runs` shows, by the rules of gold.runs.

A step's last entry says how it ended: a repeat of it supersedes what went before. A job failed if a step of
it did and was not repeated with success; it is STARTED while a step has not ended, or when its process was
killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from assay.runtime import cost
from assay.runtime.journal import FAILED, STARTED, SUCCEEDED
from assay.sources.entries import Entry

Rates = Mapping[str, tuple[float, float]]
"""Job, without the installation's name → data processing units, and dollars of one of them for an hour."""
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_HOUR = 3600.0
T = TypeVar("T", int, float)


@dataclass(frozen=True, slots=True)
class Span:
    """What a step, job or run did, took and cost.

    Attributes:
        state: STARTED, SUCCEEDED or FAILED.
        started_at: First entry, UTC.
        seconds: From the first entry to the last; of a step that ended, as it measured itself.
        rows_in: Rows read; None where nothing was counted.
        rows_out: Rows written.
        rows_quarantined: Rows set aside.
        dpu_seconds: Compute at the job's size; of a job as Glue bills it, a minute at least. None without a
            rate.
        dollars: Price of that compute, US dollars.
        error: Of the last failure, with what caused it.
        warnings: Sentences about what stopped nothing.
    """

    state: str
    started_at: datetime
    seconds: float
    rows_in: int | None
    rows_out: int | None
    rows_quarantined: int | None
    dpu_seconds: float | None
    dollars: float | None
    error: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job.

    Attributes:
        job: The job's name.
        name: The step's.
        span: What it did.
    """

    job: str
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a run.

    Attributes:
        name: Its name.
        week: Monday of the week worked on, ISO 8601; None if there is none.
        span: What all its steps did.
        steps: In the order of their start.
    """

    name: str
    week: str | None
    span: Span
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Attributes:
        id: Its id.
        week: Monday of the week worked on, ISO 8601.
        span: What all its jobs did; seconds from the first entry to the last.
        jobs: In the order of their start.
    """

    id: str
    week: str | None
    span: Span
    jobs: tuple[Job, ...]


def runs(entries: Iterable[Entry], rates: Rates) -> list[Run]:
    """The runs of which the journal has entries, newest first.

    Args:
        entries: In any order.
        rates: What the jobs' compute costs; a job that is not named has no price.
    """
    ordered = sorted(entries, key=lambda entry: (str(entry["run_id"]), str(entry["entry"])))
    found = [
        _run(run_id, list(group), rates) for run_id, group in groupby(ordered, lambda e: str(e["run_id"]))
    ]
    return sorted(found, key=lambda run: (run.span.started_at, run.id), reverse=True)


def done(found: Iterable[Run], jobs: Iterable[str]) -> set[str]:
    """The weeks, ISO 8601, that every one of some jobs worked on with success, in one run or in several.

    Args:
        found: Runs.
        jobs: Names of jobs, without the installation's.
    """
    succeeded: dict[str, set[str]] = {}
    for job in (each for run in found for each in run.jobs):
        if job.week is not None and job.span.state == SUCCEEDED:
            succeeded.setdefault(job.week, set()).add(short(job.name))
    wanted = set(jobs)
    return {week for week, names in succeeded.items() if wanted <= names}


def short(job: str) -> str:
    """A job's name without the installation's: `assay-gold` is `gold`."""
    return job.rpartition("-")[2]


def _run(run_id: str, entries: list[Entry], rates: Rates) -> Run:
    by_job: dict[str, list[Entry]] = {}
    for entry in entries:
        by_job.setdefault(str(entry["job"]), []).append(entry)
    jobs = tuple(_job(name, its, rates) for name, its in by_job.items())
    weeks = [job.week for job in jobs if job.week is not None]
    return Run(run_id, max(weeks, default=None), _whole([job.span for job in jobs], entries), jobs)


def _job(name: str, entries: list[Entry], rates: Rates) -> Job:
    by_step: dict[str, list[Entry]] = {}
    for entry in entries:
        by_step.setdefault(str(entry["step"]), []).append(entry)
    rate = rates.get(short(name))
    steps = tuple(Step(name, step, _step(its, rate)) for step, its in by_step.items())
    whole = _whole([step.span for step in steps], entries)
    dpu_seconds, dollars = _priced(max(whole.seconds, cost.MINIMUM_SECONDS), rate)
    weeks = [str(entry["week"]) for entry in entries if entry["week"] is not None]
    span = replace(whole, dpu_seconds=dpu_seconds, dollars=dollars)
    return Job(name, max(weeks, default=None), span, steps)


def _step(entries: list[Entry], rate: tuple[float, float] | None) -> Span:
    last = entries[-1]
    began, ended = _at(entries[0]), _at(last)
    seconds = last["seconds"]
    took = float(seconds) if seconds is not None else (ended - began).total_seconds()
    dpu_seconds, dollars = _priced(took, rate)
    warnings = str(last["warnings"] or "")
    return Span(
        state=str(last["state"]),
        started_at=began,
        seconds=took,
        rows_in=_count(last, "rows_in"),
        rows_out=_count(last, "rows_out"),
        rows_quarantined=_count(last, "rows_quarantined"),
        dpu_seconds=dpu_seconds,
        dollars=dollars,
        error=None if last["error"] is None else str(last["error"]),
        warnings=tuple(warnings.splitlines()),
    )


def _whole(parts: list[Span], entries: list[Entry]) -> Span:
    """Spans together, over the time of their entries."""
    times = [_at(entry) for entry in entries]
    states = {part.state for part in parts}
    errors = [part for part in parts if part.error is not None]
    return Span(
        state=FAILED if FAILED in states else STARTED if STARTED in states else SUCCEEDED,
        started_at=min(times),
        seconds=(max(times) - min(times)).total_seconds(),
        rows_in=_sum(part.rows_in for part in parts),
        rows_out=_sum(part.rows_out for part in parts),
        rows_quarantined=_sum(part.rows_quarantined for part in parts),
        dpu_seconds=_sum(part.dpu_seconds for part in parts),
        dollars=_sum(part.dollars for part in parts),
        error=max(errors, key=lambda part: part.started_at).error if errors else None,
        warnings=tuple(sorted({line for part in parts for line in part.warnings})),
    )


def _priced(seconds: float, rate: tuple[float, float] | None) -> tuple[float | None, float | None]:
    if rate is None:
        return None, None
    dpu, dollars_per_hour = rate
    return seconds * dpu, seconds * dpu * (dollars_per_hour / _HOUR)


def _sum(parts: Iterable[T | None]) -> T | None:
    """The sum of what is known; None if nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known[1:], known[0]) if known else None


def _count(entry: Entry, name: str) -> int | None:
    value = entry[name]
    return None if value is None else int(value)


def _at(entry: Entry) -> datetime:
    return datetime.strptime(str(entry["entry"]).partition("#")[0], _TIME).replace(tzinfo=UTC)

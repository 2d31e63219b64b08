"""`assay runs list | show | check`: what ran, what it took and cost, and what should have run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from assay.sources.runs import Job, Run, Span

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay runs list[/bold]   newest first\n\n"
    "[bold]assay runs show wr_20260105T031500_1a2b3c4d[/bold]   every step of one\n\n"
    "[bold]assay runs check[/bold]   weeks without a run, tables that are too old; exit code 1 if any\n\n"
    "[bold]assay runs list --aws[/bold]   of the AWS account of your credentials, not of this machine"
)
JOURNAL = "assay-journal"
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
InAws = Annotated[bool, typer.Option("--aws", help="Ask the AWS account of your credentials.")]
Table = Annotated[
    str, typer.Option("--journal", help="The journal's table; NAME-journal of an installation.")
]

app = typer.Typer(
    name="runs",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What ran, what it took and cost, and what should have run and did not.",
    epilog=EXAMPLES,
)


@app.command(name="list", epilog="Example:  [bold]assay runs list --limit 5[/bold]")
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
    in_aws: InAws = False,
    journal: Table = JOURNAL,
) -> None:
    """List the runs that the journal knows, which is 90 days; gold.runs has all, for `assay query`."""
    from assay.cli import show

    found = _runs(journal, in_aws=in_aws)[:limit]
    if as_json:
        show.json({"runs": [_run(run) for run in found]})
    elif found:
        show.table([_listed(run) for run in found])
    else:
        typer.echo("nothing has run yet; `assay run` runs the first week")


@app.command(name="show", epilog="Example:  [bold]assay runs show wr_20260105T031500_1a2b3c4d[/bold]")
def show_(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `assay runs list` has it.")],
    as_json: AsJson = False,
    in_aws: InAws = False,
    journal: Table = JOURNAL,
) -> None:
    """Show one run: each step's state, rows, seconds, DPU-seconds and dollars, every error and warning."""
    from assay.cli import show

    known = {run.id: run for run in _runs(journal, in_aws=in_aws)}
    if run_id not in known:
        hint = did_you_mean(run_id, known) if known else "nothing has run yet"
        raise InputError(f"RUN is {run_id[:80]!r}; the journal has no run of that id; {hint}")
    run = known[run_id]
    if as_json:
        show.json(_run(run) | {"steps": [_step(job, each.name, each.span) for job, each in _steps(run)]})
        return
    show.table([_listed(run)])
    show.table([_step(job, each.name, each.span, shown=True) for job, each in _steps(run)])
    for job, each in _steps(run):
        if each.span.error:
            typer.echo(f"{job.name}, {each.name}: {each.span.error}")
        for line in each.span.warnings:
            typer.echo(f"{job.name}, {each.name} warns: {line}")


@app.command(epilog="Example:  [bold]assay runs check --now 2026-03-02[/bold]")
def check(
    now: Annotated[
        datetime | None, typer.Option("--now", help="Check as of this time, UTC, for example 2026-03-02.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for weeks that are due without a successful run, and for tables older than their contract allows.

    Exit code 1 if there are any. In AWS the job `maintain` looks every day and sends the same to the alerts.
    """
    from assay.cli import show, upkeep

    report = upkeep.perform("alarms", {} if now is None else {"now": f"{now.isoformat()}Z"})
    if as_json:
        show.json(report)
    elif report["alarms"]:
        show.table([{name: each[name] for name in ("kind", "what", "sentence")} for each in report["alarms"]])
    else:
        typer.echo("every week that is due has run, and no table is too old")
    if report["alarms"]:
        raise typer.Exit(1)


def _runs(journal: str, *, in_aws: bool) -> list[Run]:
    from datetime import date

    from assay.local import stack
    from assay.runtime import clients
    from assay.runtime.bill import work
    from assay.sources import runs
    from assay.sources.entries import Entries

    if not in_aws:
        os.environ.update(stack.environment())
    return runs.runs(Entries(clients.dynamodb(), journal).since(None, date.max), work.rates())


def _steps(run: Run) -> list[tuple[Job, Any]]:
    return [(job, step) for job in run.jobs for step in job.steps]


def _listed(run: Run) -> dict[str, object]:
    span = run.span
    return {
        "run": run.id,
        "week": run.week,
        "state": span.state,
        "jobs": len(run.jobs),
        "in": span.rows_in,
        "out": span.rows_out,
        "set aside": span.rows_quarantined,
        "seconds": round(span.seconds, 1),
        "dollars": None if span.dollars is None else round(span.dollars, 4),
        "warnings": len(span.warnings),
        "error": span.error,
    }


def _run(run: Run) -> dict[str, object]:
    jobs = [{"job": job.name, "week": job.week, **_plain(job.span)} for job in run.jobs]
    return {"run_id": run.id, "week": run.week, **_plain(run.span), "jobs": jobs}


def _step(job: Job, name: str, span: Span, *, shown: bool = False) -> Mapping[str, object]:
    whole = {"job": job.name, "step": name, **_plain(span)}
    if not shown:
        return whole
    hidden = ("error", "warnings", "started_at")
    digits = {"seconds": 1, "dpu_seconds": 0, "dollars": 4}
    return {
        key.removeprefix("rows_"): round(value, digits[key]) if isinstance(value, float) else value
        for key, value in whole.items()
        if key not in hidden
    }


def _plain(span: Span) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(span) | {"started_at": span.started_at.isoformat(), "warnings": list(span.warnings)}

"""`assay run`: weeks of a blueprint through the workflow, and what was found beside what was planted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.errors import TerminalError

if TYPE_CHECKING:
    from assay.cli.markets import Market
    from assay.cli.progress import Progress
    from assay.cli.verdicts import Verdict
    from assay.cli.weeks import Asked
    from assay.local.runs import WorkflowRun
    from assay.local.workflow import Workflow
    from assay.spec import Blueprint

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay run[/bold]   the next eight weeks of the brokerage\n\n"
    "[bold]assay run --blueprint mine.yaml --weeks 2[/bold]\n\n"
    "[bold]assay run --week 3[/bold]   week 3 again; the tables stay as they are"
)
DEFAULT = "glue_configs/blueprints/brokerage.yaml"


@dataclass(frozen=True, slots=True)
class WeekDone:
    """One week that went through the workflow.

    Attributes:
        number: Its number in the blueprint.
        week: Its Monday.
        run_id: Of the workflow run.
        seconds: How long it took.
        jobs: Job → seconds.
        rows: Job → rows that it wrote, as it journalled them.
    """

    number: int
    week: date
    run_id: str
    seconds: float
    jobs: dict[str, float]
    rows: dict[str, int]


def run(
    blueprint: Annotated[
        Path | None, typer.Option("--blueprint", "-b", help="Blueprint (YAML); the brokerage if not given.")
    ] = None,
    weeks: Annotated[
        int | None,
        typer.Option("--weeks", "-n", help="How many weeks; to the end of a batch of 8 by default."),
    ] = None,
    week: Annotated[int | None, typer.Option("--week", help="Run this week again, and no other.")] = None,
    from_week: Annotated[int | None, typer.Option("--from-week", help="Start again from this week.")] = None,
    judge_from: Annotated[
        datetime | None,
        typer.Option(
            "--judge-from",
            formats=["%Y-%m-%d"],
            help="Let the gate leave out what ended before this date: an alarm that you have explained.",
        ),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="A process per job, as on Glue, not one for all.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the next weeks of a blueprint through the workflow; compare the results with the planted truth."""
    from assay import configs
    from assay.cli import show
    from assay.cli.progress import Progress
    from assay.cli.weeks import Asked
    from assay.lake.metric_check import refuse
    from assay.local import class_archive
    from assay.runtime.data_catalog import DataCatalog
    from assay.spec import load_blueprint

    asked = Asked(weeks, week, from_week)
    asked.check()
    path = (blueprint or configs.path(DEFAULT)).resolve()
    loaded = load_blueprint(path)  # a mistake in it is told before anything starts
    refuse(loaded, str(path))
    with show.working("starting the local stack"):
        workflow, numbers = prepare(loaded, path, asked)
        refuse(loaded, str(path), DataCatalog())  # what is read in place can be asked about now
    properties = of_the_run(path, judge_from)
    with Progress(len(numbers), len(workflow.definition.jobs)) as progress:
        done = [
            _week(workflow, loaded, number, properties, isolated=isolated, progress=progress)
            for number in numbers
        ]
    until = loaded.week_start(numbers[-1] + 1)
    verdicts, canaries = results(loaded, until)
    quoted = prices(done[0].week, until)
    if as_json:
        show.json(document(loaded, done, verdicts, canaries, quoted))
    else:
        show.verdicts(verdicts, done[-1].week, canaries=canaries, quoted=quoted)
    class_archive.pack_later()


def of_the_run(path: Path, judge_from: datetime | None) -> dict[str, str]:
    """What a run tells its jobs beside the week.

    Args:
        path: Where the blueprint is.
        judge_from: The gate leaves out what ended before; None judges everything.
    """
    judged = {} if judge_from is None else {"judge_from": judge_from.date().isoformat()}
    return {"blueprint": str(path), **judged}


def document(
    blueprint: Blueprint,
    done: list[WeekDone],
    verdicts: list[Verdict],
    canaries: int,
    quoted: list[Market],
) -> dict[str, object]:
    """What `--json` prints: stable names, full precision."""
    from dataclasses import asdict

    return {
        "schema": "assay.run/1",
        "blueprint": blueprint.name,
        "version": blueprint.version,
        "weeks": [asdict(week) for week in done],
        "results": [asdict(verdict) for verdict in verdicts],
        "canaries": canaries,
        "markets": [asdict(market) for market in quoted],
    }


def prepare(blueprint: Blueprint, path: Path, asked: Asked) -> tuple[Workflow, range]:
    """Start the stack, point this process at it, and settle which weeks to run.

    Args:
        blueprint: What to run.
        path: Where it is: what workflow runs call it.
        asked: What the user wants, checked.

    Raises:
        InputError: A week is asked for whose predecessors have not been run.
        StackError: The stack does not start.
    """
    import os

    from assay.cli import weeks
    from assay.local import stack
    from assay.local.workflow import Workflow

    running = stack.up()
    os.environ.update(running.environment())
    latest = weeks.loaded(running.database.dsn, blueprint.name)
    ended_well = weeks.succeeded(running.home.workflow, {str(path)})
    numbers = weeks.choose(asked, weeks.upcoming(blueprint, latest, ended_well))
    return Workflow.load(exports=running.exports()), numbers


def results(blueprint: Blueprint, until: date) -> tuple[list[Verdict], int]:
    """What gold says of the blueprint's experiments, beside the truth; and how many results canaries have.

    Args:
        blueprint: Whose experiments.
        until: Rounds that start before this date.
    """
    from assay.cli import verdicts
    from assay.serving import queries

    rows = queries.query(verdicts.SQL).to_pylist()
    return verdicts.judge(rows, blueprint, until), verdicts.canaries(rows)


def prices(first: date, until: date) -> list[Market]:
    """What gold says of market assets.

    Args:
        first: First day.
        until: The day after the last.
    """
    from assay.cli import markets
    from assay.serving import queries

    return markets.markets(queries.query(markets.SQL.format(first=first, until=until)).to_pylist())


def written(run_id: str) -> dict[str, int]:
    """Job → rows that it wrote in a run, from the journal.

    Args:
        run_id: Of the workflow run.
    """
    from assay.runtime import clients, journal

    rows: dict[str, int] = {}
    with clients.calling("read the journal"):
        pages = (
            clients.dynamodb()
            .get_paginator("query")
            .paginate(
                TableName=journal.TABLE,
                IndexName="run",
                KeyConditionExpression="run_id = :run",
                ExpressionAttributeValues={":run": {"S": run_id}},
            )
        )
        for page in pages:
            for item in page["Items"]:
                if item["state"]["S"] == journal.SUCCEEDED and "rows_out" in item:
                    job = item["job"]["S"]
                    rows[job] = rows.get(job, 0) + int(item["rows_out"]["N"])
    return rows


def _week(
    workflow: Workflow,
    blueprint: Blueprint,
    number: int,
    properties: Mapping[str, str],
    *,
    isolated: bool,
    progress: Progress,
) -> WeekDone:
    monday = blueprint.week_start(number)
    progress.week(number, monday)
    began = time.perf_counter()
    ended = workflow.run(
        {"week": monday.isoformat(), **properties}, isolated=isolated, on_event=progress.event
    )
    if not ended.succeeded:
        raise TerminalError(f"week {number} ({monday}): {_reason(ended)}; correct it and `assay run` again")
    done = WeekDone(
        number=number,
        week=monday,
        run_id=ended.run_id,
        seconds=time.perf_counter() - began,
        jobs={name: job.seconds or 0.0 for name, job in ended.latest.items()},
        rows=written(ended.run_id),
    )
    progress.done(done)
    return done


def _reason(ended: WorkflowRun) -> str:
    """The sentence of the first job that failed, or of the run."""
    for name, job in ended.latest.items():
        if job.state != "SUCCEEDED":
            return f"job {name} {job.state.lower()}: {(job.error or 'no reason given').rstrip('.')}"
    return (ended.error or "the run was stopped").rstrip(".")

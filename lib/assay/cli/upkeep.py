"""Carrying out an action of `assay.upkeep` on the local platform, for the commands that an operator uses."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from assay.cli import complete

EXAMPLES = (
    "Examples:  [bold]assay snapshots gold.experiment_results[/bold]   |   "
    "[bold]assay snapshots bronze.trades --limit 5 --json[/bold]"
)
JOB = "assay-maintain"


def perform(action: str, options: Mapping[str, object]) -> dict[str, Any]:
    """Start the local stack, run the job `maintain` in this process, and return its report.

    Args:
        action: Name of the action.
        options: What it is told.

    Raises:
        AssayError: The action refused, or failed.
    """
    from assay.cli import show
    from assay.local import job, names, stack

    with show.working("starting the local stack"):
        os.environ.update(stack.up().environment())
    main = job.load(job.shipped("s3://assay/jobs/maintain.py"))
    said = io.StringIO()
    with show.working(action), contextlib.redirect_stdout(said):
        main(_argv(action, options, names.LANDING))
    found: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])
    return found


def snapshots(
    table: Annotated[
        str,
        typer.Argument(help="A table, for example gold.experiment_results.", autocompletion=complete.tables),
    ],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many, newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the states of a table: when each was published, by which run, with how many rows."""
    from assay.cli import show

    report = perform("snapshots", {"table": table, "limit": limit})
    if as_json:
        show.json(report)
    else:
        show.table(report["snapshots"])


def _argv(action: str, options: Mapping[str, object], landing: str) -> list[str]:
    given = {
        "JOB_NAME": JOB,
        "action": action,
        "options": json.dumps(dict(options), default=str),
        "landing_bucket": landing,
        "show_rows": "true",
    }
    return [token for name, value in given.items() for token in (f"--{name}", value)]

"""`assay diff`: what differs between main and a branch, or between two states of a table."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import complete

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay diff --branch backfill_r_1a2b[/bold]   every table that has the branch\n\n"
    "[bold]assay diff gold.experiment_results --from 4217 --to 9931[/bold]\n\n"
    "Exit codes: 0 equal, 1 different."
)


def diff(
    table: Annotated[
        str | None,
        typer.Argument(help="A table, for example silver.trades.", autocompletion=complete.tables),
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", "-b", help="Compare main with this branch.")
    ] = None,
    from_snapshot: Annotated[
        int | None, typer.Option("--from", help="A state of the table, as `assay snapshots` lists it.")
    ] = None,
    to_snapshot: Annotated[int | None, typer.Option("--to", help="Another state.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Rows added, removed and changed, by key, with the columns that differ."""
    from assay.cli import show
    from assay.cli.upkeep import perform

    given = {"table": table, "branch": branch, "from_snapshot": from_snapshot, "to_snapshot": to_snapshot}
    report = perform("diff", {name: value for name, value in given.items() if value is not None})
    if as_json:
        show.json(report)
    else:
        shown(report)
    raise typer.Exit(0 if report["equal"] else 1)


def shown(report: dict[str, Any]) -> None:
    """Print a comparison for people."""
    import json

    from assay.cli import show

    show.table(
        [
            {
                "table": each["table"],
                "rows": each["before"],
                "then": each["after"],
                "added": each["added"],
                "removed": each["removed"],
                "changed": each["changed"],
                "columns": ", ".join(f"{name} {count:,}" for name, count in each["columns"].items()),
            }
            for each in report["tables"]
        ]
    )
    for each in report["tables"]:
        for example in each["examples"]:
            typer.echo(f"{each['table']}: {json.dumps(example, ensure_ascii=False)}")
    typer.echo("equal" if report["equal"] else "different")

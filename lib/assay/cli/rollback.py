"""`assay rollback`: a table, and what was made of its later states, back to an earlier state."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import complete
from assay.errors import InputError

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay snapshots bronze.trades[/bold]   which states there are\n\n"
    "[bold]assay rollback bronze.trades --to 4217 --dry-run[/bold]   what would go back with it\n\n"
    "[bold]assay run --week 3[/bold]   afterwards: derives again what is missing"
)


def rollback(
    table: Annotated[
        str,
        typer.Argument(help="A table, for example bronze.trades.", autocompletion=complete.tables),
    ],
    to: Annotated[int, typer.Option("--to", help="The state to go back to, as `assay snapshots` lists it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would move.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Give a table, and every table that was made of its later states, an earlier state again."""
    from assay.cli import show
    from assay.cli.upkeep import perform

    if as_json and not (dry_run or yes):
        raise InputError("--json asks nothing; give --yes to go back, or --dry-run to see what would move")
    asked = {"table": table, "to": to}
    report = perform("rollback", {**asked, "dry_run": True})
    if not as_json:
        _shown(report)
    if report["moves"] and not dry_run and not yes:
        typer.confirm("go back?", abort=True)
    if not dry_run:
        report = perform("rollback", asked)
    if as_json:
        show.json(report)
    elif not dry_run:
        typer.echo(f"{len(report['moves'])} tables went back; run the week again to derive what is missing")


def _shown(report: dict[str, Any]) -> None:
    from assay.cli import show

    show.table(
        [
            {
                "table": move["table"],
                "from": move["from"]["snapshot"],
                "rows": move["from"]["rows"],
                "to": str(move["to"]["snapshot"]) if move["to"] else "cleared",
                "of": move["to"]["at"] if move["to"] else "",
                "rows then": move["to"]["rows"] if move["to"] else 0,
            }
            for move in report["moves"]
        ]
    )

"""`assay forget`: a customer is removed from everywhere (docs/adr/0019-forgetting.md)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.errors import InputError

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay forget 4711 --dry-run[/bold]   where that customer is, and how much of it\n\n"
    "[bold]assay forget 4711[/bold]   asks, then removes it: database, landing, journal, tables, past states"
)


def forget(
    unit: Annotated[str, typer.Argument(help="The customer's id: digits alone.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is held.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Remove a customer from database, landing, journal and tables, with every past state of these tables."""
    from assay.cli import show
    from assay.cli.upkeep import perform
    from assay.lake.units import Unit

    asked = {"unit": Unit.parse(unit).digits}
    if as_json and not (dry_run or yes):
        raise InputError("--json asks nothing; give --yes to forget, or --dry-run to see what is held")
    report = perform("forget", {**asked, "dry_run": True})
    if not as_json:
        _shown(report, dry_run=True)
    if dry_run or not (report["removed"] or report["under_way"]):
        if as_json:
            show.json(report)
        return
    if not yes:
        typer.confirm("remove all of this, and the past states of these tables, for good?", abort=True)
    report = perform("forget", asked)
    if as_json:
        show.json(report)
    else:
        _shown(report, dry_run=False)


def _shown(report: dict[str, Any], *, dry_run: bool) -> None:
    from assay.cli import show

    if report["removed"]:
        count = "held" if dry_run else "removed"
        lines = [(line["where"], line["what"], line["removed"]) for line in report["removed"]]
        show.table([{"where": where, "what": what, count: number} for where, what, number in lines])
    elif not report["under_way"]:
        typer.echo("nothing held")
    if report["under_way"] and dry_run:
        typer.echo("a removal was broken off, or is under way: it will be taken to its end")
    for sentence in (*report["again"], *report["elsewhere"]):
        typer.echo(sentence)

"""`assay doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = "Examples:  [bold]assay doctor[/bold]   |   [bold]assay doctor --json[/bold]"
_STYLES = {"ok": "green", "missing": "red", "optional": "yellow"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look for what Assay needs here, and say how to get what is missing. Exit code 1 if anything is.

    Nothing is started, installed or asked over the network; of AWS credentials it only sees whether there are
    any.
    """
    from dataclasses import asdict

    from rich.markup import escape
    from rich.table import Table

    from assay.cli import show
    from assay.local.doctor import examine

    found = examine()
    missing = [finding for finding in found if finding.status == "missing"]
    if as_json:
        findings = [asdict(finding) for finding in found]
        show.json({"schema": "assay.doctor/1", "ok": not missing, "findings": findings})
    else:
        table = Table("", "what")
        for heading in ("found", "how to get it"):
            table.add_column(heading, overflow="fold")
        for each in found:
            style = _STYLES[each.status]
            table.add_row(
                f"[{style}]{each.status}[/{style}]",
                escape(each.what),
                escape(each.found),
                escape(each.remedy),
            )
        show.printed(table)
        typer.echo(f"missing: {len(missing)}" if missing else "nothing that a run here needs is missing")
    if missing:
        raise typer.Exit(1)

"""`assay maintain`: few files, no state longer than needed, no file that nobody knows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli import complete

EXAMPLES = (
    "Examples:  [bold]assay maintain --dry-run[/bold]   what would be done   |   "
    "[bold]assay maintain --table silver.trades --keep-days 30[/bold]"
)
_SHOWN = ("table", "files", "MB", "snapshots", "kept since", "branches", "orphans", "seconds")


def maintain(
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            "-t",
            help="A table; repeat it for more. Default: all.",
            autocompletion=complete.tables,
        ),
    ] = None,
    keep_days: Annotated[
        int, typer.Option(help="How long readers may go on with a state that is no longer the newest.")
    ] = 7,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compact files, expire old states, remove orphaned files and count distinct values."""
    from assay.cli import show
    from assay.cli.upkeep import perform

    report = perform("maintain", {"tables": table or [], "keep_days": keep_days, "dry_run": dry_run})
    if as_json:
        show.json(report)
        return
    show.table([_row(each) for each in report["tables"]])
    for sentence in report["warnings"]:
        typer.echo(sentence, err=True)


def _row(done: dict[str, Any]) -> dict[str, object]:
    mb = done["bytes_before"] / 1e6, done["bytes_after"] / 1e6
    values = (
        done["table"],
        _change(f"{done['files_before']:,}", f"{done['files_after']:,}"),
        _change(f"{mb[0]:.2f}", f"{mb[1]:.2f}"),
        _change(f"{done['kept'] + done['expired']:,}", f"{done['kept']:,}"),
        done["kept_since"][:16],
        done["branches"],
        done["orphans"],
        done["seconds"],
    )
    return dict(zip(_SHOWN, values, strict=True))


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"

"""`assay quarantine list | show | replay`: what broke its contract, and how it comes back after a fix."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay quarantine list[/bold]   how many rows, per contract and reason\n\n"
    "[bold]assay quarantine show 3f9a20c1[/bold]   one of them, by the beginning of its id\n\n"
    "[bold]assay quarantine replay --contract silver.trades[/bold]   after the contract was corrected"
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="quarantine",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Rows that broke their contract: look at them, and send them through again.",
    epilog=EXAMPLES,
)


@app.command(name="list", epilog="Example:  [bold]assay quarantine list --json[/bold]")
def list_(as_json: AsJson = False) -> None:
    """Count what was set aside, per contract and reason; a row with two reasons counts in both."""
    import os

    from assay.cli import show
    from assay.local import stack
    from assay.serving.queries import quarantine

    os.environ.update(stack.environment())
    found = quarantine.reasons()
    if as_json:
        show.json({"reasons": found.to_pylist()})
    elif found.num_rows:
        show.answer(found)
    else:
        typer.echo("nothing is set aside")


@app.command(name="show", epilog="Example:  [bold]assay quarantine show 3f9a20c1[/bold]")
def show_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A quarantine_id, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Show one row: its values, every reason, and where it came from."""
    import json
    import os

    from assay.cli import show
    from assay.local import stack
    from assay.serving.queries import quarantine

    os.environ.update(stack.environment())
    found = quarantine.row(id_)
    values = json.loads(str(found.pop("row")))
    if as_json:
        show.json({**found, "row": values})
        return
    show.table([{"what": name, "value": _text(value)} for name, value in found.items()])
    show.table([{"column": name, "value": _text(value)} for name, value in values.items()])


@app.command(epilog="Example:  [bold]assay quarantine replay --contract silver.trades[/bold]")
def replay(
    contract: Annotated[
        str | None, typer.Option("--contract", help="Only of this table, for example silver.trades.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Only this quarantine_id, or all that begin so.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send rows through silver again, once, after the contract or the shape was corrected.

    Those that pass are merged into their table, never over a newer version, and leave quarantine; the others
    stay with the reasons of now. Gold takes up what changed with its next run.
    """
    from assay.cli import show, upkeep

    report = upkeep.perform("quarantine-replay", {"contract": contract, "id": id_ or ""})
    if as_json:
        show.json(report)
    elif report["contracts"]:
        show.table(report["contracts"])
    else:
        typer.echo("nothing is set aside")


def _text(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)

"""`assay up | down | status | reset`: the stand-ins of AWS on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assay.local.stack import ProcessStatus

UP_EXAMPLES = "Examples:  [bold]assay up[/bold]   |   [bold]assay up --trino[/bold]   a Trino server, too"
DOWN_EXAMPLES = "Example:  [bold]assay down[/bold]   and later   [bold]assay up[/bold]"
STATUS_EXAMPLES = "Examples:  [bold]assay status[/bold]   |   [bold]assay status --json[/bold]"
RESET_EXAMPLES = "Examples:  [bold]assay reset[/bold]   asks   |   [bold]assay reset --yes[/bold]"
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


def up(
    trino: Annotated[
        bool,
        typer.Option("--trino", help="Start a Trino server over its tables, too (fetched once, 0.6 GB)."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start the local stack; what runs already stays as it is."""
    from assay.cli import show
    from assay.local import stack
    from assay.local.trino import server

    with show.working("starting the local stack"):
        running = stack.up()
    if trino:
        with show.working("starting Trino, which is fetched first if it never was (some minutes)"):
            server.up(running)
    found = stack.status()
    if as_json:
        show.json(_document(found))
        return
    show.stack(found)
    typer.echo(f"the API is at {running.parameters_url}; `assay api token NAME` makes a token for it")
    if trino:
        typer.echo(
            "ask Trino with `assay query decisions --engine trino`; `assay query --list` has all questions"
        )


def down() -> None:
    """Stop the local stack; its data stay."""
    from assay.cli import show
    from assay.local import stack

    with show.working("stopping the local stack"):
        ran = stack.down()
    typer.echo("stopped; `assay up` starts it again with the same data" if ran else "nothing was running")


def status(as_json: AsJson = False) -> None:
    """Show what runs, where it listens, and where its log is. Exit code 1 if anything does not run."""
    from assay.cli import show
    from assay.local import stack

    found = stack.status()
    if as_json:
        show.json(_document(found))
    else:
        show.stack(found)
        glue = stack.glue()
        if glue is not None and glue.workflow is not None:
            under_way = f"; under way: {', '.join(glue.running)}" if glue.running else ""
            typer.echo(f"Glue at {glue.endpoint} runs workflow {glue.workflow}{under_way}")
    if not all(process.running for process in found):
        raise typer.Exit(1)


def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the local stack and delete all its data."""
    from assay.cli import show
    from assay.local import stack

    if not yes:
        typer.confirm("Delete all data of the local stack?", abort=True)
    with show.working("deleting the local stack"):
        deleted = stack.reset()
    typer.echo("deleted; `assay run` begins anew" if deleted else "there was nothing to delete")


def _document(found: list[ProcessStatus]) -> dict[str, object]:
    """What `--json` prints: the processes, and what is known of Glue."""
    from dataclasses import asdict

    from assay.local import stack

    glue = stack.glue()
    processes = [asdict(process) for process in found]
    return {"schema": "assay.status/1", "processes": processes, "glue": glue and asdict(glue)}

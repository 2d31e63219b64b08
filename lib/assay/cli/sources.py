"""`assay sources list | check | preview | drop | run`: where data come from, beside the own database."""

from __future__ import annotations

import itertools
import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli import complete

if TYPE_CHECKING:
    from assay.sources.fetch import Place
    from assay.spec.source import Source

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay sources preview quotes_api[/bold]   ask, show the first rows, keep nothing\n\n"
    "[bold]assay sources run quotes_api[/bold]   land what is new; the next `assay run` takes it on\n\n"
    "[bold]ASSAY_CONFIGS=my assay sources check[/bold]   are the files in my/sources and my/contracts right?"
)
Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The source, as its file is named.", autocompletion=complete.sources),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="sources",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Where data come from: APIs, web pages, databases, files.",
    epilog=EXAMPLES,
)


@app.command(name="list", epilog="Example:  [bold]assay sources list --json[/bold]")
def list_(as_json: AsJson = False) -> None:
    """List the declared sources."""
    from assay.cli import show
    from assay.spec.source import sources

    rows = [
        {"source": each.name, "kind": each.kind, "table": f"silver.{each.table}", "asks": _asks(each)}
        for each in sources().values()
    ]
    if as_json:
        show.json({"sources": rows})
    elif rows:
        show.table(rows)
    else:
        typer.echo("no source is declared; docs/sources.md says how, in one file")


@app.command(epilog="Example:  [bold]ASSAY_CONFIGS=my assay sources check[/bold]")
def check(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A source; all if not given.", autocompletion=complete.sources),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the files of sources and hold them against the contracts of their tables; nobody is asked."""
    from assay.cli import show
    from assay.errors import InputError
    from assay.lake.contracts import Contract
    from assay.sources.shape import refuse_misfit
    from assay.spec.source import named, sources

    chosen = [named(name)] if name else [*sources().values()]
    rows = []
    for each in chosen:
        try:
            refuse_misfit(each, Contract.load(f"silver.{each.table}"))
        except InputError as error:
            rows.append({"source": each.name, "status": "fail", "detail": error.message})
        else:
            detail = f"left out where there is no secret {each.secret}" if each.optional else ""
            rows.append({"source": each.name, "status": "ok", "detail": detail})
    if as_json:
        show.json({"sources": rows})
    elif rows:
        show.table(rows)
    if any(row["status"] == "fail" for row in rows):
        raise typer.Exit(2)


@app.command(epilog="Example:  [bold]assay sources preview closes_api --rows 3[/bold]")
def preview(
    name: Name,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, help="How many rows.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Ask a source and show the first rows as they would land; nothing is kept, and no state moves."""
    from assay.cli import show
    from assay.local import stack
    from assay.sources.fetch import opened

    source, contract = _declared(name)
    os.environ.update(stack.environment())
    read, shape, _ = opened(source, contract, _place())
    with closing(read):
        parts = read.parts({})
        brought = ((part, batch) for part in parts for batch in read.read(part, shape.begin(None)))
        found = (row for part, batch in brought for row in shape.shaped(part, batch))
        shown: list[dict[str, Any]] = [dict(row) for row in itertools.islice(found, rows)]
    if as_json:
        show.json({"source": name, "rows": shown})
    elif shown:
        show.table(shown)
    else:
        typer.echo(f"{name} has no rows")


@app.command(epilog="Example:  [bold]assay sources drop visits visits.csv[/bold]")
def drop(
    name: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder under dropped/.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A file.")],
) -> None:
    """Put a file into the running local stack's landing bucket, where a source of kind `files` reads it."""
    from assay.errors import InputError
    from assay.local import names, stack
    from assay.runtime import clients

    if not re.fullmatch("[a-z][a-z0-9_]{0,62}", name):
        raise InputError(
            f"FOLDER is {name[:80]!r}; it must be lower-case letters, digits and underscores, beginning with "
            "a letter"
        )
    os.environ.update(stack.environment())
    key = f"dropped/{name}/{file.name}"
    with clients.calling(f"write s3://{names.LANDING}/{key}"):
        clients.s3().upload_file(str(file), names.LANDING, key)
    typer.echo(f"dropped: {key}")


@app.command(epilog="Example:  [bold]assay sources run closes_api --full[/bold]")
def run(
    name: Name,
    full: Annotated[bool, typer.Option("--full", help="Read everything, also what was read before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read what is new in a source and land it in the running local stack."""
    import dataclasses

    from assay.cli import show
    from assay.local import stack
    from assay.sources.fetch import fetch

    source, _ = _declared(name)
    os.environ.update(stack.environment())
    found = fetch(source, _place(), full=full)
    if as_json:
        show.json(dataclasses.asdict(found))
    else:
        again = f", {found.again:,} of them again" if found.again else ""
        typer.echo(f"{name}: {found.rows:,} rows landed, {found.requests:,} requests{again}")


def _place() -> Place:
    from assay.local import names
    from assay.sources.fetch import Place

    return Place(names.LANDING, names.SOURCE_SECRETS)


def _declared(name: str) -> tuple[Source, Any]:
    from assay.lake.contracts import Contract
    from assay.spec.source import named

    source = named(name)
    return source, Contract.load(f"silver.{source.table}")


def _asks(source: Source) -> str:
    if source.kind == "sql":
        return source.relation
    if source.kind == "files":
        return source.at
    return f"{source.url or f'secret {source.secret}'}{source.path}"

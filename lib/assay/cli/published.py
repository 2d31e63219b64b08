"""`assay certify --published`: known tables made again, ours beside theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as Grid

from assay.cli import show
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.certify.published import Row, Table


def show_published(
    names: Iterable[str],
    replicates: int | None,
    seed: int,
    console: Console,
    page: Path | None = None,
    *,
    as_json: bool = False,
) -> None:
    """Make published tables again, print each as soon as it is made, then the verdict.

    Args:
        names: Which tables; all if none is named.
        replicates: Simulated experiments behind each row; None for each table's own number.
        seed: Equal seeds give equal digits.
        console: Where the tables go; a bar moves on stderr meanwhile, if that is a terminal.
        page: Also write a Markdown page here.
        as_json: Print one JSON document at the end instead.

    Raises:
        InputError: No such table, too few replicates, a negative seed, or a page that cannot be written.
        typer.Exit: With code 1 if a row disagrees.
    """
    from assay.certify import published

    wanted = [each.name for each in published.chosen(*names)]
    if page is not None and not page.parent.is_dir():
        raise InputError(f"{page} cannot be written: there is no folder {page.parent}")
    tables: list[Table] = []
    with _bar() as bar:
        task = bar.add_task("", total=len(wanted))
        for done, name in enumerate(wanted):

            def tell(now: str, share: float, before: int = done) -> None:
                bar.update(task, description=now, completed=before + share)

            tables += published.reproduce(name, replicates=replicates, seed=seed, progress=tell)
            if not as_json:
                _show(tables[-1], console)
    if page is not None:
        _write(page, published.page(tables))
    if as_json:
        show.json(_document(tables))
    else:
        console.print(_verdict(tables))
    if not all(table.agrees for table in tables):
        raise typer.Exit(1)


def _document(tables: list[Table]) -> dict[str, object]:
    found = [{**asdict(table), "agrees": table.agrees} for table in tables]
    return {"schema": "assay.published/1", "agrees": all(table.agrees for table in tables), "tables": found}


def _bar() -> Progress:
    stderr = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )


def _show(table: Table, console: Console) -> None:
    console.print(f"[bold]{escape(table.title)}[/bold]  ({table.name}, {table.replicates:,} replicates)")
    console.print(escape(table.source), style="dim")
    grid = Grid("figure", "theirs", "exact", "ours", "± s.e.", "")
    for row in table.rows:
        grid.add_row(*_cells(row))
    console.print(grid)
    console.print()


def _cells(row: Row) -> tuple[str, ...]:
    theirs, exact, ours, error, verdict = row.cells()
    marked = theirs if row.kind in {"printed", "bound"} else f"{theirs} ({row.kind})".strip()
    style = "green" if row.agrees else "bold red"
    return escape(row.label), marked, exact, ours, error, f"[{style}]{verdict}[/{style}]"


def _verdict(tables: list[Table]) -> str:
    total = sum(len(table.rows) for table in tables)
    wrong = [f"{table.name}: {row.label}" for table in tables for row in table.disagreements]
    if wrong:
        return f"[bold red]{len(wrong)} of {total} rows disagree[/bold red]: {escape('; '.join(wrong))}"
    return f"[green]all {total} rows agree[/green] (published tables: {len(tables)})"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error

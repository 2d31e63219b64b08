"""What `assay query` prints: answers in each format, and what can be asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from assay.cli import show
from assay.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def check(output: str) -> None:
    """Refuse bytes for a terminal before anything is asked.

    Raises:
        InputError: Parquet was asked for, and nobody catches it.
    """
    if output == "parquet" and sys.stdout.isatty():
        raise InputError("--format parquet writes bytes; send them to a file: ... > answer.parquet")


def answer(found: pa.Table, output: str) -> None:
    """Print an answer.

    Args:
        found: The answer.
        output: `table`, `csv`, `json` or `parquet`.
    """
    if output == "csv":
        show.csv(found)
    elif output == "json":
        show.rows(found)
    elif output == "parquet":
        _parquet(found)
    else:
        show.answer(found)


def listed(*, questions: bool, macros: bool, as_json: bool) -> None:
    """What can be asked.

    Args:
        questions: The questions and the views.
        macros: The macros with the columns that they read and add, and how one is written.
        as_json: As one document.
    """
    found = (_questions() if questions else {}) | ({"macros": _macros()} if macros else {})
    if as_json:
        show.json(found)
        return
    for rows in found.values():
        show.table(rows)
    if macros:
        typer.echo("write FROM {{macro(relation)}}, where relation is a table or a name of WITH", err=True)


def _questions() -> dict[str, list[dict[str, str]]]:
    from assay.serving.queries import saved

    return {
        "questions": [{"name": each.name, "question": each.question} for each in saved.questions().values()],
        "views": [{"view": f"gold.{each.name}", "what": each.question} for each in saved.views().values()],
    }


def _macros() -> list[dict[str, str]]:
    from assay.serving.queries.macros import every

    return [
        {"macro": each.name, "what": each.what, "reads": each.reads, "adds": each.adds}
        for each in every().values()
    ]


def _parquet(found: pa.Table) -> None:
    import pyarrow.parquet as pq

    pq.write_table(found, sys.stdout.buffer)
    sys.stdout.buffer.flush()

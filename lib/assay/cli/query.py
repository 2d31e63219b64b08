"""`assay query`: Athena's SQL over the lake's tables, by DuckDB, by Trino, or by Athena itself."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import complete

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay query --list[/bold]   and then   [bold]assay query decisions[/bold]\n\n"
    '[bold]assay query "SELECT experiment, metric, estimate, p_value FROM gold.experiment_results '
    'WHERE final"[/bold]\n\n'
    "[bold]assay query markets --engine trino --format parquet > markets.parquet[/bold]"
)


class Engine(StrEnum):
    """Who answers."""

    DUCKDB = "duckdb"
    TRINO = "trino"
    ATHENA = "athena"


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def query(
    sql: Annotated[
        str,
        typer.Argument(
            help="A question of --list by its name, or one Athena (Trino) query.",
            autocompletion=complete.questions,
        ),
    ] = "",
    engine: Annotated[Engine, typer.Option("--engine", "-e", help="Who answers.")] = Engine.DUCKDB,
    output: Annotated[
        Format | None, typer.Option("--format", "-f", help="How to print the answer; a table if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    max_scan: Annotated[
        str, typer.Option(help="Refuse a query that would read more, such as 100MB; 10 GiB if not given.")
    ] = "",
    workgroup: Annotated[str, typer.Option(help="Athena's workgroup; `assay-queries` if not given.")] = "",
    show_list: Annotated[bool, typer.Option("--list", help="Show the questions and views.")] = False,
    show_macros: Annotated[bool, typer.Option("--macros", help="Show the macros for statistics.")] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Print the plain SQL, macros and views written out; ask nothing.")
    ] = False,
) -> None:
    """Ask the lake one question in Athena's SQL. Only queries are run: nothing can be changed."""
    from assay.cli import show_queries
    from assay.errors import InputError
    from assay.serving.queries import plan, saved

    if as_json and output is not None:
        raise InputError("--json and --format exclude each other; leave one out")
    chosen = Format.JSON if as_json else output or Format.TABLE
    if show_list or show_macros:
        show_queries.listed(questions=show_list, macros=show_macros, as_json=chosen is Format.JSON)
    if not sql:
        if show_list or show_macros:
            return
        raise InputError("no question was given; name one of `assay query --list`, or write a SELECT")
    text = saved.text(sql)
    plan.parsed(text)  # a mistake in the text is told before an engine is looked for
    if expand:
        typer.echo(plan.plain(text).rstrip("\n"))
        return
    show_queries.check(chosen)
    show_queries.answer(_ask(text, engine, max_scan, workgroup), chosen)


def _ask(text: str, engine: Engine, max_scan: str, workgroup: str) -> pa.Table:
    """The answer of an engine, which is this machine's unless it is Athena."""
    import os

    from assay.errors import InputError
    from assay.local import stack
    from assay.runtime.athena import WORKGROUP
    from assay.serving import queries
    from assay.serving.queries import athena, scan, trino

    if engine is Engine.ATHENA:
        if max_scan:
            raise InputError(
                "--max-scan is for duckdb and trino; Athena's limit is its workgroup's, the parameter "
                "ScanLimit of the stack catalog"
            )
        return athena.query(text, workgroup=workgroup or WORKGROUP)
    if workgroup:
        raise InputError(f"--workgroup is {workgroup!r}; it is for --engine athena only")
    most = scan.parse(max_scan) if max_scan else scan.LIMIT
    os.environ.update(stack.environment())
    if engine is Engine.TRINO:
        from assay.local.trino import server

        return trino.query(text, server.url(), most=most)
    return queries.query(text, most=most)

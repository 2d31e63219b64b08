"""`assay query`: Athena's SQL over the lake's tables."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

EXAMPLES = (
    "Examples:\n\n"
    '[bold]assay query "SELECT experiment, metric, estimate, p_value FROM gold.experiment_results '
    'WHERE final"[/bold]\n\n'
    '[bold]assay query "SELECT table_schema, table_name FROM information_schema.tables" --format csv[/bold]'
)


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def query(
    sql: Annotated[str, typer.Argument(help="One Athena (Trino) query; tables as database.table.")],
    output: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
) -> None:
    """Ask the lake one question in Athena's SQL. Only queries are run: nothing can be changed."""
    import os

    from assay.cli import show
    from assay.local import stack
    from assay.serving import queries
    from assay.serving.queries import statement

    statement.parse(sql)  # a mistake in the text is told before the stack is looked for
    os.environ.update(stack.environment())
    answer = queries.query(sql)
    if output is Format.TABLE:
        show.answer(answer)
    elif output is Format.CSV:
        show.csv(answer)
    else:
        show.rows(answer)

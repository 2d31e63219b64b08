"""What may be asked? One Athena query that only reads; everything else is refused in one sentence.

sqlglot would turn `CREATE EXTERNAL TABLE` into a plain table and drop its location without a word, so that
which is not a query never reaches the translation.
"""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from assay.errors import InputError

DIALECT = "athena"
TOO_DEEP = "the query nests too deep; write it in parts, with WITH"
_CATALOG = "awsdatacatalog"


def parse(sql: str) -> exp.Query:
    """The one query in a text, its names in lower case as Athena reads them.

    Args:
        sql: Athena (Trino) SQL.

    Raises:
        InputError: Nothing, several statements, a syntax error, or a statement that is not a query.
    """
    statements = [statement for statement in _parsed(sql) if statement is not None]
    if not statements:
        raise InputError("the query is empty; write one SELECT")
    if len(statements) > 1:
        raise InputError(f"there are {len(statements)} statements; ask one query at a time")
    found = statements[0]
    if not isinstance(found, exp.Query):
        raise InputError(f"{_verb(found)} is not a query; only SELECT (also WITH and UNION) is run here")
    if found.find(exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Merge, exp.Into):
        raise InputError("the query would change something; only reading is done here")
    return _named(normalize_identifiers(found, dialect=DIALECT))


def table_name(table: exp.Table) -> tuple[str, str]:
    """Database and name of a table in a query.

    Raises:
        InputError: The database is not named, another catalog is, or a past version is asked for.
    """
    if table.args.get("version") is not None:
        raise InputError(f"{table.db}.{table.name}: time travel is not translated; query the current table")
    if table.catalog and table.catalog != _CATALOG:
        raise InputError(f"there is no catalog {table.catalog!r}; leave it out, or write {_CATALOG!r}")
    if not table.db:
        raise InputError(f"table {table.name!r} names no database; write for example 'gold.{table.name}'")
    return table.db, table.name


def _parsed(sql: str) -> list[exp.Expr | None]:
    # sqlglot logs a warning when it falls back to an opaque command; the refusal says it better.
    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return list(sqlglot.parse(sql, read=DIALECT))
    except SqlglotError as error:
        raise InputError(f"the query is not valid Athena SQL: {first_line(error)}") from error
    except RecursionError:
        raise InputError(TOO_DEEP) from None
    finally:
        logger.setLevel(level)


def first_line(error: BaseException) -> str:
    """An error's first line, without sqlglot's underlining of the place."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.replace("\033[4m", "").replace("\033[0m", "").rstrip(".")


def _verb(statement: exp.Expr) -> str:
    """How the statement begins, for example `CREATE` or `SHOW`."""
    if isinstance(statement, exp.Command):
        return str(statement.this).upper()
    return statement.key.upper()


def _named(query: exp.Query) -> exp.Query:
    """Give nameless results Athena's names, `_col0`, `_col1`, ..., before sqlglot gives others."""
    first: exp.Expr = query
    while isinstance(first, exp.SetOperation):
        first = first.this
    if isinstance(first, exp.Subquery):
        first = first.unnest()
    for place, item in enumerate(first.expressions if isinstance(first, exp.Select) else []):
        if not (isinstance(item, exp.Alias | exp.Column | exp.Aliases) or item.is_star):
            item.replace(exp.alias_(item.copy(), f"_col{place}"))
    return query

"""Athena's SQL in DuckDB's words, with the same results; what is not understood is refused, not guessed.

References:
    sqlglot's dialects `athena` and `duckdb`, its `qualify` and `annotate_types`; the rules that it lacks are
    in `arithmetic` and `dates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from assay.errors import InputError, did_you_mean
from assay.serving.queries import arithmetic, dates, functions, information
from assay.serving.queries.statement import DIALECT, first_line, table_name

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query whose every name is known.

    Attributes:
        query: The qualified and typed query in Athena's terms.
        columns: The columns that it needs of each (database, table), in the table's order.
    """

    query: exp.Query
    columns: Mapping[Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Translation:
    """A query ready for DuckDB.

    Attributes:
        sql: DuckDB's SQL.
        columns: The columns that the query needs of each (database, table), in the table's order.
        query: The qualified and typed query in Athena's terms.
    """

    sql: str
    columns: Mapping[Name, tuple[str, ...]]
    query: exp.Query


def tables(query: exp.Query) -> list[Name]:
    """The (database, table)s that a query reads, each once; names of WITH are not tables.

    Raises:
        InputError: A table names no database, or a past version of itself.
    """
    return list(dict.fromkeys(table_name(table) for table in _sources(query)))


def translate(query: exp.Query, types: Mapping[Name, Mapping[str, str]]) -> Translation:
    """The query for DuckDB.

    Args:
        query: As `statement.parse` gives it; it is not changed.
        types: Athena's types of the columns of each table that the query reads.

    Raises:
        InputError: An unknown column, or something that cannot be translated.
    """
    resolved = resolve(query, types)
    return Translation(in_duckdb(resolved), resolved.columns, resolved.query)


def resolve(query: exp.Query, types: Mapping[Name, Mapping[str, str]]) -> Resolved:
    """Find the table and the type of every column.

    Args:
        query: As `statement.parse` gives it; it is not changed.
        types: Athena's types of the columns of each table that the query reads.

    Raises:
        InputError: An unknown column.
    """
    typed = _typed(query.copy(), types)
    return Resolved(typed, _columns(typed, types))


def in_duckdb(resolved: Resolved) -> str:
    """The query in DuckDB's words.

    Raises:
        InputError: Something in it cannot be translated.
    """
    rewritten = resolved.query.copy()
    arithmetic.translate(rewritten)
    dates.translate(rewritten)
    functions.translate(rewritten)
    for table in _sources(rewritten):
        if table.db == information.DATABASE:
            table.set("db", exp.to_identifier(information.STAND_IN, quoted=True))
    try:
        return rewritten.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise InputError(f"the query cannot be translated: {first_line(error)}") from error


def _typed(query: exp.Query, types: Mapping[Name, Mapping[str, str]]) -> exp.Query:
    for table in _sources(query):
        table.set("catalog", None)
    arithmetic.exact_literals(query)
    functions.declare(query)
    nested: dict[str, object] = {}
    for database in dict.fromkeys(database for database, _ in types):
        nested[database] = {name: dict(found) for (place, name), found in types.items() if place == database}
    schema = MappingSchema(nested or None, dialect=DIALECT)
    try:
        qualified = qualify(query, schema=schema, dialect=DIALECT)
    except SqlglotError as error:
        raise InputError(_unresolved(types, error)) from error
    typed = annotate_types(qualified, schema=schema, dialect=DIALECT)
    if not isinstance(typed, exp.Query):  # pragma: no cover - qualify keeps a query a query
        raise InputError("the query cannot be translated")
    return typed


def _unresolved(types: Mapping[Name, Mapping[str, str]], error: SqlglotError) -> str:
    """The sentence for a name that qualify could not resolve."""
    text = first_line(error)
    named = text.split("'")[1] if text.count("'") > 1 else ""
    columns = sorted({column for found in types.values() for column in found})
    if "could not be resolved" in text and "for table" not in text and named not in columns:
        return f"there is no column {named!r}; {did_you_mean(named, columns)}"
    return f"the query cannot be understood: {text}"


def _sources(query: exp.Query) -> list[exp.Table]:
    found = {
        id(source): source
        for scope in traverse_scope(query)
        for source in scope.sources.values()
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
    }
    return list(found.values())


def _columns(query: exp.Query, types: Mapping[Name, Mapping[str, str]]) -> dict[Name, tuple[str, ...]]:
    needed: dict[Name, set[str]] = {name: set() for name in types}
    for scope in traverse_scope(query):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.db:
                needed[table_name(source)].add(column.name)
    return {
        # A count of rows needs no column, but something must be read to be counted.
        name: tuple(column for column in types[name] if column in found) or tuple(types[name])[:1]
        for name, found in needed.items()
    }

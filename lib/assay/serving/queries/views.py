"""Views without a place of their own: where a query names one, its SELECT is put in.

So they can be asked for on any engine without that anybody made them, and nobody must keep them in step.
"""

from __future__ import annotations

from sqlglot import exp

from assay.serving.queries import saved, statement


def inline(query: exp.Query) -> exp.Query:
    """The query with each view replaced by what it says.

    Args:
        query: As `statement.parse` gives it.

    Returns:
        The query itself if it names none, else a copy.
    """
    if not _named(query):
        return query
    changed = query.copy()
    for table in _named(changed):
        select = statement.parse(saved.views()[table.name].sql)
        alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
        table.replace(exp.Subquery(this=select, alias=alias))
    return changed


def _named(query: exp.Query) -> list[exp.Table]:
    """Where a query names a view."""
    tables = [table for table in query.find_all(exp.Table) if table.db == saved.VIEWS_DATABASE]
    known = saved.views() if tables else {}
    return [table for table in tables if table.name in known]

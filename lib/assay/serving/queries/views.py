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
    if not any(_is_view(table) for table in query.find_all(exp.Table)):
        return query
    known = saved.views()
    changed = query.copy()
    for table in list(changed.find_all(exp.Table)):
        if _is_view(table) and table.name in known:
            select = statement.parse(known[table.name].sql)
            inner = exp.Subquery(
                this=select, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
            )
            table.replace(inner)
    return changed


def _is_view(table: exp.Table) -> bool:
    return table.db == saved.VIEWS_DATABASE

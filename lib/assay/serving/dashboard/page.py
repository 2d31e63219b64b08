"""What every page does: read, say in one sentence why there is nothing to show, or show it.

Each part of a page does so by itself, so that what cannot be read leaves the others standing.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from assay.errors import AssayError
from assay.serving.dashboard.reading import Query

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
Draw = Callable[[pd.DataFrame], None]
EMPTY = "No results yet: `make run` fills the lake."
NUMBER = "%.4g"
Columns = Mapping[str, ColumnConfig | str | None]
"""Column of a table → how it is shown; in this order, and no other column is."""
_KEPT = 256  # tables, and charts, that all sessions share


def show(title: str, query: Query, sql: str, draw: Draw) -> None:
    """Show one page, or its first part.

    Args:
        title: Its heading.
        query: Answers SQL.
        sql: Asks for the page's rows.
        draw: Shows them; not called when there are none.
    """
    st.title(title)
    _drawn(query, sql, draw, EMPTY)


def part(heading: str, query: Query, sql: str, draw: Draw, *, empty: str) -> None:
    """Show a part of a page under a heading of its own.

    Args:
        heading: The heading.
        query: Answers SQL.
        sql: Asks for the part's rows.
        draw: Shows them; not called when there are none.
        empty: What to say then, one sentence.
    """
    st.subheader(heading)
    _drawn(query, sql, draw, empty)


@contextmanager
def told() -> Iterator[None]:
    """Say an error of ours in one sentence, in the place where it happens."""
    try:
        yield
    except AssayError as error:
        st.error(error.message)


def table(found: pd.DataFrame, columns: Columns, key: str) -> None:
    """Show rows as a table that can be sorted, searched and saved.

    Args:
        found: Rows with all of the columns.
        columns: What is shown of them.
        key: The table's, unique on its page.
    """
    _listed(key, found[list(columns)], columns)


def chart(said: str, draw: Callable[..., Chart], *given: pd.DataFrame | Hashable) -> None:
    """Show a chart whose numbers stand in a table beside it.

    Args:
        said: What it shows, for those who do not see it.
        draw: Makes it.
        given: What it is made of.
    """
    _shown(said, draw, given)


def _name(draw: FunctionType) -> str:
    return f"{draw.__module__}.{draw.__qualname__}"


def _bytes(found: pd.DataFrame) -> bytes:
    """What tells rows from others. Equal rows that were made apart may differ here, and are shown anew."""
    return pickle.dumps(found)


_HASHES: Final[dict[str | type[Any], Callable[[Any], Any]]] = {FunctionType: _name, pd.DataFrame: _bytes}


@st.cache_resource(max_entries=_KEPT, show_spinner=False, hash_funcs=_HASHES)
def _listed(key: str, found: pd.DataFrame, _columns: Columns) -> None:
    """Show a table, or again what the same rows were made into before."""
    st.dataframe(found, column_config=dict(_columns), hide_index=True, width="stretch", key=key)


@st.cache_resource(max_entries=_KEPT, show_spinner=False, hash_funcs=_HASHES)
def _shown(said: str, draw: Callable[..., Chart], given: tuple[object, ...]) -> None:
    """Show a chart, or again what the same rows were made into before.

    To make one is most of what a page takes once its rows are there.
    """
    st.altair_chart(draw(*given), width="stretch", alt=said)


def _drawn(query: Query, sql: str, draw: Draw, empty: str) -> None:
    with told():
        found = query(sql)
        if found.empty:
            st.info(empty)
        else:
            draw(found)

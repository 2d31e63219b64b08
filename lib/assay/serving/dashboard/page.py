"""What every page does: read, say in one sentence why there is nothing to show, or show it.

Each part of a page does so by itself, so that what cannot be read leaves the others standing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from assay.errors import AssayError
from assay.serving.dashboard.reading import Query

EMPTY = "No results yet: `make run` fills the lake."
NUMBER = "%.4g"
Columns = Mapping[str, ColumnConfig | str | None]
"""Column of a table → how it is shown; in this order, and no other column is."""


def show(
    title: str, query: Query, read: Callable[[Query], pd.DataFrame], draw: Callable[[pd.DataFrame], None]
) -> None:
    """Show one page, or its first part.

    Args:
        title: Its heading.
        query: Answers SQL.
        read: Asks for the page's rows.
        draw: Shows them; not called when there are none.
    """
    st.title(title)
    _drawn(lambda: read(query), draw, EMPTY)


def part(
    heading: str, read: Callable[[], pd.DataFrame], draw: Callable[[pd.DataFrame], None], *, empty: str
) -> None:
    """Show a part of a page under a heading of its own.

    Args:
        heading: The heading.
        read: Asks for the part's rows.
        draw: Shows them; not called when there are none.
        empty: What to say then, one sentence.
    """
    st.subheader(heading)
    _drawn(read, draw, empty)


@contextmanager
def told() -> Iterator[None]:
    """Say an error of ours in one sentence, in the place where it happens."""
    try:
        yield
    except AssayError as error:
        st.error(error.message)


def table(rows: pd.DataFrame, columns: Columns, key: str) -> None:
    """Show rows as a table that can be sorted, searched and saved.

    Args:
        rows: With all of the columns.
        columns: What is shown of them.
        key: The table's, unique on its page.
    """
    st.dataframe(rows[list(columns)], column_config=dict(columns), hide_index=True, width="stretch", key=key)


def chart(plot: alt.Chart | alt.LayerChart | alt.FacetChart, said: str) -> None:
    """Show a chart whose numbers stand in a table beside it.

    Args:
        plot: The chart.
        said: What it shows, for those who do not see it.
    """
    st.altair_chart(plot, width="stretch", alt=said)


def _drawn(read: Callable[[], pd.DataFrame], draw: Callable[[pd.DataFrame], None], empty: str) -> None:
    with told():
        rows = read()
        if rows.empty:
            st.info(empty)
        else:
            draw(rows)

"""What every page does: read, say in one sentence why there is nothing to show, or show it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from assay.errors import AssayError
from assay.serving.dashboard.reading import Query

EMPTY = "No results yet: `make run` fills the lake."


def show(
    title: str, query: Query, read: Callable[[Query], pd.DataFrame], draw: Callable[[pd.DataFrame], None]
) -> None:
    """Show one page.

    Args:
        title: Its heading.
        query: Answers SQL.
        read: Asks for the page's rows.
        draw: Shows them; not called when there are none.
    """
    st.title(title)
    try:
        rows = read(query)
    except AssayError as error:
        st.error(error.message)
        return
    if rows.empty:
        st.info(EMPTY)
        return
    draw(rows)

"""The answers that all readers share, for as long as nobody publishes to gold.

A query is answered once for each state of gold. Which state that is costs one call of the catalog every few
seconds, however many readers there are: a page shows a new week as soon as it is there, and nothing is read
twice until then.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from assay.serving import queries
from assay.serving.dashboard.reading import rows
from assay.serving.queries import states

SECONDS = 2.0
"""How old what all readers are shown may be: which state gold is in, and how runs stand."""
_ANSWERS = 256  # that are kept; a page has seven or fewer


def ask(sql: str) -> pd.DataFrame:
    """The rows of a query over gold, which others read as well: nobody changes them.

    Args:
        sql: Reads gold only: what is published elsewhere changes no answer.

    Raises:
        InputError: The query fails.
        TransientError: The catalog or the object store does not answer.
    """
    return _answer(sql, _state())


@st.cache_resource(ttl=SECONDS, show_spinner=False)
def _state() -> str:
    return states.of_database("gold")


@st.cache_resource(max_entries=_ANSWERS, show_spinner="reading the lake ...")
def _answer(sql: str, state: str) -> pd.DataFrame:
    del state  # an answer is kept under it
    return rows(sql, queries.query)

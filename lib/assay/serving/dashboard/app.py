"""The dashboard's script: `streamlit run app.py`; `assay dashboard` starts it over the local stack.

Where the lake is stands in the environment, as for every other reader of it.
"""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from assay.serving import queries
from assay.serving.dashboard import experiments, pipeline

_FRESH_SECONDS = 60


@st.cache_data(ttl=_FRESH_SECONDS, show_spinner="reading the lake ...")
def ask(sql: str) -> pa.Table:
    """The answer to a query, which may be a minute old."""
    return queries.query(sql)


def main() -> None:
    """Show the page that the reader chose."""
    st.set_page_config(page_title="Assay", layout="wide")
    st.navigation(
        [
            st.Page(lambda: experiments.show(ask), title="Experiments", url_path="experiments", default=True),
            st.Page(lambda: pipeline.show(ask), title="Pipeline", url_path="pipeline"),
        ]
    ).run()


if __name__ == "__main__":
    main()

"""The dashboard's script: `streamlit run app.py`; `assay dashboard` starts it over the local stack.

Where the lake is stands in the environment, as for every other reader of it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

import streamlit as st

from assay.serving.dashboard.asking import ask

# Module of each page → its title; the first one opens. (Not a text below: Streamlit shows what stands alone.)
PAGES: Final = {
    "experiments": "Experiments",
    "calibration": "Calibration",
    "planning": "Plan",
    "market": "Market",
    "pipeline": "Pipeline",
    "starting": "Start a run",
    "upload": "Your data",
}


def main() -> None:
    """Show the page that the reader chose."""
    st.set_page_config(page_title="Assay", layout="wide")
    first = next(iter(PAGES))
    pages = [
        st.Page(_showing(module), title=title, url_path=module, default=module == first)
        for module, title in PAGES.items()
    ]
    st.navigation(pages, position="top").run()


def _showing(module: str) -> Callable[[], None]:
    """A page's script; its module is loaded when somebody opens it, so that the first page waits for none."""

    def show() -> None:
        import_module(f"assay.serving.dashboard.{module}").show(ask)

    return show


if __name__ == "__main__":
    main()

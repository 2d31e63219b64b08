"""Streamlit over the dashboard's script: `python -m assay.serving.dashboard [options of streamlit run]`.

What pages need is loaded, and asked once, while the server starts: that takes seconds, which the first reader
would wait.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from sys import argv
from threading import Thread

from assay.errors import AssayError

SCRIPT = Path(__file__).with_name("app.py")
_SECONDS = 0.05  # between two looks whether the server listens


def main() -> None:
    """Serve until a signal ends it."""
    import numpy  # noqa: F401, ICN001 by one thread: two that load it at the same time can end in an endless call
    from streamlit.web import cli

    Thread(target=warm, daemon=True).start()
    cli.main(["run", str(SCRIPT), *argv[1:]], prog_name="streamlit")


def warm() -> None:
    """Load what the first page needs, and visit every page as soon as the server listens."""
    from streamlit import config, runtime
    from streamlit.runtime import RuntimeState

    import_module("assay.serving.dashboard.experiments")
    while not runtime.exists() or runtime.get_instance().state is RuntimeState.INITIAL:
        time.sleep(_SECONDS)
    visit_all(f"127.0.0.1:{config.get_option('server.port')}")


def visit_all(server: str) -> None:
    """Visit every page once; what does not answer now is told to who comes.

    Args:
        server: Host and port.
    """
    from assay.serving.dashboard.app import PAGES
    from assay.serving.dashboard.visit import FIRST, visit

    for page in (FIRST, *list(PAGES)[1:]):
        with suppress(AssayError):
            asyncio.run(visit(server, page))


if __name__ == "__main__":
    main()

"""Streamlit over the dashboard's script: `python -m assay.serving.dashboard [options of streamlit run]`.

What the first page needs is loaded, and asked once, while the server starts: that takes seconds, which the
first reader would wait.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread

from assay.errors import AssayError

SCRIPT = Path(__file__).with_name("app.py")


def main() -> None:
    """Serve until a signal ends it."""
    from streamlit.web import cli

    Thread(target=warm, daemon=True).start()
    cli.main(["run", str(SCRIPT), *sys.argv[1:]], prog_name="streamlit")


def warm() -> None:
    """Load what the first page needs; what does not answer now is told on the page."""
    from assay.serving import queries
    from assay.serving.dashboard.reading import experiments

    import_module("assay.serving.dashboard.experiments")
    with suppress(AssayError):
        experiments.results(queries.query)


if __name__ == "__main__":
    main()

"""`assay dashboard`: the results in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = "Examples:  [bold]assay dashboard[/bold]   |   [bold]assay dashboard --port 8600[/bold]"

_MEGABYTES = 100
"""The largest file that the page *Your data* takes; a test compares it with the page."""


def dashboard(
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port of 127.0.0.1.")] = 8501,
) -> None:
    """Show experiments, their calibration, markets and runs of the local stack in a browser, until Ctrl-C."""
    import os

    from assay.local import stack

    environment = os.environ | stack.environment()
    argv = command(port)
    typer.echo(f"the dashboard is at http://127.0.0.1:{port}; Ctrl-C ends it")
    os.execve(argv[0], argv, environment)  # noqa: S606 no shell is wanted: signals reach the server itself


def command(port: int) -> list[str]:
    """The command line that serves the dashboard to this machine only.

    Args:
        port: The port of 127.0.0.1.

    Raises:
        StackError: Streamlit is not installed.
    """
    import sys
    from importlib.util import find_spec

    from assay.errors import StackError

    if find_spec("streamlit") is None:
        raise StackError("the dashboard needs streamlit: install assay with its extra `dashboard`")
    return [
        sys.executable, "-m", "assay.serving.dashboard",
        f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true",
        "--server.fileWatcherType=none", "--browser.gatherUsageStats=false", "--client.showErrorDetails=none",
        "--client.toolbarMode=minimal", "--theme.primaryColor=#0072B2",
        f"--server.maxUploadSize={_MEGABYTES}",
    ]  # fmt: skip

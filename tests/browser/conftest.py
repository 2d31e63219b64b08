"""The dashboard over the lake of the running stack, in a real Chromium; what it took, and how it looks.

The stack is the one of this checkout (`make run` fills it), or that of `ASSAY_HOME`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from assay.cli import dashboard
from assay.errors import StackError
from assay.local import stack
from assay.serving import queries

if TYPE_CHECKING:  # so that a machine without it collects the other tests
    from playwright.sync_api import Browser, Page

INSTALL = "there is no chromium on the PATH; on Debian: apt-get install chromium"
WIDTH, HEIGHT = 1280, 1280
_WARM_SECONDS = 10.0  # nobody opens a page in the second in which the server starts
_took: list[tuple[str, float]] = []


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Of a process that asks the running stack."""
    try:
        found = stack.environment()
    except StackError as error:
        pytest.fail(f"{error.message}, and fill it with `make run`")
    os.environ.update(found)
    if not queries.query("SELECT experiment FROM gold.experiment_results WHERE final LIMIT 1").num_rows:
        pytest.fail("no experiment has ended in this stack; `make run` runs eight weeks")
    return {**os.environ, **found}


@pytest.fixture(scope="session")
def address(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the dashboard is."""
    with served(tmp_path_factory.mktemp("dashboard"), environment) as found:
        time.sleep(_WARM_SECONDS)
        yield found


@contextmanager
def served(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A dashboard that answers; nothing may go wrong in it.

    Args:
        folder: Of its log, and where it runs.
        environment: Of its process.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            dashboard.command(port), cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)
    said = (folder / "log").read_text()
    assert "Traceback" not in said, said[-3000:]


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url).text == "ok":
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.fail(INSTALL)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its sandbox needs rights that containers do not give; it sees our own pages only.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that notes what goes wrong in it."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert wrong == []


@pytest.fixture
def took() -> list[tuple[str, float]]:
    """What each page took until it stood whole, in seconds; the session's summary shows it."""
    return _took


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long pages took; nothing depends on it."""
    for name, seconds in _took:
        terminalreporter.write_line(f"{name}: {seconds:.2f} s")


def folder() -> Path:
    """Where screenshots are kept."""
    return Path(__file__).parents[2] / "docs" / "screenshots"

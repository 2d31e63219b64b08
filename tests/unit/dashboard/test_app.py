"""The whole app: all pages behind one script, under `assay dashboard`'s own command line."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from streamlit.testing.v1 import AppTest

from assay.cli import dashboard
from assay.errors import StackError, TransientError
from assay.local import stack
from assay.serving.dashboard import __main__, app
from assay.serving.dashboard.visit import ERROR, FIRST, visit


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose AWS answers nobody."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.long
@pytest.mark.usefixtures("nowhere")
def test_a_lake_that_does_not_answer_is_told_in_one_sentence() -> None:
    found = AppTest.from_file(str(app.__file__), default_timeout=60).run()
    assert not found.exception
    assert [each.value for each in found.title] == ["Experiments"]
    (error,) = found.error
    assert error.value.startswith("the catalog does not answer: ")
    assert error.value.endswith("is the stack up (`assay status`)?")


_LOADED = """
import importlib, importlib.metadata, sys
before = set(sys.modules)  # of what this environment loads by itself
sys.modules["mypy_extensions"] = None  # sqlglot takes it if it is there
from assay.serving.dashboard import app
for page in app.PAGES:
    importlib.import_module(f"assay.serving.dashboard.{page}")
owners = importlib.metadata.packages_distributions()
loaded = {name.partition(".")[0] for name in set(sys.modules) - before - {"mypy_extensions"}}
print(*{owner.lower() for name in loaded for owner in owners.get(name, ())})
"""


def needed(*extras: str) -> set[str]:
    """The distributions that assay brings with some of its extras."""
    found: set[str] = set()
    waiting = [Requirement(f"assay[{','.join(extras)}]")]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        for each in map(Requirement, importlib.metadata.requires(name) or ()):
            wanted = each.marker is None or any(
                each.marker.evaluate({"extra": e}) for e in ("", *asked.extras)
            )
            if wanted and canonicalize_name(each.name) not in found:
                waiting.append(each)
        found.add(name)
    return found


@pytest.mark.long
def test_the_image_has_what_the_pages_import() -> None:
    image = (Path(__file__).parents[3] / "docker" / "dashboard" / "Dockerfile").read_text()
    assert 'pip install --prefix=/install ".[cli,dashboard]"' in image
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    loaded = {canonicalize_name(name) for name in done.stdout.split()}
    assert {"streamlit", "duckdb", "scipy", "boto3"} <= loaded
    assert loaded - needed("cli", "dashboard") == set()


@pytest.mark.long
@pytest.mark.usefixtures("nowhere")
def test_the_command_serves_this_machine_and_its_pages_can_be_visited(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(dashboard.command(port), cwd=tmp_path, stdout=log, stderr=log, env=os.environ)
    try:
        assert _answer(f"http://127.0.0.1:{port}/_stcore/health", server) == "ok"
        assert "<title>" in httpx.get(f"http://127.0.0.1:{port}/").text
        found = asyncio.run(visit(f"127.0.0.1:{port}", FIRST))
        assert (found.shown["heading"], found.shown[ERROR]) == (1, 1)  # the lake does not answer
        planning = asyncio.run(visit(f"127.0.0.1:{port}", "planning"))
        assert planning.shown["vega_lite_chart"] == 2
        assert min(found.seconds, planning.seconds) > 0
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()
    said = (tmp_path / "log").read_text()
    assert "0.0.0.0" not in said  # noqa: S104
    assert "Traceback" not in said
    assert Path(app.__file__) == __main__.SCRIPT


_ALONE = """
import sys
from streamlit.web import cli
from assay.serving.dashboard import __main__
assert "numpy" not in sys.modules
__main__.Thread.start = lambda thread: print("numpy" in sys.modules)
cli.main = lambda *given, **named: None
__main__.main()
"""


def test_numpy_is_loaded_before_there_is_a_second_thread() -> None:
    """A reader who came while the server loaded it for itself was shown a RecursionError."""
    done = subprocess.run([sys.executable, "-c", _ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


def test_a_server_that_is_not_there_is_told_and_does_not_stop_its_own_start() -> None:
    with pytest.raises(TransientError, match=r"page 'market' of 127\.0\.0\.1:9 did not stand: "):
        asyncio.run(visit("127.0.0.1:9", "market"))
    __main__.visit_all("127.0.0.1:9")


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TransientError, match="did not stand: it took too long"):
            asyncio.run(visit(f"127.0.0.1:{port}", FIRST, patience=0.2))


def _answer(url: str, server: subprocess.Popen[bytes], seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return httpx.get(url).text
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


def test_without_streamlit_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "streamlit", None)
    with pytest.raises(StackError, match="needs streamlit: install assay with its extra `dashboard`"):
        dashboard.command(8501)


def test_without_a_stack_nothing_is_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    with pytest.raises(StackError, match="the local stack is not running"):
        dashboard.dashboard()


def test_the_server_gets_the_stacks_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server takes this process's place, so that only what it would be given can be looked at."""
    given: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(stack, "environment", lambda: {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    monkeypatch.setattr(os, "execve", lambda *arguments: given.append(arguments))
    dashboard.dashboard(port=8502)
    ((program, argv, environment),) = given
    assert (program, argv) == (sys.executable, dashboard.command(8502))
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["PATH"] == os.environ["PATH"]
    assert capsys.readouterr().out == "the dashboard is at http://127.0.0.1:8502; Ctrl-C ends it\n"

"""Settings, start and stop, with a small server in Trino's place."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay import configs
from assay.errors import StackError
from assay.local import stack
from assay.local.running import Stack
from assay.local.state import Home
from assay.local.trino import artifacts, server, settings
from assay.serving.queries import trino

PROGRAM = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{"columns": [{"name": "n", "type": "integer"}], "data": [[1]]}')
    def log_message(self, *_): pass
port = [line.split("=")[1] for line in open("config.properties") if line.startswith("http-server")][0]
http.server.HTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack whose Trino is a few lines of Python."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    monkeypatch.setattr(artifacts, "ensure", lambda: artifacts.Installed(tmp_path, Path(sys.executable)))
    monkeypatch.setattr(settings, "command", lambda *_: [sys.executable, "-c", PROGRAM])
    home = Home(tmp_path / ".assay")
    home.create()
    yield Stack(home, {"emulator": 4566})
    with home.locked():
        server.stop(home)


def test_it_starts_once_and_stops_with_the_stack(small: Stack) -> None:
    url = server.up(small)
    assert server.answers(url)
    assert server.url() == url
    pid = small.home.read()["processes"]["trino"]["pid"]
    assert server.up(small) == url
    assert small.home.read()["processes"]["trino"]["pid"] == pid
    (shown,) = [each for each in stack.status() if each.name == "trino"]
    assert (shown.running, shown.pid) == (True, pid)
    assert stack.down()
    assert not server.running(small.home)
    assert "trino" not in [each.name for each in stack.status()]
    assert not stack.down()
    with pytest.raises(StackError, match="no Trino runs here: start one with `assay up --trino`"):
        server.url()


def test_it_follows_an_emulator_that_moved(small: Stack) -> None:
    server.up(small)
    first = small.home.read()["processes"]["trino"]
    server.up(Stack(small.home, {"emulator": 4567}))
    assert small.home.read()["processes"]["trino"] != first
    written = (small.home.root / "trino/catalog/awsdatacatalog.properties").read_text()
    assert "s3.endpoint=http://127.0.0.1:4567\n" in written


def test_a_server_that_dies_shows_the_end_of_its_log(small: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        settings, "command", lambda *_: [sys.executable, "-c", "raise SystemExit('no memory')"]
    )
    began = time.monotonic()
    with pytest.raises(StackError, match=r"the local Trino ended right after its start[\s\S]*no memory"):
        server.up(small)
    assert time.monotonic() - began < 30
    assert not server.answers("http://127.0.0.1:9")


def test_the_catalog_is_that_of_the_image() -> None:
    """docker/trino reads the same lake; what it says is what is said here."""
    image = configs.path("docker/trino/lake.properties").read_text()
    lines = {line for line in image.splitlines() if not line.startswith("#")}
    assert lines == set(settings.text(settings.catalog("http://127.0.0.1:4566")).splitlines())


def test_it_serves_this_machine_only_with_little_memory() -> None:
    command = settings.command(Path("/j/java"), Path("/s"), Path("/h/trino"))
    assert command[0] == "/j/java"
    assert {"-Xmx1G", "-Dnode.bind-ip=127.0.0.1", "-Dplugin.dir=/s/plugin"} <= set(command)
    assert command[-3:] == ["-cp", "/s/lib/*", "io.trino.server.TrinoServer"]
    assert settings.server(8080)["discovery.uri"] == "http://127.0.0.1:8080"
    assert settings.CATALOG == trino.CATALOG

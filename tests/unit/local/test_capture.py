from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from assay.local import capture, state
from assay.local.capture import Daemon
from assay.local.state import Home


def test_a_daemon_without_servers_says_why_and_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(capture, "RETRY_SECONDS", 0.01)
    (port,) = state.free_ports(1)
    daemon = Daemon(Home(tmp_path), f"http://127.0.0.1:{port}")
    loop = threading.Thread(target=daemon.run)
    loop.start()
    deadline = time.monotonic() + 30
    while not daemon.home.report.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    first = state.read_json(daemon.home.report)["at"]
    while state.read_json(daemon.home.report)["at"] == first and time.monotonic() < deadline:
        time.sleep(0.01)
    daemon.stopping.set()
    loop.join()
    report = state.read_json(daemon.home.report)
    assert "Could not connect to the endpoint" in report["error"]
    assert report["at"] > first
    assert caplog.text.count("trying again") == 1  # the same reason is logged once


def test_a_daemon_told_to_stop_does_nothing(tmp_path: Path) -> None:
    daemon = Daemon(Home(tmp_path), "http://127.0.0.1:1")
    daemon.stopping.set()
    daemon.run()
    assert not daemon.home.report.exists()

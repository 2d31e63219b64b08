from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import process
from assay.local.process import Record

OBEDIENT = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEDIENT


def launched(tmp_path: Path, script: str) -> Record:
    log = tmp_path / "log"
    record = process.launch([sys.executable, "-c", script], env=dict(os.environ), log=log, cwd=tmp_path)
    process.wait_until(lambda: "ready" in log.read_text(), name="it", record=record, log=log)
    return record


def test_a_server_is_alive_until_it_is_stopped(tmp_path: Path) -> None:
    record = launched(tmp_path, OBEDIENT)
    assert process.is_alive(record)
    assert process.stop(record)
    assert not process.is_alive(record)
    assert process.stop(record)  # again: nothing to do


def test_it_has_a_session_of_its_own(tmp_path: Path) -> None:
    record = launched(tmp_path, OBEDIENT)
    assert os.getsid(record.pid) == record.pid
    process.stop(record)


def test_a_server_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    record = launched(tmp_path, STUBBORN)
    assert not process.stop(record, seconds=0.2)
    assert not process.is_alive(record)


def test_a_killed_child_is_dead_and_no_zombie(tmp_path: Path) -> None:
    record = launched(tmp_path, OBEDIENT)
    os.kill(record.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while process.is_alive(record) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not process.is_alive(record)
    with pytest.raises(ProcessLookupError):
        os.kill(record.pid, 0)


def test_a_stranger_with_the_same_pid_is_not_signalled() -> None:
    mine = process.identify(os.getpid())
    stranger = Record(mine.pid, mine.started - 100)
    assert process.is_alive(mine)
    assert not process.is_alive(stranger)
    assert process.stop(stranger)  # this very test process would have ended


def test_no_record_is_not_alive() -> None:
    assert not process.is_alive(None)
    assert process.stop(None)


def test_a_process_that_is_gone_cannot_be_identified() -> None:
    with pytest.raises(StackError, match="ended as soon as it was started"):
        process.identify(2**22 + 1)  # above the largest pid of Linux


def test_waiting_for_a_dead_server_ends_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "import sys; sys.exit('no such disk')"
    record = process.launch([sys.executable, "-c", script], env=dict(os.environ), log=log, cwd=tmp_path)
    with pytest.raises(StackError, match=r"it ended right after its start(?s:.*)no such disk"):
        process.wait_until(lambda: False, name="it", record=record, log=log)


def test_waiting_ends(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"it did not answer within 0 s(?s:.*)\(empty\)"):
        process.wait_until(lambda: False, name="it", record=None, log=tmp_path / "none", seconds=0.01)

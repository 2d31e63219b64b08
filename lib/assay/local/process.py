"""Servers in the background: started detached, known by pid and start time, stopped politely.

A pid alone does not name a process: after a crash the kernel may give it to somebody else. A record
therefore also keeps when the process started, and nothing is signalled unless both agree.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from assay.errors import StackError

STOP_SECONDS = 30.0
"""How long a server may take to save its state before it is killed."""
_TOLERANCE_SECONDS = 1.0  # psutil derives the start time from the boot time, which may be adjusted

_KEPT_VARIABLES = (
    "PATH",
    "LD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "PYTHONPATH",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
)

_children: dict[int, subprocess.Popen[bytes]] = {}
"""The servers that this very process started: they must be waited for, or they stay as zombies."""


@dataclass(frozen=True, slots=True)
class Record:
    """The identity of a process.

    Attributes:
        pid: Process id.
        started: When it started, in seconds since 1970.
    """

    pid: int
    started: float


def kept_environment() -> dict[str, str]:
    """What of this process's environment a process may inherit that must not depend on its caller's."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


def launch(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path, user: int | None = None
) -> Record:
    """Start a server in a session of its own, so that a terminal's Ctrl-C does not reach it.

    Args:
        argv: The command.
        env: Its whole environment.
        log: File that its output is appended to.
        cwd: Its working directory.
        user: The user (and group) id to run it as; the caller's own by default.

    Returns:
        Its identity.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    finally:
        os.close(descriptor)
    _children[child.pid] = child
    return identify(child.pid)


def identify(pid: int) -> Record:
    """The record of a running process.

    Raises:
        StackError: There is no such process.
    """
    try:
        return Record(pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        message = f"process {pid} ended as soon as it was started"
        raise StackError(message) from None


def is_alive(record: Record | None) -> bool:
    """Whether the process of a record still runs; a zombie does not, nor does a stranger with its pid."""
    return record is not None and _find(record) is not None


def stop(
    record: Record | None, *, seconds: float = STOP_SECONDS, polite: signal.Signals = signal.SIGTERM
) -> bool:
    """End a process: a polite signal, and SIGKILL when it does not obey.

    Args:
        record: The process; nothing happens if it does not run.
        seconds: How long it may take to end by itself.
        polite: The signal that asks it to end.

    Returns:
        Whether it ended by itself, having saved what it saves.
    """
    for number, patience in ((polite, seconds), (signal.SIGKILL, STOP_SECONDS)):
        found = _find(record) if record is not None else None
        if record is None or found is None:
            return True
        with contextlib.suppress(psutil.NoSuchProcess):
            found.send_signal(number)
        if _gone(record, patience):
            return number == polite
    return False


def wait_until(
    ready: Callable[[], bool], *, name: str, record: Record | None, log: Path, seconds: float = 60.0
) -> None:
    """Wait until a server answers.

    Args:
        ready: Asks it.
        name: Of the server, for the error.
        record: Its process; when it dies there is no need to wait on.
        log: Its log file, whose last lines go into the error.
        seconds: The longest wait.

    Raises:
        StackError: It died or did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        dead = record is not None and not is_alive(record)
        if dead or time.monotonic() > deadline:
            happened = "ended right after its start" if dead else f"did not answer within {seconds:.0f} s"
            message = f"{name} {happened}; the end of {log}:\n{tail(log)}"
            raise StackError(message)
        time.sleep(0.02)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log file, or a remark that there are none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or "(empty)"


def _find(record: Record) -> psutil.Process | None:
    child = _children.get(record.pid)
    if child is not None and child.poll() is not None:
        del _children[record.pid]
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < _TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _gone(record: Record, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(record):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

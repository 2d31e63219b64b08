"""Runs one Glue job script on this machine: called in this process, or in a process of its own.

`python -m assay.local.job SCRIPT --NAME value ...` is what a process of its own runs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assay import configs
from assay.errors import AssayError, InputError
from assay.local.interrupt import LOOK_SECONDS, EndedEarlyError, Stopping, interruptible
from assay.local.process import tail
from assay.local.runs import FAILED, STOPPED, SUCCEEDED, TIMEOUT
from assay.runtime import causes, entry, logs

_ERROR_LENGTH = 500
_STDIN = 0
_STOPPED_ERROR = "stopped on request"
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of a job ended.

    Attributes:
        state: SUCCEEDED, FAILED, STOPPED or TIMEOUT.
        seconds: How long it ran.
        error: Why it did not succeed, in one line.
    """

    state: str
    seconds: float
    error: str | None = None


def never() -> bool:
    """What a run is told that nobody can stop."""
    return False


class Launcher(Protocol):
    """A way to run jobs.

    Attributes:
        width: How many it runs at once.
    """

    width: int

    def start(
        self, script: Path, argv: Sequence[str], *, seconds: float, log: Path, stopping: Stopping = never
    ) -> Future[Outcome]:
        """Run a script with a command line, for so many seconds at most; what it says goes to the log.

        `stopping` is asked now and then, from any thread, whether the run shall end early.
        """

    def stop(self) -> None:
        """End what still runs."""


class InProcess:
    """Runs jobs one after the other in this process, so that they share one Spark session.

    A run that exceeds its time or shall stop is interrupted by `SIGALRM`, which Python delivers to the main
    thread only: in another thread, or inside a C function that does not return, the run goes on and is judged
    when it ends.
    While it waits for the JVM it is not interrupted (the answer would be taken for that of the next call):
    Spark's jobs are cancelled, which ends the waiting.
    """

    width = 1

    def start(
        self, script: Path, argv: Sequence[str], *, seconds: float, log: Path, stopping: Stopping = never
    ) -> Future[Outcome]:
        """Run the script now; the future is done."""
        done: Future[Outcome] = Future()
        done.set_result(_call(script, list(argv), seconds, log, stopping))
        return done

    def stop(self) -> None:
        """Nothing runs when this can be called."""


class Isolated:
    """Runs each job in a process group of its own; one that must end early is killed with its JVM."""

    width = 2

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.width, thread_name_prefix="job")
        self._children: set[subprocess.Popen[bytes]] = set()

    def start(
        self, script: Path, argv: Sequence[str], *, seconds: float, log: Path, stopping: Stopping = never
    ) -> Future[Outcome]:
        """Start the process; a thread waits for it."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "assay.local.job", str(script), *argv],
                stdin=subprocess.PIPE,  # never written to: its end tells the child that this process is gone
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.add(child)
        return self._pool.submit(self._wait, child, seconds, log, stopping)

    def stop(self) -> None:
        """Kill what still runs and give the threads back."""
        for child in list(self._children):
            _kill(child)
        self._pool.shutdown(wait=True)

    def _wait(self, child: subprocess.Popen[bytes], seconds: float, log: Path, stopping: Stopping) -> Outcome:
        began = time.perf_counter()
        try:
            early = _until_ended(child, began + seconds, stopping)
        finally:
            self._children.discard(child)
            if child.stdin is not None:
                child.stdin.close()
        took = time.perf_counter() - began
        if early is not None:
            return Outcome(early, took, _reason(early, seconds))
        if child.returncode == 0:
            return Outcome(SUCCEEDED, took)
        return Outcome(FAILED, took, f"{_last(log)[:_ERROR_LENGTH]} (exit code {child.returncode})")


def _last(log: Path) -> str:
    """What a job said last: the message of a line of ours, or the line."""
    line = tail(log, 1)
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def _until_ended(child: subprocess.Popen[bytes], deadline: float, stopping: Stopping) -> str | None:
    """Wait for a process; kill it when it must end early, and say which state that is."""
    while True:
        left = deadline - time.perf_counter()
        try:
            child.wait(max(0.0, min(left, LOOK_SECONDS)))
        except subprocess.TimeoutExpired:
            early = STOPPED if stopping() else TIMEOUT if left <= LOOK_SECONDS else None
            if early is not None:
                _kill(child)
                return early
        else:
            return None


def shipped(location: str) -> Path:
    """The file of a job's `ScriptLocation`: the deployed key ends in the path in the repository.

    Args:
        location: `s3://bucket/jobs/name.py`, with any prefix before `jobs/`, such as that of a release.

    Raises:
        InputError: No such script is shipped.
    """
    key = "/".join(location.removeprefix("s3://").split("/")[1:][-2:])
    script = configs.path(key)
    if not key or not script.is_file():
        raise InputError(f"ScriptLocation {location}: there is no file {key!r}; name a script under jobs/")
    return script


def load(script: Path) -> entry.Main:
    """The `main` of a job script, which is imported under a name of its own.

    Raises:
        InputError: The script cannot be read or has no `main`.
    """
    name = f"assay_job_{script.stem}"
    spec = importlib.util.spec_from_file_location(name, script)
    if spec is None or spec.loader is None or not script.is_file():
        raise InputError(f"{script}: no Python script of that name; check ScriptLocation")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look up their module by name to understand their annotations.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    main = getattr(module, "main", None)
    if not callable(main):
        raise InputError(f"{script}: no function main(argv); a job exposes one")
    found: entry.Main = main
    return found


def _call(script: Path, argv: list[str], seconds: float, log: Path, stopping: Stopping) -> Outcome:
    began = time.perf_counter()
    state, error = SUCCEEDED, None
    try:
        with logs.to(log), interruptible(began + seconds, stopping):
            state, error = _judged(script, argv, log)
    except EndedEarlyError:
        pass  # judged below, by what was asked and the time that it took
    took = time.perf_counter() - began
    early = STOPPED if stopping() else TIMEOUT if took >= seconds else None
    return Outcome(state, took, error) if early is None else Outcome(early, took, _reason(early, seconds))


def _judged(script: Path, argv: list[str], log: Path) -> tuple[str, str | None]:
    """Call a job's `main`: the state that the run ends in, and why."""
    try:
        entry.call(load(script), argv)
    except AssayError as failure:
        _log.error(failure.message, extra={"causes": causes.told(failure)})
        return FAILED, failure.message
    except SystemExit as ending:
        return (SUCCEEDED, None) if ending.code in {None, 0} else (FAILED, f"exit code {ending.code}")
    except Exception as failure:  # noqa: BLE001 a defect of one job must not end the runner
        sentence = causes.told(failure)
        _log.exception(sentence)
        return FAILED, f"{sentence[:_ERROR_LENGTH]} (see {log})"
    return SUCCEEDED, None


def _reason(early: str, seconds: float) -> str:
    late = f"stopped: it exceeded its timeout of {seconds / 60:g} minutes"
    return _STOPPED_ERROR if early == STOPPED else late


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _die_with_parent() -> None:
    """Wait for the end of standard input, which comes when the runner is gone, then end with the JVM."""
    while os.read(_STDIN, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main(argv: Sequence[str]) -> None:
    """Run a script in this process, which ends when the process that started it does.

    Args:
        argv: The script's path, then its command line.
    """
    script, *arguments = argv
    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.argv = [script, *arguments]
    entry.run(load(Path(script)), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

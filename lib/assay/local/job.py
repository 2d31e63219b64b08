"""Runs one Glue job script on this machine: called in this process, or in a process of its own.

`python -m assay.local.job SCRIPT --NAME value ...` is what a process of its own runs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from assay import configs
from assay.errors import AssayError, InputError
from assay.local.process import tail
from assay.runtime import entry

SUCCEEDED, FAILED, TIMEOUT = "SUCCEEDED", "FAILED", "TIMEOUT"
_ERROR_LENGTH = 500
_STDIN = 0
_LOOK_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of a job ended.

    Attributes:
        state: SUCCEEDED, FAILED or TIMEOUT.
        seconds: How long it ran.
        error: Why it did not succeed, in one line.
    """

    state: str
    seconds: float
    error: str | None = None


class Launcher(Protocol):
    """A way to run jobs.

    Attributes:
        width: How many it runs at once.
    """

    width: int

    def start(self, script: Path, argv: Sequence[str], *, seconds: float, log: Path) -> Future[Outcome]:
        """Run a script with a command line, for so many seconds at most; what it says goes to the log."""

    def stop(self) -> None:
        """End what still runs."""


class InProcess:
    """Runs jobs one after the other in this process, so that they share one Spark session.

    A run that exceeds its time is interrupted by `SIGALRM`, which Python delivers to the main thread only: in
    another thread, or inside a C function that does not return, the run goes on and is judged when it ends.
    While it waits for the JVM it is not interrupted (the answer would be taken for that of the next call):
    Spark's jobs are cancelled, which ends the waiting.
    """

    width = 1

    def start(self, script: Path, argv: Sequence[str], *, seconds: float, log: Path) -> Future[Outcome]:
        """Run the script now; the future is done."""
        done: Future[Outcome] = Future()
        done.set_result(_call(script, list(argv), seconds, log))
        return done

    def stop(self) -> None:
        """Nothing runs when this can be called."""


class Isolated:
    """Runs each job in a process group of its own; a run that exceeds its time is killed with its JVM."""

    width = 2

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.width, thread_name_prefix="job")
        self._children: set[subprocess.Popen[bytes]] = set()

    def start(self, script: Path, argv: Sequence[str], *, seconds: float, log: Path) -> Future[Outcome]:
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
        return self._pool.submit(self._wait, child, seconds, log)

    def stop(self) -> None:
        """Kill what still runs and give the threads back."""
        for child in list(self._children):
            _kill(child)
        self._pool.shutdown(wait=True)

    def _wait(self, child: subprocess.Popen[bytes], seconds: float, log: Path) -> Outcome:
        began = time.perf_counter()
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            _kill(child)
            return Outcome(TIMEOUT, time.perf_counter() - began, _late(seconds))
        finally:
            self._children.discard(child)
            if child.stdin is not None:
                child.stdin.close()
        took = time.perf_counter() - began
        if code == 0:
            return Outcome(SUCCEEDED, took)
        return Outcome(FAILED, took, f"{tail(log, 1)[:_ERROR_LENGTH]} (exit code {code})")


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


class _OutOfTimeError(BaseException):
    """A run exceeded its time; no `except Exception` of a job may swallow it."""


def _call(script: Path, argv: list[str], seconds: float, log: Path) -> Outcome:
    began = time.perf_counter()
    state, error = SUCCEEDED, None
    try:
        with _deadline(seconds):
            load(script)(argv)
    except _OutOfTimeError:
        pass  # judged below, by the time that it took
    except AssayError as failure:
        state, error = FAILED, failure.message
    except SystemExit as ending:
        if ending.code not in (None, 0):
            state, error = FAILED, f"exit code {ending.code}"
    except Exception as failure:  # noqa: BLE001 a defect of one job must not end the runner
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        first_line = (str(failure).strip().splitlines() or [""])[0]
        state, error = FAILED, f"{type(failure).__name__}: {first_line}"[:_ERROR_LENGTH] + f" (see {log})"
    took = time.perf_counter() - began
    return Outcome(TIMEOUT, took, _late(seconds)) if took >= seconds else Outcome(state, took, error)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise in the main thread when the time is over; elsewhere do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, frame: FrameType | None) -> None:
        if not _waits_for_jvm(frame):
            raise _OutOfTimeError
        # From another thread: it has a connection of its own to the JVM.
        threading.Thread(target=_cancel_spark_jobs, daemon=True).start()
        signal.setitimer(signal.ITIMER_REAL, _LOOK_AGAIN_SECONDS)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _waits_for_jvm(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("py4j."):
            return True
        frame = frame.f_back
    return False


def _cancel_spark_jobs() -> None:
    from pyspark import SparkContext

    context = SparkContext._active_spark_context  # noqa: SLF001 there is no public way that starts none
    if context is not None:
        context.cancelAllJobs()


def _late(seconds: float) -> str:
    return f"stopped: it exceeded its timeout of {seconds / 60:g} minutes"


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

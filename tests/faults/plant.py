"""Runs a module with faults planted into its process: `python -m faults.plant FAULTS MODULE ARGUMENTS`.

A fault is a name and what it needs, separated by commas; several are separated by semicolons. The product
knows of none: they replace its functions from outside, before it starts.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
from botocore.config import Config

Given = tuple[object, ...]


def kill(point: str, when: str, nth: str) -> None:
    """SIGKILL for this process and its JVM, a group, just `before` or `after` the n-th passing of a point."""
    _at(point, when, int(nth), lambda: os.killpg(0, signal.SIGKILL))


def orphan(point: str, nth: str) -> None:
    """SIGKILL for the JVM only."""

    def act() -> None:
        from pyspark import SparkContext

        os.kill(SparkContext._gateway.proc.pid, signal.SIGKILL)  # type: ignore[union-attr]

    _at(point, "before", int(nth), act)


def executor(stages: str) -> None:
    """SIGKILL for one executor of a cluster, while tasks of that many stages or more were seen running."""
    import pyspark  # noqa: F401 here: the job would import it half at the same time

    threading.Thread(target=_kill_executor, args=(int(stages),), daemon=True).start()


def _kill_executor(stages: int) -> None:
    from pyspark import SparkContext

    seen: set[int] = set()
    while True:
        time.sleep(0.01)
        context = SparkContext._active_spark_context
        started = getattr(context, "_jsc", None) is not None
        tracker = context.statusTracker() if context and started else None
        for stage in tracker.getActiveStageIds() if tracker else ():
            info = tracker.getStageInfo(stage) if tracker else None
            if info is None or not info.numActiveTasks:
                continue
            seen.add(stage)
            executors = [each for each in psutil.Process().children(recursive=True) if _is_executor(each)]
            if len(seen) >= stages and len(executors) > 1:
                executors[0].kill()
                sys.stdout.write(f"killed one of {len(executors)} executors in stage {stage}\n")
                sys.stdout.flush()
                return


def _is_executor(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any("CoarseGrainedExecutorBackend" in part for part in process.cmdline())
    return False


def server(number: str, pid: str, point: str, seconds: str = "") -> None:
    """A signal for a server and all its children; where seconds are given, SIGCONT so much later."""

    def act() -> None:
        main = psutil.Process(int(pid))
        family = [main, *main.children(recursive=True)]
        for each in family:
            each.send_signal(signal.Signals[number])
        if seconds:
            later = threading.Timer(float(seconds), lambda: [each.resume() for each in family])
            later.daemon = True
            later.start()

    _at(point, "before", 1, act)


def disk(pid: str, size: str, point: str) -> None:
    """No file of a server may grow beyond a size any more: as where its disk is full."""
    _at(point, "before", 1, lambda: leave_room(int(pid), size))


def leave_room(pid: int, size: str) -> None:
    """Let the files of a server that runs, and of its children, be so large at most."""
    with contextlib.suppress(psutil.NoSuchProcess):
        main = psutil.Process(pid)
        for each in (main, *main.children(recursive=True)):
            command = ["prlimit", f"--pid={each.pid}", f"--fsize={size}:"]
            if each.uids().real == os.getuid():
                subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # it may be gone by now
            else:  # a root without CAP_SYS_RESOURCE may not set the limits of others
                who = {"user": each.uids().real, "group": each.gids().real, "extra_groups": []}
                subprocess.run(command, check=False, stderr=subprocess.DEVNULL, **who)


def minute(seconds: str) -> None:
    """The local Glue's minute lasts so long: the time-outs of jobs come sooner."""
    from assay.local import execution

    execution._MINUTE = float(seconds)


def patience(seconds: str) -> None:
    """Python's clients of AWS wait so long for an answer."""
    from assay.runtime import clients

    short = Config(read_timeout=float(seconds))
    clients._CONFIG = clients._CONFIG.merge(short)


def endpoint(url: str, conf: str) -> None:
    """Jobs that `assay run` starts reach AWS at another address, with other settings of Spark."""
    from assay.local.running import Stack

    original = Stack.environment
    moved = {"AWS_ENDPOINT_URL": url, "SPARK_CONF_DIR": conf}
    Stack.environment = lambda stack: original(stack) | moved  # type: ignore[method-assign]


FAULTS: dict[str, Callable[..., None]] = {
    each.__name__: each for each in (kill, orphan, executor, server, disk, minute, patience, endpoint)
}


def _point(name: str) -> tuple[type, str, Callable[[Given], bool]]:
    """Where in the product a fault waits: a method, and which of its calls count."""
    if name == "entry":  # of the journal, that says that a step succeeded
        from assay.runtime import journal

        return journal.Journal, "_write", lambda given: journal.SUCCEEDED in given
    if name == "publish":  # the commit that makes a table's new rows visible
        from assay.lake import iceberg

        return iceberg.Table, "publish", lambda _: True
    if name == "copy":  # a batch of rows on its way to the database
        import psycopg

        return psycopg.Copy, "write", lambda _: True
    raise ValueError(name)


def _at(point: str, when: str, nth: int, act: Callable[[], None]) -> None:
    owner, name, counts = _point(point)
    original: Callable[..., Any] = getattr(owner, name)
    lock, seen = threading.Lock(), 0

    def replaced(*given: Any, **named: Any) -> Any:
        nonlocal seen
        if not counts((*given, *named.values())):
            return original(*given, **named)
        with lock:  # tables and steps are worked on side by side
            seen += 1
            due = seen == nth
        if due and when == "before":
            act()
        answer = original(*given, **named)
        if due and when == "after":
            act()
        return answer

    setattr(owner, name, replaced)


def main(argv: list[str]) -> None:
    """Plant the faults, then run the module as if it had been started itself."""
    faults, module, *arguments = argv
    for fault in filter(None, faults.split(";")):
        name, *given = fault.split(",")
        FAULTS[name](*given)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])

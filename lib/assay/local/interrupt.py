"""Ends a piece of Python early, in this process: when its time is over or somebody asks for it."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

LOOK_SECONDS = 0.5
"""How often somebody is asked whether the end shall come."""
_LOOK_AGAIN_SECONDS = 5.0

Stopping = Callable[[], bool]


class EndedEarlyError(BaseException):
    """A run exceeded its time or shall stop; no `except Exception` of a job may swallow it."""


@contextlib.contextmanager
def interruptible(deadline: float, stopping: Stopping) -> Iterator[None]:
    """Raise in the main thread when the time is over or the run shall stop; elsewhere do nothing.

    While the main thread waits for the JVM nothing is raised (the answer would be taken for that of the next
    call): Spark's jobs are cancelled, which ends the waiting.

    Args:
        deadline: When the time is over, as `time.perf_counter` counts.
        stopping: Is asked now and then whether the run shall stop.

    Raises:
        EndedEarlyError: Inside the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ended = threading.Event()

    def interrupt(_: int, frame: FrameType | None) -> None:
        if ended.is_set():
            return
        if not _waits_for_jvm(frame):
            raise EndedEarlyError
        # From another thread: it has a connection of its own to the JVM.
        threading.Thread(target=_cancel_spark_jobs, daemon=True).start()

    before = signal.signal(signal.SIGALRM, interrupt)
    watch = threading.Thread(target=_watch, args=(ended, deadline, stopping), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        signal.signal(signal.SIGALRM, before)


def _watch(ended: threading.Event, deadline: float, stopping: Stopping) -> None:
    """Alarm the main thread when the time is over or the run shall stop, and again until it has ended."""
    while not ended.wait(max(0.0, min(deadline - time.perf_counter(), LOOK_SECONDS))):
        while time.perf_counter() >= deadline or stopping():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
            if ended.wait(_LOOK_AGAIN_SECONDS):
                return


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

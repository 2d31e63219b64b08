"""What fails around a job, in our words: a service that is silent, a full disk, a clock that goes back.

Spark and Iceberg tell of them by a Java error at the end of a chain of others, with a page of stack. Trying
again helps once the cause is gone, and loses nothing: what is published is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, TransientError

# Of the AWS SDK (both versions), of Hadoop's S3A and of Java itself.
_SILENT = frozenset({
    "SdkClientException", "ApiCallTimeoutException", "ApiCallAttemptTimeoutException", "ConnectException",
    "SocketTimeoutException", "SocketException", "NoHttpResponseException", "UnknownHostException",
    "AWSClientIOException", "AWSStatus500Exception", "AWSServiceThrottledException",
})  # fmt: skip
_FIRST_FAILING_STATUS = 500
_FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded")
_BEHIND = re.compile(r"Invalid update timestamp|Expected sorted (previous metadata|snapshot) log entries")
_AGAIN = "what was published stays; run the job again"
_LONGEST = 300
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class _Link:
    """One error of a chain: its class's simple name, its text, and whether a service says "not now" by it."""

    name: str
    text: str
    busy: bool = False


def explained(error: BaseException) -> AssayError | None:
    """The error of ours that an error of the engine or the machine stands for.

    Args:
        error: What a job raised.

    Returns:
        One with a sentence; None if it tells of a defect, whose traceback is needed.
    """
    if _jvm_is_gone(error):
        return TransientError(f"Spark's JVM ended in mid-work (killed, or out of memory?); {_AGAIN}")
    links = [*_python(error), *_java(error)]
    for link in links:
        if _FULL.search(link.text):
            return TransientError(f"a disk is full: {_line(link, _FULL)}; make room: {_AGAIN}")
        if _BEHIND.search(link.text):
            return TransientError(
                f"this machine's clock is behind the lake's last commit ({_line(link, _BEHIND)}); set it "
                f"right, or wait: {_AGAIN}"
            )
    if any(link.busy or link.name in _SILENT for link in links):
        return TransientError(f"S3 or the catalog did not answer: {_line(links[-1])}; {_AGAIN}")
    return None


def _jvm_is_gone(error: BaseException) -> bool:
    """Py4J says so itself, or fails to connect anew."""
    names = [type(each).__name__ for each in _chain(error)]
    return "Py4JNetworkError" in names or ("ConnectionRefusedError" in names and _in_py4j(error))


def _in_py4j(error: BaseException) -> bool:
    step = error.__traceback__
    while step is not None:
        if str(step.tb_frame.f_globals.get("__name__", "")).startswith("py4j."):
            return True
        step = step.tb_next
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    step: BaseException | None = error
    for _ in range(_DEEPEST):
        if step is None:
            return
        yield step
        step = step.__cause__ or step.__context__


def _python(error: BaseException) -> Iterator[_Link]:
    for step in _chain(error):
        yield _Link(type(step).__name__, str(step))


def _java(error: BaseException) -> Iterator[_Link]:
    """The Java errors behind a Python one, outermost first."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(_DEEPEST):
        if java is None:
            return
        yield _Link(str(java.getClass().getSimpleName()), str(java.getMessage() or ""), _is_busy(java))
        java = java.getCause()


def _is_busy(java: Any) -> bool:
    """Whether an error of the AWS SDK stands for a status of the 500s, or for throttling."""
    methods = {str(method.getName()) for method in java.getClass().getMethods()}
    status = next((name for name in ("statusCode", "getStatusCode") if name in methods), None)
    failed = status is not None and int(getattr(java, status)()) >= _FIRST_FAILING_STATUS
    return failed or ("isThrottlingException" in methods and bool(java.isThrottlingException()))


def _line(link: _Link, wanted: re.Pattern[str] | None = None) -> str:
    """The line of an error's text that says it."""
    lines = [line.strip() for line in link.text.splitlines() if line.strip()] or [link.name]
    found = next((line for line in lines if wanted and wanted.search(line)), lines[0])
    return found.rstrip(".")[:_LONGEST]

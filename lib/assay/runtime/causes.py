"""What went wrong, in words that are fit for a log: an error and its causes, without what rows hold.

Sentences of our own name tables, rules and counts, never values, and stay as they are; so do those of AWS and
of the operating system, which name what was asked for. Every other message may quote a row (PostgreSQL:
`invalid input syntax for type bigint: "..."`, Spark: `The value '...' cannot be cast`), so of it only the
first line stays, with quoted texts, numbers and what stands behind `=` left out.
"""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator
from itertools import islice
from typing import Any

from assay.errors import AssayError

LEFT_OUT = "…"
_BETWEEN = "; caused by "
_MOST = 8  # links of a chain
_LENGTH = 500  # of one foreign message
_NAMED = ("botocore", "httpx")
"""Packages whose errors name places and requests, never rows."""
# An apostrophe inside a word (can't, it's) opens no quotation.
_OPENS = r"(\"|(?<![A-Za-z])'|'(?!(?:t|s|re|ll|ve|d|m)\b))"
_QUOTED = re.compile(_OPENS + r".*\1|" + _OPENS + ".*")
"""From the first quotation mark to the last of its kind: a value may hold some itself."""
_OPEN = re.compile(_OPENS + ".*")
"""From the first quotation mark on."""
_SET = re.compile(r"=\s*\S.*")
_NUMBER = re.compile(r"(?<![\w./-])[-+]?\d(?:[\d.,:+-]*\d)?(?:[eE][-+]?\d+)?(?!\w)")


def told(error: BaseException) -> str:
    """An error and its causes, outermost first.

    Args:
        error: Python's, also one that carries an error of Spark's JVM.

    Returns:
        `Class: message; caused by Class: message`, one line.

    Example:
        >>> try:
        ...     int("a customer")
        ... except ValueError as cause:
        ...     print(told(cause))
        ValueError: invalid literal for int() with base …: …
    """
    return _BETWEEN.join(islice(dict.fromkeys(_links(error)), _MOST))


def trace(error: BaseException) -> str:
    """Where an error and its causes were raised, innermost first as Python prints them."""
    parts = []
    for link in reversed(list(islice(_chain(error), _MOST))):
        frames = "".join(traceback.format_tb(link.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{told(link)}")
    return "\n\n".join(parts)


def _links(error: BaseException) -> Iterator[str]:
    for link in _chain(error):
        message = _message(link)
        yield f"{type(link).__name__}: {message}" if message else type(link).__name__
        # What the JVM is asked may fail as well: it may be gone.
        with contextlib.suppress(Exception):
            yield from _java(link)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _message(error: BaseException) -> str:
    if isinstance(error, AssayError):
        return " ".join(error.message.split())
    if getattr(error, "java_exception", None) is not None:
        return ""  # py4j would ask the JVM for its whole trace; `_java` has the causes
    if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _NAMED:
        return " ".join(str(error).split())
    return _cleared(str(error))


def _java(error: BaseException) -> Iterator[str]:
    """The JVM's errors behind one of Python's, outermost first."""
    java: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(_MOST):
        if java is None:
            return
        yield f"{java.getClass().getSimpleName()}: {_cleared(str(java.getMessage() or ''))}".rstrip(": ")
        java = java.getCause()


def _cleared(message: str) -> str:
    """The first line of a message without what may be a value."""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    first = lines[0][:_LENGTH]
    # The last quotation mark of a line that was cut is not the one that closes.
    whole = len(lines) == 1 and len(lines[0]) <= _LENGTH
    for pattern in (_QUOTED if whole else _OPEN, _SET, _NUMBER):
        first = pattern.sub(LEFT_OUT, first)
    return first

"""Logs: one JSON object per line on standard error, quiet unless `ASSAY_LOG_LEVEL` asks for more.

On Glue and Lambda standard error goes to CloudWatch, where the fields can be queried as they are. Every line
of a job has the fields that `bind` was given, above all its run; what other libraries log through Python,
such as Spark's gateway, takes the same form. Errors are told by `runtime.causes`: a log holds nothing of a
row.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from assay.errors import InputError, did_you_mean
from assay.runtime import causes

LEVEL_VARIABLE = "ASSAY_LOG_LEVEL"
_ROOT = "assay"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_bound: dict[str, object] = {}
"""What every line says. Of the process, not of a thread: a process works on one job at a time."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, message, the bound fields, its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; an extra field that JSON does not know is written as text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _bound
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = causes.trace(record.exc_info[1])
        return json.dumps(line, default=str, ensure_ascii=False)


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def get(name: str) -> logging.Logger:
    """The logger of a module; fields go in `extra`: `log.info("loaded", extra={"rows": n})`."""
    return logging.getLogger(name if name.split(".", maxsplit=1)[0] == _ROOT else f"{_ROOT}.{name}")


def bind(**fields: object) -> None:
    """Set what every later line of this process says, in place of what was bound before.

    Example:
        >>> bind(run_id="wr_1", job="assay-gold")
        >>> bind()
    """
    _bound.clear()
    _bound.update(fields)


def configure(level: str | None = None) -> None:
    """Send logs to standard error as JSON; doing it again only changes the level.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL, of Assay's own lines; `ASSAY_LOG_LEVEL` or WARNING
            when None. Others are heard from WARNING on: what they say below may hold requests or rows.

    Raises:
        InputError: The level is none of these.
    """
    _install(_StandardError(), "WARNING")  # so that a refusal of the level is a line, too
    logging.getLogger(_ROOT).setLevel(_level(level))


@contextlib.contextmanager
def to(file: Path) -> Iterator[None]:
    """Send logs to a file, which is made when there is something to say, then to where they went before.

    Args:
        file: It is appended to.

    Raises:
        InputError: `ASSAY_LOG_LEVEL` is no level.
    """
    level = _level(None)
    before = [(each, each.level, each.propagate, list(each.handlers)) for each in _loggers()]
    bound = dict(_bound)
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    _install(handler, level)
    try:
        yield
    finally:
        handler.close()
        bind(**bound)
        for logger, kept, propagates, handlers in before:
            logger.setLevel(kept)
            logger.propagate, logger.handlers = propagates, handlers


def _level(level: str | None) -> str:
    wanted = (level or os.environ.get(LEVEL_VARIABLE) or "WARNING").upper()
    if wanted not in _LEVELS:
        raise InputError(f"{LEVEL_VARIABLE} is {wanted!r}; {did_you_mean(wanted, _LEVELS)}")
    return wanted


def _loggers() -> tuple[logging.Logger, logging.Logger]:
    return logging.getLogger(), logging.getLogger(_ROOT)


def _install(handler: logging.Handler, level: str) -> None:
    handler.setFormatter(JsonFormatter())
    everything, ours = _loggers()
    ours.setLevel(level)
    ours.propagate = False
    for logger in (everything, ours):
        for old in list(logger.handlers):
            logger.removeHandler(old)
        logger.addHandler(handler)
    everything.setLevel(logging.WARNING)

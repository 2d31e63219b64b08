"""Logs: one JSON object per line on standard error, quiet unless `ASSAY_LOG_LEVEL` asks for more.

On Glue and Lambda standard error goes to CloudWatch, where the fields can be queried as they are.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from assay.errors import InputError, did_you_mean

LEVEL_VARIABLE = "ASSAY_LOG_LEVEL"
_ROOT = "assay"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, message, then the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; an extra field that JSON does not know is written as text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def get(name: str) -> logging.Logger:
    """The logger of a module; fields go in `extra`: `log.info("loaded", extra={"rows": n})`."""
    return logging.getLogger(name if name.split(".", maxsplit=1)[0] == _ROOT else f"{_ROOT}.{name}")


def configure(level: str | None = None) -> None:
    """Send Assay's logs to standard error as JSON; doing it again only changes the level.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL; `ASSAY_LOG_LEVEL` or WARNING when None.

    Raises:
        InputError: The level is none of these.
    """
    wanted = (level or os.environ.get(LEVEL_VARIABLE) or "WARNING").upper()
    if wanted not in _LEVELS:
        raise InputError(f"{LEVEL_VARIABLE} is {wanted!r}; {did_you_mean(wanted, _LEVELS)}")
    root = logging.getLogger(_ROOT)
    root.setLevel(wanted)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)

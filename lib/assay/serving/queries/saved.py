"""The questions and views that ship with Assay: `glue_configs/athena/*.sql` and `views/*.sql`.

Each file begins with a comment that says what it answers. The same texts, with their macros written out, are
the saved queries of Athena's workgroup; there a view is a saved query that makes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assay import configs
from assay.errors import InputError, did_you_mean
from assay.serving.queries import macros

_FOLDER = "glue_configs/athena"
VIEWS_DATABASE = "gold"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Saved:
    """One text that ships.

    Attributes:
        name: How it is asked for; a view's stands behind `gold.`.
        question: What it answers, one sentence.
        sql: Plain Athena SQL, the comment at its head included.
    """

    name: str
    question: str
    sql: str


def questions() -> Mapping[str, Saved]:
    """All questions by name."""
    return _read(configs.path(_FOLDER))


@cache
def views() -> Mapping[str, Saved]:
    """All views by name, without their database."""
    return _read(configs.path(_FOLDER) / "views")


def creating(view: Saved) -> str:
    """The statement that makes a view in Athena."""
    comment, _, select = view.sql.partition("\n")
    return f"{comment}\nCREATE OR REPLACE VIEW {VIEWS_DATABASE}.{view.name} AS\n{select}"


def text(asked: str) -> str:
    """The SQL of what was asked: a question by its name, or SQL as it is.

    Args:
        asked: One word names a question; anything else is SQL.

    Raises:
        InputError: There is no question of that name.
    """
    name = asked.strip()
    if not _NAME.fullmatch(name):
        return asked
    known = questions()
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"there is no question {name!r}; {hint} (`assay query --list` shows them)")
    return known[name].sql


def _read(folder: Path) -> Mapping[str, Saved]:
    found = {}
    for file in sorted(folder.glob("*.sql")):
        sql = macros.expand(file.read_text(encoding="utf-8"))
        found[file.stem] = Saved(file.stem, sql.split("\n", 1)[0].removeprefix("-- "), sql)
    return found

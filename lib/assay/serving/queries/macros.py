"""Statistics for ad-hoc SQL: `{{difference_of_means(arms)}}` stands for plain SQL that both engines run.

A macro is a file of `glue_configs/athena/macros/`: a comment of four lines (what it is, `Reads:`, `Adds:`,
how) and a query over `{{relation}}`. Where it is named with the name of a relation, its text is put in, in
parentheses; its columns are those of the relation and those that it adds. What is written out has no trace of
Assay and can be pasted into Athena.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from assay import configs
from assay.errors import InputError, did_you_mean

_FOLDER = "glue_configs/athena/macros"
_CALL = re.compile(r"\{\{\s*(\w+)\s*\(\s*(\w+)\s*\)\s*\}\}")
_RELATION = re.compile(r"\{\{\s*relation\s*\}\}")
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Macro:
    """A query over any relation that has the columns it reads.

    Attributes:
        name: What it is called by.
        what: What it computes, one sentence.
        reads: The columns that the relation must have.
        adds: The columns that the answer has besides the relation's.
        how: Method and accuracy.
        sql: The query over `{{relation}}`.
    """

    name: str
    what: str
    reads: str
    adds: str
    how: str
    sql: str


@cache
def every() -> Mapping[str, Macro]:
    """All macros by name."""
    files = sorted(configs.path(_FOLDER).glob("*.sql"))
    return {file.stem: _macro(file.stem, file.read_text(encoding="utf-8")) for file in files}


def expand(sql: str) -> str:
    """A text with its macros written out, those of macros too.

    Args:
        sql: Any text; one without macros comes back as it is.

    Raises:
        InputError: There is no such macro, or the text has braces that name none.
    """
    if "{{" not in sql:
        return sql
    known = every()
    expanded = _written_out(sql, known)
    if "{{" in expanded:
        found = expanded[expanded.index("{{") :].split("}}")[0][:60]
        raise InputError(
            f"{found!r} names no macro; write {{{{name(relation)}}}}, see `assay query --macros`"
        )
    return expanded


def _written_out(sql: str, known: Mapping[str, Macro]) -> str:
    lines = []
    for line in sql.splitlines(keepends=True):
        margin = line[: len(line) - len(line.lstrip())]
        lines.append(_CALL.sub(lambda call, margin=margin: _body(call, margin, known), line))  # type: ignore[misc]
    return "".join(lines)


def _body(call: re.Match[str], margin: str, known: Mapping[str, Macro]) -> str:
    name, relation = call.groups()
    if name not in known:
        raise InputError(f"there is no macro {name!r}; {did_you_mean(name, known)}")
    text = _written_out(_RELATION.sub(relation, known[name].sql), known)
    inner = "".join(f"{margin}{_INDENT}{line}" for line in text.splitlines(keepends=True))
    return f"(\n{inner}{margin})"


def _macro(name: str, text: str) -> Macro:
    lines = text.splitlines(keepends=True)
    what, reads, adds, how = (line.removeprefix("-- ").strip() for line in lines[:4])
    return Macro(
        name,
        what,
        reads.removeprefix("Reads: ").rstrip("."),
        adds.removeprefix("Adds: ").rstrip("."),
        how,
        "".join(lines[4:]),
    )

"""Comparisons as people read them: what Markdown and LaTeX show, in the words of the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from assay.errors import InputError
from assay.serving.analysis import words
from assay.serving.analysis.requests import MEAN

NEEDED = (
    "metric", "contrast", "n_control", "n_treatment", "mean_control", "mean_treatment", "estimate",
    "std_error", "lower", "upper", "relative_estimate", "relative_lower", "relative_upper", "p_value",
    "alpha", "decision", "method",
)  # fmt: skip
_WHERE_SEVERAL = ("experiment", "as_of", "segment")


@dataclass(frozen=True, slots=True)
class Said:
    """A table in words.

    Attributes:
        head: Titles of the columns.
        body: A row of texts per comparison.
        numeric: Which columns are aligned to the right.
    """

    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


def said(table: pa.Table) -> Said:
    """The comparisons with as many digits as their standard errors support.

    Args:
        table: Columns as in gold.experiment_results; `type` (mean, proportion, ratio) says how a number is
            shown. Experiment, look and segment are columns where there are several of them.

    Raises:
        InputError: A column is not there.
    """
    missing = [name for name in NEEDED if name not in table.column_names]
    if missing:
        raise InputError(f"the results have no column {missing[0]!r}; a table in words needs it")
    rows = table.to_pylist()
    several = [name for name in _WHERE_SEVERAL if len({row.get(name) for row in rows}) > 1]
    levels = {row["alpha"] for row in rows}
    level = levels.pop() if len(levels) == 1 else None
    certified = "type_i_error" in table.column_names
    cells = [
        {
            **{name.replace("_", " "): str(row[name]) for name in several},
            "metric": row["metric"],
            "contrast": row["contrast"],
            **_numbers(row, level),
            "decision": row["decision"],
            "method": row["method"],
            **({"type I here": _share(row["type_i_error"])} if certified else {}),
        }
        for row in rows
    ]
    head = tuple(cells[0]) if cells else ("metric", "contrast", "decision", "method")
    texts = {*(name.replace("_", " ") for name in several), "metric", "contrast", "decision", "method"}
    return Said(head, tuple(tuple(row.values()) for row in cells), tuple(name not in texts for name in head))


def _numbers(row: Mapping[str, Any], level: float | None) -> dict[str, str]:
    """The numbers of a comparison; where rows have several levels, each interval says its own."""
    kind = row.get("type") or MEAN
    number = {
        name: math.nan if row[name] is None else row[name]
        for name in NEEDED
        if name not in {"decision", "method"}
    }
    error = number["std_error"]
    return {
        "units": f"{row['n_control']:,} / {row['n_treatment']:,}",
        "control": words.mean(number["mean_control"], kind, error),
        "treatment": words.mean(number["mean_treatment"], kind, error),
        "difference": words.difference(number["estimate"], kind, error),
        ("interval" if level is None else f"{words.level(level)} interval"): (
            words.interval(number["lower"], number["upper"], kind, error)
            + (f" ({words.level(row['alpha'])})" if level is None else "")
        ),
        "relative": words.relative(
            number["relative_estimate"], number["relative_lower"], number["relative_upper"]
        ),
        "p": words.p_value(number["p_value"]).removeprefix("p ").removeprefix("= "),
    }


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"

"""Results in the shape in which GrowthBook's stats engine answers: metrics, their analyses, variations.

Per metric one analysis for each method; a segment is a dimension. As by its default, `expected`, `ci` and
`uplift.mean` are relative to the control. What a table of comparisons does not know is null: the standard
deviation of a unit and of the lift, users in several arms, the sum of a ratio's numerator.

References:
    gbstats 0.8.0, the data classes of `gbstats.models.results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from assay.serving.analysis.requests import RATIO
from assay.serving.export import one_look
from assay.serving.export.flat import json_text
from assay.stats import METHODS

_ALL = {None: "All", "all": "All"}
Row = dict[str, Any]


def content(table: pa.Table) -> bytes:
    """The comparisons as JSON.

    Raises:
        InputError: They are of several experiments or looks.
    """
    rows = one_look.rows(table, "GrowthBook")
    found = [
        {"metric": name, "analyses": [_analysis(each) for each in _groups(mine, "method")]}
        for name, mine in _by(rows, "metric").items()
    ]
    return f"{json_text(found)}\n".encode()


def _analysis(rows: Sequence[Row]) -> Row:
    return {
        "unknownVariations": [],
        "multipleExposures": None,
        "dimensions": [_dimension(each) for each in _groups(rows, "segment")],
    }


def _dimension(rows: Sequence[Row]) -> Row:
    segment = rows[0].get("segment")
    return {
        "dimension": _ALL.get(segment, segment),
        "srm": rows[0].get("srm_p_value"),
        "variations": [_arm(rows[0], "control"), *(_variation(row) for row in rows)],
    }


def _variation(row: Row) -> Row:
    return {
        **_arm(row, "treatment"),
        "expected": row["relative_estimate"],
        "uplift": {"dist": "normal", "mean": row["relative_estimate"], "stddev": None},
        "ci": [row["relative_lower"], row["relative_upper"]],
        "errorMessage": row.get("reason") or None,
        "pValue": row["p_value"],
    }


def _arm(row: Row, arm: str) -> Row:
    units, mean = row[f"n_{arm}"], row[f"mean_{arm}"]
    return {
        "cr": mean,
        "value": None if mean is None or _may_be_ratio(row) else units * mean,
        "users": units,
        "denominator": None,
        "stats": {"users": units, "count": units, "stddev": None, "mean": mean},
    }


def _may_be_ratio(row: Row) -> bool:
    """A ratio's mean times units is no sum; where the type is not told, the method says what it may be."""
    kind = row.get("type")
    if kind is not None:
        return bool(kind == RATIO)
    method = METHODS.get(row["method"])
    return method is None or RATIO in method.metric_types


def _groups(rows: Sequence[Row], name: str) -> list[list[Row]]:
    return list(_by(rows, name).values())


def _by(rows: Sequence[Row], name: str) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.get(name), []).append(row)
    return found

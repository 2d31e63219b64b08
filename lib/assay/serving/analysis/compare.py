"""From a table's columns to moments: what is a metric in each arm, and which pairs are compared?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis.arms import Arms
from assay.serving.analysis.columns import numbers
from assay.serving.analysis.contrast import Pair, summary
from assay.serving.analysis.requests import MEAN, PROPORTION, MetricRequest
from assay.serving.analysis.result import Summary
from assay.stats import DEFAULT_METHOD, Moments, named


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's values, one per row.

    Attributes:
        name: Name of the metric.
        type: `mean`, `proportion` or `ratio`.
        y: Shape (rows,); the value or numerator.
        d: Shape (rows,); a ratio's denominator, else None.
        present: Shape (rows,); nothing that the metric needs is missing.
    """

    name: str
    type: str
    y: NDArray[np.float64]
    d: NDArray[np.float64] | None
    present: NDArray[np.bool_]

    def moments(self, rows: NDArray[np.bool_]) -> Moments:
        """Moments of the rows that have a value."""
        kept = rows & self.present
        return Moments.of(self.y[kept], None if self.d is None else self.d[kept])


def measure(table: pa.Table, request: MetricRequest) -> Measured:
    """Read a metric's columns and settle its type.

    Raises:
        InputError: A value is no number, not 0 or 1 in a proportion, or a denominator is negative.
    """
    found = numbers(table.column(request.numerator), request.numerator)
    kind = request.type or (PROPORTION if found.binary and not np.all(np.isnan(found.values)) else MEAN)
    if kind == PROPORTION and not found.binary:
        _refuse_not_binary(found.values, request.numerator)
    if request.denominator is None:
        return Measured(request.name, kind, found.values, None, ~np.isnan(found.values))
    below = numbers(table.column(request.denominator), request.denominator).values
    if np.any(below < 0):
        row = int(np.flatnonzero(below < 0)[0])
        raise InputError(
            f"denominator column {request.denominator!r} is {below[row]:g} in row {row + 1} (the header not "
            f"counted); a ratio's denominators must be 0 or greater"
        )
    return Measured(request.name, kind, found.values, below, ~(np.isnan(found.values) | np.isnan(below)))


def summaries(measured: Measured, arms: Arms) -> list[Summary]:
    """The metric in each arm.

    Raises:
        InputError: An arm has fewer than two units with a value, or denominators that sum to 0.
    """
    return [_summary(measured, arms, name) for name in arms.names]


def pairs(measured: Sequence[Measured], arms: Arms) -> list[Pair]:
    """Every treatment beside control on every metric, with the default method of the metric's type.

    Args:
        measured: The metrics.
        arms: The rows' arms.

    Raises:
        InputError: As for `summaries`.
    """
    return [_pair(m, arms, t) for m in measured for t in arms.names[1:]]


def _refuse_not_binary(values: NDArray[np.float64], name: str) -> None:
    row = int(np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))[0])
    raise InputError(
        f"metric column {name!r} is {values[row]:g} in row {row + 1} (the header not counted); a proportion "
        f"holds only 0 and 1; ask for {name}:mean instead"
    )


def _summary(measured: Measured, arms: Arms, name: str) -> Summary:
    rows = arms.rows(name)
    found = measured.moments(rows)
    missing = int(np.count_nonzero(rows)) - int(found.n)
    return summary(found, metric=measured.name, kind=measured.type, arm=name, missing=missing)


def _pair(measured: Measured, arms: Arms, treatment: str) -> Pair:
    return Pair(
        named(DEFAULT_METHOD[measured.type]),
        measured.moments(arms.rows(arms.control)),
        measured.moments(arms.rows(treatment)),
        (_summary(measured, arms, arms.control), _summary(measured, arms, treatment)),
    )

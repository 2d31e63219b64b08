"""Can these results be trusted on these data? Each one's error rates, measured on its own units.

The units of control and treatment are pooled and assigned again at random, in all metrics at once. See
`assay.certify.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.certify.diagnosis.diagnose import Diagnosis, diagnose
from assay.certify.diagnosis.measure import UNITS
from assay.certify.fit import shape
from assay.certify.rerandomise import Assignment, Units, splits
from assay.errors import InputError
from assay.serving.analysis.arms import Arms
from assay.serving.analysis.compare import Measured
from assay.serving.analysis.result import Comparison
from assay.stats import named

if TYPE_CHECKING:
    from assay.stats import MetricType

SHAPED = 50_000
FEWEST, MOST = 1_000, 5_000
"""Bounds of how often units are assigned again: a rate of 5 % is then known to 1.4 and 0.6 points."""
_BITS = 2e8
_SEED = 0


def diagnoses(
    measured: Sequence[Measured], arms: Arms, rows: Sequence[Comparison], alpha: float
) -> list[Diagnosis]:
    """A diagnosis of each comparison.

    Args:
        measured: The metrics.
        arms: The rows' arms.
        rows: The comparisons.
        alpha: Level of the tests.

    Returns:
        One per comparison, in their order.
    """
    with np.errstate(all="ignore"):  # what overflows has no p-value, and counts as not rejected
        shapes = {m.name: _shape(m, arms) for m in measured}
        found = {
            (each.metric, each.contrast): each
            for treatment in arms.names[1:]
            for each in _of_treatment(measured, arms, treatment, rows, shapes, alpha)
        }
    return [found[row.metric, row.contrast] for row in rows]


def _of_treatment(
    measured: Sequence[Measured],
    arms: Arms,
    treatment: str,
    rows: Sequence[Comparison],
    shapes: dict[str, str],
    alpha: float,
) -> Iterator[Diagnosis]:
    mine = {row.metric: row for row in rows if row.treatment == treatment}
    treated = arms.rows(treatment)
    both = np.flatnonzero(treated | arms.rows(arms.control))
    assignment = Assignment(_SEED, f"aa.{treatment}", share=float(np.mean(treated[both])))
    pool = _at_most(_in_order(measured, both), UNITS, f"pool.{treatment}")
    metrics = {m.name: _units(m, pool) for m in measured}
    replicates = int(min(max(_BITS / pool.size, FEWEST), MOST))
    halves = splits(metrics, assignment, replicates)
    for name, row in mine.items():
        yield diagnose(
            metrics[name],
            halves[name],
            metric=name,
            contrast=row.contrast,
            shape=shapes[name],
            kind=cast("MetricType", row.type),
            method=named(row.method),
            assignment=assignment,
            p_value=row.p_value,
            alpha=alpha,
        )


def _units(measured: Measured, pool: NDArray[np.int64]) -> Units:
    return Units(measured.y[pool], None if measured.d is None else measured.d[pool])


def _shape(measured: Measured, arms: Arms) -> str:
    rows = np.flatnonzero(arms.rows(arms.control) & measured.present)
    values = measured.y[_at_most(_in_order([measured], rows), SHAPED, "shape")]
    try:
        return shape(values).sentence()
    except InputError as error:  # numbers so large or small that their squares leave double precision
        return f"{values.size:,} values whose shape cannot be described ({error.message})."


def _in_order(measured: Sequence[Measured], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows ordered by their values, so that the order of the file has no say in who is assigned what."""
    columns = [column[rows] for m in measured for column in (m.y, m.d) if column is not None]
    order: NDArray[np.int64] = np.lexsort(columns)
    return rows[order]


def _at_most(rows: NDArray[np.int64], limit: int, name: str) -> NDArray[np.int64]:
    """All rows, or so many of them drawn at random, in their order."""
    if rows.size <= limit:
        return rows
    drawn = seeds.stream(_SEED, name).choice(rows, limit, replace=False, shuffle=False)
    return np.sort(drawn)

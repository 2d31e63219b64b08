"""The analysis of one flat table: one row per randomised unit, a column of arms, columns of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from assay.errors import InputError
from assay.serving.analysis import compare, files, tables
from assay.serving.analysis.arms import group, shares
from assay.serving.analysis.assemble import assemble
from assay.serving.analysis.files import File
from assay.serving.analysis.requests import MetricRequest, known, parse
from assay.serving.analysis.result import Analysis
from assay.serving.analysis.tables import Table


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, resolved against the table's columns."""

    arm: str
    control: str
    metrics: tuple[MetricRequest, ...]
    alpha: float
    allocation: Mapping[str, float] | None
    diagnose: bool

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys((self.arm, *(c for m in self.metrics for c in m.columns))))


def analyze(
    table: Table,
    *,
    arm: str,
    control: str,
    metrics: Sequence[str],
    alpha: float = 0.05,
    allocation: Mapping[str, float] | None = None,
    diagnose: bool = True,
    source: str = "a table",
) -> Analysis:
    """Compare every other arm with control on every metric.

    Args:
        table: One row per randomised unit: a frame of Arrow, pandas, Polars, DuckDB or Spark, or columns by
            name. Only the columns that are asked for are read.
        arm: Column that names each unit's arm.
        control: Value of `arm` that all others are compared with.
        metrics: `COLUMN`, `COLUMN:mean`, `COLUMN:proportion` or `NUMERATOR/DENOMINATOR:ratio`; a column of
            0 and 1 or booleans without a type is a proportion, any other a mean.
        alpha: Level of each test and interval, strictly between 0 and 1.
        allocation: Planned share per arm; gives the check for a sample ratio mismatch.
        diagnose: Whether to measure the methods' error rates on these units.
        source: Name of the data, for people.

    Returns:
        The frozen result.

    Raises:
        InputError: Something asked for is not in the table, or the table's values do not allow it.

    Example:
        >>> result = analyze(
        ...     {"arm": ["a"] * 4 + ["b"] * 4, "spent": [1, 2, 3, 4, 3, 4, 5, 6]},
        ...     arm="arm", control="a", metrics=["spent"],
        ... )
        >>> result.comparisons[0].estimate
        2.0
    """
    held = tables.held(table)
    question = _question(tables.names(held), arm, control, metrics, alpha, allocation, diagnose=diagnose)
    asked = tables.arrow(held, question.columns)
    if asked.num_rows == 0:
        raise InputError(f"{source} has no rows; there is nothing to analyse")
    return _answer(asked, question, source)


def analyze_file(
    path: File,
    *,
    arm: str,
    control: str,
    metrics: Sequence[str],
    alpha: float = 0.05,
    allocation: Mapping[str, float] | None = None,
    diagnose: bool = True,
) -> Analysis:
    """`analyze` on a CSV or Parquet file, of which only the columns asked for are read.

    Raises:
        InputError: As `analyze`, or the file is missing, empty or neither CSV nor Parquet.
    """
    question = _question(files.names(path), arm, control, metrics, alpha, allocation, diagnose=diagnose)
    return _answer(files.read(path, question.columns), question, path.name)


def _question(
    names: Sequence[str],
    arm: str,
    control: str,
    metrics: Sequence[str],
    alpha: float,
    allocation: Mapping[str, float] | None,
    *,
    diagnose: bool,
) -> _Question:
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}; it must lie strictly between 0 and 1")
    if not metrics:
        raise InputError(f"no metric is asked for; name at least one column, allowed: {', '.join(names)}")
    requests = tuple(parse(text, names) for text in metrics)
    seen = [request.name for request in requests]
    twice = [name for name in seen if seen.count(name) > 1]
    if twice:
        raise InputError(f"metric {twice[0]!r} is asked for more than once; name each metric once")
    if any(arm in request.columns for request in requests):
        raise InputError(f"column {arm!r} is both the arm and a metric; name another metric")
    return _Question(known(arm, names, "arm column"), control, requests, alpha, allocation, diagnose)


def _answer(table: pa.Table, question: _Question, source: str) -> Analysis:
    arms = group(table.column(question.arm), question.arm, question.control)
    planned = None if question.allocation is None else shares(question.allocation, arms.names)
    measured = [compare.measure(table, request) for request in question.metrics]
    found = assemble(
        compare.pairs(measured, arms),
        [row for m in measured for row in compare.summaries(m, arms)],
        source=source,
        arm_column=question.arm,
        counts=arms.counts,
        without=arms.without,
        planned=planned,
        alpha=question.alpha,
    )
    if not question.diagnose:
        return found
    from assay.serving.analysis.diagnosis import diagnoses  # it loads distributions and takes half a second

    return replace(found, diagnoses=tuple(diagnoses(measured, arms, found.comparisons, question.alpha)))

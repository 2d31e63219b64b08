"""gold.metric_moments: counts, means and centred moments per arm, metric and look, always the same bits.

Spark's native aggregates give the moments of 32 buckets per group; the buckets, a function of the unit, are
then merged in a fixed tree. Each bucket's rows are added in the order of the units. So neither the number of
partitions nor the order of the input can change a bit, and no sum of squares is ever formed.

References:
    Chan, Golub and LeVeque (1979), Updating Formulae and a Pairwise Algorithm for Computing Sample Variances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Row

from assay.medallion.gold_scope import Scope
from assay.medallion.gold_values import BUCKETS
from assay.spark import moments
from assay.spec.segment import ALL
from assay.stats import Moments

KEYS = ("experiment", "arm", "metric", "segment", "as_of")
PARTS = ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")
SCHEMA = "experiment string, arm string, metric string, segment string, as_of date, n bigint, " + ", ".join(
    f"{part} double" for part in PARTS
)
Key = tuple[str, str, str, str, date]


def bucket_moments(values: DataFrame) -> DataFrame:
    """Moments of each bucket of each group.

    Args:
        values: `gold_values.unit_values`, as it comes: this aggregate relies on the order of its rows.

    Returns:
        experiment, arm, metric, segment, as_of, bucket, n and the nine moments.
    """
    return values.groupBy(*KEYS, "bucket").agg(*moments.aggregates())


def merge_buckets(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    """Moments of each group, from those of its buckets.

    Args:
        rows: Collected `bucket_moments`, in any order.

    Returns:
        Rows of `SCHEMA`, ordered by its first columns; a group without units has none.
    """
    found = list(rows)
    groups: list[Key] = sorted({_key(row) for row in found})
    if not groups:
        return []
    place = {key: i for i, key in enumerate(groups)}
    cells: dict[str, NDArray[np.float64]] = {name: np.zeros((len(groups), BUCKETS)) for name in ("n", *PARTS)}
    for row in found:
        for name, cell in cells.items():
            cell[place[_key(row)], row["bucket"]] = row[name]
    merged = Moments(**cells).merge_all(axis=1)
    columns = [getattr(merged, part).tolist() for part in PARTS]
    counts = [int(n) for n in merged.n]
    return [(*group, counts[i], *(column[i] for column in columns)) for i, group in enumerate(groups)]


def without_units(rows: Iterable[tuple[Any, ...]], scopes: Iterable[Scope]) -> list[tuple[object, ...]]:
    """Groups of everyone at the scopes' looks without a unit, who had some if exposures have gone since.

    Args:
        rows: `merge_buckets`.
        scopes: Whose looks.

    Returns:
        Rows of `SCHEMA`, with nothing but zeros.
    """
    found = {tuple(row[:5]) for row in rows}
    groups = (
        (scope.planned.id, arm.name, metric, ALL, as_of)
        for scope in scopes
        for as_of in scope.looks
        for arm in scope.planned.arms
        for metric in scope.planned.metrics
    )
    return [(*group, 0, *(0.0 for _ in PARTS)) for group in groups if group not in found]


def _key(row: Row) -> Key:
    return row["experiment"], row["arm"], row["metric"], row["segment"], row["as_of"]


def arm_counts(rows: Iterable[tuple[Any, ...]]) -> Mapping[tuple[str, date], dict[str, int]]:
    """Analysed units per experiment and look: arm → units, those of the metric that has the most.

    A metric with a window has fewer than there are: it waits for the others.

    Args:
        rows: `merge_buckets`.
    """
    counts: dict[tuple[str, date], dict[str, int]] = {}
    for experiment, arm, _metric, segment, as_of, n, *_parts in rows:
        if segment == ALL:
            arms = counts.setdefault((experiment, as_of), {})
            arms[arm] = max(n, arms.get(arm, 0))
    return counts

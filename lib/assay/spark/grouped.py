"""Methods that need the units themselves, on Spark: one task per group, the same numbers as NumPy's.

Each group (an experiment and metric, say) goes as a whole to one worker, is put in the order of its units,
and the registry's method compares every treatment with the control. So the number of partitions and the order
of the rows cannot change a bit. A group must fit into the memory of one worker: 10 million units take about
80 MB per series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import types as T

from assay.errors import InputError
from assay.spark.udfs import frame, result_names
from assay.stats import METHODS, Method, Moments, Samples
from assay.stats.samples import SERIES
from assay.stats.survival.lifetable import LifeTable


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what.

    Attributes:
        unit: Names the unit; gives the order of a group's rows and must be unique within an arm.
        arm: The arm.
        y: The metric; of a life table, when the unit left.
        d: A ratio's denominator, or None; of a life table, whether the unit left by the event (1 or 0).
        x: A covariate, or None.
        w: Weights, or None.
        cluster: The group that a unit belongs to, a number or a text, or None.
    """

    unit: str = "unit"
    arm: str = "arm"
    y: str = "y"
    d: str | None = None
    x: str | None = None
    w: str | None = None
    cluster: str | None = None

    def series(self) -> dict[str, str]:
        """Series that are present, to their columns."""
        named = {name: getattr(self, name) for name in SERIES}
        return {name: column for name, column in named.items() if column is not None}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare and how.

    Attributes:
        method: Name in the registry; its data must be `Samples`, `Moments` or `LifeTable`.
        control: The arm that the others are compared with.
        alpha: Level.
        options: Options of the method, such as `alternative` or `seed`.
    """

    method: str
    control: str
    alpha: float = 0.05
    options: Mapping[str, Any] = field(default_factory=dict)


def compare(units: DataFrame, by: Sequence[str], columns: Columns, comparison: Comparison) -> DataFrame:
    """Compare every treatment of every group with the group's control.

    Args:
        units: One row per unit (or event, if a cluster is named).
        by: Columns that name the group; may be empty.
        columns: Which columns hold what.
        comparison: What to compare and how.

    Returns:
        The columns of `by`, `control`, `treatment`, and the fields of the method's answer with `mde`, one row
        per group and treatment; NULL where a number does not exist, and `reason` says why. A group without
        control is compared with an arm without units.

    Raises:
        InputError: The method needs another kind of data, or a column is not there.
    """
    method = METHODS[comparison.method]
    if method.data not in (Samples, Moments, LifeTable):
        raise InputError(
            f"{method.name} takes {method.data.__name__}, which are not made of units; call it directly"
        )
    wanted = [*by, columns.unit, columns.arm, *columns.series().values()]
    missing = [name for name in wanted if name not in units.columns]
    if missing:
        raise InputError(f"there is no column {missing[0]!r}; the units have {', '.join(units.columns)}")
    answer = T.StructType(
        [units.schema[name] for name in by]
        + [T.StructField(name, T.StringType()) for name in ("control", "treatment")]
        + [
            T.StructField(name, T.IntegerType() if name == "reason" else T.DoubleType())
            for name in result_names(method)
        ]
    )

    def apply(group: pd.DataFrame) -> pd.DataFrame:
        return compared(group, by, columns, comparison)[answer.names]

    return units.select(*dict.fromkeys(wanted)).groupBy(*by).applyInPandas(apply, answer)


def compared(
    group: pd.DataFrame, by: Sequence[str], columns: Columns, comparison: Comparison
) -> pd.DataFrame:
    """One group's comparisons: what runs inside a Spark worker.

    Args:
        group: The group's units, in any order.
        by: Columns that name the group.
        columns: Which columns hold what.
        comparison: What to compare and how.

    Returns:
        One row per treatment, in the order of their names.
    """
    method = METHODS[comparison.method]
    if columns.cluster is not None:  # by number over all arms: a cluster may have units in several
        group = group.assign(**{columns.cluster: pd.factorize(group[columns.cluster], sort=True)[0]})
    ordered = group.sort_values([columns.arm, columns.unit, *columns.series().values()], kind="stable")
    arms = {str(arm): _data(method, units, columns) for arm, units in ordered.groupby(columns.arm)}
    control = arms.pop(comparison.control, _data(method, ordered[:0], columns))
    rows = []
    for arm, treatment in arms.items():
        effect = method(control, treatment, alpha=comparison.alpha, **comparison.options)
        row = frame(effect)
        row.insert(0, "treatment", arm)
        rows.append(row)
    if not rows:
        return pd.DataFrame(columns=[*by, "control", "treatment", *result_names(method)])
    found = pd.concat(rows, ignore_index=True)
    found.insert(0, "control", comparison.control)
    for name in by:
        found[name] = group[name].iloc[0]
    return found


def _data(method: Method, units: pd.DataFrame, columns: Columns) -> Samples | Moments | LifeTable:
    series = {name: units[column].to_numpy("float64") for name, column in columns.series().items()}
    if method.data is LifeTable:
        return LifeTable.of(series["y"], series.get("d", np.ones(len(units))))
    if method.data is Moments:
        return Moments.of(series["y"], series.get("d"), series.get("x"))
    return Samples(**series)

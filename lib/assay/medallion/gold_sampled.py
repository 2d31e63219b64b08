"""Comparisons by methods that need the units themselves: quantiles, times to an event, ranks, resampling.

Each metric, experiment and look goes as a whole to one worker (`assay.spark.grouped`). Everything else is
compared from moments, which is cheaper; a metric says by its method which it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from assay.medallion.gold_scope import Scope
from assay.medallion.gold_unit_metrics import pair, pair_name
from assay.spark.grouped import Columns, Comparison, compare
from assay.spec import Blueprint, Metric
from assay.stats import METHODS, Moments

BY = ("experiment", "as_of", "metric")
FIELDS = (
    "estimate", "std_error", "lower", "upper", "statistic", "df", "p_value",
    "relative_estimate", "relative_lower", "relative_upper", "mde",
)  # fmt: skip
Answers = Mapping[tuple[str, date, str, str], tuple[float | None, ...]]
"""(experiment, as_of, metric, treatment) → `FIELDS`, None where a number does not exist."""
Quantiles = Mapping[tuple[str, date, str, str], float | None]
"""(experiment, as_of, metric, arm) → the arm's quantile."""


def is_sampled(metric: Metric) -> bool:
    """Whether the metric's method needs units, and not their moments."""
    return METHODS[metric.analysis].data is not Moments


def answers(values: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]) -> Answers:
    """The comparisons of all metrics of the scopes that need units.

    Args:
        values: `gold_values.unit_values`.
        blueprint: The blueprint in force.
        scopes: Whose looks.
    """
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)
    for scope in scopes:
        for name in scope.planned.metrics:
            if is_sampled(blueprint.metrics[name]):
                asked[name, scope.planned.control].append(scope.planned.id)
    frames = [
        _compared(_of(values, name, experiments), blueprint, name, control)
        for (name, control), experiments in sorted(asked.items())
    ]
    return {
        (row["experiment"], row["as_of"], row["metric"], row["treatment"]): tuple(row[f] for f in FIELDS)
        for row in _collected(frames)
    }


def quantiles(values: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]) -> Quantiles:
    """The quantile of each arm (type 7 of Hyndman and Fan), of the metrics that are quantiles.

    Args:
        values: `gold_values.unit_values`.
        blueprint: The blueprint in force.
        scopes: Whose looks.
    """
    names = {name for scope in scopes for name in scope.planned.metrics}
    orders = {
        name: order for name in sorted(names) if (order := blueprint.metrics[name].quantile) is not None
    }
    found = [
        _of(values, name, [scope.planned.id for scope in scopes if name in scope.planned.metrics])
        .groupBy(*BY, "arm")
        .agg(F.expr(f"percentile(y, {order!r}D)").alias("value"))
        for name, order in orders.items()
    ]
    return {
        (row["experiment"], row["as_of"], row["metric"], row["arm"]): row["value"]
        for row in _collected(found)
    }


def _of(values: DataFrame, name: str, experiments: Sequence[str]) -> DataFrame:
    """The values of one metric in some experiments."""
    wanted = [pair_name(experiment, name) for experiment in experiments]
    return values.where(pair(F.col("experiment"), F.col("metric")).isin(wanted))


def _compared(values: DataFrame, blueprint: Blueprint, name: str, control: str) -> DataFrame:
    metric = blueprint.metrics[name]
    per = "d" if metric.type in {"ratio", "time_to_event"} else None
    columns = Columns(d=per, x="x" if "x" in METHODS[metric.analysis].needs else None)
    comparison = Comparison(metric.analysis, control, blueprint.alpha, metric.options)
    found = compare(values, BY, columns, comparison)
    return found.select(*BY, "treatment", *FIELDS)


def _collected(frames: Sequence[DataFrame]) -> list[Row]:
    return reduce(DataFrame.unionByName, frames).collect() if frames else []

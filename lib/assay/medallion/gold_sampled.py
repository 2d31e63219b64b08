"""Comparisons by methods that need the units themselves: quantiles, times to an event, ranks, resampling.

Each metric, segment, experiment and look goes as a whole to one worker (`assay.spark.grouped`). Everything
else is compared from moments, which is cheaper; a metric says by its method which it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from assay.medallion.decisions import interval_level
from assay.medallion.gold_exposures import CLUSTER
from assay.medallion.gold_scope import Scope
from assay.medallion.gold_unit_metrics import pair, pair_name
from assay.spark.grouped import Columns, Comparison, compare
from assay.spec import Blueprint, Metric
from assay.spec.plan import method_of
from assay.stats import METHODS, Moments

BY = ("experiment", "as_of", "metric", "segment")
EFFECT = (
    "estimate", "std_error", "lower", "upper", "statistic", "df", "p_value",
    "relative_estimate", "relative_lower", "relative_upper",
)  # fmt: skip
FIELDS = (*EFFECT, "mde")
Answers = Mapping[tuple[str, date, str, str, str], tuple[float | None, ...]]
"""(experiment, as_of, metric, segment, treatment) → `FIELDS`, None where a number does not exist."""
Quantiles = Mapping[tuple[str, date, str, str, str], float | None]
"""(experiment, as_of, metric, segment, arm) → the arm's quantile."""


def is_sampled(method: str) -> bool:
    """Whether a method needs units, and not their moments."""
    return METHODS[method].data is not Moments


def answers(values: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]) -> Answers:
    """The comparisons of all metrics of the scopes that need units.

    Args:
        values: `gold_values.unit_values`.
        blueprint: The blueprint in force.
        scopes: Whose looks.
    """
    asked: dict[tuple[str, str, str, float], list[str]] = defaultdict(list)
    for scope in scopes:
        for name in scope.planned.metrics:
            measured = blueprint.metrics[name]
            method = method_of(scope.planned.plan, measured, clustered=blueprint.clustered)
            if method is None or not is_sampled(method):
                continue
            for look in scope.looks:
                alpha = interval_level(scope.planned, scope.planned.role(name), look, blueprint.alpha)
                asked[name, method, scope.planned.control, alpha].append(_place(scope.planned.id, look))
    frames = [
        _compared(_of(values, name, places), blueprint.metrics[name], method, control, alpha)
        for (name, method, control, alpha), places in sorted(asked.items())
    ]
    return {(*_key(row), row["treatment"]): tuple(row[f] for f in FIELDS) for row in _collected(frames)}


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
        _of(values, name, _places(scopes, name))
        .groupBy(*BY, "arm")
        .agg(F.expr(f"percentile(y, {order!r}D)").alias("value"))
        for name, order in orders.items()
    ]
    return {(*_key(row), row["arm"]): row["value"] for row in _collected(found)}


def _places(scopes: Sequence[Scope], name: str) -> list[str]:
    with_it = [scope for scope in scopes if name in scope.planned.metrics]
    return [_place(scope.planned.id, look) for scope in with_it for look in scope.looks]


def _place(experiment: str, look: date) -> str:
    return pair_name(experiment, look.isoformat())


def _of(values: DataFrame, name: str, places: Sequence[str]) -> DataFrame:
    """The values of one metric at some looks."""
    look = pair(F.col("experiment"), F.col("as_of").cast("string"))
    return values.where((F.col("metric") == name) & look.isin(list(places)))


def _compared(values: DataFrame, metric: Metric, method: str, control: str, alpha: float) -> DataFrame:
    per = "d" if metric.type in {"ratio", "time_to_event"} else None
    needs = METHODS[method].needs
    columns = Columns(d=per, x="x" if "x" in needs else None, cluster=CLUSTER if "cluster" in needs else None)
    found = compare(values, BY, columns, Comparison(method, control, alpha, metric.options))
    return found.select(*BY, "treatment", *FIELDS)


def _collected(frames: Sequence[DataFrame]) -> list[Row]:
    return reduce(DataFrame.unionByName, frames).collect() if frames else []


def _key(row: Row) -> tuple[str, date, str, str]:
    return row["experiment"], row["as_of"], row["metric"], row["segment"]

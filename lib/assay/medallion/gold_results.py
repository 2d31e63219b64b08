"""gold.experiment_results: one row per experiment, look, metric, segment and contrast.

Every treatment is compared with the control, the first arm of the blueprint. The method is the metric's own,
or that of its type and the experiment's plan, and runs as a Spark function over the moments, or over the
units if it needs them (`gold_sampled`). Intervals are at `alpha`, uncorrected. What the rows say together, by
the plan, is added on the driver (`assay.medallion.decisions`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from itertools import product
from types import MappingProxyType
from typing import Any

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from assay.medallion.decisions import Result, decide, explore, interval_level
from assay.medallion.gold_moments import PARTS
from assay.medallion.gold_sampled import EFFECT, FIELDS, Answers, Quantiles, is_sampled
from assay.medallion.gold_scope import Scope
from assay.spark import udfs
from assay.spark.local import frame
from assay.spec import Blueprint
from assay.spec.plan import method_of
from assay.spec.segment import ALL
from assay.stats import DEFAULT_METHOD, METHODS, SRM_LEVEL, Posterior

KEYS = ("experiment", "as_of", "metric", "segment", "contrast", "method")
_MOMENTS = ("n", *PARTS)
_INPUT = (
    "experiment string, as_of date, metric string, segment string, contrast string, method string, "
    "control string, treatment string, alpha double, srm boolean, final boolean, "
    + ", ".join(f"{name}_{arm} {'bigint' if name == 'n' else 'double'}" for arm in "ct" for name in _MOMENTS)
)
# Filled by calibration, which compares with a certificate and with the truth where it is planted.
CALIBRATED = {
    "certificate_id": "string",
    "type_i_error": "double",
    "type_i_lower": "double",
    "type_i_upper": "double",
    "truth": "double",
    "relative_truth": "double",
    "covered": "boolean",
    "error_kind": "string",
}
DECIDED = "alpha_corrected double, decision string, decided date"
_NO_UNITS = (0, *(0.0 for _ in PARTS))


def results(
    spark: SparkSession,
    moments: Iterable[tuple[object, ...]],
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    srm: Mapping[tuple[str, date], float | None],
    answers: Answers = MappingProxyType({}),
    quantiles: Quantiles = MappingProxyType({}),
) -> DataFrame:
    """Compare every treatment with the control, in every metric, at every look of the scopes.

    Args:
        spark: The session.
        moments: `gold_moments.merge_buckets` of these looks.
        blueprint: The blueprint in force.
        scopes: Whose looks.
        srm: p-value of the sample ratio test per experiment and look; None where there are no units.
        answers: `gold_sampled.answers`, for the metrics that need units.
        quantiles: `gold_sampled.quantiles`.

    Returns:
        The columns of gold.experiment_results but for those of `DECIDED`; those that calibration fills are
        NULL.
    """
    found = {tuple(row[:5]): row[5:] for row in moments}
    found = {key: _with_value(key, row, blueprint, quantiles) for key, row in found.items()}
    parts = _parts(found)
    rows = [row for scope in scopes for row in _comparisons(blueprint, scope, found, parts, srm)]
    sampled = [row for row in rows if is_sampled(str(row[5]))]
    others = [row for row in rows if not is_sampled(str(row[5]))]
    # A few rows: one partition, as each starts the Python workers once more.
    given = frame(spark, others, _INPUT).coalesce(1)
    methods = sorted({str(row[5]) for row in others} or {DEFAULT_METHOD["mean"]})
    udfs.register(spark, methods)
    compared = [_shown(_compared(given, method), _greater(method)) for method in methods]
    if sampled:
        compared.append(_shown(_answered(spark, sampled, answers), F.lit(None).cast("double")))
    return reduce(DataFrame.unionByName, compared)


def _with_value(
    key: tuple[Any, ...], moments: tuple[Any, ...], blueprint: Blueprint, quantiles: Quantiles
) -> tuple[Any, ...]:
    """An arm's moments with what the metric is about in place of the mean, and nothing to divide it by."""
    experiment, arm, name, segment, as_of = key
    metric = blueprint.metrics[name]
    if metric.type not in {"quantile", "time_to_event"}:
        return moments
    n, mean_y, m2_y, _mean_d, *rest = moments
    value = quantiles.get((experiment, as_of, name, segment, arm)) if metric.type == "quantile" else mean_y
    return (n, value, m2_y, 1.0, *rest)


def _parts(found: Iterable[tuple[Any, ...]]) -> dict[tuple[object, ...], list[str]]:
    """(experiment, metric, as_of) → the segments that have a unit then, in order."""
    parts: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for experiment, _arm, metric, segment, as_of in found:
        if segment != ALL:
            parts[experiment, metric, as_of].add(segment)
    return {place: sorted(segments) for place, segments in parts.items()}


def _comparisons(
    blueprint: Blueprint,
    scope: Scope,
    found: Mapping[tuple[Any, ...], tuple[object, ...]],
    parts: Mapping[tuple[object, ...], Sequence[str]],
    srm: Mapping[tuple[str, date], float | None],
) -> Iterator[tuple[object, ...]]:
    planned = scope.planned
    control, *treatments = [arm.name for arm in planned.arms]
    metrics = blueprint.world_of(planned.id).metrics
    for as_of in scope.looks:
        p_value = srm.get((planned.id, as_of))
        mismatch = p_value is not None and p_value < SRM_LEVEL
        for name in planned.metrics:
            method = method_of(planned.plan, metrics[name], clustered=blueprint.clustered)
            alpha = interval_level(planned, planned.role(name), as_of, blueprint.alpha)
            segments = (ALL, *parts.get((planned.id, name, as_of), ()))
            for treatment, segment in product(treatments, segments):
                places = [(planned.id, arm, name, segment, as_of) for arm in (control, treatment)]
                if segment != ALL and not any(place in found for place in places):
                    continue
                arms = [found.get(place, _NO_UNITS) for place in places]
                yield (
                    planned.id, as_of, name, segment, contrast(control, treatment),
                    method, control, treatment, alpha, mismatch, as_of == planned.end, *arms[0], *arms[1],
                )  # fmt: skip


def contrast(control: str, treatment: str) -> str:
    """How results name a comparison.

    Example:
        >>> contrast("control", "blue")
        'blue vs control'
    """
    return f"{treatment} vs {control}"


def _compared(given: DataFrame, method: str) -> DataFrame:
    """The rows of one method with its answer."""
    names = udfs.moment_names(METHODS[method])
    arguments = ", ".join([*(f"{name}_c" for name in names), *(f"{name}_t" for name in names), "alpha"])
    effect = F.expr(f"{udfs.PREFIX}{method}({arguments})").alias("effect")
    return given.where(F.col("method") == method).select("*", effect)


def _answered(spark: SparkSession, rows: Sequence[tuple[object, ...]], answers: Answers) -> DataFrame:
    """The rows of metrics that need units, with the answers that were found for them."""
    nothing = (None,) * len(FIELDS)
    with_answers = [(*row, *answers.get(_answer_key(row), nothing)) for row in rows]
    schema = ", ".join([_INPUT, *(f"{name} double" for name in FIELDS)])
    return frame(spark, with_answers, schema).select("*", F.struct(*FIELDS).alias("effect"))


def _answer_key(row: tuple[Any, ...]) -> tuple[str, date, str, str, str]:
    experiment, as_of, metric, segment, _contrast, _method, _control, treatment, *_ = row
    return experiment, as_of, metric, segment, treatment


def _shown(compared: DataFrame, greater: Column) -> DataFrame:
    """The columns of gold.experiment_results, from inputs, `effect` and a posterior probability."""
    return compared.select(
        *KEYS,
        "control",
        "treatment",
        F.col("n_c").alias("n_control"),
        F.col("n_t").alias("n_treatment"),
        _mean("c").alias("mean_control"),
        _mean("t").alias("mean_treatment"),
        *(f"effect.{name}" for name in EFFECT),
        "alpha",
        "effect.mde",
        greater.alias("probability_greater"),
        "srm",
        "final",
        *(F.lit(None).cast(kind).alias(name) for name, kind in CALIBRATED.items()),
    )


def _mean(arm: str) -> Column:
    """The arm's value of the metric: of a ratio the ratio; for others the denominator is 1."""
    ratio = F.col(f"mean_y_{arm}") / F.col(f"mean_d_{arm}")
    return F.when((F.col(f"n_{arm}") > 0) & (F.col(f"mean_d_{arm}") != 0), ratio)


def _greater(method: str) -> Column:
    """The posterior probability that the treatment is the greater; NULL for a method without a posterior."""
    posterior = issubclass(METHODS[method].result, Posterior)
    return F.col("effect.probability_better") if posterior else F.lit(None).cast("double")


def decided(rows: Iterable[Row], blueprint: Blueprint, scopes: Sequence[Scope]) -> list[tuple[object, ...]]:
    """The rows with what their looks say by the plans.

    Args:
        rows: `results`, collected.
        blueprint: The blueprint in force.
        scopes: Whose looks.

    Returns:
        The rows, each followed by the values of `DECIDED`.
    """
    found: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["experiment"], row["segment"] == ALL].append(row)
    said: list[tuple[object, ...]] = []
    for scope in scopes:
        everyone, parts = (found[scope.planned.id, whole] for whole in (True, False))
        of_all = decide(scope.planned, blueprint.metrics, blueprint.alpha, _given(everyone))
        of_parts = explore(scope.planned, blueprint.alpha, _given(parts))
        each = zip((*everyone, *parts), (*of_all, *of_parts), strict=True)
        said += [(*row, d.alpha_corrected, d.word, d.decided) for row, d in each]
    return said


def _given(rows: Iterable[Row]) -> list[Result]:
    return [Result(**{name: row[name] for name in Result.__dataclass_fields__}) for row in rows]

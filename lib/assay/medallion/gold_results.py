"""gold.experiment_results: one row per experiment, look, metric and contrast, and what is decided at the end.

Every treatment is compared with the control, the first arm of the blueprint. The method is the metric's own,
or that of its type, and runs as a Spark function over the moments. `alpha` is the blueprint's;
`alpha_corrected` is Bonferroni's: alpha divided by the number of comparisons that the experiment makes at the
look (metrics times contrasts), so that an experiment without any effect is called different at its end with a
probability of at most alpha. Intervals are at `alpha`, uncorrected. Looks before the planned end decide
nothing, so nothing is gained by peeking.

References:
    Dunn (1961), Multiple Comparisons among Means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.medallion.gold_moments import PARTS, SEGMENT
from assay.medallion.gold_scope import Scope
from assay.spark import udfs
from assay.spark.local import frame
from assay.spec import Blueprint, Metric
from assay.stats import DEFAULT_METHOD, METHODS, SRM_LEVEL

KEYS = ("experiment", "as_of", "metric", "segment", "contrast", "method")
RUNNING, BETTER, WORSE = "running", "better", "worse"
UNDECIDED, INVALID = "no difference shown", "invalid: sample ratio mismatch"

_EFFECT = (
    "estimate", "std_error", "lower", "upper", "statistic", "df", "p_value",
    "relative_estimate", "relative_lower", "relative_upper",
)  # fmt: skip
_MOMENTS = ("n", *PARTS)
_INPUT = (
    "experiment string, as_of date, metric string, segment string, contrast string, method string, "
    "control string, treatment string, alpha double, alpha_corrected double, "
    "sign double, srm boolean, final boolean, "
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
_NO_UNITS = (0, *(0.0 for _ in PARTS))


def results(
    spark: SparkSession,
    moments: Iterable[tuple[object, ...]],
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    srm: Mapping[tuple[str, date], float | None],
) -> DataFrame:
    """Compare every treatment with the control, in every metric, at every look of the scopes.

    Args:
        spark: The session.
        moments: `gold_moments.merge_buckets` of these looks.
        blueprint: The blueprint in force.
        scopes: Whose looks.
        srm: p-value of the sample ratio test per experiment and look; None where there are no units.

    Returns:
        The columns of gold.experiment_results; those that calibration fills are NULL.
    """
    found = {(*row[:3], row[4]): row[5:] for row in moments}
    rows = [row for scope in scopes for row in _comparisons(blueprint, scope, found, srm)]
    # A few rows: one partition, as each starts the Python workers once more.
    given = frame(spark, rows, _INPUT).coalesce(1)
    methods = sorted({str(row[5]) for row in rows} or set(DEFAULT_METHOD.values()))
    udfs.register(spark, methods)
    return reduce(DataFrame.unionByName, [_compared(given, method) for method in methods])


def _comparisons(
    blueprint: Blueprint,
    scope: Scope,
    found: Mapping[tuple[object, ...], tuple[object, ...]],
    srm: Mapping[tuple[str, date], float | None],
) -> Iterator[tuple[object, ...]]:
    planned = scope.planned
    control, *treatments = [arm.name for arm in planned.arms]
    corrected = blueprint.alpha / (len(planned.metrics) * len(treatments))
    for as_of in scope.looks:
        p_value = srm.get((planned.id, as_of))
        mismatch = p_value is not None and p_value < SRM_LEVEL
        for name in planned.metrics:
            metric = blueprint.metrics[name]
            for treatment in treatments:
                arms = [found.get((planned.id, arm, name, as_of), _NO_UNITS) for arm in (control, treatment)]
                yield (
                    planned.id, as_of, name, SEGMENT, contrast(control, treatment),
                    metric.analysis, control, treatment, blueprint.alpha, corrected,
                    _sign(metric), mismatch, as_of == planned.end, *arms[0], *arms[1],
                )  # fmt: skip


def contrast(control: str, treatment: str) -> str:
    """How results name a comparison.

    Example:
        >>> contrast("control", "blue")
        'blue vs control'
    """
    return f"{treatment} vs {control}"


def _sign(metric: Metric) -> float:
    return 1.0 if metric.higher_is_better else -1.0


def _compared(frame: DataFrame, method: str) -> DataFrame:
    names = udfs.moment_names(METHODS[method])
    arguments = ", ".join([*(f"{name}_c" for name in names), *(f"{name}_t" for name in names), "alpha"])
    effect = F.expr(f"{udfs.PREFIX}{method}({arguments})").alias("effect")
    rows = frame.where(F.col("method") == method).select("*", effect)
    return rows.select(
        *KEYS,
        "control",
        "treatment",
        F.col("n_c").alias("n_control"),
        F.col("n_t").alias("n_treatment"),
        _mean("c").alias("mean_control"),
        _mean("t").alias("mean_treatment"),
        *(f"effect.{name}" for name in _EFFECT),
        "alpha",
        "alpha_corrected",
        "effect.mde",
        _decision().alias("decision"),
        "srm",
        "final",
        *(F.lit(None).cast(kind).alias(name) for name, kind in CALIBRATED.items()),
    )


def _mean(arm: str) -> Column:
    """The arm's value of the metric: of a ratio the ratio; for others the denominator is 1."""
    ratio = F.col(f"mean_y_{arm}") / F.col(f"mean_d_{arm}")
    return F.when((F.col(f"n_{arm}") > 0) & (F.col(f"mean_d_{arm}") != 0), ratio)


def _decision() -> Column:
    significant = F.col("effect.p_value") < F.col("alpha_corrected")
    gain = F.col("effect.estimate") * F.col("sign")
    return (
        F.when(~F.col("final"), RUNNING)
        .when(F.col("srm"), INVALID)
        .when(significant & (gain > 0), BETTER)
        .when(significant & (gain < 0), WORSE)
        .otherwise(UNDECIDED)
    )

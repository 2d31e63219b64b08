"""gold.runs: what each job of each run did, how long it took and what it cost, from the journal."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion.gold_touched import CHANGE, net_changes

KEYS = ("run_id", "job")
_LEAST_SECONDS = 60.0  # Glue bills a minute at least
_TIME_LENGTH = 27  # 2026-01-05T00:00:00.000000Z, with which a journal's sort key begins
_HOUR = 3600.0


def touched_runs(journal: DataFrame) -> DataFrame:
    """The runs and jobs of which the journal has news.

    Args:
        journal: Changelog of silver.journal since the last run, or all its rows.
    """
    if CHANGE in journal.columns:
        journal = net_changes(journal, [name for name in journal.columns if not name.startswith("_")])
    return journal.select(*KEYS).distinct()


def runs(journal: DataFrame, touched: DataFrame, rates: Mapping[str, tuple[float, float]]) -> DataFrame:
    """One row per run and job.

    Args:
        journal: silver.journal: an item when a step starts and one when it ends.
        touched: `touched_runs`.
        rates: Job, without the installation's name before its last dash → data processing units that it
            occupies, and dollars of one of them for an hour.

    Returns:
        run_id, job, week, state (FAILED if a step failed and was not repeated with success, STARTED if one
        has not ended, else SUCCEEDED), started_at, ended_at (last entry), the steps' rows, seconds from first
        to last entry, dpu_seconds and dollars as Glue bills those seconds (a minute at least; null for a job
        without a rate), error of the last failure, warnings of all steps, one sentence per line.
    """
    at = F.to_timestamp(F.substring("entry", 1, _TIME_LENGTH))
    rows = journal.join(F.broadcast(touched), list(KEYS), "left_semi").withColumn("_at", at)
    # A step's last entry says how the step ended: a repeat of it supersedes what went before.
    steps = rows.groupBy(*KEYS, "step").agg(
        F.max("week").alias("week"),
        F.max_by("state", "entry").alias("state"),
        F.min("_at").alias("started_at"),
        F.max("_at").alias("ended_at"),
        *(F.max_by(name, "entry").alias(name) for name in ("rows_in", "rows_out", "rows_quarantined")),
        F.max_by("error", "entry").alias("error"),
        F.max_by("warnings", "entry").alias("warnings"),
    )
    jobs = steps.groupBy(*KEYS).agg(
        F.max("week").alias("week"),
        F.collect_set("state").alias("states"),
        F.min("started_at").alias("started_at"),
        F.max("ended_at").alias("ended_at"),
        *(F.sum(name).cast("bigint").alias(name) for name in ("rows_in", "rows_out", "rows_quarantined")),
        F.max_by("error", F.when(F.col("error").isNotNull(), F.col("ended_at"))).alias("error"),
        F.nullif(F.concat_ws("\n", F.array_sort(F.collect_set("warnings"))), F.lit("")).alias("warnings"),
    )
    seconds = (F.col("ended_at").cast("double") - F.col("started_at").cast("double")).alias("seconds")
    billed = F.greatest("seconds", F.lit(_LEAST_SECONDS))
    dpu = _of_job({job: dpu for job, (dpu, _) in rates.items()})
    dollars_per_dpu_second = _of_job({job: price / _HOUR for job, (_, price) in rates.items()})
    return jobs.select(
        *KEYS, "week", _state(), "started_at", "ended_at", seconds, *_counts(), "error", "warnings"
    ).select(
        *KEYS,
        "week",
        "state",
        "started_at",
        "ended_at",
        *_counts(),
        "seconds",
        (billed * dpu).alias("dpu_seconds"),
        (billed * dpu * dollars_per_dpu_second).alias("dollars"),
        "error",
        "warnings",
    )


def _of_job(values: Mapping[str, float]) -> Column:
    """What belongs to a row's job; null for a job that is not named."""
    name = F.substring_index("job", "-", -1)
    found = F.lit(None).cast("double")
    for job, value in values.items():
        found = F.when(name == job, F.lit(value)).otherwise(found)
    return found


def _counts() -> list[Column]:
    return [F.col(name) for name in ("rows_in", "rows_out", "rows_quarantined")]


def _state() -> Column:
    states = F.col("states")
    return (
        F.when(F.array_contains(states, "FAILED"), "FAILED")
        .when(F.array_contains(states, "STARTED"), "STARTED")
        .otherwise("SUCCEEDED")
        .alias("state")
    )

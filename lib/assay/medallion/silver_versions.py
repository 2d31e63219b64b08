"""silver's common part: captured versions of rows, typed, checked, and told apart.

Every version that breaks the contract is set aside, whatever came after it; of the others the newest counts.
Both depend on the version alone, so that changes taken in one batch or in many give the same tables. What
is set aside neither warns nor halts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from assay.errors import ContractError, ReconciliationError
from assay.medallion.fitting import fitted
from assay.medallion.silver_extra import MISFIT, recovered

DELETED = "_deleted"
_DELETE = "D"
_BRONZE = ("_op", "_change_seq", "_committed_at", "_source", "_source_file", "_run_id", "_ingested_at")
_CAPTURE = ("_op", "_change_seq", "_source_file", "_ingested_at")


@dataclass(frozen=True, slots=True)
class Violations:
    """Which rules a typed row breaks, by what that means: arrays of their texts.

    Attributes:
        quarantine: The row is set aside.
        warn: It is counted.
        halt: The run stops.
    """

    quarantine: Column
    warn: Column
    halt: Column


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a batch.

    Attributes:
        rows_in: Versions read from bronze.
        rows_out: Rows to insert, update or delete in silver.
        quarantined: Versions that broke the contract.
        deduplicated: Good versions that a newer one supersedes.
        warned: Rule that only warns → versions that break it and are not set aside.
        halted: Rule that halts → the same.
        oldest: The smallest `_change_seq` of the rows to insert or update; None if there is none.
    """

    rows_in: int
    rows_out: int
    quarantined: int
    deduplicated: int
    warned: Mapping[str, int] = field(default_factory=dict)
    halted: Mapping[str, int] = field(default_factory=dict)
    oldest: str | None = field(default=None, compare=False)

    def warnings(self, name: str) -> list[str]:
        """A sentence for each rule that warns and is broken.

        Args:
            name: The silver table.
        """
        return [
            f"{name}: {count:,} of {self.rows_in:,} rows break `{rule}` (warn)"
            for rule, count in self.warned.items()
        ]

    def refuse_halted(self, name: str) -> None:
        """Stop where a rule is broken that may not be.

        Args:
            name: The silver table.

        Raises:
            ContractError: Rows break a rule whose severity is halt.
        """
        if self.halted:
            broken = ", ".join(f"{count:,} break `{rule}`" for rule, count in self.halted.items())
            raise ContractError(
                f"{name}: of {self.rows_in:,} new rows {broken} (halt); nothing was changed. Where they are "
                "right, correct the rule in the contract; where they are wrong, give it the severity "
                "quarantine, which sets them aside, and run the job again"
            )

    def reconcile(self, name: str, appended: int) -> None:
        """Refuse counts that do not add up.

        Args:
            name: The silver table, for the message.
            appended: Rows that bronze's commits say they added.

        Raises:
            ReconciliationError: Rows are missing or too many.
        """
        accounted = self.rows_out + self.quarantined + self.deduplicated
        if not appended == self.rows_in == accounted:
            raise ReconciliationError(
                f"{name}: bronze added {appended:,} rows, {self.rows_in:,} were read, {self.rows_out:,} go "
                f"on, {self.quarantined:,} are quarantined and {self.deduplicated:,} superseded; these must "
                "add up. Nothing was changed"
            )


def versions(
    changes: DataFrame,
    shape: Mapping[str, Column],
    schema: StructType,
    *,
    violations: Violations,
    keys: Sequence[str],
    run_id: str,
    unknown: bool = False,
) -> DataFrame:
    """Every version typed, with what it breaks and whether it is the newest good one of its row.

    Args: as for `judged`.

    Returns:
        What `judged` gives, with `_row` as JSON where the version is set aside, and `_newest`.
    """
    found = ranked(
        judged(changes, shape, schema, violations=violations, keys=keys, run_id=run_id, unknown=unknown), keys
    )
    return found.withColumn("_row", F.when(F.size("_reasons") > 0, F.to_json("_row")))


def judged(
    changes: DataFrame,
    shape: Mapping[str, Column],
    schema: StructType,
    *,
    violations: Violations,
    keys: Sequence[str],
    run_id: str,
    unknown: bool = False,
) -> DataFrame:
    """Every version typed, with what it breaks.

    Args:
        changes: Rows of bronze.
        shape: Column → what it is in terms of bronze; more columns than the contract's are carried along.
        schema: Of the silver table; a value that its type cannot hold is null, with a reason.
        violations: The rules that a typed row breaks.
        keys: Columns of the shape that tell rows apart.
        run_id: The run that writes.
        unknown: Whether a column that bronze does not know is a reason to set the row aside.

    Returns:
        The shape's columns, `_op`, `_change_seq` (empty for the full load), `_run_id`, `_source_file`,
        `_ingested_at`, `_row` (the bronze row), `_reasons` to set it aside, `_warned` and `_halted` (rules of
        these severities that it breaks).
    """
    source = F.struct(*(name for name in changes.columns if name not in _BRONZE))
    raw = recovered(changes.withColumn("_row", source), _BRONZE, unknown=unknown).select(
        *(value.alias(name) for name, value in shape.items()),
        *_capture(changes),
        F.lit(run_id).alias("_run_id"),
        "_row",
        MISFIT,
    )
    return _checked(_typed(raw, schema), violations, keys)


def ranked(judged: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Versions of `judged` with `_newest`: whether it is the newest good one of its row.

    Args:
        judged: All versions of the rows.
        keys: What tells rows apart.
    """
    good = F.size("_reasons") == 0
    order = [F.desc(name) for name in ("_change_seq", "_ingested_at", "_source_file")]
    place = F.row_number().over(Window.partitionBy(good, *keys).orderBy(*order))
    return judged.withColumn("_newest", good & (place == 1)).drop("_ingested_at")


def counts(batch: DataFrame, *, warns: Sequence[str] = (), halts: Sequence[str] = ()) -> Counts:
    """Count what became of a batch of `versions`, in one job.

    Args:
        batch: The versions.
        warns: The rules that only warn, each counted by itself.
        halts: The rules that halt, likewise.
    """
    bad = F.size("_reasons") > 0
    row = batch.agg(
        F.count("*"),
        F.count_if("_newest"),
        F.count_if(bad),
        F.count_if(~bad & ~F.col("_newest")),
        F.min(F.when(F.col("_newest") & (F.col("_op") != _DELETE), F.col("_change_seq"))),
        *(F.count_if(F.array_contains("_warned", rule)) for rule in warns),
        *(F.count_if(F.array_contains("_halted", rule)) for rule in halts),
    ).collect()[0]
    rows_in, rows_out, set_aside, superseded, oldest, *broken = row
    warned, halted = broken[: len(warns)], broken[len(warns) :]
    return Counts(
        rows_in,
        rows_out,
        set_aside,
        superseded,
        warned={rule: count for rule, count in zip(warns, warned, strict=True) if count},
        halted={rule: count for rule, count in zip(halts, halted, strict=True) if count},
        oldest=oldest,
    )


def newest(batch: DataFrame, schema: StructType) -> DataFrame:
    """The rows to merge: the newest good version of each, and whether it is a delete (`_deleted`)."""
    return batch.where("_newest").select(*schema.names, (F.col("_op") == _DELETE).alias(DELETED))


def deletes_after(number: str) -> Column:
    """Which rows of bronze are deletes younger than a change.

    Args:
        number: `_change_seq` of the change; empty for one of the full load.
    """
    return (F.col("_op") == _DELETE) & (F.col("_change_seq") > F.lit(number))


def undeleted(rows: DataFrame, deletes: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Rows to merge without those that an earlier-read, younger delete removes again.

    Args:
        rows: As `newest` gives them.
        deletes: `versions` of deletes.
        keys: Columns that tell rows apart.
    """
    last = deletes.where(F.size("_reasons") == 0).groupBy(*keys).agg(F.max("_change_seq").alias("_gone"))
    known = rows.join(last, list(keys), "left")
    alive = F.col("_gone").isNull() | (F.col("_change_seq") >= F.col("_gone"))
    return known.where(alive).select(*rows.columns)


def quarantined(batch: DataFrame, contract: str) -> DataFrame:
    """Rows of silver.quarantine: the versions that break a contract, each once.

    Args:
        batch: `versions` of the contract's table.
        contract: Name of the contract.
    """
    bad = batch.where(F.size("_reasons") > 0).select(
        F.lit(contract).alias("contract"),
        F.col("_row").alias("row"),
        F.col("_reasons").alias("reasons"),
        "_change_seq",
        "_source_file",
        "_run_id",
    )
    return bad.withColumn("quarantine_id", identity(contract, F.col("row"))).dropDuplicates(["quarantine_id"])


def identity(contract: str, row: Column) -> Column:
    """What tells a version of a row from all others of its contract: its JSON and `_change_seq`, hashed."""
    return F.sha2(F.concat_ws("\n", F.lit(contract), row, "_change_seq"), 256)


def _capture(changes: DataFrame) -> list[Column]:
    """The columns of change capture; what is not captured but collected counts as inserted."""
    stand_in = {"_op": F.lit("I"), "_change_seq": F.lit("")}
    present = {name: F.col(name) for name in _CAPTURE if name in changes.columns}
    columns = {**stand_in, **present}
    columns["_change_seq"] = F.coalesce(columns["_change_seq"], F.lit(""))
    return [columns[name].alias(name) for name in _CAPTURE]


def _typed(raw: DataFrame, schema: StructType) -> DataFrame:
    """Columns in the contract's types, and a reason for every value that did not fit."""
    wanted = {field.name: field.dataType for field in schema}
    other = [f.name for f in raw.schema if f.name in wanted and f.dataType != wanted[f.name]]
    casts = {name: fitted(f"`{name}`", raw.schema[name].dataType, wanted[name])[0] for name in other}
    unreadable = [
        F.when(F.col(name).isNotNull() & cast.isNull(), F.lit(f"{name} is {wanted[name].simpleString()}"))
        for name, cast in casts.items()
    ]
    reasons = F.array_union(MISFIT, F.array_compact(F.array(F.lit(None).cast("string"), *unreadable)))
    kept = [name for name in raw.columns if name != MISFIT]
    return raw.select(
        *(casts.get(name, F.col(name)).alias(name) for name in kept), reasons.alias("_unreadable")
    )


def _checked(typed: DataFrame, violations: Violations, keys: Sequence[str]) -> DataFrame:
    """What each version breaks; of a delete only its key matters, the row may well be a bad one that goes."""
    reasons = F.concat("_unreadable", violations.quarantine)
    key_reasons = F.array(*(F.lit(f"{key} is not null") for key in keys))
    kept = F.when(F.col("_op") == _DELETE, F.array_intersect(reasons, key_reasons)).otherwise(reasons)
    none = F.array().cast("array<string>")
    silent = (F.col("_op") == _DELETE) | (F.size("_reasons") > 0)
    beside = {"_warned": violations.warn, "_halted": violations.halt}
    return (
        typed.withColumns({"_reasons": kept})
        .withColumns({name: F.when(silent, none).otherwise(v) for name, v in beside.items()})
        .drop("_unreadable")
    )

"""The audit between writing and publishing: do the rows on the branch keep the contract?

A rule that only warns stops nothing here: silver has counted its rows by then, and `assay contracts check`
counts them in any table.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.errors import ContractError
from assay.lake.contracts import Contract
from assay.lake.rules import unacceptable, violations

_SHOWN = 3


def audit(contract: Contract, rows: DataFrame, *, expected: int | None = None) -> int:
    """Check rows against a contract in one pass; count what is broken in a second one only if something is.

    Args:
        contract: Of the table.
        rows: What to check, with the contract's columns.
        expected: How many rows there must be, if that is known from the commit.

    Returns:
        The number of rows.

    Raises:
        ContractError: A rule that does more than warn is broken, a key is not unique, or rows lie outside of
            what was to be replaced.
    """
    bad = F.sum(unacceptable(contract).cast("long")).alias("bad")
    if contract.keys:
        # A number stands for each key: texts would travel whole. Where all numbers differ, so do the keys.
        count, broken_rows, repeated = _grouped(rows, [F.xxhash64(*contract.keys).alias("key")], bad)
        if repeated:  # or two keys have one number
            count, broken_rows, repeated = _grouped(rows, [F.col(key) for key in contract.keys], bad)
    else:
        count, broken_rows, repeated = _counts(rows.agg(F.count("*"), bad, F.lit(0)))
    if broken_rows:
        _refuse(contract, _reasons(contract, rows, count))
    if repeated:
        keys = ", ".join(contract.keys)
        _refuse(contract, f"{repeated:,} values of the key ({keys}) stand in more than one of {count:,} rows")
    if expected is not None and count != expected:
        _refuse(contract, f"{expected:,} rows were written, {count:,} of them where they belong")
    return count


def _grouped(rows: DataFrame, keys: Sequence[Column], bad: Column) -> tuple[int, int, int]:
    """Rows, broken rows, and values of the keys that stand in more than one row."""
    groups = rows.groupBy(*keys).agg(F.count("*").alias("n"), bad)
    return _counts(groups.agg(F.sum("n"), F.sum("bad"), F.count_if(F.col("n") > 1)))


def _counts(one: DataFrame) -> tuple[int, int, int]:
    found = one.head() or (0, 0, 0)
    count, broken_rows, repeated = (int(value or 0) for value in found)
    return count, broken_rows, repeated


def _reasons(contract: Contract, rows: DataFrame, count: int) -> str:
    strict = violations(contract, "quarantine", "halt")
    reasons = rows.select(F.explode(strict).alias("reason")).groupBy("reason").count()
    worst = reasons.orderBy(F.desc("count"), "reason").head(_SHOWN)
    return "; ".join(f"{row['count']:,} of {count:,} rows break {row['reason']}" for row in worst)


def _refuse(contract: Contract, reason: str) -> None:
    raise ContractError(f"{contract.name}: {reason}; publish stopped, the table is unchanged")

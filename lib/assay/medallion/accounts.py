"""The account of a layer: is all that came in there, or left out for a stated reason?

Of every pair of tables, in rows and in money: what came in = what went out + quarantined + deduplicated +
filtered. `accounts_silver` and `accounts_gold` find the amounts, as frames of `COLUMNS` that are collected
together; `lines` makes the account of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from assay.medallion.gold_measures import EXACT

ROWS = "rows"
IN, OUT, QUARANTINED, DEDUPLICATED = "in", "out", "quarantined", "deduplicated"
FILTERED, WRONG = "filtered", "wrong"
COLUMNS = ("source", "target", "scope", "measure", "part", "reason", "amount", "example")
HALF_A_CENT = Decimal("0.005")
Part = tuple[str, str, Column]
"""Measure, part and amount (an aggregate)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One pair of tables in one measure.

    Attributes:
        source: The table that rows came from.
        target: The table that they went to.
        scope: The experiment, where a pair is compared for each; else empty.
        measure: `rows`, a column of money, or a measure of a metric.
        came_in: Sum over the source.
        went_out: Sum over the target.
        quarantined: Sum over what broke its contract.
        deduplicated: Sum over copies, superseded versions and deleted rows.
        filtered: Reason → sum over what was left out for it.
        wrong: Rows that are not in the target as they should be, also where the sums agree.
        example: The key of one of them.
    """

    source: str
    target: str
    scope: str
    measure: str
    came_in: Decimal
    went_out: Decimal
    quarantined: Decimal
    deduplicated: Decimal
    filtered: Mapping[str, Decimal]
    wrong: int = 0
    example: str | None = None

    @property
    def expected(self) -> Decimal:
        """What should have gone out."""
        return self.came_in - self.quarantined - self.deduplicated - sum(self.filtered.values())

    @property
    def broken(self) -> bool:
        """Whether the line does not add up to the cent, or not row by row."""
        return abs(self.expected - self.went_out) >= HALF_A_CENT or self.wrong > 0


def lines(amounts: Iterable[Row]) -> list[Line]:
    """The account, in order, from collected rows of `COLUMNS`."""
    found: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in amounts:
        key = (row["source"], row["target"], row["scope"], row["measure"])
        found.setdefault(key, []).append(row)
    return [_line(key, rows) for key, rows in sorted(found.items())]


def _line(key: tuple[str, str, str, str], rows: Sequence[Row]) -> Line:
    def total(part: str) -> Decimal:
        return sum((row["amount"] for row in rows if row["part"] == part), Decimal(0))

    filtered = {row["reason"]: row["amount"] for row in rows if row["part"] == FILTERED and row["amount"]}
    return Line(
        *key,
        came_in=total(IN),
        went_out=total(OUT),
        quarantined=total(QUARANTINED),
        deduplicated=total(DEDUPLICATED),
        filtered=dict(sorted(filtered.items())),
        wrong=int(total(WRONG)),
        example=min((row["example"] for row in rows if row["example"]), default=None),
    )


def plain(amount: Decimal) -> str:
    """An amount for people: whole, to the cent, or finer where there is something finer.

    Example:
        >>> plain(Decimal("1204.000000000")), plain(Decimal("0.5")), plain(Decimal("0.125"))
        ('1,204', '0.50', '0.125')
    """
    for places in ("1", "0.01"):
        if (rounded := amount.quantize(Decimal(places))) == amount:
            return f"{rounded:,f}"
    return f"{amount.normalize():,f}"


# -- for the modules that find the amounts ---------------------------------------------------------
def summed(value: Column) -> Column:
    """An exact sum; 0 of nothing."""
    return F.coalesce(F.sum(value), F.lit(0)).cast(EXACT)


def parts(of: Sequence[Part], *, reason: Column | None = None, example: Column | None = None) -> Column:
    """Amounts that one aggregation gives, to be opened by `opened`.

    Args:
        of: The amounts.
        reason: Why, of the filtered ones; none is filtered by default.
        example: The key of a wrong row; none by default.
    """
    none = F.lit(None).cast("string")
    structs = [
        F.struct(
            F.lit(measure).alias("measure"),
            F.lit(part).alias("part"),
            (reason if reason is not None and part == FILTERED else none).alias("reason"),
            amount.cast(EXACT).alias("amount"),
            (example if example is not None and part == WRONG else none).alias("example"),
        )
        for measure, part, amount in of
    ]
    return F.array(*structs).alias("_parts")


def opened(rows: DataFrame, source: Column, target: Column, scope: Column | None = None) -> DataFrame:
    """A row of `COLUMNS` per amount.

    Args:
        rows: With `parts`, and what the columns below need.
        source: Where the amounts came from.
        target: Where they went to.
        scope: The experiment; none by default.
    """
    where = F.lit("") if scope is None else scope
    named = (source.alias("source"), target.alias("target"), where.alias("scope"))
    return rows.select(*named, F.inline("_parts")).select(*COLUMNS)

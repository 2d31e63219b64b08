"""Between which values the keys of some rows lie: what a MERGE of these rows can touch of a table.

The condition holds for every row of the table that can match, and files' statistics can answer it: what was
written long ago is not opened, so that a week's MERGE costs what the week brings and not what came before.
Numbers are bounded below zero and above by themselves: ids grow away from it, those of canaries downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_NUMBERS = ("tinyint", "smallint", "int", "bigint")
Interval = tuple[str, str]
"""Least and greatest value, as text."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The intervals that hold the values of each column of a key.

    Attributes:
        columns: (column, its type, its intervals); none where a column has no value at all.
        nulls: Whether a column of the key is null in some row.
    """

    columns: tuple[tuple[str, str, tuple[Interval, ...]], ...]
    nulls: bool

    @staticmethod
    def of(rows: DataFrame, types: Mapping[str, str]) -> Bounds:
        """Of some rows, in one Spark job.

        Args:
            rows: With the columns of the key.
            types: Column of the key → its type in the table.
        """
        keys = {name: F.col(name).cast(kind) for name, kind in types.items()}
        sides = [(name, side) for name, kind in types.items() for side in _sides(keys[name], kind)]
        ends = [end(side).cast("string") for _, side in sides for end in (F.min, F.max)]
        null = F.count_if(reduce(or_, (key.isNull() for key in keys.values())))
        *found, nulls = rows.agg(*ends, null).collect()[0]
        intervals: dict[str, list[Interval]] = {name: [] for name in types}
        for (name, _), least, greatest in zip(sides, found[::2], found[1::2], strict=True):
            if least is not None:
                intervals[name].append((least, greatest))
        if not all(intervals.values()):
            return Bounds((), bool(nulls))
        return Bounds(tuple((n, kind, tuple(intervals[n])) for n, kind in types.items()), bool(nulls))

    def sql(self, alias: str) -> str:
        """The condition on a table of this alias; `true` where nothing bounds it."""
        parts = []
        for name, kind, intervals in self.columns:
            ends = [[_literal(end, kind) for end in interval] for interval in intervals]
            between = (f"{alias}.`{name}` BETWEEN {least} AND {greatest}" for least, greatest in ends)
            parts.append(f"({' OR '.join(between)})")
        return " AND ".join(parts) or "true"

    def rows(self) -> Column:
        """The condition on a frame; with nulls in the key, if the rows have some. False of no rows."""
        if not self.columns:
            return F.lit(self.nulls)
        inside = (
            reduce(or_, (F.col(name).between(*(F.lit(end).cast(kind) for end in one)) for one in intervals))
            for name, kind, intervals in self.columns
        )
        nulls = (F.col(name).isNull() for name, *_ in self.columns) if self.nulls else ()
        return reduce(or_, nulls, reduce(and_, inside))


def _sides(key: Column, kind: str) -> Sequence[Column]:
    """A key's values, of a number those below zero and the others apart."""
    return [F.when(key < 0, key), F.when(key >= 0, key)] if kind in _NUMBERS else [key]


def _literal(text: str, kind: str) -> str:
    """A constant; a string by its bytes, as Spark replaces `${...}` in the text of a statement."""
    return f"CAST(X'{text.encode().hex()}' AS STRING)" if kind == "string" else f"CAST('{text}' AS {kind})"

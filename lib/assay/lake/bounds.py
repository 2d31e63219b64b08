"""Between which values the keys of some rows lie: what a MERGE of these rows can touch of a table.

The condition holds for every row of the table that can match, and files' statistics can answer it: what was
written long ago is not opened, so that a week's MERGE costs what the week brings and not what came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.lake.contracts import Contract


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of each column of a key.

    Attributes:
        columns: (column, its type, least, greatest as text); none where a column has no value at all.
        nulls: Whether a column of the key is null in some row.
    """

    columns: tuple[tuple[str, str, str, str], ...]
    nulls: bool

    @staticmethod
    def of(rows: DataFrame, contract: Contract) -> Bounds:
        """Of some rows, in one Spark job.

        Args:
            rows: With the columns of the key.
            contract: Names the key, and the types that the table has it in.
        """
        types = {field.name: field.type for field in contract.fields if field.name in contract.keys}
        keys = [F.col(name).cast(kind) for name, kind in types.items()]
        ends = [end(key).cast("string") for key in keys for end in (F.min, F.max)]
        *found, nulls = rows.agg(*ends, F.count_if(reduce(or_, (key.isNull() for key in keys)))).collect()[0]
        if None in found:
            return Bounds((), bool(nulls))
        return Bounds(tuple(zip(types, types.values(), found[::2], found[1::2], strict=True)), bool(nulls))

    def sql(self, alias: str) -> str:
        """The condition on a table of this alias; `true` where nothing bounds it."""
        parts = (
            f"{alias}.`{name}` BETWEEN {_literal(least, kind)} AND {_literal(greatest, kind)}"
            for name, kind, least, greatest in self.columns
        )
        return " AND ".join(parts) or "true"

    def rows(self) -> Column:
        """The condition on a frame; with nulls in the key, if the rows have some. False of no rows."""
        if not self.columns:
            return F.lit(self.nulls)
        inside = (
            F.col(name).between(F.lit(least).cast(kind), F.lit(greatest).cast(kind))
            for name, kind, least, greatest in self.columns
        )
        nulls = (F.col(name).isNull() for name, *_ in self.columns) if self.nulls else ()
        return reduce(or_, nulls, reduce(and_, inside))


def _literal(text: str, kind: str) -> str:
    """A constant; a string by its bytes, as Spark replaces `${...}` in the text of a statement."""
    return f"CAST(X'{text.encode().hex()}' AS STRING)" if kind == "string" else f"CAST('{text}' AS {kind})"

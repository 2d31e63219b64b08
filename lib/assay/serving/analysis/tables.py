"""What counts as a table: columns by name, and frames of Arrow, pandas, Polars, DuckDB and Spark.

Whatever speaks Arrow's PyCapsule interface (Polars, DuckDB, pandas, ...) needs no package of ours; a Spark
frame is asked for the columns that are needed, and these come to the driver.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pyarrow as pa

from assay.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyspark.sql as spark


class Stream(Protocol):
    """Anything that gives its rows as an Arrow stream, such as a Polars DataFrame."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, as Arrow's PyCapsule interface says."""


Table: TypeAlias = "pa.Table | pd.DataFrame | spark.DataFrame | Stream | Mapping[str, Sequence[object]]"


def held(table: Table) -> Table:
    """The same table, which may be read more than once: a stream can not.

    Raises:
        InputError: It is no table.
    """
    return table if _is_of("pyspark.", table) or _is_of("pandas.", table) else _whole(table)


def names(table: Table) -> list[str]:
    """The columns of a table, in its order.

    Raises:
        InputError: It is no table, or names a column twice.
    """
    if _is_of("pyspark.", table) or _is_of("pandas.", table):
        found = [str(name) for name in table.columns]  # type: ignore[union-attr]  # as both have
    else:
        found = list(_whole(table).column_names)
    repeated = [name for name, count in Counter(found).items() if count > 1]
    if repeated:
        raise InputError(f"the table has more than one column {repeated[0]!r}; give each its own name")
    return found


def arrow(table: Table, columns: Sequence[str]) -> pa.Table:
    """Columns of a table in memory.

    Args:
        table: The table.
        columns: Names that it has.

    Raises:
        InputError: It is no table, or Arrow has no type for a column.
    """
    if _is_of("pyspark.", table):
        quoted = [f"`{name.replace('`', '``')}`" for name in columns]
        return _of_pandas(table.select(*quoted).toPandas(), columns)  # type: ignore[union-attr, operator]
    if _is_of("pandas.", table):
        return _of_pandas(table, columns)
    return _whole(table).select(list(columns))


def _whole(table: Any) -> pa.Table:
    if isinstance(table, pa.Table):
        return table
    try:
        return pa.table(table)
    except (TypeError, ValueError, pa.ArrowException) as error:
        reason = (str(error).strip().splitlines() or ["no reason is given"])[0]
        raise InputError(
            f"a {type(table).__name__} is no table ({reason}); give a frame of pandas, Polars, Arrow or "
            "Spark, or columns by name"
        ) from error


def _of_pandas(frame: Any, columns: Sequence[str]) -> pa.Table:
    labels = {str(label): label for label in frame.columns}  # pandas' labels need not be texts
    try:
        chosen = frame[[labels[name] for name in columns]].set_axis(list(columns), axis="columns")
        return pa.Table.from_pandas(chosen, preserve_index=False)
    except (ValueError, pa.ArrowException) as error:
        raise InputError(f"the frame cannot be read: {str(error).splitlines()[0]}") from error


def _is_of(package: str, table: object) -> bool:
    return type(table).__module__.startswith(package)

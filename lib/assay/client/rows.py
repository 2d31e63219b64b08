"""Rows of the API, fetched page by page while one goes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from assay.client import records
from assay.client.records import Record

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SHOWN = 20
T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """All rows of one question, in the API's order.

    They are asked for anew each time one goes through them; all pages of one pass are of one state of the
    table, whatever is written meanwhile.

    Attributes:
        record: What each row is.
        pages: Asks for the pages, one after the other.
    """

    record: type[T]
    pages: Callable[[], Iterator[list[T]]]

    def __iter__(self) -> Iterator[T]:
        """Every row; a page is fetched when it is come to."""
        return chain.from_iterable(self.pages())

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table; money has six decimals."""
        import pyarrow as pa

        names = [each.name for each in fields(self.record)]  # type: ignore[arg-type]
        hints = get_type_hints(self.record)
        schema = pa.schema([(name, _arrow_type(hints[name])) for name in names])
        rows = [{name: _plain(getattr(row, name)) for name in names} for row in self]
        return pa.Table.from_pylist(rows, schema=schema)

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a pandas DataFrame."""
        found: pd.DataFrame = self.to_arrow().to_pandas()
        return found

    def _repr_html_(self) -> str:
        """What a notebook shows: the first rows, without the columns that are empty in all of them."""
        first = list(islice(self, SHOWN + 1))
        shown = first[:SHOWN]
        names = [each.name for each in fields(self.record)]  # type: ignore[arg-type]
        told = [name for name in names if any(getattr(row, name) is not None for row in shown)]
        cells = [[getattr(row, name) for name in told] for row in shown]
        more = f"<p>The first {SHOWN} rows.</p>" if len(first) > SHOWN else ""
        return records.table(told, cells) + more


def _arrow_type(hint: Any) -> pa.DataType:
    """The Arrow type of a field's type hint, with or without None."""
    import pyarrow as pa

    types: dict[Any, pa.DataType] = {
        str: pa.string(),
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        date: pa.date32(),
        datetime: pa.timestamp("us", "UTC"),
        Decimal: pa.decimal128(38, 6),
        tuple[str, ...]: pa.list_(pa.string()),
    }
    of_none = isinstance(hint, UnionType)
    return types[hint.__args__[0] if of_none else hint]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value

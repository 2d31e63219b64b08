"""From a source's records to rows of texts in the columns of its table: nothing is rounded or left out.

A row holds the columns of the silver table as texts, what else a record had (`_more`, a JSON object), and
where it was read (`_from`). Bronze gives the texts their types, and keeps beside the row what does not fit.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from assay.errors import InputError, TerminalError, did_you_mean
from assay.lake.contracts import Contract
from assay.medallion.fitting import NO_TEXT
from assay.medallion.lineage import BESIDE, ORIGIN
from assay.sources.readers import Batch, Part, Reader
from assay.sources.readers.base import Record
from assay.spec.source import RECORD, Source, filled

Row = dict[str, str | None]
_WORD = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMERIC = ("decimal", "bigint", "int", "double", "float", "smallint", "tinyint")


class Shape:
    """How the records of a source become rows; of one thread.

    Attributes:
        source: As declared.
        kinds: Column of the table → its type as Spark SQL writes it.
        rows: How many it has made.
        parts: How many were read to their end.
    """

    def __init__(self, source: Source, contract: Contract, reader: Reader) -> None:
        """Prepare.

        Args:
            source: As declared.
            contract: Of its silver table.
            reader: Of the source.

        Raises:
            InputError: As for `refuse_misfit`.
        """
        refuse_misfit(source, contract)
        self.source, self._reader = source, reader
        self.kinds = {f.name: f.type for f in contract.fields if not f.name.startswith("_")}
        self._required = [f.name for f in contract.fields if f.name in self.kinds and f.required]
        self._met: set[str] = set()
        self._fields: dict[str, str] = {}
        self._read: dict[str, int] = {}
        self.rows = self.parts = 0

    @property
    def columns(self) -> list[str]:
        """The columns of a row, in order."""
        return [*self.kinds, ORIGIN, BESIDE]

    def shaped(self, part: Part, batch: Batch) -> list[Row]:
        """The rows of a batch."""
        first = self._read.get(part.name, 0) + 1
        self._read[part.name] = first + len(batch.records) - 1
        rows = [
            self._row(record, self._added(part, number), batch.origin)
            for number, record in enumerate(batch.records, first)
        ]
        self.rows += len(rows)
        return rows

    def latest(self, mark: str | None, rows: Iterable[Row]) -> str | None:
        """The greatest value of the `since` column among rows and an earlier one.

        Raises:
            TerminalError: A value is of another kind than its column.
        """
        if self.source.since is None:
            return None
        column = self.source.since.column
        values = [value for row in rows if (value := row[column]) is not None]
        return max([*([mark] if mark is not None else []), *values], key=self._order, default=None)

    def begin(self, mark: str | None) -> str | None:
        """From where a part is read: the declared beginning, or its mark less the lag."""
        since = self.source.since
        if since is None:
            return None
        if mark is None:
            return None if since.first is None else str(since.first)
        if not since.lag:
            return mark
        if self.kinds[since.column].startswith(_NUMERIC):
            return str(Decimal(mark) - Decimal(str(since.lag)))
        moment = datetime.fromisoformat(mark) - timedelta(days=since.lag)
        return moment.date().isoformat() if len(mark) == len("2026-01-05") else moment.isoformat()

    def complete(self) -> None:
        """Refuse what is too little, or is not what was declared.

        Raises:
            TerminalError: Fewer rows than `at_least`, or a column that no record had.
        """
        if self.rows < self.source.at_least:
            raise TerminalError(
                f"source {self.source.name}: {self.rows:,} rows came, at_least is {self.source.at_least:,}; "
                "look at what it shows now, or lower at_least"
            )
        wanted = [*self.source.columns, *(c for c in self._required if c not in self.source.add)]
        lacking = [name for name in dict.fromkeys(wanted) if name not in self._met]
        if self.rows and lacking:
            has = ", ".join(sorted(self._fields)) or "nothing else"
            raise TerminalError(
                f"source {self.source.name}: none of {self.rows:,} records has {lacking[0]!r}"
                + (f" (at {at!r})" if (at := self.source.columns.get(lacking[0])) else "")
                + f"; beside known columns they have {has}; correct 'columns'"
            )

    def _added(self, part: Part, number: int) -> dict[str, str]:
        values = {**part.values, RECORD: number}
        return {name: filled(text, values) for name, text in self.source.add.items()}

    def _row(self, record: Record, added: Mapping[str, str], origin: str) -> Row:
        row: Row = dict.fromkeys(self.kinds)
        taken: set[str] = set()
        for column, place in self.source.columns.items():
            found, value = self._reader.get(record, place)
            taken.add(place.partition(".")[0])
            if found:
                self._met.add(column)
                row[column] = text(value)
        beside: dict[str, str] = {}
        for name, value in record.items():
            if name in taken:
                continue
            column = plain(name)
            if column in self.kinds and column not in self.source.columns:
                self._met.add(column)
                row[column] = text(value)
            elif (kept := text(value)) is not None:
                self._fields[str(name)] = column
                beside[column or str(name)] = kept
        for column, codes in self.source.codes.items():
            row[column] = codes.get(row[column] or "", row[column])
        for column, factor in self.source.scale.items():
            row[column] = scaled(row[column], factor)
        row.update(added)
        row[ORIGIN] = origin
        row[BESIDE] = json.dumps(beside, ensure_ascii=False) if beside else None
        return row

    def _order(self, value: str) -> Any:
        since = self.source.since
        kind = self.kinds[since.column] if since else "string"
        if not kind.startswith(_NUMERIC):
            return value
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise TerminalError(
                f"source {self.source.name}, since: {value[:80]!r} is no {kind}, which the column is; "
                "correct 'columns', or the contract"
            ) from error


def refuse_misfit(source: Source, contract: Contract) -> None:
    """Refuse a source that names columns which its table does not have.

    Raises:
        InputError: It does.
    """
    known = [name for name in contract.columns if not name.startswith("_")]
    given = {
        "columns": [*source.columns],
        "add": [*source.add],
        "codes": [*source.codes],
        "scale": [*source.scale],
    }
    if source.since is not None:
        given["since.column"] = [source.since.column]
    for place, columns in given.items():
        for column in columns:
            if column not in known:
                raise InputError(
                    f"sources/{source.name}.yaml, {place}: {contract.name} has no column {column!r}; "
                    f"{did_you_mean(column, known)}"
                )
    if not contract.sourced:
        raise InputError(
            f"sources/{source.name}.yaml, table: the contract of {contract.name} does not say that sources "
            "fill it; add the custom property filledBy: sources there, or name another table"
        )
    if not contract.keys:
        raise InputError(
            f"sources/{source.name}.yaml, table: the contract of {contract.name} has no primary key; without "
            "one a row that comes again would be there twice"
        )


def plain(name: object) -> str:
    """A field's name as a column's: lower case, words joined by `_`.

    Example:
        >>> plain("Closing price"), plain("assetId"), plain("2nd")
        ('closing_price', 'asset_id', '_2nd')
    """
    words = _WORD.sub("_", _HUMP.sub("_", str(name)).lower()).strip("_")
    return f"_{words}" if words[:1].isdigit() else words


def scaled(value: str | None, factor: float) -> str | None:
    """A number times a factor, exactly; what is no number stays as it is, and silver sets it aside.

    Example:
        >>> scaled("162875", 0.01), scaled("n/a", 0.01)
        ('1628.75', 'n/a')
    """
    try:
        return None if value is None else text(Decimal(value) * Decimal(repr(factor)))
    except InvalidOperation:
        return value


def text(value: object) -> str | None:
    """A value as text from which it can be read back.

    Example:
        >>> text(True), text(1.50), text({"a": [1]}), text(None)
        ('true', '1.5', '{"a":[1]}', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value != value:  # noqa: PLR0124 a missing number of a spreadsheet
        return None
    return next((write(value) for kind, write in _WRITTEN if isinstance(value, kind)), str(value))


# In order: a truth value is also a number to Python.
_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (float, repr),
    (Decimal, lambda value: format(value, "f") if value.is_finite() else str(value)),
    ((date, datetime, time), lambda value: value.isoformat()),
    ((bytes, bytearray, memoryview), lambda value: NO_TEXT + base64.b64encode(bytes(value)).decode()),
    (
        (Mapping, list, tuple),
        lambda value: json.dumps(value, default=text, ensure_ascii=False, separators=(",", ":")),
    ),
)

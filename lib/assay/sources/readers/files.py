"""Files: CSV, JSON, JSON lines, Parquet and Excel, from the landing bucket or over HTTPS and SFTP."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import IO, Any
from zipfile import BadZipFile

import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common import jsonpath
from typing_extensions import override

from assay.errors import InputError, TerminalError
from assay.sources.readers.base import Asked, Batch, Part, Reader, Record
from assay.sources.readers.stores import store
from assay.spec.source import Files

_BATCH = 10_000
_ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".xlsx": "excel",
}  # fmt: skip


class FilesReader(Reader):
    """Reads files."""

    def __init__(self, source: Files, asked: Asked) -> None:
        self._source, self._asked = source, asked
        self._store = store(source, asked)

    @override
    def parts(self, seen: Mapping[str, str]) -> list[Part]:
        """The files that were not read yet, or have changed since, in order of name."""
        common = self._asked.values(self._source)
        return [
            Part(file.address, {**common, "path": file.path}, mark=file.version)
            for file in self._store.files()
            if seen.get(file.address) != file.version
        ]

    @override
    def read(self, part: Part, since: str | None) -> Iterator[Batch]:
        """The records of a file."""
        path = str(part.values["path"])
        kind = self._source.format or _ending(self._source, path)
        self._asked.count()
        with self._store.open(path) as stream:
            yield from self._batches(kind, part.name, stream)

    @override
    def close(self) -> None:
        """Close the store's connections."""
        self._store.close()

    def _batches(self, kind: str, name: str, stream: IO[bytes]) -> Iterator[Batch]:
        read = {"csv": self._csv, "json": self._json, "jsonl": self._jsonl, "excel": self._excel}
        if kind == "parquet":
            yield from self._parquet(name, stream)
            return
        for records in _some(read[kind](name, stream)):
            yield Batch(name, records)

    def _csv(self, name: str, stream: IO[bytes]) -> Iterator[Record]:
        text = io.TextIOWrapper(stream, encoding=_bom(self._source.encoding), newline="")
        delimiter = (
            "\t" if name.endswith(".tsv") and self._source.delimiter == "," else self._source.delimiter
        )
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            header = next(rows, None)
            if header is None:
                raise self._wrong(name, "is empty; a CSV file begins with its headings")
            self._check_headings(name, header)
            for row in rows:
                if not row:
                    continue
                if len(row) != len(header):
                    raise self._wrong(
                        name, f"line {rows.line_num} has {len(row)} fields, the heading has {len(header)}"
                    )
                yield {heading: value or None for heading, value in zip(header, row, strict=True)}
        except UnicodeDecodeError as error:
            raise self._wrong(name, f"is not {self._source.encoding} at byte {error.start}") from error
        except csv.Error as error:
            raise self._wrong(name, f"line {rows.line_num}: {error}") from error

    def _json(self, name: str, stream: IO[bytes]) -> Iterator[Record]:
        try:
            body = json.loads(stream.read(), parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise self._wrong(name, f"is no JSON ({error})") from error
        found: Any = [body]
        if self._source.records:
            found = jsonpath.find_values(self._source.records, body)
            if not found:
                raise self._wrong(name, f"has nothing at {self._source.records!r}")
        items = itertools.chain.from_iterable(each if isinstance(each, list) else [each] for each in found)
        for number, record in enumerate(items, 1):
            yield self._object(name, number, record)

    def _jsonl(self, name: str, stream: IO[bytes]) -> Iterator[Record]:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                yield self._object(name, number, json.loads(line, parse_float=Decimal))
            except (ValueError, RecursionError) as error:
                raise self._wrong(name, f"line {number} is no JSON ({error})") from error

    def _excel(self, name: str, stream: IO[bytes]) -> Iterator[Record]:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
        except (InvalidFileException, BadZipFile, ValueError, KeyError, OSError) as error:
            raise self._wrong(name, f"is no Excel file ({type(error).__name__})") from error
        sheet = self._source.sheet or book.sheetnames[0]
        if sheet not in book.sheetnames:
            raise self._wrong(name, f"has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
        rows = book[sheet].iter_rows(values_only=True)
        header = [str(cell) for cell in next(rows, ()) if cell is not None]
        if not header:
            raise self._wrong(name, f"has no headings in the first row of sheet {sheet!r}")
        self._check_headings(name, header)
        for row in rows:
            if any(cell is not None for cell in row):
                yield dict(zip(header, row[: len(header)], strict=True))

    def _parquet(self, name: str, stream: IO[bytes]) -> Iterator[Batch]:
        try:
            file = pq.ParquetFile(stream)
            self._check_headings(name, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=_BATCH):
                yield Batch(name, batch.to_pylist())
        except pa.ArrowException as error:
            raise self._wrong(name, f"is no whole Parquet file ({str(error).splitlines()[0]})") from error

    def _check_headings(self, name: str, header: list[str]) -> None:
        twice = sorted({heading for heading in header if header.count(heading) > 1})
        if twice:
            raise self._wrong(name, f"has the heading {twice[0]!r} twice")
        lacking = [place for place in self._source.columns.values() if place not in header]
        if lacking:
            raise self._wrong(name, f"has no column {lacking[0]!r}; it has {', '.join(header)}")

    def _object(self, name: str, number: int, record: object) -> Record:
        if not isinstance(record, dict):
            raise self._wrong(name, f"item {number} is a {type(record).__name__}, not an object with fields")
        return record

    def _wrong(self, name: str, what: str) -> TerminalError:
        return TerminalError(
            f"source {self._source.name}: {name} {what}; put the file right at the same place, or take it "
            "away"
        )


def _ending(source: Files, path: str) -> str:
    for ending, kind in _ENDINGS.items():
        if path.lower().endswith(ending):
            return kind
    raise InputError(
        f"source {source.name}: {path.rpartition('/')[2]!r} does not say what it is; give 'format': csv, "
        "json, jsonl, parquet or excel"
    )


def _bom(encoding: str) -> str:
    """Files that a spreadsheet wrote begin with a mark that is no text."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding


def _some(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(itertools.islice(records, _BATCH)):
        yield batch

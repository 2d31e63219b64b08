"""Reading tables where they are: as they stand at one moment, and what changed since another.

A table in place has a mark, as a table of ours has a snapshot: gold writes down how far it went, and the next
run asks what came since. The owner of the table may expire its states or write its files anew at any time.
What changed is then unknown, and everything counts as changed: right, only slower.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.errors import InputError, TransientError
from assay.lake.iceberg import REPLACE, Table
from assay.lake.measures import is_simple
from assay.lake.reading import Published, as_of
from assay.spark.local import frame
from assay.spec.data_catalog import ICEBERG, Catalog, Entry, File, find
from assay.spec.fact import is_in_place

_NEVER = "0"
_NULL = "__HIVE_DEFAULT_PARTITION__"
_GLOB = re.compile(r"([\\{}\[\]*?])")
_SCHEME = r"^[a-z0-9]+:/+"
_UNQUOTED = "/=,:+!$&'()*;@~"
"""What Java leaves as it is in the path of a URI, beside letters and digits."""
_FILE, _KNOWN = "_file", "_known"
_UNLIKE = re.compile(
    r"Illegal Parquet type: .*|Parquet column cannot be converted in file.*|Expected: .*, Found: .*|"
    r"Data type mismatches when reading Parquet column .*"  # the last as Spark 4 says it
)

_GONE = re.compile(r"PATH_NOT_FOUND|FILE_NOT_EXIST|FileNotFoundException|RemoteFileChangedException")


class InPlace(Protocol):
    """A table as it stands at one moment.

    Attributes:
        mark: Names the moment: equal marks, equal rows.
    """

    @property
    def mark(self) -> str: ...  # noqa: D102 said above

    def read(self) -> DataFrame:
        """Its rows."""

    def since(self, mark: str | None) -> DataFrame | None:
        """The rows that came and went since an earlier moment, with `_change_type`; None: not known."""


@dataclass(frozen=True, slots=True)
class IcebergInPlace:
    """An Iceberg table, whose states are told apart by their snapshots.

    Attributes:
        lake: Has the session and the catalog.
        name: `<database>.<table>`.
        table: As Iceberg knows it.
        mark: The snapshot of its main branch; `0` without one.
    """

    lake: Published
    name: str
    table: Table
    mark: str

    def read(self) -> DataFrame:
        """Its rows."""
        spark = self.lake.spark
        identifier = f"{self.lake.catalog}.{self.name}"
        if self.mark == _NEVER:
            return _lower(spark.read.table(identifier)).where("false")
        return _lower(as_of(spark, identifier, self.mark))

    def since(self, mark: str | None) -> DataFrame | None:
        """What came and went; not known where the earlier state expired, or rows went by delete files."""
        if mark == self.mark:
            return self.read().where("false").withColumn("_change_type", F.lit("INSERT"))
        if mark is None or self.mark == _NEVER or not self._can_be_told(mark):
            return None
        # Copied rows go and come: they cancel out where changes are counted, in a table without a key too.
        changes = self.lake.spark.read.option("start-snapshot-id", mark).option("end-snapshot-id", self.mark)
        return _lower(changes.table(f"{self.lake.catalog}.{self.name}.changes"))

    def _can_be_told(self, mark: str) -> bool:
        """Whether every state back to that one is kept, has its columns, and deletes by writing anew."""
        columns = self.table.schema_of(int(self.mark))
        for snapshot in self.table.ancestry_of(int(self.mark)):
            if self.table.schema_of(snapshot.id) != columns:
                return False
            if str(snapshot.id) == mark:
                return True
            if snapshot.operation != REPLACE and self.table.has_deletes(snapshot.id):
                return False
        return False


@dataclass(frozen=True, slots=True)
class ParquetInPlace:
    """A Parquet table of the catalog, whose states are told apart by its files.

    Attributes:
        spark: The session.
        entry: What the catalog says of it.
        files: Its files, in order of their addresses.
    """

    spark: SparkSession
    entry: Entry
    files: tuple[File, ...]

    @property
    def mark(self) -> str:
        """When its newest file was written, and a digest of all."""
        newest = max((_written(file) for file in self.files), default="")
        return f"{newest} {_digest(self.entry, self.files)}"

    def read(self) -> DataFrame:
        """Its rows."""
        return self._scan(self.files)

    def since(self, mark: str | None) -> DataFrame | None:
        """The rows of newer files; not known where one of the older ones went or is another now."""
        if mark is None:
            return None
        newest, _, digest = mark.partition(" ")
        older = [file for file in self.files if _written(file) <= newest]
        if _digest(self.entry, older) != digest:
            return None
        newer = [file for file in self.files if _written(file) > newest]
        return self._scan(newer).withColumn("_change_type", F.lit("INSERT"))

    def _scan(self, files: Sequence[File]) -> DataFrame:
        """Exactly these files: those that appear meanwhile belong to a later mark."""
        kinds = {name: kind for name, kind in self.entry.columns.items() if is_simple(kind)}
        if not files:
            return frame(self.spark, [], _ddl(kinds))
        keys = self.entry.keys
        stored = _ddl({name: kind for name, kind in kinds.items() if name not in keys})
        paths = (_GLOB.sub(r"\\\1", file.address) for file in files)
        rows = self.spark.read.schema(stored).parquet(*paths)
        if not keys:
            return rows
        # The catalog says of which partition a file is, wherever it lies and whatever its folder says.
        schema = ", ".join(f"`{name}` string" for name in (_FILE, *keys, _KNOWN))
        parts = F.broadcast(frame(self.spark, _places(files), schema))
        placed = rows.withColumn(_FILE, F.regexp_replace("_metadata.file_path", _SCHEME, ""))
        lost = F.raise_error(F.concat(F.lit("a file of no partition: "), F.col(_FILE)))
        values = {key: F.when(F.col(_KNOWN).isNull(), lost).otherwise(F.col(key)) for key in keys}
        return placed.join(parts, _FILE, "left").select(
            *(values[n].cast(kind).alias(n) if n in values else F.col(n) for n, kind in kinds.items())
        )


def tables(lake: Published, names: Iterable[str], catalog: Catalog | None) -> dict[str, InPlace]:
    """Those of some tables that are in place, as they stand now.

    Args:
        lake: Has the session, and the catalog of Iceberg tables.
        names: `<database>.<table>`.
        catalog: Who knows the others; None where nobody is there to ask.

    Raises:
        InputError: One of them is not there, is of another kind, or there is nobody to ask.
        TransientError: The catalog or the object store does not answer.
    """
    return {name: _standing(lake, name, catalog) for name in names if is_in_place(name)}


@contextmanager
def reading(names: Iterable[str]) -> Iterator[None]:
    """Say in our words that files are not what their catalog declares, or went while they were read.

    Args:
        names: The tables in place that are read meanwhile.

    Raises:
        InputError: They are not what it declares.
        TransientError: One went, or was written anew.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        unlike, said = _UNLIKE.search(str(error)), ", ".join(names)
        if said and _GONE.search(str(error)):
            raise TransientError(f"{said}: a file went while it was read; run the job again") from error
        if unlike is None or not said:
            raise
        raise InputError(
            f"{said}: a file has a column of another type than the catalog declares "
            f"({unlike[0][:200].strip()}); put the catalog's columns or the file right"
        ) from error


def _standing(lake: Published, name: str, catalog: Catalog | None) -> InPlace:
    if catalog is None:
        raise InputError(f"{name} is read in place, and this command asks no Data Catalog; run the job gold")
    try:
        entry = find(catalog, name)
    except InputError as error:
        raise InputError(f"table {error.message}") from error
    if entry.kind != ICEBERG:
        return ParquetInPlace(lake.spark, entry, tuple(catalog.files(entry)))
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    if table is None:
        raise InputError(f"table is {name!r}, which the Data Catalog no longer has")
    tip = table.head()
    return IcebergInPlace(lake, name, table, str(tip.id) if tip else _NEVER)


def _places(files: Iterable[File]) -> list[tuple[str | None, ...]]:
    """Each file, as Spark may spell its path, with the values of its partition."""
    found = {}
    for file in files:
        plain = re.sub(_SCHEME, "", file.address)
        values = [None if value == _NULL else value for value in file.values]
        for path in (plain, quote(plain, safe=_UNQUOTED)):
            found[path] = (path, *values, "")
    return list(found.values())


def _lower(rows: DataFrame) -> DataFrame:
    """Columns by the names that the Data Catalog gives them."""
    return rows.toDF(*(name.lower() for name in rows.columns))


def _ddl(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())


def _written(file: File) -> str:
    """When a file was written, as a text that sorts."""
    return file.modified.isoformat(timespec="microseconds")


def _digest(entry: Entry, files: Iterable[File]) -> str:
    """What tells files, and what the catalog makes of them, from others."""
    told = [sorted(entry.columns.items()), entry.keys, *sorted((f.address, f.tag, f.values) for f in files)]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

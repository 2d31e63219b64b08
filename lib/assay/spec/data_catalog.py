"""Tables that are not Assay's own, as the Data Catalog knows them: what they are, and which files they have.

A table whose database is none of bronze, silver and gold belongs to somebody else and is read in place. Its
columns stand in the catalog, not in a contract of ours. Who asks the catalog is given: only `runtime` has a
client of AWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from assay.errors import InputError

ICEBERG, PARQUET = "Iceberg", "Parquet"
READ_IN_PLACE = (ICEBERG, PARQUET)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalog says of a table.

    Attributes:
        name: `<database>.<table>`.
        kind: `Iceberg`, `Parquet`, or what else it is, in words.
        location: Where its files are.
        columns: Column → Spark SQL type, partition columns included; those of nested types are there too.
        keys: Its partition columns, in order; none of an Iceberg table, which knows its partitions itself.
        projected: Whether its partitions stand in no catalog, but are computed by Athena alone.
    """

    name: str
    kind: str
    location: str
    columns: Mapping[str, str]
    keys: tuple[str, ...] = ()
    projected: bool = False


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file of a Parquet table.

    Attributes:
        address: `s3://bucket/key`.
        size: Bytes.
        tag: What the object store calls its content.
        modified: When it was written, UTC.
        values: Of the partition columns, as the catalog has them.
    """

    address: str
    size: int
    tag: str
    modified: datetime
    values: tuple[str, ...] = field(default=())


class Catalog(Protocol):
    """Who knows the tables."""

    def entry(self, name: str) -> Entry | None:
        """What the catalog says of a table; None if it has none of that name.

        Raises:
            TransientError: It does not answer.
        """

    def files(self, entry: Entry) -> Sequence[File]:
        """The files of a Parquet table, of all partitions that the catalog has.

        Raises:
            TransientError: The catalog or the object store does not answer.
        """


def find(catalog: Catalog, name: str) -> Entry:
    """The entry of a table that can be read in place.

    Args:
        catalog: Who knows it.
        name: `<database>.<table>`.

    Raises:
        InputError: There is no such table, or it is of another kind.
        TransientError: The catalog does not answer.
    """
    entry = catalog.entry(name)
    if entry is None:
        raise InputError(f"is {name!r}; neither the contracts nor the Data Catalog have a table of that name")
    if entry.kind not in READ_IN_PLACE:
        raise InputError(
            f"is {name!r}, a table of kind {entry.kind}; {' and '.join(READ_IN_PLACE)} are read in place, "
            "others come in through a file under glue_configs/sources"
        )
    if entry.projected:
        raise InputError(
            f"is {name!r}, whose partitions only Athena computes (projection.enabled); add them to the "
            "catalog, or let it come in through a file under glue_configs/sources"
        )
    if not entry.location.startswith("s3://"):
        raise InputError(f"is {name!r}, which lies at {entry.location!r}; only what lies in S3 is read")
    return entry

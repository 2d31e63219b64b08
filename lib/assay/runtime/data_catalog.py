"""Glue's Data Catalog and S3 as the lake asks them of tables that are not its own."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC

from assay.runtime import clients, objects
from assay.spec.data_catalog import ICEBERG, PARQUET, Entry, File

if typing.TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef, TableTypeDef

_S3 = re.compile(r"^s3[an]?://")
_TEXT = re.compile(r"^(varchar|char)\(\d+\)$")
_FORMATS = {"parquet": PARQUET, "orc": "ORC", "avro": "Avro", "json": "JSON", "text": "CSV or text"}
"""A part of the name of a table's input format or SerDe → what the format is called."""


class DataCatalog:
    """The catalog of the account and region that the environment names."""

    def entry(self, name: str) -> Entry | None:
        """What the catalog says of a table; None if it has none of that name.

        Args:
            name: `<database>.<table>`.

        Raises:
            TransientError: Glue did not answer.
            TerminalError: Glue refused, for example because the role may not ask.
        """
        database, _, table = name.partition(".")
        try:
            with clients.calling(f"look up table {name}"):
                found = clients.glue().get_table(DatabaseName=database, Name=table)["Table"]
        except clients.MissingError:
            return None
        stored, said = found.get("StorageDescriptor", {}), found.get("Parameters", {})
        keys = found.get("PartitionKeys", [])
        return Entry(
            name,
            _kind(found),
            _S3.sub("s3://", stored.get("Location", "")),
            _columns([*stored.get("Columns", []), *keys]),
            tuple(key["Name"].lower() for key in keys),
            projected=said.get("projection.enabled", "").lower() == "true",
        )

    def files(self, entry: Entry) -> Sequence[File]:
        """The files of a Parquet table, of all partitions that the catalog has.

        Args:
            entry: The table's entry.

        Returns:
            In order of their addresses. Hidden ones (a part of whose name begins with `_` or `.`) and empty
            ones are none, as for Athena and Spark.

        Raises:
            TransientError: Glue or S3 did not answer.
            TerminalError: One of them refused.
        """
        places = self._partitions(entry) if entry.keys else [(entry.location, ())]
        return sorted(file for place, values in places for file in _listed(place, values))

    def _partitions(self, entry: Entry) -> list[tuple[str, tuple[str, ...]]]:
        database, _, table = entry.name.partition(".")
        with clients.calling(f"list the partitions of {entry.name}"):
            pages = clients.glue().get_paginator("get_partitions")
            return [
                (_S3.sub("s3://", each["StorageDescriptor"]["Location"]), tuple(each["Values"]))
                for page in pages.paginate(DatabaseName=database, TableName=table)
                for each in page["Partitions"]
            ]


def _listed(place: str, values: tuple[str, ...]) -> Iterator[File]:
    """The files below a folder."""
    bucket, prefix = objects.split(place.rstrip("/") + "/")
    with clients.calling(f"list {place}"):
        for page in clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                if found["Size"] and not _is_hidden(found["Key"].removeprefix(prefix)):
                    yield File(
                        f"s3://{bucket}/{found['Key']}",
                        found["Size"],
                        found["ETag"].strip('"'),
                        found["LastModified"].astimezone(UTC),
                        values,
                    )


def _is_hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def _kind(table: TableTypeDef) -> str:
    """What the table is, as its entry tells it."""
    said: Mapping[str, str] = table.get("Parameters", {})
    if said.get("table_type", "").lower() == "iceberg":
        return ICEBERG
    if table.get("TableType") == "VIRTUAL_VIEW":
        return "view"
    if other := said.get("table_type") or said.get("spark.sql.sources.provider", "").replace("parquet", ""):
        return other
    stored = table.get("StorageDescriptor", {})
    serde = stored.get("SerdeInfo", {}).get("SerializationLibrary", "")
    texts = f"{serde} {stored.get('InputFormat', '')}".lower()
    return next((name for part, name in _FORMATS.items() if part in texts), "unknown")


def _columns(columns: Sequence[ColumnOutputTypeDef]) -> dict[str, str]:
    """Column → Spark SQL type; Iceberg's entry also lists columns that the table no longer has."""
    return {
        column["Name"].lower(): _type(column.get("Type", ""))
        for column in columns
        if column.get("Parameters", {}).get("iceberg.field.current", "true") != "false"
    }


def _type(hive: str) -> str:
    kind = hive.lower().replace(" ", "")
    return {"integer": "int"}.get(kind, _TEXT.sub("string", kind))

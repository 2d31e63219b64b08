"""Looking for values in everything that is stored: unpacked Parquet, unpacked Avro, and bytes as they are."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from assay.runtime import clients

_PARQUET, _AVRO = b"PAR1", b"Obj\x01"


def marks(*values: int | str) -> list[bytes]:
    """How values stand in bytes: as text, and a number as Iceberg's manifests hold the bounds of a column."""
    texts = [str(value).encode() for value in values]
    return texts + [value.to_bytes(8, "little") for value in values if isinstance(value, int)]


def holds(content: bytes, wanted: Sequence[bytes]) -> bool:
    """Whether a file holds one of the values, in whatever way it is packed."""
    return any(value in part for part in _parts(content) for value in wanted)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder; checksums of Hadoop's file system are left out."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".crc":
            yield str(path), path.read_bytes()


def objects(bucket: str) -> Iterator[tuple[str, bytes]]:
    """Every object of a bucket, in every version that it keeps."""
    pages = clients.s3().get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket):
        for each in page.get("Versions", ()):
            given = {} if each["VersionId"] == "null" else {"VersionId": each["VersionId"]}
            answer = clients.s3().get_object(Bucket=bucket, Key=each["Key"], **given)
            yield f"s3://{bucket}/{each['Key']} {each['VersionId']}", answer["Body"].read()


def items(table: str) -> Iterator[tuple[str, bytes]]:
    """Every item of a DynamoDB table."""
    for page in clients.dynamodb().get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            yield f"{table} {item['entry']}", str(item).encode()


def _parts(content: bytes) -> Iterator[bytes]:
    yield content  # a footer of Parquet, with the bounds of columns, is not packed
    if content[:4] == content[-4:] == _PARQUET:
        table = pq.read_table(io.BytesIO(content))
        yield str(table.to_pydict()).encode()
    elif content[:4] == _AVRO:
        yield from _blocks(content)


def _blocks(content: bytes) -> Iterator[bytes]:
    """The blocks of an Avro file, which Iceberg packs with deflate."""
    place = 4
    while (count := _take(content, place))[0]:  # the file's own metadata, a map
        place = count[1]
        for _ in range(2 * abs(count[0])):
            length, place = _take(content, place)
            place += length
    place = count[1] + 16
    while place < len(content):
        _, place = _take(content, place)
        length, place = _take(content, place)
        yield zlib.decompress(content[place : place + length], -15)
        place += length + 16


def _take(content: bytes, place: int) -> tuple[int, int]:
    """A number of Avro, and where what follows it begins."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1), place

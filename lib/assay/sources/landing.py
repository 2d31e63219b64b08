"""The landing bucket: which files and documents arrived since the last look.

Change capture names its files so that their order by name is the order of what they hold: first the full
load (`LOAD00000001.parquet`, ...), then changes by time (`20260105-031500123.parquet`). How far a reader is
fits into two names, and while it waits it lists only what comes after them. A file may also arrive behind
them: copied from another bucket, or put back after it was moved away. A sum over the names that were read
tells from a listing whether there is such a file.

The sources job names its files after their load, which begins with its time; `assay.sources.fetch` says when
a load counts.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from assay.runtime import clients

if typing.TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CAPTURED = "rds/brokerage"
PARAMETERS = "parameters"
SOURCES = "sources"
_LOAD = re.compile(r"LOAD[0-9A-F]{8}\.parquet")
_CHANGE = re.compile(r"[0-9]{8}-[0-9]{9,10}\.parquet")  # AWS's own examples have nine digits, and ten
_BROUGHT = re.compile(r"(?P<load>[0-9]+\.[0-9]+)\.[0-9a-z]+\.parquet")
_COMPLETE = re.compile(r".*__(?P<load>[0-9]+\.[0-9]+)(__[0-9a-z]+)?\.jsonl")
_MARKS = ("_dlt_loads", "_dlt_pipeline_state")
_DOCUMENT = re.compile(rf"{PARAMETERS}/(?P<blueprint>[^/]+)/(?P<version>v[0-9]{{6}})\.json")


MAX_DOCUMENT = 6 * 2**20
"""Bytes of a document: the API's function takes no larger request."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the files of a table were read.

    Attributes:
        load: Name of the last file of the full load; empty if there was none.
        change: Name of the last file of changes; empty if there was none.
        names: Sum of the names' hashes, of all files up to here; empty where that is unknown.
    """

    load: str = ""
    change: str = ""
    names: str = ""

    def text(self) -> str:
        """The position as JSON, for a table's watermark."""
        return json.dumps({"load": self.load, "change": self.change, "names": self.names})

    @staticmethod
    def parse(text: str | None) -> Position:
        """The position of a watermark; the beginning where there is none."""
        return Position(**json.loads(text)) if text else Position()

    def is_before(self, name: str) -> bool:
        """Whether a file's name comes after the position."""
        return name > (self.load if _LOAD.fullmatch(name) else self.change)


@dataclass(frozen=True, slots=True)
class File:
    """A file of change capture.

    Attributes:
        uri: Where it is.
        size: Its bytes.
    """

    uri: str
    size: int

    @property
    def name(self) -> str:
        """The last part of where it is."""
        return self.uri.rpartition("/")[2]

    @property
    def is_load(self) -> bool:
        """Whether it is of the full load."""
        return _LOAD.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What stands in a table's folder.

    Attributes:
        files: Those after the position, in order.
        behind: Those before it, where they are not the ones that were read: perhaps one of them came late.
        strange: URIs that change capture does not write.
        after: The position after all of these.
    """

    files: list[File]
    behind: list[File]
    strange: list[str]
    after: Position


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a blueprint as the parameters API stored it.

    Attributes:
        blueprint: Its name.
        version: Such as `v000001`; later ones sort after earlier ones.
        uri: Where it is.
        size: Its bytes.
    """

    blueprint: str
    version: str
    uri: str
    size: int


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing bucket.

    Attributes:
        client: Of S3.
        bucket: The bucket's name.
    """

    client: S3Client
    bucket: str

    def captured(self, table: str, since: Position, *, look_back: bool = True) -> Arrivals:
        """What arrived of a table.

        Args:
            table: Name of the source's table.
            since: How far it was read.
            look_back: Whether to look for files that came late as well: all names are listed then.

        Raises:
            TransientError: S3 did not answer.
        """
        prefix = f"{CAPTURED}/{table}/"
        # Letters sort after digits: what follows the last change also holds the few files of the full load.
        found = [*self._files(prefix, prefix if look_back else prefix + since.change)]
        folder = f"s3://{self.bucket}/{prefix}"
        loads = [file for file in found if _LOAD.fullmatch(file.uri.removeprefix(folder))]
        changes = [file for file in found if _CHANGE.fullmatch(file.uri.removeprefix(folder))]
        captured = {*loads, *changes}
        strange = [file.uri for file in found if file not in captured]
        return _arrivals(loads, changes, strange, since, look_back=look_back)

    def brought(self, source: str, table: str, since: Position) -> Arrivals:
        """What complete loads of a source brought for a table.

        Args:
            source: Its name.
            table: The silver table's name, without its layer.
            since: How far the source's files were read.

        Raises:
            TransientError: S3 did not answer.
        """
        folder = f"{SOURCES}/{source}"
        marks = chain.from_iterable(self._files(f"{folder}/{each}/", "") for each in _MARKS)
        complete = {found["load"] for mark in marks if (found := _COMPLETE.fullmatch(mark.name))}
        ours = [(file, _BROUGHT.fullmatch(file.name)) for file in self.written(source, table)]
        changes = [file for file, match in ours if match and match["load"] in complete]
        strange = [file.uri for file, match in ours if match is None]
        return _arrivals([], changes, strange, since, look_back=True)

    def written(self, source: str, table: str) -> list[File]:
        """Whatever stands where a source lands what it brings for a table, of loads that died too.

        Raises:
            TransientError: S3 did not answer.
        """
        return [*self._files(f"{SOURCES}/{source}/{table}/", "")]

    def read(self, uri: str, start: int, length: int) -> bytes:
        """Bytes of an object.

        Args:
            uri: Where it is, in this bucket.
            start: The first byte.
            length: How many, 1 or more; less where the object ends.

        Raises:
            MissingError: It is gone.
            TransientError: S3 did not answer.
        """
        key = uri.removeprefix(f"s3://{self.bucket}/")
        with clients.calling(f"read {uri}"):
            span = f"bytes={start}-{start + length - 1}"
            return self.client.get_object(Bucket=self.bucket, Key=key, Range=span)["Body"].read()

    def documents(self, since: Mapping[str, str]) -> list[Document]:
        """The stored blueprints that were not read yet.

        Args:
            since: Blueprint → version up to which it was read.

        Raises:
            TransientError: S3 did not answer.
        """
        found = []
        for file in self._files(f"{PARAMETERS}/", ""):
            match = _DOCUMENT.fullmatch(file.uri.removeprefix(f"s3://{self.bucket}/"))
            if match and match["version"] > since.get(match["blueprint"], ""):
                found.append(Document(match["blueprint"], match["version"], file.uri, file.size))
        return found

    def _files(self, prefix: str, after: str) -> Iterator[File]:
        with clients.calling(f"list s3://{self.bucket}/{prefix}"):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=after):
                for entry in page.get("Contents", []):
                    yield File(f"s3://{self.bucket}/{entry['Key']}", entry["Size"])


def _sum(names: Iterable[str], start: str) -> str:
    """A sum of hashes: the order of names does not matter, and more can be added later."""
    total = int(start or "0", 16)
    for name in names:
        total += int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return f"{total % 2**64:016x}"


def _arrivals(
    loads: list[File], changes: list[File], strange: list[str], since: Position, *, look_back: bool
) -> Arrivals:
    new = [file for file in (*loads, *changes) if since.is_before(file.name)]
    old = [file for file in (*loads, *changes) if not since.is_before(file.name)]
    here = _sum((file.name for file in old), "") if look_back else since.names
    after = Position(
        max([since.load, *(file.name for file in new if file.is_load)]),
        max([since.change, *(file.name for file in new if not file.is_load)]),
        _sum((file.name for file in new), here),
    )
    return Arrivals(files=new, behind=[] if here == since.names else old, strange=strange, after=after)

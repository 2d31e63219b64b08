"""The landing bucket: which files of change capture and which documents arrived since the last look.

Change capture names its files so that their order by name is the order of what they hold: first the full
load (`LOAD00000001.parquet`, ...), then changes by time (`20260105-031500123.parquet`). How far a reader is
fits into two names, and it lists only what comes after them.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.errors import TerminalError
from assay.runtime import clients

if typing.TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CAPTURED = "rds/brokerage"
PARAMETERS = "parameters"
_LOAD = re.compile(r"LOAD[0-9A-F]{8}\.parquet")
_CHANGE = re.compile(r"\d{8}-\d{9,10}\.parquet")  # AWS's own examples have nine digits, and ten
_DOCUMENT = re.compile(rf"{PARAMETERS}/(?P<blueprint>[^/]+)/(?P<version>v\d{{6}})\.json")


@dataclass(frozen=True, slots=True)
class Position:
    """How far the files of a table were read.

    Attributes:
        load: Name of the last file of the full load; empty if there was none.
        change: Name of the last file of changes; empty if there was none.
    """

    load: str = ""
    change: str = ""

    def text(self) -> str:
        """The position as JSON, for a table's watermark."""
        return json.dumps({"load": self.load, "change": self.change})

    @staticmethod
    def parse(text: str | None) -> Position:
        """The position of a watermark; the beginning where there is none."""
        return Position(**json.loads(text)) if text else Position()


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a blueprint as the parameters API stored it.

    Attributes:
        blueprint: Its name.
        version: Such as `v000001`; later ones sort after earlier ones.
        uri: Where it is.
        text: What it says.
    """

    blueprint: str
    version: str
    uri: str
    text: str


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing bucket.

    Attributes:
        client: Of S3.
        bucket: The bucket's name.
    """

    client: S3Client
    bucket: str

    def captured(self, table: str, since: Position) -> tuple[list[str], Position]:
        """The files of a table that were not read yet.

        Args:
            table: Name of the source's table.
            since: How far it was read.

        Returns:
            Their URIs in order, and the position after them.

        Raises:
            TerminalError: There is a file that change capture does not write.
            TransientError: S3 did not answer.
        """
        prefix = f"{CAPTURED}/{table}/"
        # Letters sort after digits: what follows the last change also holds the few files of the full load.
        names = [key.removeprefix(prefix) for key in self._keys(prefix, prefix + since.change)]
        loads = [name for name in names if _LOAD.fullmatch(name) and name > since.load]
        changes = [name for name in names if _CHANGE.fullmatch(name)]
        for name in names:
            if not _LOAD.fullmatch(name) and not _CHANGE.fullmatch(name):
                raise TerminalError(
                    f"s3://{self.bucket}/{prefix}{name}: change capture writes no such name; move it away, "
                    "or set the capture task to Parquet without date partitions"
                )
        position = Position(max([since.load, *loads]), max([since.change, *changes]))
        return [f"s3://{self.bucket}/{prefix}{name}" for name in (*loads, *changes)], position

    def documents(self, since: Mapping[str, str]) -> list[Document]:
        """The stored blueprints that were not read yet.

        Args:
            since: Blueprint → version up to which it was read.

        Raises:
            TransientError: S3 did not answer.
        """
        found = []
        for key in self._keys(f"{PARAMETERS}/", ""):
            match = _DOCUMENT.fullmatch(key)
            if match and match["version"] > since.get(match["blueprint"], ""):
                with clients.calling(f"read s3://{self.bucket}/{key}"):
                    body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                # What is no UTF-8 still enters bronze; it is silver that judges.
                text = body.decode("utf-8", errors="replace")
                found.append(
                    Document(match["blueprint"], match["version"], f"s3://{self.bucket}/{key}", text)
                )
        return found

    def _keys(self, prefix: str, after: str) -> Iterator[str]:
        with clients.calling(f"list s3://{self.bucket}/{prefix}"):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=after):
                for entry in page.get("Contents", []):
                    yield entry["Key"]

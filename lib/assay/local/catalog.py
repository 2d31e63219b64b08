"""The Glue catalog, mended from what lies in S3: Iceberg's metadata files say what tables there are.

The emulator's write-ahead log keeps the catalog whole over a kill. This is for when the catalog and the lake
part all the same: a catalog deleted or restored from elsewhere, a metadata file gone. It runs when the
emulator starts, when no job can be in the middle of a commit. A table dropped without PURGE leaves its
files, hence comes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.local.aws import Aws
from assay.local.names import CREDENTIALS, REGION

_METADATA = re.compile(r"/metadata/(\d+)-[^/]+\.metadata\.json$")


@dataclass(frozen=True, slots=True)
class Repair:
    """One entry of the catalog that was mended.

    Attributes:
        table: `database.table`.
        kind: `registered` (it was missing) or `repointed` (its metadata file does not exist).
        location: URI of the metadata file it now has.
    """

    table: str
    kind: str
    location: str


def rebuild(aws: Aws, warehouse: str, databases: tuple[str, ...]) -> list[Repair]:
    """Register tables that the catalog lacks and repoint those whose metadata file is gone.

    Args:
        aws: The emulator.
        warehouse: `s3://bucket/prefix/`; a table lies in `<database>.db/<table>/` below it, as Iceberg's
            GlueCatalog puts it.
        databases: The catalog's databases; they exist.

    Returns:
        What was mended, in order of name.
    """
    bucket, _, prefix = warehouse.removeprefix("s3://").partition("/")
    repairs = []
    for database in databases:
        registered = _registered(aws, database)
        for folder in _folders(aws, bucket, f"{prefix}{database}.db/"):
            name = folder.rstrip("/").rsplit("/", 1)[-1]
            versions = _versions(aws, bucket, folder)
            if not versions or registered.get(name) in versions:
                continue
            kind = "repointed" if name in registered else "registered"
            _point(aws, database, name, versions[-1], anew=kind == "registered")
            repairs.append(Repair(f"{database}.{name}", kind, versions[-1]))
    return repairs


def _registered(aws: Aws, database: str) -> dict[str, str]:
    """The metadata file of each Iceberg table of a database, by the table's name."""
    pages = aws.glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return {
        table["Name"]: table.get("Parameters", {}).get("metadata_location", "")
        for page in pages
        for table in page["TableList"]
    }


def _folders(aws: Aws, bucket: str, prefix: str) -> list[str]:
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return sorted(entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", []))


def _versions(aws: Aws, bucket: str, folder: str) -> list[str]:
    """URIs of a table's metadata files, the newest last: by number, then by the time it was written."""
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}metadata/")
    found = [
        (int(match[1]), entry["LastModified"], f"s3://{bucket}/{entry['Key']}")
        for page in pages
        for entry in page.get("Contents", [])
        if (match := _METADATA.search(f"/{entry['Key']}"))
    ]
    return [uri for *_, uri in sorted(found)]


def _point(aws: Aws, database: str, name: str, location: str, *, anew: bool) -> None:
    """Make the catalog's entry of a table from a metadata file; pyiceberg derives its columns."""
    from pyiceberg.catalog.glue import GlueCatalog

    if not anew:
        aws.glue.delete_table(DatabaseName=database, Name=name)
    key, secret = CREDENTIALS.values()
    properties = {
        "s3.endpoint": aws.endpoint,
        "s3.region": REGION,
        "s3.access-key-id": key,
        "s3.secret-access-key": secret,
    }
    GlueCatalog("local", aws.glue, **properties).register_table((database, name), location)

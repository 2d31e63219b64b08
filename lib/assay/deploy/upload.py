"""A release into the artifacts bucket: what is there already stays, nothing is ever overwritten."""

from __future__ import annotations

from collections.abc import Callable

from assay.deploy.release import Release
from assay.deploy.remedies import asking
from assay.runtime import clients, objects

_TYPES = {
    ".py": "text/x-python",
    ".yaml": "application/yaml",
    ".sql": "application/sql",
    ".zip": "application/zip",
}
_BINARY = "application/octet-stream"


def upload(release: Release, bucket: str, *, on_file: Callable[[str, bool], None]) -> int:
    """Send the files of a release that the bucket does not have.

    Args:
        release: What to send; its prefix is the hash of its content, so a key that exists has this content.
        bucket: The artifacts bucket.
        on_file: Told of each key, and whether it was sent.

    Returns:
        How many files were sent.

    Raises:
        AssayError: S3 refused or did not answer.
    """
    there = _keys(bucket, release.prefix)
    sent = 0
    for key, path in release.files.items():
        whole = f"{release.prefix}{key}"
        new = whole not in there
        if new:
            kind = _TYPES.get(path.suffix, _BINARY)
            with asking(f"upload {key}"):
                new = objects.put_new(bucket, whole, path.read_bytes(), content_type=kind)
        sent += new
        on_file(key, new)
    return sent


def _keys(bucket: str, prefix: str) -> set[str]:
    found: set[str] = set()
    with asking(f"list s3://{bucket}/{prefix}"):
        for page in clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found |= {each["Key"] for each in page.get("Contents", [])}
    return found

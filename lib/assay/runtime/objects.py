"""Small objects of S3 by address: read, newest of a prefix, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from assay.errors import InputError, TerminalError
from assay.runtime import clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_S3 = "s3://"
# Precondition failed; a conditional request is under way.
_TAKEN = frozenset({412, 409})


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI.

    Raises:
        InputError: It has no bucket or no key.
    """
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    if not uri.startswith(_S3) or not bucket or not key:
        raise InputError(f"{uri!r} is no address of an object; it must be s3://bucket/key")
    return bucket, key


def read_text(address: str) -> str:
    """The text at an address, UTF-8.

    Args:
        address: `s3://bucket/key`, or a path.

    Raises:
        InputError: There is nothing, or no text.
        TransientError: S3 did not answer.
    """
    bucket, key = split(address) if address.startswith(_S3) else ("", "")
    try:
        if not bucket:
            return Path(address).read_text(encoding="utf-8")
        with clients.calling(f"read {address}"):
            return clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8")
    except OSError as error:
        raise InputError(
            f"cannot read {address}: {error.strerror}; give a file or s3://bucket/key"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"cannot read {address}: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from error
    except ValueError as error:
        raise InputError(f"cannot read {address[:80]!r}: no file has that name") from error


def newest(bucket: str, prefix: str, *, after: str = "") -> str | None:
    """The last key in order of name that begins with a prefix; None if there is none.

    Args:
        bucket: The bucket.
        prefix: How the key begins.
        after: Only keys that come after this one, which makes the list short.

    Raises:
        TransientError: S3 did not answer.
    """
    last: str | None = None
    with clients.calling(f"list s3://{bucket}/{prefix}"):
        for page in (
            clients.s3()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=prefix, StartAfter=after)
        ):
            for found in page.get("Contents", []):
                last = max(found["Key"], last or "")
    return last


def put_new(bucket: str, key: str, body: bytes, *, content_type: str) -> bool:
    """Write an object on the condition that there is none of that key.

    Returns:
        Whether it was written; False when the key is taken, now or at the same time by another writer.

    Raises:
        TransientError: S3 did not answer.
    """
    with clients.calling(f"write s3://{bucket}/{key}"):
        try:
            clients.s3().put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in _TAKEN:
                return False
            raise
    return True


def purge(bucket: str, prefix: str) -> int:
    """Remove the replaced and deleted versions of objects, and the markers of deletions, for good.

    Args:
        bucket: The bucket; one that keeps no versions has none.
        prefix: How the keys begin.

    Returns:
        How many versions and markers.

    Raises:
        TerminalError: S3 refused one of them.
        TransientError: S3 did not answer.
    """
    gone = 0
    with clients.calling(f"remove old versions in s3://{bucket}/{prefix}"):
        pages = clients.s3().get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            old = [each for each in page.get("Versions", ()) if not each["IsLatest"]]
            # Versions before markers: what a marker hides must not be the newest for a moment.
            found = [*old, *page.get("DeleteMarkers", ())]
            if found:
                keys: list[ObjectIdentifierTypeDef] = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]} for each in found
                ]
                answer = clients.s3().delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
                if refused := answer.get("Errors"):
                    raise TerminalError(
                        f"S3 kept {len(refused):,} old versions in s3://{bucket}/{prefix} "
                        f"({refused[0].get('Code')}); allow s3:DeleteObjectVersion there, and run it again"
                    )
                gone += len(found)
    return gone

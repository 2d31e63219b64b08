"""Which actions of S3 a request asks for, and on what.

References:
    AWS Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; Amazon S3 API
    reference, GetObject and HeadObject, on what is answered for an object that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from privileges.request import Asked, Request, UnknownRequestError

_NOT_FOUND = 404
_OBJECT_ACTIONS = {
    "GET": "GetObject",
    "HEAD": "GetObject",
    "PUT": "PutObject",
    "POST": "PutObject",  # the start and the end of a multipart upload
    "DELETE": "DeleteObject",
}
# (method, parameter of the query) → action, where that differs from the above.
_SPECIAL = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
    ("GET", "versionId"): "GetObjectVersion",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("GET", "attributes"): "GetObjectAttributes",
}
_BUCKET_READS = {
    "location": "GetBucketLocation",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
    "versioning": "GetBucketVersioning",
}


def asked(request: Request) -> Iterator[Asked]:
    """The permissions that S3 checks for a request in path style.

    Raises:
        UnknownRequestError: It configures a bucket, which only a stack does.
    """
    bucket, _, key = request.path.lstrip("/").partition("/")
    query = parse_qs(request.query, keep_blank_values=True)
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        yield from _of_bucket(request, arn, query)
        return
    special = [_SPECIAL[request.method, name] for name in query if (request.method, name) in _SPECIAL]
    action = special[0] if special else _OBJECT_ACTIONS[request.method]
    yield Asked(f"s3:{action}", f"{arn}/{key}")
    if source := request.headers.get("x-amz-copy-source"):
        yield Asked("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
    if action == "GetObject" and request.status == _NOT_FOUND:
        # Without this permission S3 answers 403 for an object that does not exist, and the request has no
        # prefix: a condition on s3:prefix is not met.
        yield Asked("s3:ListBucket", arn)


def _of_bucket(request: Request, arn: str, query: Mapping[str, list[str]]) -> Iterator[Asked]:
    if request.method == "POST" and "delete" in query:
        for element in ET.fromstring(request.body).iter():  # noqa: S314 our own clients wrote it
            if element.tag.rpartition("}")[2] == "Key":
                yield Asked("s3:DeleteObject", f"{arn}/{element.text}")
        return
    reads = [_BUCKET_READS[name] for name in query if name in _BUCKET_READS]
    if request.method == "GET" and reads:
        yield Asked(f"s3:{reads[0]}", arn)
    elif request.method == "GET" and request.path.strip("/"):
        yield Asked("s3:ListBucket", arn, {"s3:prefix": (query.get("prefix", [""])[0],)})
    elif request.method == "HEAD":
        yield Asked("s3:ListBucket", arn)
    else:
        raise UnknownRequestError(f"s3: {request.method} {request.path}?{request.query}")

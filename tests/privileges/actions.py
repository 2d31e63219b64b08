"""Which actions a request asks for, and on what: from HTTP to the words of policies.

References:
    AWS Service Authorization Reference: "Actions, resources, and condition keys" for Amazon S3, AWS Glue,
    Amazon DynamoDB, AWS Secrets Manager, Amazon SNS and API Gateway. A call about a table of Glue's catalog
    needs the permission on the catalog, the database and the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from privileges.call import Context

ACCOUNT = "000000000000"
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_JSON = {"DynamoDB_20120810": "dynamodb", "AWSGlue": "glue", "secretsmanager": "secretsmanager"}
_JOB_NAME = {"StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun", "GetJob", "GetJobBookmark"}
_EQUALS = re.compile(r"\s*\(?\s*(#?\w+)\s*=\s*(:\w+)")
_HASH_KEYS = {"": "day", "run": "run_id"}
"""Index ("" for the table itself) → hash key of the journal, the only table."""
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


class UnknownRequestError(Exception):
    """A request that this module cannot name: the recording would have a hole."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One permission that a request needs.

    Attributes:
        action: As policies name it.
        resource: ARN.
        context: Condition keys of the request.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived.

    Attributes:
        method: GET, PUT and so on.
        path: Decoded path.
        query: As in the URL.
        headers: Lower-case name → value.
        body: The whole body.
        status: What was answered.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 200


def signer(headers: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Access key, region and service of a request's signature; None if it has none."""
    found = _SCOPE.search(headers.get("authorization", ""))
    return (found["key"], found["region"], found["service"]) if found else None


def asked(request: Request) -> list[Asked]:
    """The permissions that AWS checks for a signed request.

    Raises:
        UnknownRequestError: This module does not know the request.
    """
    signed = signer(request.headers)
    if signed is None:
        raise UnknownRequestError(f"{request.method} {request.path} is not signed")
    _, region, service = signed
    if service == "s3":
        return list(_s3(request))
    if service == "execute-api":
        path = request.path.lstrip("/")
        resource = f"arn:aws:execute-api:{region}:{ACCOUNT}:local/$default/{request.method}/{path}"
        return [Asked("execute-api:Invoke", resource)]
    if service == "sns":
        return [_sns(request)]
    target, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if target not in _JSON:
        raise UnknownRequestError(f"{service}: {request.method} {request.path} {target}.{operation}")
    document = json.loads(request.body or b"{}")
    place = f"arn:aws:{_JSON[target]}:{region}:{ACCOUNT}"
    named = {"dynamodb": _dynamodb, "glue": _glue, "secretsmanager": _secret}[_JSON[target]]
    return list(named(place, operation, document))


def _s3(request: Request) -> Iterator[Asked]:
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


def _sns(request: Request) -> Asked:
    form = parse_qs(request.body.decode())
    target = form.get("TopicArn") or form.get("TargetArn")
    if not target:
        raise UnknownRequestError(f"sns: {form.get('Action')} names no topic")
    return Asked(f"sns:{form['Action'][0]}", target[0])


def _dynamodb(place: str, operation: str, document: Mapping[str, Any]) -> Iterator[Asked]:
    if "TableName" not in document:
        raise UnknownRequestError(f"dynamodb: {operation} names no table")
    name, index = str(document["TableName"]).rpartition("/")[2], str(document.get("IndexName", ""))
    resource = f"{place}:table/{name}" + (f"/index/{index}" if index else "")
    keys = leading_keys(document)
    yield Asked(f"dynamodb:{operation}", resource, {"dynamodb:LeadingKeys": keys} if keys else {})


def leading_keys(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of the hash key that a request to DynamoDB names, in an item or in a query's condition."""
    hash_key = _HASH_KEYS.get(str(document.get("IndexName", "")), "")
    for part in ("Item", "Key"):
        if hash_key in document.get(part, {}):
            return tuple(document[part][hash_key].values())
    found = _EQUALS.match(document.get("KeyConditionExpression", ""))
    if found and document.get("ExpressionAttributeNames", {}).get(found[1], found[1]) == hash_key:
        return tuple(document["ExpressionAttributeValues"][found[2]].values())
    return ()


def _secret(place: str, operation: str, document: Mapping[str, Any]) -> Iterator[Asked]:
    name = str(document.get("SecretId", ""))
    resource = name if name.startswith("arn:") else f"{place}:secret:{name}-<suffix>"
    yield Asked(f"secretsmanager:{operation}", resource)


def _glue(place: str, operation: str, document: Mapping[str, Any]) -> Iterator[Asked]:
    for resource in _glue_resources(place, operation, document):
        yield Asked(f"glue:{operation}", resource)


def _glue_resources(place: str, operation: str, document: Mapping[str, Any]) -> Iterator[str]:
    if operation in _JOB_NAME:
        yield f"{place}:job/{document['JobName']}"
        return
    for kind in ("Workflow", "Trigger"):
        if kind in operation:
            yield f"{place}:{kind.lower()}/{document['Name']}"
            return
    table = "Table" in operation or "Partition" in operation
    database = document.get("DatabaseName") or (document.get("Name") if not table else None)
    if "Database" not in operation and not table:
        raise UnknownRequestError(f"glue: {operation}")
    yield f"{place}:catalog"
    if database:
        yield f"{place}:database/{database}"
    if table:
        name = document.get("TableName") or document.get("Name") or document.get("TableInput", {}).get("Name")
        yield f"{place}:table/{database}/{name or '*'}"

"""Which actions a request asks for, and on what: from HTTP to the words of policies.

References:
    AWS Service Authorization Reference: "Actions, resources, and condition keys" for AWS Glue, Amazon
    DynamoDB, AWS Secrets Manager, Amazon SNS and API Gateway. A call about a table of Glue's catalog needs
    the permission on the catalog, the database and the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from privileges import s3
from privileges.request import ACCOUNT, Asked, Request, UnknownRequestError, signer

_JSON = {"DynamoDB_20120810": "dynamodb", "AWSGlue": "glue", "secretsmanager": "secretsmanager"}
_OF_A_JOB = ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun", "GetJob", "UpdateJob")
_EQUALS = re.compile(r"\s*\(?\s*(#?\w+)\s*=\s*(:\w+)")
_HASH_KEYS = {"": "day", "run": "run_id"}
"""Index ("" for the table itself) → hash key of the journal, the only table."""


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
        return list(s3.asked(request))
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
    if operation in _OF_A_JOB:
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

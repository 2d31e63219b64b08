"""The permissions of real requests: as AWS's reference lists them, and as ministack names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config
from ministack.core import iam_actions

from privileges.actions import asked
from privileges.request import ACCOUNT, Asked, Request, UnknownRequestError, signer

REGION = "eu-west-1"
OBJECT = "arn:aws:s3:::lake/warehouse/a b.parquet"
GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
JOURNAL = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/assay-journal"
PLACE = {"Bucket": "lake", "Key": "warehouse/a b.parquet"}
UPLOAD = {**PLACE, "UploadId": "u"}
KEY = {"day": {"S": "2026-01-05"}, "entry": {"S": "e"}}
JOURNALLED = {"TableName": "assay-journal"}


class SentError(Exception):
    """A request was about to leave."""


@cache
def client(service: str) -> Any:
    """A client that sends nothing."""
    made: Any = boto3.session.Session("AK", "secret", region_name=REGION).client(
        service,  # type: ignore[call-overload]
        endpoint_url="http://127.0.0.1:1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )
    made.meta.events.register("before-send", _stop)
    return made


def _stop(request: Any, **_: Any) -> None:
    raise SentError(request)


def sent(service: str, operation: str, **arguments: Any) -> Request:
    """What boto3 would send."""
    with pytest.raises(SentError) as caught:
        getattr(client(service), operation)(**arguments)
    (request,) = caught.value.args
    url = urlsplit(request.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    body = request.body.encode() if isinstance(request.body, str) else request.body
    content = body if isinstance(body, bytes) else b""
    return Request(request.method, unquote(url.path), url.query, headers, content)


OBJECT_CALLS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("get_object", PLACE, ["s3:GetObject"]),
    ("head_object", PLACE, ["s3:GetObject"]),
    ("put_object", {**PLACE, "Body": b"x"}, ["s3:PutObject"]),
    ("put_object", {**PLACE, "Body": b"x", "IfNoneMatch": "*"}, ["s3:PutObject"]),
    ("delete_object", PLACE, ["s3:DeleteObject"]),
    ("create_multipart_upload", PLACE, ["s3:PutObject"]),
    ("upload_part", {**UPLOAD, "PartNumber": 1, "Body": b"x"}, ["s3:PutObject"]),
    ("complete_multipart_upload", UPLOAD, ["s3:PutObject"]),
    ("abort_multipart_upload", UPLOAD, ["s3:AbortMultipartUpload"]),
    ("list_parts", UPLOAD, ["s3:ListMultipartUploadParts"]),
    ("get_object_tagging", PLACE, ["s3:GetObjectTagging"]),
    ("get_object", {**PLACE, "VersionId": "v"}, ["s3:GetObjectVersion"]),
    ("delete_object", {**PLACE, "VersionId": "v"}, ["s3:DeleteObjectVersion"]),
]
BUCKET_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("list_objects_v2", {"Bucket": "lake"}, "s3:ListBucket"),
    ("list_objects", {"Bucket": "lake"}, "s3:ListBucket"),
    ("head_bucket", {"Bucket": "lake"}, "s3:ListBucket"),
    ("get_bucket_location", {"Bucket": "lake"}, "s3:GetBucketLocation"),
    ("list_multipart_uploads", {"Bucket": "lake"}, "s3:ListBucketMultipartUploads"),
    ("list_object_versions", {"Bucket": "lake"}, "s3:ListBucketVersions"),
]


def of_ministack(service: str, request: Request) -> set[tuple[str, str]]:
    """What ministack checks for a request: its first check, and those that follow."""
    query = parse_qs(request.query, keep_blank_values=True)
    parts = (request.method, request.path, dict(request.headers), request.body, query)
    action = iam_actions.extract_iam_action(service, *parts)
    first = iam_actions.extract_resource_arn(service, *parts, REGION, ACCOUNT)
    more = iam_actions.s3_additional_checks(*parts) if service == "s3" else []
    return {(str(action), first), *more}


def named(found: list[Asked]) -> set[tuple[str, str]]:
    return {(each.action, each.resource) for each in found}


@pytest.mark.parametrize(("operation", "arguments", "actions"), OBJECT_CALLS)
def test_calls_on_an_object(operation: str, arguments: dict[str, Any], actions: list[str]) -> None:
    request = sent("s3", operation, **arguments)
    assert asked(request) == [Asked(action, OBJECT) for action in actions]
    assert named(asked(request)) == of_ministack("s3", request)


@pytest.mark.parametrize(("operation", "arguments", "action"), BUCKET_CALLS)
def test_calls_on_a_bucket(operation: str, arguments: dict[str, Any], action: str) -> None:
    request = sent("s3", operation, **arguments)
    assert named(asked(request)) == {(action, "arn:aws:s3:::lake")} == of_ministack("s3", request)


def test_a_copy_reads_its_source() -> None:
    request = sent("s3", "copy_object", **PLACE, CopySource={"Bucket": "landing", "Key": "c d"})
    expected = {("s3:PutObject", OBJECT), ("s3:GetObject", "arn:aws:s3:::landing/c d")}
    assert named(asked(request)) == expected == of_ministack("s3", request)


def test_each_key_of_a_batch_is_deleted_by_itself() -> None:
    keys: Any = {"Objects": [{"Key": "a/1"}, {"Key": "a/2"}]}
    request = sent("s3", "delete_objects", Bucket="lake", Delete=keys)
    expected = {("s3:DeleteObject", f"arn:aws:s3:::lake/a/{number}") for number in (1, 2)}
    assert named(asked(request)) == expected == of_ministack("s3", request)


def test_a_list_carries_its_prefix() -> None:
    (found,) = asked(sent("s3", "list_objects_v2", Bucket="lake", Prefix="rds/"))
    assert found.context == {"s3:prefix": ("rds/",)}


def test_to_be_told_that_an_object_is_missing_needs_the_right_to_list() -> None:
    found = asked(replace(sent("s3", "head_object", **PLACE), status=404))
    assert found == [Asked("s3:GetObject", OBJECT), Asked("s3:ListBucket", "arn:aws:s3:::lake")]


def test_making_a_bucket_is_the_business_of_a_stack_and_has_no_name_here() -> None:
    with pytest.raises(UnknownRequestError, match="PUT /lake"):
        asked(
            sent(
                "s3", "create_bucket", Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        )


@pytest.mark.parametrize(
    ("operation", "arguments", "action", "resource", "keys"),
    [
        ("put_item", {"Item": KEY}, "PutItem", JOURNAL, ("2026-01-05",)),
        ("get_item", {"Key": KEY}, "GetItem", JOURNAL, ("2026-01-05",)),
        ("scan", {}, "Scan", JOURNAL, ()),
        (
            "query",
            {
                "KeyConditionExpression": "#d = :d AND entry >= :e",
                "ExpressionAttributeNames": {"#d": "day"},
                "ExpressionAttributeValues": {":d": {"S": "2026-01-06"}, ":e": {"S": ""}},
            },
            "Query",
            JOURNAL,
            ("2026-01-06",),
        ),
        (
            "query",
            {
                "IndexName": "run",
                "KeyConditionExpression": "run_id = :r",
                "ExpressionAttributeValues": {":r": {"S": "wr_1"}},
            },
            "Query",
            f"{JOURNAL}/index/run",
            ("wr_1",),
        ),
    ],
)
def test_calls_of_the_journal(
    operation: str, arguments: dict[str, Any], action: str, resource: str, keys: tuple[str, ...]
) -> None:
    request = sent("dynamodb", operation, **JOURNALLED, **arguments)
    context = {"dynamodb:LeadingKeys": keys} if keys else {}
    assert asked(request) == [Asked(f"dynamodb:{action}", resource, context)]
    checked = iam_actions.dynamodb_resource_arns(request.body, REGION, ACCOUNT)
    assert checked == [resource]


@pytest.mark.parametrize(
    ("operation", "arguments", "resources"),
    [
        ("get_database", {"Name": "gold"}, ["catalog", "database/gold"]),
        ("get_databases", {}, ["catalog"]),
        (
            "get_table",
            {"DatabaseName": "gold", "Name": "runs"},
            ["catalog", "database/gold", "table/gold/runs"],
        ),
        ("get_tables", {"DatabaseName": "gold"}, ["catalog", "database/gold", "table/gold/*"]),
        (
            "create_table",
            {"DatabaseName": "gold", "TableInput": {"Name": "runs"}},
            ["catalog", "database/gold", "table/gold/runs"],
        ),
        ("get_workflow_run_properties", {"Name": "assay", "RunId": "wr_1"}, ["workflow/assay"]),
        ("start_workflow_run", {"Name": "assay"}, ["workflow/assay"]),
        ("start_job_run", {"JobName": "assay-gold"}, ["job/assay-gold"]),
        ("update_job", {"JobName": "assay-gold", "JobUpdate": {}}, ["job/assay-gold"]),
    ],
)
def test_calls_of_glue_are_checked_on_everything_above_a_table(
    operation: str, arguments: dict[str, Any], resources: list[str]
) -> None:
    request = sent("glue", operation, **arguments)
    action = "glue:" + "".join(part.title() for part in operation.split("_"))
    assert asked(request) == [Asked(action, f"{GLUE}:{resource}") for resource in resources]
    assert of_ministack("glue", request).pop()[0] == action


def test_a_secret_is_known_by_arn_or_by_name() -> None:
    place = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:assay/database"
    for given, resource in (("assay/database", f"{place}-<suffix>"), (f"{place}-AbCdEf", f"{place}-AbCdEf")):
        request = sent("secretsmanager", "get_secret_value", SecretId=given)
        assert asked(request) == [Asked("secretsmanager:GetSecretValue", resource)]


@pytest.mark.parametrize("name", ["TopicArn", "TargetArn"])
def test_a_message_goes_to_a_topic(name: str) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:assay-alerts"
    assert asked(sent("sns", "publish", **{name: topic}, Message="x")) == [Asked("sns:Publish", topic)]


def test_what_has_no_name_is_refused() -> None:
    unknown: list[Callable[[], Request]] = [
        lambda: sent("glue", "get_crawler", Name="x"),
        lambda: sent("sqs", "list_queues"),
        lambda: Request("GET", "/", "", {}, b""),
    ]
    for make in unknown:
        with pytest.raises(UnknownRequestError):
            asked(make())


def test_the_signer_is_the_access_key() -> None:
    assert signer(sent("s3", "get_object", **PLACE).headers) == ("AK", REGION, "s3")
    assert signer({}) is None

"""The API as a Lambda function: an event of an HTTP API in, an answer out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from assay.client.records import Progress
from assay.serving.api import workflow
from assay.serving.api.lambda_handler import handler

if TYPE_CHECKING:
    from mangum.types import LambdaContext


# What Lambda passes beside the event; the API looks at none of it.
CONTEXT = cast("LambdaContext", object())


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """The main thread's event loop, as Lambda leaves it to Python; other tests may have removed it."""
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    yield
    asyncio.set_event_loop(None)
    mine.close()


def event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """An event of payload format 2.0, as API Gateway sends it."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "api"},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def test_an_event_is_answered() -> None:
    answer = handler(event("GET", "/v1/status"), CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})


def test_a_problem_keeps_its_media_type() -> None:
    answer = handler(event("POST", "/v1/parameters", "{"), CONTEXT)
    assert answer["statusCode"] == 422
    assert answer["headers"]["content-type"] == "application/problem+json"


def signed(arn: str | None) -> dict[str, Any]:
    """An event of a route that asks for IAM, as API Gateway hands over who signed."""
    one = event("GET", "/v1/runs/nobody")
    one["requestContext"]["authorizer"] = {"iam": {"accessKey": "AKIA", "userArn": arn}}
    return one


def test_who_signed_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "find", lambda run: Progress(run, None, "RUNNING", None, None, ()))
    answer = handler(signed("arn:aws:iam::000000000000:user/reader"), CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])["run"]) == (200, "nobody")


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"iam": None}, {"iam": {"userArn": None}}, {"jwt": {"claims": {}}}]
)
def test_a_route_that_asks_for_no_signature_lets_nobody_in(authorizer: object) -> None:
    one = event("GET", "/v1/runs/nobody")
    one["requestContext"]["authorizer"] = authorizer
    one["headers"]["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIA/20260302/eu-west-1/execute-api"
    answer = handler(one, CONTEXT)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (401, "application/problem+json")

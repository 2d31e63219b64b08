"""The layer: what passes through untouched, how errors look on the wire, which actions are answered."""

from __future__ import annotations

import http.client
import json
from datetime import datetime

import botocore.session
import pytest
from tests.unit.local.glue.conftest import Glue

from assay.local.glue.endpoint import ACTIONS


@pytest.fixture
def one(glue: Glue) -> Glue:
    glue.job("one")
    glue.start("one")
    return glue


def ask(glue: Glue, operation: str, body: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", glue.port, timeout=30)
    headers = {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    connection.request("POST", "/", body=body, headers=headers)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, document


def test_every_action_is_one_of_glues() -> None:
    model = botocore.session.get_session().get_service_model("glue")
    assert set(ACTIONS) <= set(model.operation_names)


def test_other_actions_pass_through_byte_for_byte(one: Glue) -> None:
    one.up()
    body = b'{ "CatalogId" : "1",\n"MaxResults":3}'
    assert ask(one, "GetDatabases", body)[0] == 200
    assert ask(one, "GetJob", b'{ "JobName" : "x" }')[0] == 400
    one.client.get_databases()
    databases, job, signed = one.upstream.asked
    assert databases[:2] == ("GetDatabases", body)
    assert job[:2] == ("GetJob", b'{ "JobName" : "x" }')
    assert databases[2]["host"] == job[2]["host"] == f"127.0.0.1:{one.port}", "part of a caller's signature"
    assert signed[2]["authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_times_are_seconds_since_1970(one: Glue) -> None:
    client = one.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    ended = one.ended(run_id)
    status, headers, document = ask(
        one, "GetWorkflowRun", json.dumps({"Name": "w", "RunId": run_id}).encode()
    )
    assert (status, headers["content-type"]) == (200, "application/x-amz-json-1.1")
    assert len(headers["x-amzn-requestid"]) == 36
    run = document["Run"]
    assert isinstance(run, dict)
    assert datetime.fromtimestamp(run["StartedOn"], ended["StartedOn"].tzinfo) == ended["StartedOn"]


@pytest.mark.parametrize(
    ("operation", "body", "code", "message"),
    [
        ("GetJobRun", b"nonsense", "SerializationException", "the request is not JSON"),
        ("GetJobRun", b"[]", "SerializationException", "not a JSON object"),
        ("GetJobRun", b"", "InvalidInputException", "Missing required parameter"),
        ("GetJobRun", b'{"JobName": 5, "RunId": "x"}', "InvalidInputException", "JobName"),
        (
            "StartJobRun",
            b'{"JobName": "one", "WorkerType": "G.9X"}',
            "InvalidInputException",
            "WorkerType is",
        ),
        ("StartJobRun", b'{"JobName": "one", "Timeout": 0}', "InvalidInputException", "Timeout"),
        ("GetJobRuns", b'{"JobName": "one", "MaxResults": 201}', "InvalidInputException", "the most is 200"),
        ("GetJobRun", b'{"JobName": "one", "RunId": "jr_x"}', "EntityNotFoundException", "no run jr_x"),
    ],
)
def test_errors_have_glues_form(one: Glue, operation: str, body: bytes, code: str, message: str) -> None:
    one.up()
    status, headers, document = ask(one, operation, body)
    assert (status, headers["x-amzn-errortype"], document["__type"]) == (400, code, code)
    assert message in str(document["Message"])


def test_what_only_a_newer_client_knows_is_ignored(one: Glue) -> None:
    one.up()
    assert ask(one, "GetJob", b'{"JobName": "one", "FromTheFuture": {"a": 1}}')[0] == 200


def test_a_broken_template_is_told(one: Glue) -> None:
    client = one.up()
    one.resources["start"]["Properties"]["Actions"] = [{"JobName": "none"}]
    one.write()
    with pytest.raises(client.exceptions.InternalServiceException, match="trigger start names job 'none'"):
        client.get_job(JobName="one")
    assert client.get_databases()["DatabaseList"] == [], "the rest of Glue goes on"

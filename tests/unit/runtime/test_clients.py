"""AWS clients: made once per environment; AWS's errors become Assay's, with a remedy."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.runtime import clients


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_the_endpoint_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clients.s3().meta.endpoint_url == "http://127.0.0.1:9"
    assert clients.s3() is clients.s3()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:10")
    assert clients.s3().meta.endpoint_url == "http://127.0.0.1:10"
    assert clients.dynamodb().meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_REGION": "us-west-2"}, "us-west-2"),  # Lambda sets this one
    ],
)
def test_the_region_is_the_environments_or_the_default(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert clients.glue().meta.region_name == region


def test_run_properties_are_read_from_glue() -> None:
    with Stubber(clients.glue()) as stub:
        stub.add_response(
            "get_workflow_run_properties",
            {"RunProperties": {"week": "2026-01-05"}},
            {"Name": "assay", "RunId": "wr_1"},
        )
        assert clients.workflow_run_properties("assay", "wr_1") == {"week": "2026-01-05"}


def test_a_secret_is_a_json_object() -> None:
    with Stubber(clients.secretsmanager()) as stub:
        stub.add_response(
            "get_secret_value", {"SecretString": '{"port": 5432}'}, {"SecretId": "assay/database"}
        )
        assert clients.secret("assay/database") == {"port": 5432}


@pytest.mark.parametrize("text", ["hunter2", "[1]", "7"])
def test_a_secret_of_another_form_is_refused_without_showing_it(text: str) -> None:
    with Stubber(clients.secretsmanager()) as stub:
        stub.add_response("get_secret_value", {"SecretString": text})
        with pytest.raises(InputError, match="secret assay/database is not a JSON object") as refused:
            clients.secret("assay/database")
    assert "hunter2" not in str(refused.value)


def answered(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "Something."}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "GetSecretValue",
    )


@pytest.mark.parametrize(
    ("raised", "kind", "sentence"),
    [
        (answered("ThrottlingException"), TransientError, r"cannot ask: Something \(ThrottlingException\)"),
        (answered("Strange", 503), TransientError, r"\(Strange\)"),
        (
            answered("ResourceNotFoundException"),
            clients.MissingError,
            "does it exist in this account and region",
        ),
        (answered("NoSuchBucket", 404), clients.MissingError, "NoSuchBucket"),
        (answered("AccessDeniedException", 403), TerminalError, "AccessDenied"),
        (NoCredentialsError(), InputError, "Unable to locate credentials; set AWS_DEFAULT_REGION"),
        (NoRegionError(), InputError, "specify a region; set AWS_DEFAULT_REGION"),
        (EndpointConnectionError(endpoint_url="http://x"), TransientError, "is the service reachable"),
        (ReadTimeoutError(endpoint_url="http://x"), TransientError, "is the service reachable"),
    ],
)
def test_errors_of_aws_become_ours(raised: Exception, kind: type[AssayError], sentence: str) -> None:
    with pytest.raises(kind, match=sentence) as caught, clients.calling("ask"):
        raise raised
    assert type(caught.value) is kind
    assert caught.value.__cause__ is raised


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), clients.calling("divide"):
        raise ZeroDivisionError

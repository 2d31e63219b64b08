"""What is signed, for which region, and what is never sent.

That the signature is right is shown by the emulator, which verifies it: tests/stack/test_parameters_lambda.py.
"""

from __future__ import annotations

import pytest

from assay.runtime import signing

AWS = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/v1/parameters"
GIVEN = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def signature(url: str, body: bytes = b"{}") -> str:
    return signing.headers("POST", url, body, GIVEN)["Authorization"]


def test_the_region_is_that_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert "AKIDEXAMPLE/" in signature(AWS)
    assert "/eu-central-1/execute-api/aws4_request" in signature(AWS)
    assert "SignedHeaders=content-type;host;x-amz-date" in signature(AWS)


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-west-2"}, "us-east-1"),
        ({"AWS_REGION": "us-west-2"}, "us-west-2"),
        ({}, "eu-west-1"),
    ],
)
def test_elsewhere_it_is_the_environments(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert f"/{region}/execute-api/" in signature("https://api.example.com/v1/parameters")


def test_a_session_sends_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    signed = signing.headers("POST", AWS, b"{}", GIVEN)
    assert signed["X-Amz-Security-Token"] == "token"
    assert "x-amz-security-token" in signed["Authorization"]
    assert signed["Content-Type"] == "application/json"


def test_another_body_has_another_signature() -> None:
    assert signature(AWS, b"{}").split("Signature=")[1] != signature(AWS, b"[]").split("Signature=")[1]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_this_machine_is_trusted_with_plain_http(host: str) -> None:
    assert "Authorization" in signing.headers("POST", f"http://{host}/v1", b"", GIVEN)


def test_a_token_never_crosses_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert signing.headers("POST", "http://api.example.com/v1", b"", GIVEN) == GIVEN


def test_without_credentials_nothing_is_signed(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    empty = tmp_path_factory.mktemp("aws") / "none"
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(empty))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert signing.headers("POST", AWS, b"{}", GIVEN) == GIVEN

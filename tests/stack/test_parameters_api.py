"""The parameters API on the real stack: under uvicorn, as a packaged Lambda function, and under a race."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from assay import configs
from assay.errors import InputError
from assay.local.running import Stack
from assay.runtime import clients, objects
from assay.runtime.journal import Journal
from assay.serving.api import package
from assay.serving.api.store import Store
from assay.sources import parameters
from assay.sources.parameters import Receipt
from assay.spec import Blueprint

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

BUCKET = "assay-landing"


@pytest.fixture(autouse=True)
def stack(local_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in local_stack.environment().items():
        monkeypatch.setenv(name, value)
    return local_stack


@pytest.fixture
def blueprint(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A blueprint with a name of the test's own."""
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    document: dict[str, Any] = json.loads(Blueprint.parse(path.read_text(), str(path)).document())
    return document | {"name": request.node.name[:60].lower()}


# --- under uvicorn ---------------------------------------------------------------------------------------


def test_registering_is_versioned_and_repeatable(stack: Stack, blueprint: dict[str, Any]) -> None:
    first, second = json.dumps(blueprint), json.dumps(blueprint | {"alpha": 0.01})
    receipts = [parameters.register(stack.parameters_url, d) for d in (first, first, second, first)]
    assert receipts == [
        Receipt(1, new=True),
        Receipt(1, new=False),
        Receipt(2, new=True),
        Receipt(3, new=True),
    ]
    name = blueprint["name"]
    kept = json.loads(objects.read_text(f"s3://{BUCKET}/parameters/{name}/v000002.json"))
    assert json.loads(kept["document"])["alpha"] == 0.01
    assert httpx.get(f"{stack.parameters_url}/v1/parameters/{name}/2").json() == kept
    assert httpx.get(f"{stack.parameters_url}/v1/parameters/{name}").json()["number"] == 3


def test_a_refused_blueprint_is_the_callers_error(stack: Stack, blueprint: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"refused the blueprint: .*alpha"):
        parameters.register(stack.parameters_url, json.dumps(blueprint | {"alpha": 2}))
    assert objects.newest(BUCKET, f"parameters/{blueprint['name']}/") is None


def test_racing_writers_get_numbers_of_their_own() -> None:
    store = Store(BUCKET)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda i: store.register("race", f"v{i}", f'{{"i": {i}}}'), range(12)))
    assert sorted(registered.number for registered, _ in answers) == list(range(1, 13))
    assert all(new for _, new in answers)
    for registered, _ in answers:
        assert store.get("race", registered.number) == registered


def test_a_number_that_is_taken_is_not_overwritten() -> None:
    key = "parameters/taken/v000001.json"
    assert objects.put_new(BUCKET, key, b"first", content_type="text/plain")
    assert not objects.put_new(BUCKET, key, b"second", content_type="text/plain")
    assert objects.read_text(f"s3://{BUCKET}/{key}") == "first"


def test_what_is_missing_is_told() -> None:
    assert Store(BUCKET).newest("nobody") is None
    assert Store(BUCKET).get("nobody", 1) is None
    with pytest.raises(clients.MissingError, match="cannot write s3://no-such-bucket/k"):
        objects.put_new("no-such-bucket", "k", b"", content_type="text/plain")


def test_a_journal_without_its_table_is_told() -> None:
    with pytest.raises(clients.MissingError, match="cannot write to the journal nowhere"):  # noqa: SIM117
        with Journal("r", "j", table="nowhere").step("s"):
            pass


# --- as a Lambda function --------------------------------------------------------------------------------


class Function:
    """The packaged API, invoked with events of an HTTP API."""

    def __init__(self, client: LambdaClient, name: str) -> None:
        self.client = client
        self.name = name

    def call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json", "host": "api"},
            "requestContext": {
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
                "stage": "$default",
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        text = payload["body"]
        text = base64.b64decode(text).decode() if payload.get("isBase64Encoded") else text
        return payload["statusCode"], json.loads(text)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(tmp_path_factory.mktemp("lambda") / "api.zip")


@pytest.fixture
def function(stack: Stack, archive: Path) -> Iterator[Function]:
    client = boto3.client("lambda", endpoint_url=stack.endpoint, region_name="eu-west-1")
    name = "assay-parameters"
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/assay-api",
        Handler=package.HANDLER,
        Code={"ZipFile": archive.read_bytes()},
        Timeout=60,
        MemorySize=512,
        Environment={"Variables": {"ASSAY_LANDING_BUCKET": BUCKET, "AWS_DEFAULT_REGION": "eu-west-1"}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    yield Function(client, name)
    client.delete_function(FunctionName=name)


def test_the_packaged_function_serves_the_api(function: Function, blueprint: dict[str, Any]) -> None:
    name = blueprint["name"]
    assert function.call("GET", "/v1/status") == (200, {"status": "ok"})
    status, first = function.call("POST", "/v1/parameters", blueprint)
    assert (status, first["number"]) == (201, 1)
    assert function.call("POST", "/v1/parameters", blueprint) == (200, first)
    assert function.call("GET", f"/v1/parameters/{name}") == (200, first)
    status, problem = function.call("POST", "/v1/parameters", blueprint | {"alpha": 2})
    assert (status, problem["title"]) == (422, "Unprocessable Entity")
    assert json.loads(objects.read_text(f"s3://{BUCKET}/parameters/{name}/v000001.json")) == first


def test_packing_without_the_dependencies_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "REQUIREMENTS", ("fastapi", "no-such-package"))
    with pytest.raises(InputError, match=r"without no-such-package; install `assay\[api\]`"):
        package.build(tmp_path / "api.zip")
    assert not (tmp_path / "api.zip").exists()


def test_the_package_is_small_complete_and_reproducible(archive: Path, tmp_path: Path) -> None:
    assert package.build(tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
        names = set(opened.namelist())
    roots = {name.split("/")[0] for name in names}
    assert {"assay", "fastapi", "starlette", "pydantic", "pydantic_core", "mangum", "anyio", "yaml"} <= roots
    assert not roots & {"boto3", "botocore", "numpy", "scipy", "pandas", "pyspark", "pyarrow"}
    assert not any(name.startswith(("assay/local/", "assay/lake/", "assay/cli/")) for name in names)
    assert archive.stat().st_size < 6_000_000

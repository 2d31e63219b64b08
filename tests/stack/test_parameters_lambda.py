"""The API as AWS runs it: packed, behind an HTTP API that asks for IAM, under a race of writers.

The emulator of this module enforces policies (`AUTH=true`): signatures are verified, and the function has its
role's rights only.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from assay import configs
from assay.client import Client
from assay.errors import InputError, TerminalError
from assay.runtime import signing
from assay.serving.api import package, wheels
from assay.sources import parameters
from assay.sources.parameters import Receipt
from assay.spec import Blueprint

pytestmark = pytest.mark.long

BUCKET, REGION, WRITERS = "assay-landing", "eu-west-1", 16
ARN = "arn:aws:execute-api:eu-west-1:000000000000"
GLUE = "arn:aws:glue:eu-west-1:000000000000"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ROUTES = {
    "POST /v1/parameters": "AWS_IAM",
    "GET /v1/parameters/{name}": "AWS_IAM",
    "GET /v1/experiments": "AWS_IAM",
    "GET /v1/assets": "NONE",  # a mistake of the kind that the application itself must catch
}
STORE = (
    {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::{BUCKET}/parameters/*",
    },
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
    {
        "Effect": "Allow",
        "Action": "glue:GetTable",
        "Resource": [f"{GLUE}:catalog", f"{GLUE}:database/gold", f"{GLUE}:table/gold/*"],
    },
)


@dataclass(frozen=True)
class Api:
    """The deployed API.

    Attributes:
        url: Where its paths begin.
        users: Name → access key and secret.
        root: A session that may do everything.
        endpoint: URL of the emulator.
    """

    url: str
    users: Mapping[str, tuple[str, str]]
    root: boto3.Session
    endpoint: str

    def objects(self, name: str) -> list[str]:
        """The kept versions of a blueprint."""
        s3 = self.root.client("s3", endpoint_url=self.endpoint)
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"parameters/{name}/")
        return [each["Key"].rsplit("/", 1)[1] for each in found.get("Contents", [])]

    def read(self, name: str, number: int) -> dict[str, Any]:
        """A kept version, past the API."""
        s3 = self.root.client("s3", endpoint_url=self.endpoint)
        body = s3.get_object(Bucket=BUCKET, Key=f"parameters/{name}/v{number:06d}.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("lambda")
    return {"api": package.build(folder / "api.zip"), "layer": package.layer(folder / "layer.zip")}


@pytest.fixture(scope="module")
def strict_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulator that enforces policies."""
    folder = tmp_path_factory.mktemp("strict")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {
        "AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": port, "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "ministack"], env=kept | settings, cwd=folder)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_ministack/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the emulator does not answer at {url}")


@pytest.fixture(scope="module")
def api(strict_emulator: str, archives: dict[str, Path]) -> Api:
    """The function with layer and role, an HTTP API in front, a user who may call it and one who may not."""
    root = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    s3, iam, function, gateway = (
        root.client(service, endpoint_url=strict_emulator)  # type: ignore[call-overload]
        for service in ("s3", "iam", "lambda", "apigatewayv2")
    )
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam.create_role(RoleName="assay-api", AssumeRolePolicyDocument=_policy(TRUST))
    iam.put_role_policy(RoleName="assay-api", PolicyName="store", PolicyDocument=_policy(*STORE))
    layer = function.publish_layer_version(
        LayerName="assay-numbers", Content={"ZipFile": archives["layer"].read_bytes()}
    )
    made = function.create_function(
        FunctionName="assay-api",
        Runtime=package.RUNTIME,
        Role="arn:aws:iam::000000000000:role/assay-api",
        Handler=package.HANDLER,
        Code={"ZipFile": archives["api"].read_bytes()},
        Layers=[layer["LayerVersionArn"]],
        Timeout=120,
        MemorySize=1024,
        Environment={"Variables": {"ASSAY_LANDING_BUCKET": BUCKET, "ASSAY_API_WORKGROUP": "assay-api"}},
    )
    function.get_waiter("function_active_v2").wait(FunctionName="assay-api")
    api_id = gateway.create_api(Name="assay-api", ProtocolType="HTTP")["ApiId"]
    behind = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=made["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    for route, asks in ROUTES.items():
        gateway.create_route(
            ApiId=api_id,
            RouteKey=route,
            Target=f"integrations/{behind['IntegrationId']}",
            AuthorizationType=asks,
        )
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    may = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{ARN}:{api_id}/$default/*/v1/*"}
    users = {}
    for name, statements in {"ingest": (may,), "stranger": ()}.items():
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="call", PolicyDocument=_policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        users[name] = key["AccessKeyId"], key["SecretAccessKey"]
    users["nobody"] = "AKIAUNKNOWN000000000", "secret"
    return Api(f"{strict_emulator}/_aws/execute-api/{api_id}", users, root, strict_emulator)


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def blueprint(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A blueprint with a name of the test's own."""
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    document: dict[str, Any] = json.loads(Blueprint.parse(path.read_text(), str(path)).document())
    return document | {"name": request.node.originalname[:60].lower()}


@pytest.fixture
def sign_as(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this process a user."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)

    def become(user: str, *, secret: str | None = None) -> None:
        key, own = api.users[user]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own if secret is None else secret)

    return become


# --- who may call ----------------------------------------------------------------------------------------


def test_who_does_not_sign_is_refused(api: Api, blueprint: dict[str, Any]) -> None:
    answer = httpx.post(f"{api.url}/v1/parameters", json=blueprint, timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (403, "Forbidden")
    assert api.objects(blueprint["name"]) == []


def test_the_jobs_client_signs_and_is_served(api: Api, sign_as: Any, blueprint: dict[str, Any]) -> None:
    sign_as("ingest")
    path = f"{api.url}/v1/parameters/{blueprint['name']}"
    cold = httpx.get(path, headers=signing.headers("GET", path, b"", {}), timeout=300)
    assert cold.status_code == 404
    first, second = json.dumps(blueprint), json.dumps(blueprint | {"alpha": 0.01})
    receipts = [parameters.register(api.url, each) for each in (first, first, second)]
    assert receipts == [Receipt(1, new=True), Receipt(1, new=False), Receipt(2, new=True)]
    assert api.objects(blueprint["name"]) == ["v000001.json", "v000002.json"]
    found = httpx.get(path, headers=signing.headers("GET", path, b"", {}), timeout=60).json()
    assert (found["number"], json.loads(found["document"])["alpha"]) == (2, 0.01)


def test_a_refused_blueprint_is_the_callers_error(api: Api, sign_as: Any, blueprint: dict[str, Any]) -> None:
    sign_as("ingest")
    blueprint["metrics"]["active_traders"] = {"type": "mean", "numerator": "trades.count", "method": "t_tset"}
    with pytest.raises(InputError, match=r"refused the blueprint: .*method.* is 't_tset'"):
        parameters.register(api.url, json.dumps(blueprint))


@pytest.mark.parametrize(
    ("user", "secret", "said"),
    [
        ("stranger", None, "not authorized to perform: execute-api:Invoke"),
        ("ingest", "not-the-secret", "signature we calculated does not match"),
        ("nobody", None, "security token included in the request is invalid"),
    ],
)
def test_wrong_credentials_are_refused(
    api: Api, sign_as: Any, blueprint: dict[str, Any], user: str, secret: str | None, said: str
) -> None:
    sign_as(user, secret=secret)
    with pytest.raises(
        TerminalError, match=f"refused the caller: .*{said}.*; run with credentials whose role"
    ):
        parameters.register(api.url, json.dumps(blueprint))
    assert api.objects(blueprint["name"]) == []


def test_who_signs_may_read_what_there_is(api: Api, sign_as: Any) -> None:
    """Of a lake without tables: the emulator's Athena knows no Iceberg."""
    sign_as("ingest")
    with Client(api.url) as client:
        assert list(client.experiments()) == []
    sign_as("stranger")
    with (
        Client(api.url) as client,
        pytest.raises(TerminalError, match=r"refuses the caller: .*execute-api:Invoke"),
    ):
        list(client.experiments())


def test_a_route_that_asks_for_no_signature_lets_nobody_in(api: Api) -> None:
    answer = httpx.get(f"{api.url}/v1/assets", timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    with (
        Client(api.url, "assay_made_up") as client,
        pytest.raises(TerminalError, match="the token is not known"),
    ):
        list(client.assets())


# --- who wins --------------------------------------------------------------------------------------------


def test_sixteen_writers_at_once_get_sixteen_versions(
    api: Api, sign_as: Any, blueprint: dict[str, Any]
) -> None:
    """Every writer has a document of its own: no version is lost, none is written twice, none has a gap."""
    sign_as("ingest")
    documents = [json.dumps(blueprint | {"alpha": round(0.01 + 0.001 * i, 3)}) for i in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(lambda document: _post(api, document), documents))
    assert sorted(answer["number"] for answer in answers) == list(range(1, WRITERS + 1))
    assert api.objects(blueprint["name"]) == [f"v{i:06d}.json" for i in range(1, WRITERS + 1)]
    for document, answer in zip(documents, answers, strict=True):
        kept = api.read(blueprint["name"], answer["number"])
        assert (kept, json.loads(kept["document"])) == (answer, json.loads(document))


def _post(api: Api, document: str) -> dict[str, Any]:
    path, body = f"{api.url}/v1/parameters", document.encode()
    signed = signing.headers("POST", path, body, {"Content-Type": "application/json"})
    answer = httpx.post(path, content=body, headers=signed, timeout=300)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


# --- what is packed --------------------------------------------------------------------------------------


def test_packing_without_the_dependencies_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "REQUIREMENTS", ("fastapi", "no-such-package"))
    with pytest.raises(InputError, match=r"without no-such-package; install `assay\[api\]`"):
        package.build(tmp_path / "api.zip")
    assert not (tmp_path / "api.zip").exists()


def test_what_lambda_would_not_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_ZIPPED", 1_000_000)
    with pytest.raises(InputError, match=r"api.zip has [\d,]+ bytes, .*; Lambda takes fewer than 1,000,000"):
        package.build(tmp_path / "api.zip")
    assert not (tmp_path / "api.zip").exists()


def test_the_archives_are_small_complete_and_reproducible(
    archives: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package.main([str(tmp_path)])
    for name in ("api", "layer"):
        assert (tmp_path / f"{name}.zip").read_bytes() == archives[name].read_bytes()
    sizes = {name: package.size(archive) for name, archive in archives.items()}
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/{name}.zip: {size.zipped / 1e6:.1f} MB, {size.unzipped / 1e6:.1f} MB unzipped"
        for name, size in sizes.items()
    ]
    assert sizes["api"].zipped < 10_000_000
    assert sizes["layer"].zipped < 50_000_000
    assert sum(size.unzipped for size in sizes.values()) < 250_000_000
    names = set(zipfile.ZipFile(archives["api"]).namelist())
    roots = {name.split("/")[0] for name in names}
    assert {"assay", "fastapi", "starlette", "pydantic", "pydantic_core", "mangum", "anyio", "yaml"} <= roots
    assert not roots & {"boto3", "botocore", "numpy", "scipy", "pandas", "pyspark", "pyarrow"}
    assert not any(name.startswith(("assay/local/", "assay/lake/", "assay/cli/")) for name in names)
    inside = {tuple(name.split("/")[:5]) for name in zipfile.ZipFile(archives["layer"]).namelist()}
    assert {folder[:4] for folder in inside} == {("python", "lib", package.RUNTIME, "site-packages")}
    assert {folder[4] for folder in inside} == {"numpy", "numpy.libs", "scipy", "scipy.libs"}


@pytest.mark.parametrize("name", ["api", "layer"])
def test_every_binary_module_runs_on_lambdas_python_and_c_library(
    archives: dict[str, Path], name: str
) -> None:
    """The machine's own modules stand beside Lambda's in the function only, where its Python is another."""
    tag = f"cpython-{wheels.PYTHON.replace('.', '')}"
    here = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"
    with zipfile.ZipFile(archives[name]) as opened:
        binaries = {each: opened.read(each) for each in opened.namelist() if ".so" in each.rsplit("/", 1)[-1]}
    modules = {each for each in binaries if "cpython-" in each}
    lambdas = {each for each in modules if tag in each}
    assert lambdas != set()
    both = name == "api" and here != tag
    assert {each.replace(here, tag) for each in modules - lambdas} == (lambdas if both else set())
    for each, content in binaries.items():
        needed = {
            tuple(map(int, v.split(b".")))
            for v in re.findall(rb"\x00GLIBC_(\d+\.\d+)(?:\.\d+)?(?=\x00)", content)
        }
        assert max(needed, default=(0, 0)) <= wheels.GLIBC, each

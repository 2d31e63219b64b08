"""Write docs/lambda.md: how large the packed API is, and how fast it answers on the emulator.

`PYTHONPATH=lib python docs/lambda.py`, two minutes on an idle machine of two cores.
"""

from __future__ import annotations

import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx

from assay.runtime import signing
from assay.serving.api import package

PAGE = Path(__file__).parent / "lambda.md"
NAME, BUCKET, REGION = "assay-api", "assay-landing", "eu-west-1"
COLD, WARM = 5, 100
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


def main() -> None:
    """Pack, deploy on an emulator of its own, measure, write the page."""
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        archives = (package.build(folder / "api.zip"), package.layer(folder / "layer.zip"))
        with _emulator(folder) as endpoint:
            client, url = _deploy(endpoint, *archives)
            cold = [_cold(client, url) for _ in range(COLD)]
            status = [_milliseconds(f"{url}/v1/status") for _ in range(WARM)]
            missing = [_milliseconds(f"{url}/v1/parameters/nobody") for _ in range(WARM)]
        PAGE.write_text(_page(archives, cold, status, missing), encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    settings = {
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": port, "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION, "S3_DATA_DIR": str(folder / "s3"), "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local", "LOG_LEVEL": "WARNING", "AWS_DEFAULT_REGION": REGION,
    }  # fmt: skip
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | settings
    process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, cwd=folder)
    try:
        while process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/_ministack/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _deploy(endpoint: str, code: Path, layer: Path) -> tuple[Any, str]:
    """The function behind an HTTP API that asks for IAM; its client and the API's URL."""
    session = boto3.session.Session()
    s3, function, gateway = (
        session.client(n, endpoint_url=endpoint) for n in ("s3", "lambda", "apigatewayv2")
    )
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    numbers = function.publish_layer_version(LayerName=NAME, Content={"ZipFile": layer.read_bytes()})
    made = function.create_function(
        FunctionName=NAME,
        Runtime=package.RUNTIME,
        Role=f"arn:aws:iam::000000000000:role/{NAME}",
        Handler=package.HANDLER,
        Code={"ZipFile": code.read_bytes()},
        Layers=[numbers["LayerVersionArn"]],
        Timeout=120,
        MemorySize=1024,
        Environment={"Variables": {"ASSAY_LANDING_BUCKET": BUCKET}},
    )
    function.get_waiter("function_active_v2").wait(FunctionName=NAME)
    api = gateway.create_api(Name=NAME, ProtocolType="HTTP")["ApiId"]
    behind = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=made["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    gateway.create_route(
        ApiId=api,
        RouteKey="$default",
        Target=f"integrations/{behind['IntegrationId']}",
        AuthorizationType="AWS_IAM",
    )
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return function, f"{endpoint}/_aws/execute-api/{api}"


def _cold(client: Any, url: str) -> float:
    """The first answer after a change of the function's settings, which ends what ran."""
    variables = {"ASSAY_LANDING_BUCKET": BUCKET, "CHANGED": str(time.time())}
    client.update_function_configuration(FunctionName=NAME, Environment={"Variables": variables})
    client.get_waiter("function_updated_v2").wait(FunctionName=NAME)
    time.sleep(1)
    return _milliseconds(f"{url}/v1/status")


def _milliseconds(url: str) -> float:
    headers = signing.headers("GET", url, b"", {})
    began = time.perf_counter()
    answer = httpx.get(url, headers=headers, timeout=120)
    if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
        raise SystemExit(f"{url} answered {answer.status_code}: {answer.text}")
    return 1000 * (time.perf_counter() - began)


def _page(archives: Sequence[Path], cold: list[float], status: list[float], missing: list[float]) -> str:
    sizes = [package.size(each) for each in archives]
    rows = [
        f"| {each.name} | {size.zipped / 1e6:.1f} | {size.unzipped / 1e6:.1f} |"
        for each, size in zip(archives, sizes, strict=True)
    ]
    now, _, before = os.getloadavg()
    measured = (
        f"Measured {datetime.now(UTC).date()} on the emulator: {os.cpu_count()} shared cores, Python "
        f"{platform.python_version()}, load average {now:.0f} (1 minute) and {before:.0f} (15 minutes). "
        "AWS itself was not measured."
    )
    limits = f"{package.MOST_ZIPPED / 1e6:.0f} each | {package.MOST_UNZIPPED / 1e6:.0f} together"
    warm = [
        f"| `{what}` | {statistics.median(values):.0f} | {statistics.quantiles(values, n=20)[18]:.0f} |"
        for what, values in {"GET /v1/status": status, "GET /v1/parameters/{name}, asks S3": missing}.items()
    ]
    return "\n".join(
        [
            "# The packed API",
            "",
            "Written by `docs/lambda.py`; reasons: [ADR 0015](adr/0015-images.md).",
            measured,
            "",
            "| archive | MB | MB unzipped |",
            "|---|---|---|",
            *rows,
            f"| Lambda's limit | {limits} |",
            "",
            f"Cold (first signed answer through the HTTP API, x{COLD}): "
            + ", ".join(f"{value:,.0f}" for value in cold)
            + " ms.",
            "",
            f"| warm, one client, x{WARM} | p50, ms | p95, ms |",
            "|---|---|---|",
            *warm,
            "",
        ]
    )


if __name__ == "__main__":
    main()

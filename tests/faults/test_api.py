"""The API under whatever its own description allows, and under 200 writers at a time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from assay import configs
from assay.serving.api import tokens
from assay.serving.api.app import app
from assay.spec import Blueprint
from unit.api import lake

REQUESTS, WRITERS, WRITES = 10_000, 200, 2
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
RUNS = {("POST", "/v1/runs"), ("GET", "/v1/runs/{run}")}
Survived = Callable[..., None]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


class Everywhere:
    """The application as asked by ever new clients: what is tested here is not how often one may ask."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.asked += 1
        await app({**scope, "client": (f"127.1.{self.asked // 250}.{self.asked % 250}", 1)}, receive, send)


@pytest.fixture
def bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket that the API keeps its versions in."""
    name = f"landing-{uuid.uuid4().hex[:12]}"
    place = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3", endpoint_url=aws).create_bucket(Bucket=name, CreateBucketConfiguration=place)  # type: ignore[typeddict-item]
    monkeypatch.setenv("ASSAY_LANDING_BUCKET", name)
    return name


@pytest.fixture
def token(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A token, and a lake that there is something to read in."""
    assert aws
    monkeypatch.setenv(tokens.VARIABLE, str(tmp_path / "tokens.json"))
    place = lake.make()
    yield tokens.make(tmp_path / "tokens.json", "test")
    for name in lake.TABLES:
        lake.drop(place, name)


@pytest.fixture(scope="module")
def blueprint() -> dict[str, Any]:
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    document: dict[str, Any] = json.loads(Blueprint.parse(path.read_text(), str(path)).document())
    return document


def each_operation(requests: int, call: Callable[[Any], None]) -> None:
    """Generate so many requests, valid and not, spread over the operations of the API's own description."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", Everywhere())
    every = [result.ok() for result in schema.get_all_operations()]
    # The emulator has no runs of workflows: these two are asked for in tests/stack/test_reading_api.py.
    operations = [each for each in every if (each.method.upper(), each.path) not in RUNS]
    assert len(operations) == len(every) - len(RUNS)
    modes = list(schemathesis.GenerationMode)
    for operation, mode in itertools.product(operations, modes):
        bounds = settings(
            max_examples=-(-requests // (len(operations) * len(modes))),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        cases = operation.as_strategy(generation_mode=mode)
        with contextlib.suppress(Unsatisfiable):  # there is nothing to get wrong in GET /v1/status
            bounds(given(cases)(call))()


def mutated(document: dict[str, Any], requests: int, call: Callable[[Any], None]) -> None:
    """A valid blueprint with something else in one place: it gets further into the checks than chance."""
    places = list(_places(document))

    @settings(
        max_examples=requests, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(places), JSON)
    def run(place: tuple[Any, ...], value: object) -> None:
        call(_with(document, place, value))

    run()


def _places(node: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from _places(value, (*at, key))


def _with(document: Any, place: tuple[Any, ...], value: object) -> Any:
    key, *rest = place
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[key] = _with(copy[key], tuple(rest), value) if rest else value
    return copy


def attack(requests: int, blueprint: dict[str, Any], token: str) -> tuple[int, dict[int, int]]:
    """Ask the application in this process; how often it was asked, and status → answers."""
    answers: dict[int, int] = {}
    everywhere = Everywhere()

    def generated(case: Any) -> None:
        # Every second time with a token, else with whatever was generated in its place.
        shown = {"Authorization": f"Bearer {token}"} if everywhere.asked % 2 else {}
        answer = case.call(headers=shown)
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)

    each_operation(requests, generated)
    headers = {"Content-Type": "application/json"}
    with asyncio.Runner() as runner:
        transport = httpx.ASGITransport(everywhere, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)

        def changed(document: object) -> None:
            body = json.dumps(document).encode()
            answer = runner.run(client.post("/v1/parameters", content=body))
            answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (answer.text, body)

        mutated(blueprint, max(requests // 4, requests - sum(answers.values())), changed)
        runner.run(client.aclose())
    return sum(answers.values()), answers


@pytest.mark.usefixtures("bucket")
def test_no_generated_request_breaks_the_api(blueprint: dict[str, Any], token: str) -> None:
    asked, answers = attack(80, blueprint, token)
    assert asked >= 80
    assert {200, 401, 404, 422} <= answers.keys()
    assert all(status < 500 for status in answers)


@pytest.mark.slow
@pytest.mark.usefixtures("bucket")
def test_ten_thousand_generated_requests_break_nothing(
    blueprint: dict[str, Any], token: str, survived: Survived
) -> None:
    asked, answers = attack(REQUESTS, blueprint, token)
    assert asked >= REQUESTS
    broken = sum(count for status, count in answers.items() if status >= 500)
    assert broken == 0
    told = ", ".join(f"{count:,} of {status}" for status, count in sorted(answers.items()))
    survived("API", "generated requests", tried=asked, lost=broken, saw=f"answers: {told}")


# --- under uvicorn ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """The API under uvicorn, with its versions on the emulator."""

    url: str

    def client(self, number: int) -> httpx.Client:
        """A client with an address of its own on this machine."""
        address = f"127.2.{number // 250}.{number % 250 + 1}"
        return httpx.Client(
            base_url=self.url, transport=httpx.HTTPTransport(local_address=address), timeout=60
        )


@pytest.fixture
def server(bucket: str) -> Iterator[Server]:
    assert bucket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "assay.serving.api.app:app", "--host", "127.0.0.1"]
    process = subprocess.Popen([*command, "--port", str(port), "--log-level", "warning"], env=os.environ)
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{server.url}/v1/status").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the API does not answer")


def write(server: Server, document: dict[str, Any], number: int, writes: int) -> list[tuple[int, str]]:
    """Register documents of one's own, again where the API says so: number and document of each."""
    kept = []
    with server.client(number) as client:
        for one in range(writes):
            answer = register(client, document | {"seed": number * 1_000 + one})
            kept.append((answer["number"], answer["document"]))
    return kept


def register(client: httpx.Client, document: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 300
    while True:
        answer = client.post("/v1/parameters", json=document)
        if answer.status_code not in {429, 503} or time.monotonic() > deadline:
            assert answer.status_code in {200, 201}, answer.text
            found: dict[str, Any] = answer.json()
            return found
        time.sleep(0.2)


def race(server: Server, document: dict[str, Any], writers: int, writes: int) -> int:
    """Let clients write at the same time; how many acknowledged writes are not there as acknowledged."""
    wait_for(server)
    with ThreadPoolExecutor(writers) as pool:
        found = list(pool.map(lambda n: write(server, document, n, writes), range(writers)))
    acknowledged = dict(itertools.chain.from_iterable(found))
    assert len(acknowledged) == writers * writes  # no number stands for two documents
    # A write whose answer came too late may stand twice; there is no gap.
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    prefix = f"parameters/{document['name']}/"
    listed = s3.list_objects_v2(Bucket=os.environ["ASSAY_LANDING_BUCKET"], Prefix=prefix)["Contents"]
    assert [each["Key"] for each in listed] == [f"{prefix}v{n:06d}.json" for n in range(1, len(listed) + 1)]
    with server.client(1_000) as client:
        texts = {}
        for number in acknowledged:
            while (answer := client.get(f"/v1/{prefix}{number}")).status_code == 429:
                time.sleep(0.5)
            texts[number] = answer.json()["document"]
    return sum(texts[number] != text for number, text in acknowledged.items())


@pytest.mark.slow
def test_two_hundred_clients_at_once_lose_no_write(
    server: Server, blueprint: dict[str, Any], survived: Survived
) -> None:
    lost = race(server, blueprint, WRITERS, WRITES)
    assert lost == 0
    survived(
        "API", f"{WRITERS} clients write one blueprint at the same time", tried=WRITERS * WRITES, lost=lost,
        saw="every write has a number of its own, there is no gap, and each reads back as it was sent",
    )  # fmt: skip


@pytest.mark.slow
def test_a_flood_of_one_client_is_bounded_and_others_are_served(server: Server, survived: Survived) -> None:
    wait_for(server)
    with server.client(1) as flooding, server.client(2) as other:
        statuses = [flooding.get("/v1/status").status_code for _ in range(2_000)]
        assert other.get("/v1/status").status_code == 200
    assert set(statuses) == {200, 429}
    survived(
        "API", "one client asks without a pause", tried=len(statuses), lost=0,
        saw=f"{statuses.count(429):,} answers 429 with a time to come back; another client is served",
    )  # fmt: skip


@pytest.mark.slow
def test_what_is_too_large_too_deep_or_too_slow_is_refused(server: Server, survived: Survived) -> None:
    wait_for(server)
    with server.client(3) as client:
        large = client.post("/v1/parameters", content=b"x" * 10_000_000)
        deep = client.post("/v1/parameters", content=b"[" * 100_000)
        assert client.get("/v1/status").status_code == 200
    assert (large.status_code, deep.status_code) == (413, 413)
    host, port = server.url.removeprefix("http://").split(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        slow.sendall(b"POST /v1/parameters HTTP/1.1\r\nHost: api\r\nContent-Length: 100\r\n\r\n{")
        answer = slow.recv(4_096)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert time.monotonic() - began < 25
    survived(
        "API", "a body of 10 MB, 100,000 brackets, one that never ends", tried=3, lost=0,
        saw=json.loads(large.content)["detail"],
    )  # fmt: skip

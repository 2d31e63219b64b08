"""The routes over a bucket in memory: versions, equality, races, problems. The real bucket: tests/stack."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

import httpx
import pytest

from assay import configs
from assay.errors import TerminalError, TransientError
from assay.runtime import clients, objects
from assay.serving.api import store
from assay.serving.api.app import app
from assay.serving.api.store import Store
from assay.spec import Blueprint

OF_422 = "Content" if sys.version_info >= (3, 13) else "Entity"
"""The second word of what Python calls 422: that of RFC 9110, or the one before it."""


class Bucket:
    """Objects of one bucket, with S3's rule for conditional writes; `rivals` write first."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.rivals: list[bytes] = []

    def newest(self, bucket: str, prefix: str, *, after: str = "") -> str | None:
        assert bucket == "landing"
        return max((key for key in self.objects if key.startswith(prefix) and key > after), default=None)

    def put_new(self, bucket: str, key: str, body: bytes, *, content_type: str) -> bool:
        assert (bucket, content_type) == ("landing", "application/json")
        if self.rivals:
            self.objects[key] = self.rivals.pop()
        if key in self.objects:
            return False
        self.objects[key] = body
        return True

    def read_text(self, address: str) -> str:
        key = address.removeprefix("s3://landing/")
        if key not in self.objects:
            raise clients.MissingError(address)
        return self.objects[key].decode()


class Api:
    """Calls the app without a server."""

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._send("GET", path))

    def post(self, path: str, **content: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, **content))

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, **content)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    one = Bucket()
    monkeypatch.setenv("ASSAY_LANDING_BUCKET", "landing")
    for name in ("newest", "put_new", "read_text"):
        monkeypatch.setattr(objects, name, getattr(one, name))
    return one


@pytest.fixture
def api(bucket: Bucket) -> Api:
    assert bucket.objects == {}
    return Api()


@pytest.fixture(scope="module")
def blueprint() -> dict[str, Any]:
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    document: dict[str, Any] = json.loads(Blueprint.parse(path.read_text(), str(path)).document())
    return document


def test_a_new_document_is_a_new_version(api: Api, bucket: Bucket, blueprint: dict[str, Any]) -> None:
    first = api.post("/v1/parameters", json=blueprint)
    second = api.post("/v1/parameters", json=blueprint | {"alpha": 0.01})
    assert [first.status_code, second.status_code] == [201, 201]
    assert [first.json()["number"], second.json()["number"]] == [1, 2]
    assert second.headers["location"] == "/v1/parameters/brokerage/2"
    assert sorted(bucket.objects) == [f"parameters/brokerage/v00000{n}.json" for n in (1, 2)]
    kept = json.loads(bucket.objects["parameters/brokerage/v000001.json"])
    assert kept == first.json()
    assert json.loads(kept["document"]) == blueprint
    assert kept["version"] == Blueprint.parse(json.dumps(blueprint), "it").version


def test_the_newest_document_again_changes_nothing(
    api: Api, bucket: Bucket, blueprint: dict[str, Any]
) -> None:
    first = api.post("/v1/parameters", json=blueprint)
    again = api.post("/v1/parameters", json=dict(reversed(blueprint.items())))
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(bucket.objects) == 1


def test_going_back_to_an_older_document_is_a_new_version(api: Api, blueprint: dict[str, Any]) -> None:
    for number, alpha in enumerate((0.05, 0.01, 0.05), start=1):
        answer = api.post("/v1/parameters", json=blueprint | {"alpha": alpha})
        assert (answer.status_code, answer.json()["number"]) == (201, number)


def test_who_loses_a_number_takes_the_next(api: Api, bucket: Bucket, blueprint: dict[str, Any]) -> None:
    rival = {"blueprint": "brokerage", "number": 1, "version": "x", "document": "{}", "registered_at": ""}
    bucket.rivals = [json.dumps(rival).encode()]
    answer = api.post("/v1/parameters", json=blueprint)
    assert (answer.status_code, answer.json()["number"]) == (201, 2)


def test_who_loses_to_the_same_document_gets_that_version(
    api: Api, bucket: Bucket, blueprint: dict[str, Any]
) -> None:
    parsed = Blueprint.parse(json.dumps(blueprint), "it")
    rival = {
        "blueprint": "brokerage", "number": 1, "version": parsed.version, "document": parsed.document(),
        "registered_at": "",
    }  # fmt: skip
    bucket.rivals = [json.dumps(rival).encode()]
    answer = api.post("/v1/parameters", json=blueprint)
    assert (answer.status_code, answer.json()["number"]) == (200, 1)


def test_a_race_that_never_ends_is_given_up(
    api: Api, monkeypatch: pytest.MonkeyPatch, blueprint: dict[str, Any]
) -> None:
    monkeypatch.setattr(objects, "put_new", lambda *_, **__: False)
    answer = api.post("/v1/parameters", json=blueprint)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


def test_versions_that_were_deleted_are_not_missed(
    api: Api, bucket: Bucket, blueprint: dict[str, Any]
) -> None:
    for alpha in (0.05, 0.01, 0.02):
        api.post("/v1/parameters", json=blueprint | {"alpha": alpha})
    bucket.objects.clear()
    assert api.get("/v1/parameters/brokerage").status_code == 404
    assert api.post("/v1/parameters", json=blueprint).json()["number"] == 1


def test_after_its_time_nothing_is_written(bucket: Bucket) -> None:
    with pytest.raises(TransientError, match="others wrote blueprint shop for too long"):
        Store("landing").register("shop", "v", "{}", until=time.monotonic() - 1)
    assert bucket.objects == {}


def test_who_gets_no_turn_gives_up(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_TURN_SECONDS", 0.01)
    with store._turn, pytest.raises(TransientError, match="blueprint shop had no turn"):
        Store("landing").register("shop", "v", "{}")
    assert bucket.objects == {}


def test_versions_are_read(api: Api, blueprint: dict[str, Any]) -> None:
    posted = [api.post("/v1/parameters", json=blueprint | {"alpha": a}).json() for a in (0.05, 0.01)]
    assert api.get("/v1/parameters/brokerage").json() == posted[1]
    assert [api.get(f"/v1/parameters/brokerage/{n}").json() for n in (1, 2)] == posted


def test_the_status(api: Api) -> None:
    assert api.get("/v1/status").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/v1/parameters/brokerage", 404, "no blueprint 'brokerage' is registered"),
        ("/v1/parameters/brokerage/7", 404, "blueprint 'brokerage' has no version 7"),
        ("/v1/parameters/brokerage/7000000", 404, "blueprint 'brokerage' has no version 7000000"),
        ("/v1/parameters/brokerage/0", 422, "path.number: Input should be greater than or equal to 1"),
        ("/v1/parameters/Up..", 422, "path.name: String should match pattern '^[a-z][a-z0-9_]{0,62}$'"),
        ("/nothing", 404, "Not Found"),
    ],
)
def test_problems_of_reading(api: Api, path: str, status: int, detail: str) -> None:
    answer = api.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": {404: "Not Found", 422: f"Unprocessable {OF_422}"}[status],
        "status": status,
        "detail": detail,
    }


def test_a_blueprint_that_is_not_valid_is_refused_with_its_sentence(
    api: Api, bucket: Bucket, blueprint: dict[str, Any]
) -> None:
    answer = api.post("/v1/parameters", json=blueprint | {"alpha": 2})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert "alpha" in answer.json()["detail"]
    assert bucket.objects == {}


@pytest.mark.parametrize("body", ["", "{", "[1]", '"text"'])
def test_what_is_no_json_object_is_refused(api: Api, body: str) -> None:
    answer = api.post("/v1/parameters", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("body")


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (TransientError("bucket b at 10.0.0.7"), 503, "the store did not answer; try again"),
        (TerminalError("denied to role r"), 500, "the request could not be served"),
    ],
)
def test_what_goes_wrong_behind_is_not_told(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, detail: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(objects, "newest", fail)
    answer = api.get("/v1/parameters/brokerage")
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_without_a_bucket_nothing_is_served(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_LANDING_BUCKET")
    assert api.get("/v1/parameters/brokerage").status_code == 500
    assert api.get("/v1/status").status_code == 200


# -- records for a source ------------------------------------------------------------------------
def test_posted_records_are_kept_as_files_that_sort_by_time(api: Api, bucket: Bucket) -> None:
    one = api.post("/v1/dropped/orders", json={"id": 1, "amount": 2.5})
    two = api.post("/v1/dropped/orders", json=[{"id": 2}, {"id": 3, "note": "ä"}])
    assert (one.status_code, two.status_code) == (202, 202)
    assert (one.json()["records"], two.json()["records"]) == (1, 2)
    keys = [one.json()["key"], two.json()["key"]]
    assert keys == sorted(bucket.objects)
    assert all(re.fullmatch(r"dropped/orders/\d{8}T\d{6}\.\d{6}-[0-9a-f]{16}\.json", key) for key in keys)
    assert json.loads(bucket.objects[keys[0]]) == [{"id": 1, "amount": 2.5}]
    assert json.loads(bucket.objects[keys[1]]) == [{"id": 2}, {"id": 3, "note": "ä"}]


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("orders", b"[]", 422),
        ("orders", b"[1]", 422),
        ("orders", b'"text"', 422),
        ("orders", b"{", 422),
        ("orders", b'{"x": NaN}', 422),
        ("orders", b'{"x": "\\ud800"}', 422),
        ("../orders", b"{}", 404),
        ("Orders", b"{}", 422),
        ("o" * 64, b"{}", 422),
    ],
)
def test_what_is_no_record_is_not_kept(
    api: Api, bucket: Bucket, name: str, content: bytes, status: int
) -> None:
    sent = {"content": content, "headers": {"Content-Type": "application/json"}}
    answer = api.post(f"/v1/dropped/{name}", **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert bucket.objects == {}

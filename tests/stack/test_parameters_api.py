"""The parameters API on the real stack, under uvicorn. As a Lambda function: test_parameters_lambda.py."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from assay import configs
from assay.errors import InputError
from assay.local.running import Stack
from assay.runtime import clients, objects
from assay.runtime.journal import Journal
from assay.serving.api.store import Store
from assay.sources import parameters
from assay.sources.parameters import Receipt
from assay.spec import Blueprint

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

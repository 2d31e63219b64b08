"""The API's reading side and its runs on the real stack, by its client. What gold holds: test_chain.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from assay.client import Client
from assay.errors import InputError, TerminalError, TransientError
from assay.local.running import Stack
from assay.runtime import clients
from assay.serving.api import tokens

WEEK = date(2026, 1, 5)
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture(autouse=True)
def stack(local_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in local_stack.environment().items():
        monkeypatch.setenv(name, value)
    return local_stack


@pytest.fixture
def token(stack: Stack) -> str:
    return tokens.make(stack.home.tokens, "test")


@pytest.fixture
def client(stack: Stack, token: str) -> Iterator[Client]:
    with Client(stack.parameters_url, token) as one:
        yield one


def test_a_token_is_good_at_once_and_no_longer_than_it_should(stack: Stack, client: Client) -> None:
    assert list(client.experiments()) == list(client.experiments())
    tokens.revoke(stack.home.tokens, "test")
    with pytest.raises(TerminalError, match="refuses the caller: the token is not known"):
        list(client.experiments())
    answer = httpx.get(f"{stack.parameters_url}/v1/experiments")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_run_is_started_followed_and_stopped(client: Client) -> None:
    begun = client.runs.start(week=WEEK)
    assert re.fullmatch(r"wr_\w+", begun.run)
    assert (begun.week, begun.state, begun.done) == (WEEK, "RUNNING", False)
    with pytest.raises(TransientError, match="a run is under way"):
        client.runs.start(week=WEEK)
    clients.glue().stop_workflow_run(Name="assay", RunId=begun.run)
    last = begun
    for last in client.runs.follow(begun.run, every=0.2, seconds=120):
        assert last.run == begun.run
    assert (last.state, last.done) == ("STOPPED", True)
    assert last.ended_at is not None
    assert last == client.runs.get(begun.run)


def test_refusals_reach_the_client(client: Client) -> None:
    with pytest.raises(InputError, match="there is no run 'wr_nobody'"):
        client.runs.get("wr_nobody")
    with pytest.raises(InputError, match="2026-01-06 is no Monday"):
        client.runs.start(week="2026-01-06")
    with pytest.raises(InputError, match="there is no experiment 'nobody'"):
        list(client.results("nobody"))
    with pytest.raises(InputError, match=r"path.run: String should match pattern"):
        client.runs.get("a b")


def test_no_generated_question_about_a_run_breaks_the_api(stack: Stack, token: str) -> None:
    schema = schemathesis.openapi.from_url(f"{stack.parameters_url}/openapi.json")
    operation = schema["/v1/runs/{run}"]["GET"]
    bounds = settings(
        max_examples=40, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    @bounds
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)

    ask()

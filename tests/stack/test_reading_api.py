"""The API's reading side and its runs on the real stack, by its client. What gold holds: test_chain.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from assay.client import Client
from assay.client.records import Progress
from assay.errors import InputError, TerminalError, TransientError
from assay.local.running import Stack
from assay.runtime import clients
from assay.serving.api import tokens
from assay.serving.api.app import app

WEEK = date(2026, 1, 5)
PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
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


# -- docs/api.md ------------------------------------------------------------------------------------------


def test_the_pages_refusals_are_what_it_says(stack: Stack, token: str) -> None:
    (block,) = [each for each in blocks("") if each.startswith("$ curl")]
    lines = block.splitlines()
    for command, wanted in zip(lines[::2], lines[1::2], strict=True):
        path = command.split("$URL")[1].rstrip('"')
        shown = {"Authorization": f"Bearer {token}"} if "$TOKEN" in command else {}
        newer = sys.version_info >= (3, 13)  # which has the words of RFC 9110
        said = wanted.replace("Unprocessable Entity", "Unprocessable Content") if newer else wanted
        assert httpx.get(f"{stack.parameters_url}{path}", headers=shown).text == said
    assert len(lines) == 6


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page asks with curl")
def test_the_pages_commands_run(stack: Stack) -> None:
    (block,) = blocks("sh")
    assay = f'assay() {{ "{sys.executable}" -m assay.cli "$@"; }}'
    environment = {**os.environ, "URL": stack.parameters_url}
    ran = subprocess.run(
        ["bash", "-euc", f"{assay}\n{block}"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert '{"items":[' in ran.stdout
    assert "the token of me is good no more" in ran.stdout


def test_the_page_names_every_route_and_filter() -> None:
    described = app.openapi()["paths"]
    named = re.findall(r"`[^`]*?(/v1/[^` ]+)`", PAGE)
    assert set(described) - {"/v1/status"} == {path for each in named for path in _written_out(each)}
    for path, methods in described.items():
        names = [
            each["name"] for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"
        ]
        for name in {*names} - {"limit", "cursor"}:
            (row,) = [line for line in PAGE.splitlines() if f"GET {path}`" in line and line.startswith("|")]
            assert f"`{name}`" in row


def test_the_page_starts_a_run_and_follows_it(
    stack: Stack, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = blocks("python")
    names: dict[str, Any] = {"URL": stack.parameters_url, "TOKEN": token}
    exec(first, names)  # noqa: S102 what the page shows
    assert list(names["certificates"]) == []
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(exec, second, names)
        deadline = time.monotonic() + 60
        while "run" not in names or not isinstance(names["run"], Progress):
            assert time.monotonic() < deadline
            assert not shown.done(), shown.exception()
            time.sleep(0.05)
        clients.glue().stop_workflow_run(Name="assay", RunId=names["run"].run)
        shown.result(timeout=120)
    assert "STOPPED" in capsys.readouterr().out


def blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    fenced = [each.partition("\n") for each in PAGE.split("```")[1::2]]
    return [text for name, _, text in fenced if name == language]


def _written_out(pattern: str) -> set[str]:
    """The paths that one way of writing stands for: what is in brackets may be left out."""
    whole, short = pattern.replace("[", "").replace("]", ""), re.sub(r"\[.*?\]", "", pattern)
    return {whole, short}

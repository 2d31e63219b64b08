from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.local.properties import RunProperties

GET, PUT = "AWSGlue.GetWorkflowRunProperties", "AWSGlue.PutWorkflowRunProperties"
RUN = {"Name": "weekly", "RunId": "wr_1", "RunProperties": {"week": "2026-01-05"}, "Status": "RUNNING"}


@pytest.fixture
def properties(tmp_path: Path) -> RunProperties:
    (tmp_path / "wr_1.json").write_text(json.dumps(RUN))
    return RunProperties(tmp_path)


def ask(properties: RunProperties, target: str, **request: Any) -> tuple[int, dict[str, Any]]:
    return properties.answer(target, json.dumps(request).encode())


def test_it_answers_the_two_calls_and_no_other(properties: RunProperties) -> None:
    assert properties.answers(GET)
    assert properties.answers(PUT)
    assert not properties.answers("AWSGlue.GetWorkflowRun")


def test_properties_are_read(properties: RunProperties) -> None:
    assert ask(properties, GET, Name="weekly", RunId="wr_1") == (200, {"RunProperties": RUN["RunProperties"]})


def test_put_adds_and_replaces_and_keeps_what_the_runner_wrote(properties: RunProperties) -> None:
    assert ask(properties, PUT, Name="weekly", RunId="wr_1", RunProperties={"rows": "3"}) == (200, {})
    _, answer = ask(properties, GET, Name="weekly", RunId="wr_1")
    assert answer["RunProperties"] == {"week": "2026-01-05", "rows": "3"}
    assert json.loads((properties.folder / "wr_1.json").read_text())["Status"] == "RUNNING"


@pytest.mark.parametrize(("name", "run_id"), [("weekly", "wr_2"), ("other", "wr_1"), ("weekly", "../wr_1")])
def test_an_unknown_run_is_not_found(properties: RunProperties, name: str, run_id: str) -> None:
    status, answer = ask(properties, GET, Name=name, RunId=run_id)
    assert (status, answer["__type"]) == (400, "EntityNotFoundException")


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"Name": "weekly"}', b"[]"])
def test_an_odd_request_is_refused(properties: RunProperties, body: bytes) -> None:
    status, answer = properties.answer(GET, body)
    assert (status, answer["__type"]) == (400, "InvalidInputException")

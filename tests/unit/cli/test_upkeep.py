"""How a command has an action carried out: the job gets its arguments, its last line is the report."""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.cli import upkeep
from assay.cli.main import app
from assay.errors import InputError
from assay.local import job, stack

STATES = {"snapshots": [{"snapshot": 4217, "at": "2026-01-12T03:20:00+00:00", "run_id": "r-1", "rows": 40}]}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the job `maintain`, which tests/spark and tests/faults run in truth."""
    found: list[list[str]] = []

    def main(argv: list[str]) -> None:
        found.append(argv)
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        sys.stdout.write(f"a line of a library\n{json.dumps(STATES)}\n")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    up = SimpleNamespace(environment=lambda: {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    monkeypatch.setattr(stack, "up", lambda: up)
    monkeypatch.setattr(job, "load", lambda _: main)
    return found


def test_the_job_is_told_and_its_last_line_is_the_report(told: list[list[str]]) -> None:
    assert upkeep.perform("rollback", {"table": "silver.trades", "to": 4217}) == STATES
    (argv,) = told
    given: dict[str, Any] = dict(zip(argv[::2], argv[1::2], strict=True))
    assert json.loads(given.pop("--options")) == {"table": "silver.trades", "to": 4217}
    assert given == {
        "--JOB_NAME": "assay-maintain",
        "--action": "rollback",
        "--landing_bucket": "assay-landing",
        "--show_rows": "true",
    }


def test_snapshots_are_listed(told: list[list[str]]) -> None:
    shown = CliRunner().invoke(app, ["snapshots", "silver.trades", "-n", "3"])
    assert "4217" in shown.stdout
    assert json.loads(told[0][told[0].index("--options") + 1]) == {"table": "silver.trades", "limit": 3}
    assert json.loads(CliRunner().invoke(app, ["snapshots", "silver.trades", "--json"]).stdout) == STATES


def test_a_refusal_is_passed_on(told: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: list[str]) -> None:
        told.append(argv)
        raise InputError("there is no table 'gold.nope'")

    monkeypatch.setattr(job, "load", lambda _: refuse)
    shown = CliRunner().invoke(app, ["snapshots", "gold.nope"])
    assert shown.exit_code == 2
    assert "there is no table 'gold.nope'" in shown.stderr

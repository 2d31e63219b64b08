"""The command line on the real stack: a week through the whole workflow, asked for and run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from assay import configs
from assay.cli import run, weeks
from assay.cli.main import app
from assay.cli.weeks import Asked
from assay.errors import InputError
from assay.local.running import Stack
from assay.runtime.journal import Journal
from assay.spec import load_blueprint

PATH = configs.path(run.DEFAULT)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, local_stack: Stack) -> None:
    """Commands change the process's environment; it is put back after each test."""
    for name in local_stack.environment():
        monkeypatch.setenv(name, os.environ.get(name, ""))
    for name, value in local_stack.environment().items():
        monkeypatch.setenv(name, value)


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_up_and_status() -> None:
    assert assay("up").exit_code == 0
    found = assay("status", "--json")
    assert found.exit_code == 0
    assert all(process["running"] for process in json.loads(found.stdout)["processes"])


def test_query_in_every_form() -> None:
    assert assay("query", "SELECT 7/2 AS n", "--format", "csv").stdout == "n\n3\n"
    assert json.loads(assay("query", "SELECT 7/2 AS n", "-f", "json").stdout) == [{"n": 3}]
    assert "n" in assay("query", "SELECT 7/2 AS n").stdout
    found = assay("query", "SELECT * FROM gold.nope")
    assert found.exit_code == 2
    assert "there is no table 'gold.nope'" in found.stderr


def test_what_a_run_wrote_is_read_from_the_journal() -> None:
    journal = Journal("wr_cli_test", "assay-ingest")
    for rows in (5, 7):
        with journal.step("load") as step:
            step.rows_out = rows
    with journal.step("look"):
        pass
    assert run.written("wr_cli_test") == {"assay-ingest": 12}
    assert run.written("wr_nobody") == {}


def test_a_week_cannot_be_skipped() -> None:
    blueprint = load_blueprint(PATH)
    with pytest.raises(InputError, match="cannot be run before week"):
        run.prepare(blueprint, PATH, Asked(week=500))


def test_a_blueprint_that_never_ran_begins_with_week_one(local_stack: Stack) -> None:
    assert weeks.loaded(local_stack.database.dsn, "never_ran") is None


@pytest.mark.long
def test_the_laboratory_runs_as_a_job_and_writes_into_gold() -> None:
    """In a process of its own: the tests' Spark session has another catalog."""
    wish = ["--scenario", "gamma-1:50:50/50", "--method", "welch", "--replicates", "2000", "--seed", "5"]
    command = [sys.executable, "-m", "assay.cli", "certify", *wish, "--json"]
    on_spark = subprocess.run([*command, "--spark"], capture_output=True, text=True, check=False)
    assert on_spark.returncode == 0, on_spark.stderr
    (found,) = json.loads(on_spark.stdout)
    here = assay("certify", *wish, "--workers", "1", "--json")
    (same,) = json.loads(here.stdout)
    assert found == same
    sql = (
        f"SELECT kind, type_i_error FROM gold.certificates WHERE certificate_id = '{found['certificate_id']}'"
    )
    stored = json.loads(assay("query", sql, "-f", "json").stdout)
    assert stored == [{"kind": "simulated", "type_i_error": found["type_i_error"]}]

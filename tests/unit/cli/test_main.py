# ruff: noqa: RUF005 - command lines as they are typed
"""The command line without a stack: help, refusals, exit codes, and the analysis of a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.cli.main import app

TRIAL = "arm,x,bought\n" + "".join(f"{'ab'[i % 2]},{i % 7 + i % 2},{int(i % 5 == 0)}\n" for i in range(400))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trial.csv").write_text(TRIAL)
    return tmp_path


def assay(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_no_arguments_is_help() -> None:
    found = assay()
    assert "Usage" in found.output
    assert all(name in found.output for name in ("up", "down", "status", "reset", "run", "query", "analyze"))


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "query",
        "analyze",
        "compare",
        "export",
        "fit",
        "plan",
        "certify",
        "rollback",
        "diff",
        "backfill",
    ],
)
def test_help_has_examples(command: str) -> None:
    found = assay(command, "--help")
    assert found.exit_code == 0
    assert "Examples" in found.output


def test_analyze_says_what_it_means() -> None:
    found = assay(
        "analyze", "trial.csv", "--arm", "arm", "--control", "a", "--metric", "x", "--metric", "bought"
    )
    assert found.exit_code == 0
    assert "in arm b against" in found.stdout
    assert "2 comparisons" in found.stdout
    assert "give --allocation" in found.stdout
    assert "type I here" in found.stdout
    assert "rejects a true null in" in found.stdout
    assert "random assignments, re-randomisation p" in " ".join(found.stdout.split())


def test_a_diagnosis_can_be_left_out() -> None:
    found = assay("analyze", "trial.csv", "--arm", "arm", "--control", "a", "--metric", "x", "--no-diagnose")
    assert found.exit_code == 0
    assert "true null" not in found.stdout


def test_analyze_as_json_and_as_a_page(home: Path) -> None:
    options = ["--arm", "arm", "--control", "a", "--metric", "x"]
    shares = ["--allocation", "a=1/2", "--allocation", "b=0.5"]
    found = assay("analyze", "trial.csv", *options, *shares, "--json", "--html", "out.html")
    document = json.loads(found.stdout)
    assert document["checks"][0]["status"] == "ok"
    assert "<svg" in (home / "out.html").read_text()
    assert "written: out.html" in assay("analyze", "trial.csv", *options, "--html", "out.html").stdout


def test_square_brackets_of_the_data_are_no_markup(home: Path) -> None:
    (home / "odd.csv").write_text("arm,x\n" + "".join(f"{'ab'[i % 2]}[red],{i % 3}\n" for i in range(40)))
    found = assay("analyze", "odd.csv", "--arm", "arm", "--control", "a[red]", "--metric", "x")
    assert "b[red] vs a[red]" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["analyze", "none.csv", "--arm", "arm", "--control", "a", "--metric", "x"],
            "there is no file none.csv",
        ),
        (["analyze", "trial.csv", "--arm", "am", "--control", "a", "--metric", "x"], "did you mean 'arm'?"),
        (
            ["analyze", "trial.csv", "--arm", "arm", "--control", "a", "--metric", "x", "--allocation", "a"],
            "ARM=SHARE",
        ),
        (
            ["analyze", "trial.csv", "--arm", "arm", "--control", "a", "--metric", "x"]
            + ["--allocation", "a=0.5", "--allocation", "a=0.5"],
            "names arm 'a' twice",
        ),
        (
            [
                "analyze",
                "trial.csv",
                "--arm",
                "arm",
                "--control",
                "a",
                "--metric",
                "x",
                "--allocation",
                "a=half",
            ],
            "'half' is not a share",
        ),
        (
            [
                "analyze",
                "trial.csv",
                "--arm",
                "arm",
                "--control",
                "a",
                "--metric",
                "x",
                "--html",
                "no/where.html",
            ],
            "no/where.html cannot be written",
        ),
        (["query", "DROP TABLE gold.runs"], "DROP is not a query"),
        (["query", "SELECT 1"], "start it with `assay up`"),
        (["run", "--blueprint", "none.yaml"], "none.yaml"),
        (["run", "--weeks", "0"], "--weeks is 0; it must be 1 or greater"),
        (["run", "--week", "2", "--weeks", "3"], "--week stands alone"),
    ],
)
def test_bad_input_gets_one_sentence_and_changes_nothing(arguments: list[str], says: str, home: Path) -> None:
    before = sorted(path.name for path in home.iterdir())
    found = assay(*arguments)
    assert found.exit_code == 2
    assert found.stdout == ""
    assert says in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in home.iterdir()) == before


def test_a_blueprint_that_is_wrong_starts_nothing(home: Path) -> None:
    (home / "bad.yaml").write_text("name: bad\nstart: 2026-01-05\ncolour: red\n")
    found = assay("run", "--blueprint", "bad.yaml")
    assert found.exit_code == 2
    assert "bad.yaml" in found.stderr
    assert not (home / "state").exists()


def test_a_stack_that_does_not_run() -> None:
    found = assay("status")
    assert found.exit_code == 1
    assert "not running" in found.stdout
    assert json.loads(assay("status", "--json").stdout)["processes"][0]["running"] is False
    assert "nothing was running" in assay("down").stdout
    assert "nothing to delete" in assay("reset", "--yes").stdout


def test_reset_asks_first(home: Path) -> None:
    (home / "state").mkdir()
    found = assay("reset", typed="n\n")
    assert found.exit_code == 1
    assert (home / "state").exists()


def test_a_reader_that_leaves_is_no_error_of_ours() -> None:
    command = [sys.executable, "-c", "from assay.cli.main import main; main()"]
    asked = ["analyze", "trial.csv", "--arm", "arm", "--control", "a", "--metric", "x", "--json"]
    process = subprocess.Popen(
        [*command, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait()
    process.stderr.close()

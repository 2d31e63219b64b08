"""`assay init`, as its user: make check, make run, make report, and every command that needs a stack as JSON.

Each command is a process of its own, as at a terminal; some start Spark, so that all of it takes minutes.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_every_command import ON_STACK

from assay.local import project

pytestmark = pytest.mark.slow
NAME = "trial"
ASSAY = f"{sys.executable} -m assay.cli"


class Project:
    """A project in a folder, and what a terminal in it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if k not in {"ASSAY_HOME", "ASSAY_CONFIGS"}}

    def make(self, target: str) -> str:
        return self._said("make", target, f"ASSAY={ASSAY}")

    def asked(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Any:
        """What a command prints as JSON."""
        return json.loads(self._said(*ASSAY.split(), *arguments, "--json", codes=codes))

    def _said(self, *command: str, codes: tuple[int, ...] = (0,)) -> str:
        own = self.environment | {"ASSAY_CONFIGS": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=own, capture_output=True, text=True, check=False)
        assert done.returncode in codes, f"{' '.join(command)}: {done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, run once; one of its rows breaks the contract."""
    folder = tmp_path_factory.mktemp("projects") / NAME
    project.make(folder)
    found = Project(folder)
    try:
        assert "units" in found.make("check")
        assert not (folder / ".assay").exists()  # checking starts nothing
        with (folder / project.DATA).open("a", newline="") as file:
            csv.writer(file).writerow((10**6, "placebo", "2026-01-05", 1, "2026-01-06"))
        said = found.make("run")
        assert NAME in said
        yield found
    finally:
        subprocess.run([*ASSAY.split(), "reset", "--yes"], cwd=folder, env=found.environment, check=True)


def test_the_run_ends_with_results(made: Project) -> None:
    rows = made.asked("query", "SELECT * FROM gold.experiment_results ORDER BY metric")
    assert [(row["experiment"], row["metric"], row["final"]) for row in rows] == [
        (NAME, "bought", True),
        (NAME, "spent", True),
    ]
    units = sum(1 for _ in csv.reader((made.folder / project.DATA).open())) - 2
    assert all(row["n_control"] + row["n_treatment"] == units for row in rows)
    assert rows[1]["relative_lower"] < 0.3 < rows[1]["relative_upper"]
    assert all(row["type_i_error"] is not None for row in rows)
    (aside,) = made.asked("quarantine", "list")["reasons"]
    assert aside["rows"] == 1


def test_it_is_reported(made: Project) -> None:
    made.make("report")
    page = (made.folder / "report.html").read_text()
    assert f"Experiment {NAME}" in page
    assert "<svg" in page
    made.make("report")
    assert (made.folder / "report.html").read_text() == page


def test_a_second_run_changes_nothing(made: Project) -> None:
    before = made.asked("checksum")
    made.make("run")
    after = made.asked("checksum")
    same = {row["table"]: row for row in before if row["table"] not in {"gold.runs", "gold.reconciliation"}}
    assert {row["table"]: row for row in after if row["table"] in same} == same


def test_every_command_that_needs_a_stack_answers_json(made: Project) -> None:
    results = "gold.experiment_results"
    states = made.asked("snapshots", results)["snapshots"]
    first = made.asked("runs", "list")["runs"][0]["run_id"]
    aside = made.asked("query", "SELECT quarantine_id FROM silver.quarantine")[0]["quarantine_id"]
    weeks = ["--from", "2026-01-05", "--to", "2026-01-05"]
    answers = {
        "up": made.asked("up"),
        "run": made.asked("run", "--blueprint", "experiment.yaml", "--week", "1"),
        "report": made.asked("report", NAME),
        "checksum": made.asked("checksum"),
        "export": made.asked("export", NAME),
        "snapshots": states,
        "runs list": first,
        "runs show": made.asked("runs", "show", first),
        "runs check": made.asked("runs", "check", "--now", "2026-01-13", codes=(0, 1)),
        "sources preview": made.asked("sources", "preview", "units", "-n", "2"),
        "sources run": made.asked("sources", "run", "units"),
        "metrics explain": made.asked("metrics", "explain", "spent", "-b", "experiment.yaml", "-n", "1"),
        "quarantine list": made.asked("quarantine", "list"),
        "quarantine show": made.asked("quarantine", "show", aside),
        "quarantine replay": made.asked("quarantine", "replay"),
        "rollback": made.asked("rollback", results, "--to", str(states[-1]["snapshot"]), "--dry-run"),
        "backfill": (branch := made.asked("backfill", *weeks)["branch"]),
        "diff": made.asked("diff", "--branch", branch, codes=(0, 1)),
        "branch publish": made.asked("branch", "publish", branch),
        "branch drop": made.asked("branch", "drop", branch),
        "replay": made.asked("replay", "--publish"),
        "maintain": made.asked("maintain", "--dry-run"),
        "forget": made.asked("forget", "1", "--dry-run"),
    }
    assert answers.keys() == ON_STACK
    assert all(answer is not None for answer in answers.values())

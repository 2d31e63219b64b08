"""`assay certify`: what it prints, what it refuses, and that a second call finds the work of the first."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.certify.gate import simulate
from assay.certify.gate.simulate import Delay, FalseAlarms, GateTable, Power
from assay.cli.main import app

CELL = ("--scenario", "gamma-1:50:50/50", "--method", "welch", "--replicates", "1000", "--workers", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def certify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["certify", *arguments])


def test_a_cell_is_measured_and_its_work_kept(home: Path) -> None:
    first = certify(*CELL, "--json")
    assert first.exit_code == 0, first.output
    (found,) = json.loads(first.stdout)
    assert found["scenario"] == "gamma-1:50:50/50"
    assert found["type_i_error"] < 0.08
    lines = (home / ".assay" / "certify.jsonl").read_text()
    again = certify(*CELL, "--json")
    assert json.loads(again.stdout) == [found]
    assert (home / ".assay" / "certify.jsonl").read_text() == lines, "nothing was drawn again"


def test_a_line_per_method() -> None:
    found = certify(*CELL)
    assert "gamma-1:50:50/50" in found.stdout
    assert "welch" in found.stdout
    assert "holds" in found.stdout


def test_without_a_wish_the_shipped_certificates_are_summed_up() -> None:
    found = certify()
    assert found.exit_code == 0, found.output
    assert "certificates. Of one kind of data" in found.stdout
    for name in ("welch", "proportions_score", "cluster_robust"):
        assert name in found.stdout


def test_published_tables_are_made_again() -> None:
    found = certify("--published", "--table", "repeated_tests", "--replicates", "1000")
    assert found.exit_code == 0, found.output
    assert "all 14 rows agree" in found.stdout


@pytest.mark.long
def test_the_gate_is_certified(home: Path) -> None:
    found = certify("--gate", "--replicates", "300", "--page", "gate.md")
    assert found.exit_code == 0, found.output
    text = (home / "gate.md").read_text()
    assert "a partition loaded twice" in text
    assert "300" in text
    assert "False alarms" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--scenario", "gama-1"), "there is no scenario 'gama-1'; did you mean 'gamma-1'?"),
        (("--method", "wlch"), "did you mean 'welch'?"),
        (("--replicates", "99"), "replicates is 99; below 100"),
        (("--table", "peeking"), "--table says nothing to a simulation"),
        (("--published", "--method", "welch"), "--method says nothing to --published"),
        (("--published", "--table", "x"), "no published table 'x'"),
        (("--published", "--seed", "3"), "--seed says nothing to --published"),
        (("--gate", "--page", "nowhere/gate.md"), "nowhere/gate.md cannot be written: there is no folder"),
        (("--gate", "--replicates", "200"), "replicates is 200; a gate that holds over years needs 300 runs"),
        (("--spark",), "--spark needs --method or --scenario"),
    ],
)
def test_refusals(arguments: tuple[str, ...], sentence: str, home: Path) -> None:
    found = certify(*arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr.replace("\n", " ")
    assert not (home / ".assay").exists(), "nothing was changed"


def test_the_gate_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation is that of the test above; here its table stands in its place."""
    power = Power("a partition loaded twice", Delay(1.0, 1.0, 1.0), Delay(3.0, math.inf, 0.9))
    table = GateTable("brokerage", 3000, 6, (power,), FalseAlarms(300, 0, 0), (1.0, 0.01))
    monkeypatch.setattr(simulate, "gate_table", lambda *_, **__: table)
    document = json.loads(certify("--gate", "--json").stdout)
    assert document["powers"][0]["detector"] == {"median": 3.0, "ninety": None, "caught": 0.9}
    assert document["false_alarms"]["runs"] == 300

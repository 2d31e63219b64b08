"""`assay report`: printed, written whole, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.report.conftest import EXPERIMENT, made
from typer.testing import CliRunner, Result

from assay.cli.main import app
from assay.local import stack
from assay.serving import queries
from assay.serving.queries import states
from assay.serving.report import formats


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def gold(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The lake of a real run in the place of the local stack's."""
    lake = made(tmp_path_factory.mktemp("lake"))
    monkeypatch.setattr(stack, "environment", dict)
    monkeypatch.setattr(queries, "query", lake.query)
    monkeypatch.setattr(states, "states", lake.states)
    return lake


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments])


@pytest.mark.usefixtures("gold")
def test_it_is_shown_on_the_terminal() -> None:
    shown = assay(EXPERIMENT)
    assert shown.exit_code == 0, shown.output
    assert f"Experiment {EXPERIMENT}" in shown.stdout
    assert "Where this comes from" in shown.stdout


@pytest.mark.usefixtures("gold")
def test_it_is_printed_or_written(home: Path) -> None:
    printed = assay(EXPERIMENT, "--md").stdout
    assert printed.startswith("# Experiment button\\_colour\n")
    for name in formats.FORMATS:
        done = assay(EXPERIMENT, f"--{name}", "--out", f"report.{name}")
        assert (done.exit_code, done.stdout) == (0, f"written: report.{name}\n")
    assert (home / "report.md").read_text() == printed
    assert (home / "report.html").read_text() == assay(EXPERIMENT, "--html").stdout
    assert (home / "report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.usefixtures("gold")
def test_json_has_the_rows_behind_it() -> None:
    document = json.loads(assay(EXPERIMENT, "--json").stdout)
    assert document["schema"] == "assay.report/1"
    assert {row["experiment"] for row in document["results"]} == {EXPERIMENT}
    assert document["blueprint"]["name"] == "small"
    assert set(document["states"]) >= {"gold.experiment_results"}
    first = document["results"][0]["as_of"]
    earlier = json.loads(assay(EXPERIMENT, "--as-of", first, "--json").stdout)
    assert earlier["as_of"] == first


@pytest.mark.usefixtures("gold")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["button"], f"did you mean '{EXPERIMENT}'?"),
        ([EXPERIMENT, "--html", "--md"], "--html and --md exclude each other; leave one out"),
        ([EXPERIMENT, "--pdf", "--json"], "--pdf and --json exclude each other; leave one out"),
        ([EXPERIMENT, "--out", "x.html"], "--out x.html needs --html, --md or --pdf"),
        ([EXPERIMENT, "--pdf"], "--pdf is not text; name a file with --out"),
        ([EXPERIMENT, "--as-of", "March"], "--as-of is 'March'; it must be a day such as 2026-03-02"),
        ([EXPERIMENT, "--as-of", "1999-01-01"], "has no look as of 1999-01-01; its looks are 2026-"),
        ([EXPERIMENT, "--md", "-o", "no/where.md"], "no/where.md cannot be written"),
    ],
)
def test_what_is_refused_writes_nothing(arguments: list[str], says: str, home: Path) -> None:
    done = assay(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(home.iterdir()) == []


def test_it_needs_the_stack() -> None:
    assert "start it with `assay up`" in assay(EXPERIMENT).stderr


def test_a_pdf_that_cannot_be_written_is_told_before_the_lake_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    done = assay(EXPERIMENT, "--pdf", "--out", "x.pdf")
    assert done.exit_code == 2
    assert "install assay with its extra `report`" in done.stderr

"""`assay deploy` without AWS: the table of the dry run, refusals, and what a change set looks like."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from assay import configs
from assay.cli import show_deploy
from assay.cli.main import app
from assay.deploy import lint, order
from assay.deploy.applying import Applied
from assay.deploy.changes import Change, ChangeSet
from assay.deploy.checks import CHECKS
from assay.deploy.events import Event
from assay.deploy.order import Target
from assay.deploy.release import Release

NOTHING = '{"results": {"failed_checks": [], "parsing_errors": []}, '
NOTHING += '"summary": {"passed": 7, "failed": 0, "skipped": 2}}'


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linters that find nothing, and no way to AWS."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, answer in (("cfn-lint", "[]"), ("checkov", NOTHING)):
        (tools / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (tools / name).chmod(0o755)
    monkeypatch.setattr(lint, "TOOLS", "nowhere")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / ".assay"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks"
    shutil.copytree(configs.path(order.FOLDER), folder)
    return folder


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["deploy", *arguments])


def test_a_dry_run_prints_a_line_per_check() -> None:
    found = assay("plan", "--dry-run")
    assert found.exit_code == 0, found.output
    lines = [line for line in found.stdout.splitlines() if line.startswith(("ok ", "warn ", "fail "))]
    assert len(lines) == len(CHECKS) + 2
    assert "0 errors" in found.stdout
    assert "AWS was not asked, and nothing was changed" in found.stdout


def test_a_dry_run_that_finds_something_fails(templates: Path) -> None:
    path = templates / "jobs.yaml"
    path.write_text(path.read_text().replace('GlueVersion: "5.1"', 'GlueVersion: "9.9"', 1))
    found = assay("plan", "--dry-run", "--templates", str(templates))
    assert found.exit_code == 1
    assert "fail  jobs pinned" in found.stdout
    assert "has GlueVersion '9.9'" in found.stdout
    assert "1 error," in found.stdout


def test_a_dry_run_as_json(templates: Path) -> None:
    found = json.loads(assay("plan", "--dry-run", "--templates", str(templates), "--json").stdout)
    assert found["schema"] == "assay.deploy.dry-run/1"
    assert {check["check"] for check in found["checks"]} == {*CHECKS, "cfn-lint", "checkov"}
    assert next(c["looked_at"] for c in found["checks"] if c["check"] == "checkov") == 9


def test_nothing_is_built_when_a_check_fails(templates: Path, tmp_path: Path) -> None:
    path = templates / "jobs.yaml"
    path.write_text(path.read_text().replace('GlueVersion: "5.1"', 'GlueVersion: "9.9"', 1))
    for command in (["plan"], ["apply", "--yes"]):
        found = assay(*command, "--templates", str(templates))
        assert found.exit_code == 2
        assert "has GlueVersion '9.9'" in found.stderr
        assert "nothing was changed" in found.stderr
    assert not (tmp_path / ".assay").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "--with", "dashbord"], "did you mean 'dashboard'"),
        (["apply", "--only", "job"], "did you mean 'jobs'"),
        (["destroy", "--name", "X"], "--name is 'X'"),
        (["plan", "--dry-run", "--set", "x"], "it must be Stack.Parameter=Value"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], sentence: str) -> None:
    found = assay(*arguments)
    assert found.exit_code == 2
    assert sentence in found.stderr


def test_help_has_examples() -> None:
    for command in ("plan", "apply", "destroy"):
        assert "Examples" in assay(command, "--help").output


def rendered(change: ChangeSet) -> str:
    console = Console(file=io.StringIO(), width=120)
    show_deploy.change_set(console, change)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def changed(*changes: Change, creates: bool = False, waits_for: tuple[str, ...] = ()) -> ChangeSet:
    stack = order.read(Target())[0]
    return ChangeSet(stack, "c", creates=creates, changes=changes, waits_for=waits_for)


def test_the_replacement_of_data_stands_out() -> None:
    shown = rendered(
        changed(
            Change("replace", "LakeBucket", "AWS::S3::Bucket", ("BucketName",)),
            Change("replace", "Rule", "AWS::Events::Rule", ("Name",)),
        )
    )
    assert "replace HOLDS DATA LakeBucket AWS::S3::Bucket BucketName" in " ".join(shown.split())
    assert shown.count("HOLDS DATA") == 1
    assert shown.startswith("assay-foundation  changes")


def test_a_new_stack_says_what_it_waits_for() -> None:
    shown = rendered(
        changed(Change("add", "P", "AWS::SSM::Parameter"), creates=True, waits_for=("assay-vpc",))
    )
    assert shown.startswith("assay-foundation  new; AWS can be asked once assay-vpc exist")
    assert rendered(changed()) == "assay-foundation  as it should be\n"


def test_a_plan_counts_what_would_be_lost(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"0" * 2_000_000)
    release = Release("0" * 16, {"lambda/a.zip": tmp_path / "a.zip"})
    lost = changed(Change("remove", "Journal", "AWS::DynamoDB::Table"))
    show_deploy.plan(release, iter([lost, changed()]), as_json=False)
    shown = capsys.readouterr().out
    assert "release 0000000000000000: 1 file, 2.0 MB (lambda/a.zip 2.0 MB)" in shown
    assert "1 resource with data would be lost" in shown
    assert "1 of 2 stacks would change; nothing was changed" in shown
    show_deploy.plan(release, iter([lost]), as_json=True)
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert stack["changes"][0]["endangers_data"]


def test_progress_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    progress = show_deploy.Progress(ask=False)
    assert progress.confirm(changed(Change("add", "P", "AWS::SSM::Parameter")))
    progress.note("left by an earlier try")
    progress.event("lab-jobs", Event("1", "P", "AWS::SSM::Parameter", "CREATE_FAILED", "no [access]"))
    progress.file("jobs/gold.py", sent=True)
    progress.file("jobs/silver.py", sent=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "create failed            lab-jobs.P  no [access]" in err
    assert "uploaded                 jobs/gold.py" in err
    assert "already there            jobs/silver.py" in err


def test_an_end_without_changes(capsys: pytest.CaptureFixture[str]) -> None:
    show_deploy.applied(
        Release("0", {}), Applied(unchanged=["a", "b"], outputs={"a": {"Url": "x"}}), as_json=False
    )
    shown = capsys.readouterr().out
    assert shown.startswith("nothing to change: 2 stacks as they should be")
    assert "Url" in shown

"""The two linters, really run on a small template; and what happens when they cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.deploy import lint
from assay.errors import InputError, TerminalError

FAULTY = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BuketName: x}
  Queue:
    Type: AWS::SQS::Queue
    Metadata: {checkov: {skip: [{id: CKV_AWS_27, comment: nothing is in it}]}}
"""


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout without linters, and a PATH with one empty folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(lint, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.long
def test_both_find_what_is_wrong(tmp_path: Path) -> None:
    """Needs `make lint-tools`: a check that cannot run is not passed over."""
    path = tmp_path / "lab.yaml"
    path.write_text(FAULTY)
    cfn, checkov = lint.outcomes(lint.start([path]), [path])
    assert any("BuketName" in f.sentence and f.place == "lab.Bucket" for f in cfn.findings)
    assert cfn.failed
    assert checkov.failed
    assert {f.place for f in checkov.findings} == {"lab.Bucket"}
    assert checkov.looked_at > len(checkov.findings)


def test_a_linter_that_is_not_installed(no_tools: Path) -> None:
    with pytest.raises(InputError, match=r"cfn-lint is not installed, .*; run `make lint-tools`"):
        lint.start([no_tools])
    tool(no_tools, "cfn-lint", "")
    with pytest.raises(InputError, match=r"checkov is not installed"):
        lint.start([no_tools])


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo 'No module named x' >&2; exit 1", "No module named x"), ("exit 1", "no message")],
)
def test_a_linter_that_breaks_off_has_not_passed(no_tools: Path, script: str, said: str) -> None:
    for name in ("cfn-lint", "checkov"):
        tool(no_tools, name, script)
    with pytest.raises(TerminalError, match=f"cfn-lint broke off: {said}"):
        lint.outcomes(lint.start([no_tools]), [no_tools])


def test_a_template_that_cannot_be_read_is_a_finding(no_tools: Path) -> None:
    tool(no_tools, "cfn-lint", "echo '[]'")
    answer = '{"results": {"failed_checks": [], "parsing_errors": ["/x/jobs.yaml"]}, '
    answer += '"summary": {"passed": 3, "failed": 0, "skipped": 1}}'
    tool(no_tools, "checkov", f"echo '{answer}'")
    _, checkov = lint.outcomes(lint.start([no_tools]), [no_tools])
    assert checkov.looked_at == 4
    assert [f"{f.place} {f.sentence}" for f in checkov.findings] == ["jobs cannot be read"]


def test_nothing_to_check(no_tools: Path) -> None:
    tool(no_tools, "cfn-lint", "echo '[]'")
    tool(no_tools, "checkov", """echo '{"passed": 0, "failed": 0}'""")
    _, checkov = lint.outcomes(lint.start([no_tools]), [no_tools])
    assert (checkov.looked_at, checkov.findings) == (0, ())


def test_a_linter_that_hangs_is_ended(no_tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "_SECONDS", 0.2)
    tool(no_tools, "checkov", "exec /bin/sleep 60")
    started = lint.Linter.start("checkov", [])
    with pytest.raises(TerminalError, match=r"checkov took more than 0.2 s; try again"):
        started.answer()
    assert started.process.returncode is not None

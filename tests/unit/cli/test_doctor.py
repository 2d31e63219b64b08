"""`assay doctor`: the table, JSON, and the exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from assay.cli.main import app
from assay.local import doctor
from assay.local.doctor import Finding

FINE = Finding("Python", "ok", "3.11.9")
WISH = Finding("Docker", "optional", "none", "a Docker engine [for images]")
LACK = Finding("memory", "missing", "1.0 GB", "give this machine 4 GB")


@pytest.mark.parametrize(("findings", "code"), [([FINE, WISH], 0), ([FINE, WISH, LACK], 1)])
def test_the_exit_code_says_whether_a_run_would_work(
    findings: list[Finding], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == code
    assert "a Docker engine [for images]" in shown.stdout
    assert ("missing: 1" in shown.stdout) == (code == 1)
    document = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert document["ok"] == (code == 0)
    assert document["findings"][1] == {
        "what": "Docker", "status": "optional", "found": "none", "remedy": "a Docker engine [for images]",
    }  # fmt: skip

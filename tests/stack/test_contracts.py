"""`assay contracts check` and `assay quarantine` on the real stack, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from assay.local.running import Stack

# One process, so that one Spark session serves both.
COMMANDS = """
import json, sys
from typer.testing import CliRunner
from assay.cli.main import app
said = []
for line in json.loads(sys.argv[1]):
    found = CliRunner().invoke(app, line)
    said.append([found.exit_code, found.stdout, found.stderr])
sys.stdout.write("\\n" + json.dumps(said))
"""


def said(stack: Stack, *lines: str) -> list[Any]:
    command = [sys.executable, "-c", COMMANDS, json.dumps([line.split() for line in lines])]
    environment = os.environ | {"ASSAY_HOME": str(stack.home.root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.long
def test_a_lake_is_checked_and_its_quarantine_looked_through(local_stack: Stack) -> None:
    checked, early, replayed, refused, listed, shown = said(
        local_stack,
        "contracts check silver.quotes --as-of 2026-01-19 --json",
        "contracts check silver.quotes --as-of soon",
        "quarantine replay --contract silver.quotes --json",
        "quarantine replay --contract silver.quote",
        "quarantine list --json",
        "quarantine show ffffffffffff",
    )
    document = json.loads(checked[1])
    assert document["lake"] is True
    assert {finding["table"] for finding in document["findings"]} == {"silver.quotes"}
    assert "--as-of is 'soon'" in early[2]
    assert "contracts" in json.loads(replayed[1])
    assert (refused[0], "did you mean 'silver.quotes'" in refused[2]) == (2, True)
    # Whether something ran on this stack before decides whether the table is there.
    assert listed[0] == 0 or "silver.quarantine" in listed[2] or "silver.journal" in listed[2]
    assert shown[0] == 2

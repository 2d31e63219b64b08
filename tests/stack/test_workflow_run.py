"""The runner on the real stack: jobs read the run's properties by Glue's own call."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay import configs, stacks
from assay.local.running import Stack
from assay.local.workflow import Workflow
from assay.runtime import clients
from assay.runtime.arguments import JobArguments, parse
from assay.stacks import template_yaml

SCRIPT = """
from __future__ import annotations
from assay.runtime.arguments import JobArguments, parse
from assay.runtime.journal import Journal

def main(argv: list[str]) -> None:
    given = parse(JobArguments, argv)
    with Journal(given.run_id, given.job, week=given.week, table=given.journal_table).step("look"):
        pass
"""


@pytest.fixture(autouse=True)
def stack(local_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in local_stack.environment().items():
        monkeypatch.setenv(name, value)
    return local_stack


def entries(run_id: str) -> list[tuple[str, ...]]:
    items: list[dict[str, Any]] = clients.dynamodb().query(
        TableName="assay-journal",
        IndexName="run",
        KeyConditionExpression="run_id = :r",
        ExpressionAttributeValues={":r": {"S": run_id}},
    )["Items"]
    return [tuple(item[name]["S"] for name in ("job", "week", "state")) for item in items]


@pytest.mark.parametrize("isolated", [False, True])
def test_jobs_take_the_week_from_the_run(stack: Stack, tmp_path: Path, isolated: bool) -> None:
    script = tmp_path / "look.py"
    script.write_text(SCRIPT)
    name = f"runner-test-{isolated}".lower()
    workflow = Workflow.load(parameters={"Name": name}, exports=stack.exports(name))
    run = workflow.run({"week": "2026-02-02"}, isolated=isolated, scripts=lambda _: script)
    assert run.succeeded, run.error
    found = entries(run.run_id)
    expected = [
        (job, "2026-02-02", state) for job in workflow.definition.jobs for state in ("STARTED", "SUCCEEDED")
    ]
    begun = 4  # ingest and sources begin together, each with two entries; the others follow each other
    assert sorted(found[:begun]) == sorted(expected[:begun])
    assert found[begun:] == expected[begun:]
    inside = ["--JOB_NAME", "x", "--WORKFLOW_NAME", name, "--WORKFLOW_RUN_ID"]
    assert parse(JobArguments, [*inside, run.run_id]).week == date(2026, 2, 2)
    with pytest.raises(clients.MissingError, match="has no run wr_unknown"):
        parse(JobArguments, [*inside, "wr_unknown"])


def only(kept: set[str], template: Path, folder: Path) -> Path:
    """A copy of a template with some of its resources, and the outputs that need no other."""
    document = template_yaml.read(template)
    document["Resources"] = {name: body for name, body in document["Resources"].items() if name in kept}
    document["Outputs"] = {name: body for name, body in document["Outputs"].items() if name in kept}
    if "ManualStart" in document["Resources"]:
        start = document["Resources"]["ManualStart"]["Properties"]
        start["Actions"] = [each for each in start["Actions"] if "ingest-job" in str(each)]
    file = folder / template.name
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


def test_the_ingest_job_runs_as_its_template_says(stack: Stack, tmp_path: Path) -> None:
    kept = {"Workflow", "IngestRole", "IngestJob", "ManualStart"}
    files = [only(kept, configs.path(template), tmp_path) for template in stacks.RUN]
    name = "ingest-test"
    exports = stack.exports(name) | {f"{name}-database-secret": "no/such/secret"}
    workflow = Workflow.load(*files, parameters={"Name": name}, exports=exports)
    blueprint = configs.path("glue_configs/blueprints/brokerage.yaml")
    run = workflow.run({"week": "2026-01-05", "blueprint": str(blueprint)})
    assert [each.state for each in run.jobs] == ["FAILED", "FAILED"]  # the template allows one retry
    assert "cannot read secret no/such/secret" in (run.error or "")
    once = ("STARTED", "SUCCEEDED", "STARTED", "FAILED")  # it reads the blueprint, and not the secret
    assert entries(run.run_id) == [("ingest-test-ingest", "2026-01-05", state) for state in once] * 2

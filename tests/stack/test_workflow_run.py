"""The runner on the real stack: jobs read the run's properties by Glue's own call."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay import configs
from assay.local.running import Stack
from assay.local.workflow import TEMPLATE, Workflow
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
    workflow = Workflow.load(parameters=stack.parameters() | {"Name": name})
    run = workflow.run({"week": "2026-02-02"}, isolated=isolated, scripts=lambda _: script)
    assert run.succeeded, run.error
    assert entries(run.run_id) == [
        (job, "2026-02-02", state) for job in workflow.definition.jobs for state in ("STARTED", "SUCCEEDED")
    ]
    inside = ["--JOB_NAME", "x", "--WORKFLOW_NAME", name, "--WORKFLOW_RUN_ID"]
    assert parse(JobArguments, [*inside, run.run_id]).week == date(2026, 2, 2)
    with pytest.raises(clients.MissingError, match="has no run wr_unknown"):
        parse(JobArguments, [*inside, "wr_unknown"])


def test_the_ingest_job_runs_as_its_template_says(stack: Stack, tmp_path: Path) -> None:
    document = template_yaml.read(configs.path(TEMPLATE))
    kept = {"Workflow", "IngestJob", "ManualStart"}
    document["Resources"] = {name: body for name, body in document["Resources"].items() if name in kept}
    del document["Outputs"]
    file = tmp_path / "ingest.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    parameters = stack.parameters() | {"Name": "ingest-test", "DatabaseSecret": "no/such/secret"}
    blueprint = configs.path("glue_configs/blueprints/brokerage.yaml")
    run = Workflow.load(file, parameters).run({"week": "2026-01-05", "blueprint": str(blueprint)})
    assert [each.state for each in run.jobs] == ["FAILED", "FAILED"]  # the template allows one retry
    assert "cannot read secret no/such/secret" in (run.error or "")
    assert (
        entries(run.run_id) == [("ingest-test-ingest", "2026-01-05", s) for s in ("STARTED", "SUCCEEDED")] * 2
    )

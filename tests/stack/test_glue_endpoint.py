"""The local Glue as its clients meet it: boto3 and the AWS CLI start the real workflow and read its end.

Here it fails or is stopped; tests/stack/test_chain.py runs a week through it that ends well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest

from assay.local import stack
from assay.local.glue.status import status
from assay.local.history import History
from assay.local.running import Stack

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

SMALL = Path(__file__).parents[1] / "data" / "blueprints" / "small.yaml"
SECONDS = 900  # beyond which something hangs
JOBS = ["assay-ingest", "assay-sources", "assay-bronze", "assay-silver", "assay-gold", "assay-calibrate"]
MAINTAIN = "assay-maintain"
"""Of no workflow."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own: a database holds one blueprint, and here nothing was loaded yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("glue") / ".assay"))
        yield stack.up()
        stack.reset()


@pytest.fixture
def glue(place: Stack) -> GlueClient:
    environment = place.environment()
    return boto3.client(
        "glue",
        endpoint_url=place.endpoint,
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def aws(place: Stack) -> Callable[..., Any]:
    """The AWS CLI, where it is installed."""
    found = shutil.which("aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("the AWS CLI is not installed: install assay with its extra `dev`")

    def run(*arguments: str) -> Any:
        command = [found, "glue", *arguments, "--output", "json"]
        environment = os.environ | place.environment()
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "{}")

    return run


def ended(ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """A workflow run, once it has ended."""
    deadline = time.monotonic() + SECONDS
    while (run := ask())["Status"] in {"RUNNING", "STOPPING"}:
        assert time.monotonic() < deadline, run
        time.sleep(0.5)
    return run


def errors(run: Mapping[str, Any]) -> dict[str, list[str]]:
    """Job → the sentences of its attempts."""
    return {
        node["Name"]: [
            each["ErrorMessage"] for each in node["JobDetails"]["JobRuns"] if "ErrorMessage" in each
        ]
        for node in run["Graph"]["Nodes"]
        if node["Type"] == "JOB"
    }


def test_it_is_there_and_describes_what_is_deployed(place: Stack, glue: GlueClient) -> None:
    found = status(place)
    assert (found.endpoint, found.workflow, found.running) == (place.endpoint, "assay", ())
    assert [job["Name"] for job in glue.get_jobs()["Jobs"]] == [*JOBS, MAINTAIN]
    workflow = glue.get_workflow(Name="assay", IncludeGraph=True)["Workflow"]
    assert workflow["DefaultRunProperties"] == {"blueprint": "s3://assay-artifacts/blueprints/brokerage.yaml"}
    assert len(workflow["Graph"]["Nodes"]) == 2 * len(JOBS) - 1  # one trigger starts two of them
    assert {each["Name"] for each in glue.get_databases()["DatabaseList"]} == {"bronze", "silver", "gold"}


@pytest.mark.long
def test_a_failing_job_is_seen_by_boto3(glue: GlueClient) -> None:
    run_id = glue.start_workflow_run(Name="assay", RunProperties={"week": "2025-12-29"})["RunId"]
    run = ended(lambda: glue.get_workflow_run(Name="assay", RunId=run_id, IncludeGraph=True)["Run"])
    sentence = (
        "--week is 2025-12-29; blueprint brokerage begins on 2026-01-05: give that Monday or a later one"
    )
    assert (run["Status"], run["Statistics"]["FailedActions"]) == ("COMPLETED", 1)
    assert errors(run) == {name: [sentence] * 2 if name == JOBS[0] else [] for name in JOBS}
    last = glue.get_job_runs(JobName=JOBS[0])["JobRuns"][0]
    assert (last["JobRunState"], last["ErrorMessage"], last["Attempt"]) == ("FAILED", sentence, 1)


def test_the_aws_cli_lists_page_after_page(aws: Callable[..., Any]) -> None:
    assert aws("list-workflows")["Workflows"] == ["assay"]
    assert [job["Name"] for job in aws("get-jobs")["Jobs"]] == [*JOBS, MAINTAIN]
    assert {each["State"] for each in aws("get-triggers")["Triggers"]} == {"CREATED", "ACTIVATED"}


def test_a_failing_job_is_seen_by_the_aws_cli(aws: Callable[..., Any]) -> None:
    started = aws("start-workflow-run", "--name", "assay", "--run-properties", "week=2025-12-30")
    arguments = ["--name", "assay", "--run-id", started["RunId"], "--include-graph"]
    run = ended(lambda: aws("get-workflow-run", *arguments)["Run"])
    assert run["Statistics"]["FailedActions"] == 2  # both that the workflow starts with
    assert "--week is 2025-12-30, a Tuesday; a week is named by its Monday" in errors(run)[JOBS[0]][0]


@pytest.mark.long
def test_a_stopped_run_ends_with_its_jvm(place: Stack, glue: GlueClient) -> None:
    properties = {"week": "2026-01-05", "blueprint": str(SMALL)}
    run_id = glue.start_workflow_run(Name="assay", RunProperties=properties)["RunId"]
    with History(place.home.workflow) as history:
        (runner,) = history.runners()
    family = psutil.Process(runner.pid)
    deadline = time.monotonic() + SECONDS
    while not [child for child in family.children(recursive=True) if "java" in child.name()]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    everybody = [family, *family.children(recursive=True)]
    began = time.monotonic()
    glue.stop_workflow_run(Name="assay", RunId=run_id)
    run = ended(lambda: glue.get_workflow_run(Name="assay", RunId=run_id)["Run"])
    gone, alive = psutil.wait_procs(everybody, timeout=20)
    assert run["Status"] == "STOPPED"
    assert run["Statistics"]["StoppedActions"] == 1
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert len(gone) + len(alive) == len(everybody)
    assert time.monotonic() - began < 30

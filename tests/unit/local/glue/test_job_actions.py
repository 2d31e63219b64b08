"""Runs of a job by itself, and stopping one, through boto3."""

from __future__ import annotations

import pytest
from tests.unit.local.glue.conftest import Glue


@pytest.fixture
def pair(glue: Glue) -> Glue:
    glue.job("one", {"--x": "default", "--y": "default"})
    glue.job("two")
    glue.start("one")
    glue.when({"one": "SUCCEEDED"}, "two")
    return glue


def test_a_job_runs_by_itself(pair: Glue) -> None:
    client = pair.up()
    asked = {"--x": "asked"}
    run_id = client.start_job_run(JobName="one", Arguments=asked, Timeout=3, NumberOfWorkers=4)["JobRunId"]
    run = pair.job_ended("one", run_id)
    assert (run["Id"], run["JobName"], run["JobRunState"], run["Attempt"]) == (run_id, "one", "SUCCEEDED", 0)
    assert (run["Arguments"], run["Timeout"], run["NumberOfWorkers"]) == (asked, 3, 4)
    assert (run["GlueVersion"], run["PredecessorRuns"]) == ("5.1", [])
    assert run["StartedOn"] <= run["CompletedOn"]
    assert not {"TriggerName", "PreviousRunId", "ErrorMessage"} & run.keys()
    (call,) = pair.calls
    assert (call["x"], call["y"], call["JOB_RUN_ID"]) == ("asked", "default", run_id)
    assert "WORKFLOW_RUN_ID" not in call
    assert pair.order == ["one"], "no trigger of the workflow fires"
    assert client.get_workflow_runs(Name="w")["Runs"] == []


def test_a_failed_run_says_why_and_is_tried_again(pair: Glue) -> None:
    pair.job("one", {"--failures": "1"}, MaxRetries=1)
    client = pair.up()
    first = client.start_job_run(JobName="one")["JobRunId"]
    run = pair.job_ended("one", first)
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "attempt 0 of one failed")
    second = pair.job_of("one", 2)
    assert second.endswith("_attempt_1")
    again = pair.job_ended("one", second)
    assert (again["JobRunState"], again["Attempt"], again["PreviousRunId"]) == ("SUCCEEDED", 1, first)


def test_a_job_whose_script_is_missing_fails(pair: Glue) -> None:
    setup = pair.setup
    setup.scripts = None
    pair.resources["Jobone"]["Properties"]["Command"]["ScriptLocation"] = "s3://b/jobs/none.py"
    client = pair.up(setup)
    run = pair.job_ended("one", client.start_job_run(JobName="one")["JobRunId"])
    assert run["JobRunState"] == "FAILED"
    assert "there is no file" in run["ErrorMessage"]


def test_a_run_can_be_repeated_with_its_arguments(pair: Glue) -> None:
    client = pair.up()
    first = client.start_job_run(JobName="one", Arguments={"--x": "asked"})["JobRunId"]
    pair.job_ended("one", first)
    again = client.start_job_run(JobName="one", JobRunId=first)["JobRunId"]
    run = pair.job_ended("one", again)
    assert (run["PreviousRunId"], run["Arguments"]) == (first, {"--x": "asked"})
    with pytest.raises(client.exceptions.EntityNotFoundException, match="job two has no run jr_x"):
        client.start_job_run(JobName="two", JobRunId="jr_x")


def test_only_so_many_runs_at_once(pair: Glue) -> None:
    pair.job("one", {"--sleep": "60"})
    client = pair.up()
    client.start_job_run(JobName="one")
    with pytest.raises(client.exceptions.ConcurrentRunsExceededException, match="job one may have 1 runs"):
        client.start_job_run(JobName="one")
    pair.job_ended("two", client.start_job_run(JobName="two")["JobRunId"])


@pytest.mark.long
def test_a_queued_run_waits_for_its_turn(pair: Glue) -> None:
    go_on = pair.held("one", JobRunQueuingEnabled=True)
    client = pair.up()
    first = client.start_job_run(JobName="one")["JobRunId"]
    second = client.start_job_run(JobName="one")["JobRunId"]
    third = client.start_job_run(JobName="one")["JobRunId"]
    waiting = client.get_job_run(JobName="one", RunId=second)["JobRun"]
    assert (waiting["JobRunState"], waiting["ExecutionTime"]) == ("WAITING", 0)
    assert waiting["JobRunQueuingEnabled"] is True
    assert "as many runs" in waiting["StateDetail"]
    with pytest.raises(client.exceptions.ConcurrentRunsExceededException):
        client.start_job_run(JobName="one", JobRunQueuingEnabled=False)
    client.batch_stop_job_run(JobName="one", JobRunIds=[third])
    assert client.get_job_run(JobName="one", RunId=third)["JobRun"]["JobRunState"] == "STOPPED"
    go_on()
    ended = [pair.job_ended("one", run_id) for run_id in (first, second)]
    assert [run["JobRunState"] for run in ended] == ["SUCCEEDED", "SUCCEEDED"]
    assert [call["JOB_RUN_ID"] for call in pair.calls] == [first, second]


@pytest.mark.long
def test_a_workflows_job_waits_for_a_run_outside_of_it(pair: Glue) -> None:
    go_on = pair.held("one", JobRunQueuingEnabled=True)
    client = pair.up()
    alone = client.start_job_run(JobName="one")["JobRunId"]
    run_id = client.start_workflow_run(Name="w")["RunId"]
    inside = pair.job_of("one")
    while inside == alone:
        inside = pair.job_of("one")
    pair.job_is("WAITING", "one", inside)
    assert client.get_workflow_run(Name="w", RunId=run_id)["Run"]["Statistics"]["WaitingActions"] == 1
    go_on()
    assert pair.ended(run_id)["Statistics"]["SucceededActions"] == 2
    assert pair.order == ["one", "one", "two"]


def test_a_workflows_waiting_job_can_be_stopped(pair: Glue) -> None:
    pair.job("one", {"--sleep": "60"}, JobRunQueuingEnabled=True)
    client = pair.up()
    alone = client.start_job_run(JobName="one")["JobRunId"]
    run_id = client.start_workflow_run(Name="w")["RunId"]
    inside = pair.job_of("one")
    while inside == alone:
        inside = pair.job_of("one")
    client.batch_stop_job_run(JobName="one", JobRunIds=[inside])
    ended = pair.ended(run_id)
    assert (ended["Status"], ended["Statistics"]["StoppedActions"]) == ("COMPLETED", 1)


def test_a_stopped_job_is_watched_by_triggers(glue: Glue) -> None:
    for name in ("one", "repair", "go on"):
        glue.job(name, {"--sleep": "300"} if name == "one" else None)
    glue.start("one")
    glue.when({"one": "STOPPED"}, "repair")
    glue.when({"one": "SUCCEEDED"}, "go on")
    client = glue.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    job_run = glue.job_of("one")
    answer = client.batch_stop_job_run(JobName="one", JobRunIds=[job_run, "jr_unknown"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": "one", "JobRunId": job_run}]
    (error,) = answer["Errors"]
    assert (error["JobRunId"], error["ErrorDetail"]["ErrorCode"]) == ("jr_unknown", "EntityNotFoundException")
    assert client.get_job_run(JobName="one", RunId=job_run)["JobRun"]["JobRunState"] in {
        "STOPPING",
        "STOPPED",
    }
    ended = glue.ended(run_id)
    assert ended["Status"] == "COMPLETED"
    assert (ended["Statistics"]["StoppedActions"], ended["Statistics"]["SucceededActions"]) == (1, 1)
    assert glue.order == ["one", "repair"]
    (late,) = client.batch_stop_job_run(JobName="one", JobRunIds=[job_run])["Errors"]
    assert late["ErrorDetail"]["ErrorCode"] == "JobRunInTerminalStateException"


def test_a_single_run_can_be_stopped_and_outlives_a_restart(pair: Glue) -> None:
    pair.job("one", {"--sleep": "300"})
    client = pair.up()
    run_id = client.start_job_run(JobName="one")["JobRunId"]
    pair.job_is("RUNNING", "one", run_id)
    pair.down()
    pair.up()
    client.batch_stop_job_run(JobName="one", JobRunIds=[run_id])
    assert pair.job_ended("one", run_id)["JobRunState"] == "STOPPED"


def test_predecessors_are_told_when_asked_for(pair: Glue) -> None:
    client = pair.up()
    pair.ended(client.start_workflow_run(Name="w")["RunId"])
    one, two = pair.job_of("one"), pair.job_of("two")
    asked = client.get_job_run(JobName="two", RunId=two, PredecessorsIncluded=True)["JobRun"]
    assert asked["PredecessorRuns"] == [{"JobName": "one", "RunId": one}]
    assert client.get_job_run(JobName="two", RunId=two)["JobRun"]["PredecessorRuns"] == []


def test_runs_are_listed_newest_first_and_page_by_page(pair: Glue) -> None:
    with pair.history() as history:
        for n in range(5):
            run_id = history.start_job(None, "one", attempt=n, trigger="")
            history.end_job(run_id, "SUCCEEDED", 1.0)
        ids = [run.id for run in history.job_runs("one", 10)]
    client = pair.up()
    pages = list(
        client.get_paginator("get_job_runs").paginate(JobName="one", PaginationConfig={"PageSize": 2})
    )
    assert [[run["Id"] for run in page["JobRuns"]] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert [run["Attempt"] for page in pages for run in page["JobRuns"]] == [4, 3, 2, 1, 0]


def test_a_job_is_described_as_its_template_says(pair: Glue) -> None:
    pair.resources["Jobone"]["Properties"] |= {"MaxRetries": "2", "WorkerType": "G.1X", "Tags": {"a": "b"}}
    client = pair.up()
    job = client.get_job(JobName="one")["Job"]
    assert (job["Name"], job["MaxRetries"], job["WorkerType"], job["GlueVersion"]) == (
        "one",
        2,
        "G.1X",
        "5.1",
    )
    assert job["DefaultArguments"]["--x"] == "default"
    assert job["Command"]["ScriptLocation"] == "s3://b/jobs/job.py"
    pair.resources["Jobone"]["Properties"]["WorkerType"] = "G.2X"
    pair.write()
    assert client.get_job(JobName="one")["Job"]["WorkerType"] == "G.2X", "a changed template is read anew"


def test_other_names_are_the_emulators(pair: Glue) -> None:
    client = pair.up()
    for call in (
        lambda: client.get_job(JobName="x"),
        lambda: client.start_job_run(JobName="x"),
        lambda: client.get_job_run(JobName="x", RunId="jr_1"),
        lambda: client.get_job_runs(JobName="x"),
        lambda: client.batch_stop_job_run(JobName="x", JobRunIds=["jr_1"]),
    ):
        with pytest.raises(client.exceptions.EntityNotFoundException, match="the emulator knows it not"):
            call()
    with pytest.raises(client.exceptions.EntityNotFoundException, match="job one has no run jr_1"):
        client.get_job_run(JobName="one", RunId="jr_1")


def test_a_job_that_is_no_more_has_its_runs_still(pair: Glue) -> None:
    with pair.history() as history:
        run_id = history.start_job(None, "old", attempt=0, trigger="")
    client = pair.up()
    assert client.get_job_run(JobName="old", RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING"
    with pytest.raises(client.exceptions.EntityNotFoundException, match="the emulator knows it not"):
        client.get_job(JobName="old")

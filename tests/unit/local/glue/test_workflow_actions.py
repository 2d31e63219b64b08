"""Runs of a workflow, started, watched, stopped and resumed through boto3."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

import psutil
import pytest
from tests.unit.local.glue.conftest import Glue, until

STUBBORN = """
import time
def main(argv):
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""


@pytest.fixture
def chain(glue: Glue) -> Glue:
    for name in ("one", "two", "three"):
        glue.job(name)
    glue.start("one")
    glue.when({"one": "SUCCEEDED"}, "two", Arguments={"--x": "action"}, Timeout=7)
    glue.when({"two": "SUCCEEDED"}, "three")
    return glue


def job_runs(run: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {
        node["Name"]: node["JobDetails"]["JobRuns"] for node in run["Graph"]["Nodes"] if node["Type"] == "JOB"
    }


def node(run: dict[str, Any], name: str) -> str:
    (found,) = [node["UniqueId"] for node in run["Graph"]["Nodes"] if node["Name"] == name]
    return str(found)


def graph(glue: Glue, run_id: str) -> dict[str, Any]:
    return dict(glue.client.get_workflow_run(Name="w", RunId=run_id, IncludeGraph=True)["Run"])


# --- to the end ------------------------------------------------------------------------------------------


def test_a_run_runs_to_its_end(chain: Glue) -> None:
    client = chain.up()
    before = datetime.now(UTC)
    run_id = client.start_workflow_run(Name="w", RunProperties={"b": "2"})["RunId"]
    run = chain.ended(run_id)
    assert (run["Name"], run["WorkflowRunId"], run["Status"]) == ("w", run_id, "COMPLETED")
    assert run["WorkflowRunProperties"] == {"a": "1", "b": "2"}
    assert before <= run["StartedOn"] <= run["CompletedOn"] <= datetime.now(UTC)
    assert {name: count for name, count in run["Statistics"].items() if count} == {
        "TotalActions": 3,
        "SucceededActions": 3,
    }
    assert not {"Graph", "ErrorMessage", "PreviousRunId"} & run.keys()
    assert chain.order == ["one", "two", "three"]
    assert {call["WORKFLOW_RUN_ID"] for call in chain.calls} == {run_id}
    assert {call["WORKFLOW_NAME"] for call in chain.calls} == {"w"}
    assert chain.calls[1]["x"] == "action"
    assert len({call["pid"] for call in chain.calls}) == 1, "one process, so one Spark session"


def test_the_graph_has_every_node_with_its_runs(chain: Glue) -> None:
    chain.resources["Jobone"]["Properties"] |= {"WorkerType": "G.1X", "NumberOfWorkers": "2", "Timeout": 5}
    client = chain.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    chain.ended(run_id)
    run = graph(chain, run_id)
    nodes = run["Graph"]["Nodes"]
    assert sorted((node["Type"], node["Name"]) for node in nodes) == [
        ("JOB", "one"), ("JOB", "three"), ("JOB", "two"),
        ("TRIGGER", "start"), ("TRIGGER", "t5"), ("TRIGGER", "t6"),
    ]  # fmt: skip
    names = {node["UniqueId"]: node["Name"] for node in nodes}
    edges = [(names[edge["SourceId"]], names[edge["DestinationId"]]) for edge in run["Graph"]["Edges"]]
    assert edges == [("start", "one"), ("one", "t5"), ("t5", "two"), ("two", "t6"), ("t6", "three")]
    (first,), (second,) = job_runs(run)["one"], job_runs(run)["two"]
    assert (first["JobRunState"], first["TriggerName"], first["Attempt"]) == ("SUCCEEDED", "start", 0)
    assert (first["WorkerType"], first["NumberOfWorkers"], first["Timeout"]) == ("G.1X", 2, 5)
    assert (second["Arguments"], second["Timeout"], second["TriggerName"]) == ({"--x": "action"}, 7, "t5")
    assert second["PredecessorRuns"] == [{"JobName": "one", "RunId": first["Id"]}]
    again = client.get_workflow(Name="w", IncludeGraph=True)["Workflow"]
    assert {node["UniqueId"] for node in again["Graph"]["Nodes"]} == set(names)
    assert again["LastRun"]["WorkflowRunId"] == run_id
    assert (again["MaxConcurrentRuns"], again["DefaultRunProperties"]) == (1, {"a": "1", "b": "1"})


def test_a_failed_job_is_counted_and_says_why(chain: Glue) -> None:
    chain.job("two", {"--failures": "9"}, MaxRetries=1)
    run_id = chain.up().start_workflow_run(Name="w")["RunId"]
    ended = chain.ended(run_id)
    assert ended["Status"] == "COMPLETED", "as in AWS: that says only that nothing runs any more"
    assert {name: count for name, count in ended["Statistics"].items() if count} == {
        "TotalActions": 2,
        "SucceededActions": 1,
        "FailedActions": 1,
    }
    assert "ErrorMessage" not in ended, "that is for runs that could not be started"
    runs = job_runs(graph(chain, run_id))
    assert [run["JobRunState"] for run in runs["two"]] == ["FAILED", "FAILED"]
    assert [run["ErrorMessage"] for run in runs["two"]] == [
        "attempt 0 of two failed",
        "attempt 1 of two failed",
    ]
    assert [run["Attempt"] for run in runs["two"]] == [0, 1]
    assert runs["two"][1]["Id"].endswith("_attempt_1")
    assert runs["two"][1]["PreviousRunId"] == runs["two"][0]["Id"]
    assert runs["three"] == []


def test_a_run_that_cannot_be_executed_is_in_error(chain: Glue) -> None:
    properties = chain.resources["Jobtwo"]["Properties"]
    properties["Command"] = {"Name": "glueetl", "ScriptLocation": "s3://b/jobs/none.py"}
    setup = chain.setup
    setup.scripts = None  # the shipped ones, among which there is no none.py
    client = chain.up(setup)
    ended = chain.ended(client.start_workflow_run(Name="w")["RunId"])
    assert ended["Status"] == "ERROR"
    assert "there is no file" in ended["ErrorMessage"]
    client.start_workflow_run(Name="w")  # it does not count as one that runs


def test_only_so_many_runs_at_once(chain: Glue) -> None:
    go_on = chain.held("one")
    client = chain.up()
    first = client.start_workflow_run(Name="w")["RunId"]
    with pytest.raises(client.exceptions.ConcurrentRunsExceededException, match=f"has {first}"):
        client.start_workflow_run(Name="w")
    go_on()
    chain.ended(first)
    assert chain.ended(client.start_workflow_run(Name="w")["RunId"])["Status"] == "COMPLETED"


def test_a_run_survives_a_restart_of_the_endpoint(chain: Glue) -> None:
    go_on = chain.held("two")
    run_id = chain.up().start_workflow_run(Name="w")["RunId"]
    chain.job_of("two")
    chain.down()
    chain.up()
    assert chain.client.get_workflow_run(Name="w", RunId=run_id)["Run"]["Status"] == "RUNNING"
    go_on()
    assert chain.ended(run_id)["Statistics"]["SucceededActions"] == 3
    assert chain.order == ["one", "two", "three"]


def test_a_killed_run_is_stopped(chain: Glue) -> None:
    chain.job("one", {"--sleep": "60"})
    run_id = chain.up().start_workflow_run(Name="w")["RunId"]
    job_run = chain.job_of("one")
    chain.kill_runners()
    ended = chain.ended(run_id)
    assert (ended["Status"], ended["ErrorMessage"]) == (
        "STOPPED",
        "the process that ran it ended before it did",
    )
    assert chain.job_ended("one", job_run)["JobRunState"] == "STOPPED"
    assert ended["Statistics"]["StoppedActions"] == 1


def test_a_runner_that_is_told_to_end_notes_it(chain: Glue) -> None:
    chain.job("one", {"--sleep": "60"})
    run_id = chain.up().start_workflow_run(Name="w")["RunId"]
    chain.job_of("one")
    with chain.history() as history:
        (runner,) = history.runners()
    os.kill(runner.pid, signal.SIGTERM)
    assert chain.ended(run_id)["Status"] == "STOPPED"
    until(
        lambda: not psutil.pid_exists(runner.pid) or psutil.Process(runner.pid).status() == "zombie",
        "it ends",
    )
    with chain.history() as history:
        assert history.runners() == []
        assert "interrupted" in (history.run(run_id).error or "")


# --- stopping --------------------------------------------------------------------------------------------


def test_a_stopped_run_ends_before_it_would_be_killed(chain: Glue) -> None:
    chain.job("one", {"--sleep": "300"})
    client = chain.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    chain.job_of("one")
    client.stop_workflow_run(Name="w", RunId=run_id)
    assert client.get_workflow_run(Name="w", RunId=run_id)["Run"]["Status"] in {"STOPPING", "STOPPED"}
    client.stop_workflow_run(Name="w", RunId=run_id)  # asking again changes nothing
    ended = chain.ended(run_id)
    stopped_and = "one STOPPED: stopped on request; not started because of it: two, three"
    assert ended["ErrorMessage"] == stopped_and, "its process was not killed"
    assert (ended["Status"], ended["Statistics"]["StoppedActions"]) == ("STOPPED", 1)
    (stopped,) = job_runs(graph(chain, run_id))["one"]
    assert (stopped["JobRunState"], stopped["ErrorMessage"]) == ("STOPPED", "stopped on request")
    assert chain.order == ["one"]
    with pytest.raises(client.exceptions.IllegalWorkflowStateException, match="is STOPPED"):
        client.stop_workflow_run(Name="w", RunId=run_id)


@pytest.mark.long
def test_a_job_that_does_not_stop_is_killed(chain: Glue) -> None:
    (chain.folder / "stubborn.py").write_text(dedent(STUBBORN))
    chain.resources["Jobone"]["Properties"]["Command"]["ScriptLocation"] = "s3://b/jobs/stubborn.py"
    client = chain.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    until(lambda: bool(client.get_job_runs(JobName="one")["JobRuns"]), "it starts")
    chain.job_is("RUNNING", "one", client.get_job_runs(JobName="one")["JobRuns"][0]["Id"])
    with chain.history() as history:
        (runner,) = history.runners()
    client.stop_workflow_run(Name="w", RunId=run_id)
    ended = chain.ended(run_id)
    assert (ended["Status"], ended["ErrorMessage"]) == (
        "STOPPED",
        "stopped on request; its process was killed",
    )
    assert not [p for p in psutil.process_iter() if _group(p) == runner.pid and p.status() != "zombie"]


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


# --- resuming --------------------------------------------------------------------------------------------


def test_a_resumed_run_repeats_the_chosen_nodes_and_what_follows(glue: Glue) -> None:
    for name in ("top", "left", "right", "bottom", "side"):
        glue.job(name, {"--failures": "1"} if name == "left" else None)
    glue.start("top")
    glue.when({"top": "SUCCEEDED"}, "left", "right")
    glue.when({"left": "SUCCEEDED", "right": "SUCCEEDED"}, "bottom")
    glue.when({"right": "SUCCEEDED"}, "side")
    client = glue.up()
    first = client.start_workflow_run(Name="w", RunProperties={"week": "2026-01-05"})["RunId"]
    glue.ended(first)
    assert glue.order == ["top", "left", "right", "side"]
    left = node(graph(glue, first), "left")
    answer = client.resume_workflow_run(Name="w", RunId=first, NodeIds=[left])
    assert answer["NodeIds"] == [left]
    assert answer["RunId"] != first
    ended = glue.ended(answer["RunId"])
    assert glue.order[4:] == ["left", "bottom"]
    assert (ended["Status"], ended["PreviousRunId"]) == ("COMPLETED", first)
    assert ended["WorkflowRunProperties"]["week"] == "2026-01-05"
    assert {name: count for name, count in ended["Statistics"].items() if count} == {
        "TotalActions": 5,
        "SucceededActions": 5,
    }
    before, after = job_runs(graph(glue, first)), job_runs(graph(glue, answer["RunId"]))
    assert after["top"] == before["top"], "what is not repeated keeps its state"
    assert [run["JobRunState"] for run in (*before["left"], *after["left"])] == ["FAILED", "SUCCEEDED"]
    assert after["left"][0]["TriggerName"] == before["left"][0]["TriggerName"]
    again = client.get_workflow_run(Name="w", RunId=first)["Run"]
    assert again["Statistics"]["FailedActions"] == 1, "the first run stays as it was"


def test_a_stopped_run_can_be_resumed_and_failures_elsewhere_remain(glue: Glue) -> None:
    glue.job("one", {"--failures": "9"})
    glue.job("two", {"--sleep": "60"})
    glue.start("one", "two")
    client = glue.up()
    first = client.start_workflow_run(Name="w")["RunId"]
    glue.job_of("two")
    client.stop_workflow_run(Name="w", RunId=first)
    glue.ended(first)
    glue.job("two")
    glue.write()
    answer = client.resume_workflow_run(Name="w", RunId=first, NodeIds=[node(graph(glue, first), "two")])
    ended = glue.ended(answer["RunId"])
    assert (ended["Status"], ended["Statistics"]["FailedActions"]) == ("COMPLETED", 1)
    assert (ended["Statistics"]["SucceededActions"], glue.order) == (1, ["one", "two", "two"])


def test_what_cannot_be_resumed_is_refused(chain: Glue) -> None:
    go_on = chain.held("two", {"--failures": "1"})
    client = chain.up()
    first = client.start_workflow_run(Name="w")["RunId"]
    nodes = graph(chain, first)
    with pytest.raises(client.exceptions.IllegalWorkflowStateException, match="it is RUNNING"):
        client.resume_workflow_run(Name="w", RunId=first, NodeIds=[node(nodes, "one")])
    go_on()
    chain.ended(first)
    for wrong in (node(nodes, "three"), node(nodes, "start"), "wnode_x"):
        with pytest.raises(client.exceptions.InvalidInputException, match=f"node {wrong} is no job that ran"):
            client.resume_workflow_run(Name="w", RunId=first, NodeIds=[wrong])
    with pytest.raises(client.exceptions.InvalidInputException, match="NodeIds is empty"):
        client.resume_workflow_run(Name="w", RunId=first, NodeIds=[])
    both = [node(nodes, "one"), node(nodes, "two")]
    second = client.resume_workflow_run(Name="w", RunId=first, NodeIds=both)["RunId"]
    chain.ended(second)
    assert chain.order[2:] == ["one", "two", "three"], "two follows one, and is not started twice"
    with pytest.raises(client.exceptions.IllegalWorkflowStateException, match="every job of it succeeded"):
        client.resume_workflow_run(Name="w", RunId=second, NodeIds=[node(nodes, "one")])


# --- properties and lists --------------------------------------------------------------------------------


def test_run_properties_are_read_and_put(chain: Glue) -> None:
    client = chain.up()
    run_id = client.start_workflow_run(Name="w")["RunId"]
    client.put_workflow_run_properties(Name="w", RunId=run_id, RunProperties={"rows": "3", "a": "2"})
    found = client.get_workflow_run_properties(Name="w", RunId=run_id)["RunProperties"]
    assert found == {"a": "2", "b": "1", "rows": "3"}
    assert chain.ended(run_id)["WorkflowRunProperties"] == found


def test_runs_are_listed_newest_first_and_page_by_page(chain: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    by_assay_run = chain.run().run_id  # as `assay run` does, in its own process
    with chain.history() as history:
        for _ in range(3):
            history.end(history.start("w", {}), "COMPLETED")
        history.end(history.start("other", {}), "COMPLETED")
        mine = [run.run_id for run in history.runs(workflow="w")]
    client = chain.up()
    pages = list(
        client.get_paginator("get_workflow_runs").paginate(Name="w", PaginationConfig={"PageSize": 3})
    )
    assert [[run["WorkflowRunId"] for run in page["Runs"]] for page in pages] == [mine[:3], mine[3:]]
    assert mine[-1] == by_assay_run
    with pytest.raises(client.exceptions.InvalidInputException, match="NextToken '7' is none"):
        client.get_workflow_runs(Name="w", NextToken="7")
    graphs = client.get_workflow_runs(Name="w", IncludeGraph=True)["Runs"]
    assert all("Graph" in run for run in graphs)


def test_other_names_are_the_emulators(chain: Glue) -> None:
    client = chain.up()
    for call in (
        lambda: client.get_workflow(Name="x"),
        lambda: client.start_workflow_run(Name="x"),
        lambda: client.get_workflow_runs(Name="x"),
        lambda: client.get_workflow_run(Name="x", RunId="wr_1"),
        lambda: client.get_workflow_run_properties(Name="x", RunId="wr_1"),
    ):
        with pytest.raises(client.exceptions.EntityNotFoundException, match="the emulator knows it not"):
            call()
    assert len(chain.upstream.asked) == 5
    with pytest.raises(client.exceptions.EntityNotFoundException, match="workflow w has no run wr_1"):
        client.get_workflow_run(Name="w", RunId="wr_1")


def test_runs_of_a_workflow_that_is_no_more_are_still_told(chain: Glue) -> None:
    with chain.history() as history:
        run_id = history.start("old", {"a": "b"})
    client = chain.up()
    assert client.get_workflow_run(Name="old", RunId=run_id, IncludeGraph=True)["Run"]["Status"] == "RUNNING"
    assert client.get_workflow_run_properties(Name="old", RunId=run_id)["RunProperties"] == {"a": "b"}
    assert len(client.get_workflow_runs(Name="old")["Runs"]) == 1
    with pytest.raises(client.exceptions.EntityNotFoundException, match="workflow w has no run"):
        client.get_workflow_run(Name="w", RunId=run_id)

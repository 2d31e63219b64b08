"""Triggers: described, started and stopped through boto3, and kept over a restart."""

from __future__ import annotations

import pytest
from tests.unit.local.glue.conftest import Glue


@pytest.fixture
def pair(glue: Glue) -> Glue:
    glue.job("one")
    glue.job("two")
    glue.start("one")
    glue.when({"one": "SUCCEEDED"}, "two")
    return glue


def schedule(glue: Glue, expression: str = "cron(15 3 ? * MON *)") -> None:
    properties = glue.resources["start"]["Properties"]
    properties |= {"Type": "SCHEDULED", "Schedule": expression, "StartOnCreation": True}


def test_triggers_are_described_as_the_template_says(pair: Glue) -> None:
    client = pair.up()
    start = client.get_trigger(Name="start")["Trigger"]
    assert (start["Type"], start["State"], start["WorkflowName"]) == ("ON_DEMAND", "CREATED", "w")
    assert [action["JobName"] for action in start["Actions"]] == ["one"]
    then = client.get_trigger(Name="t4")["Trigger"]
    assert (then["Type"], then["State"]) == ("CONDITIONAL", "ACTIVATED")
    assert then["Predicate"]["Conditions"] == [{"JobName": "one", "State": "SUCCEEDED"}]


def test_starting_one_on_demand_starts_the_workflow(pair: Glue) -> None:
    go_on = pair.held("one")
    client = pair.up()
    assert client.start_trigger(Name="start")["Name"] == "start"
    (run,) = client.get_workflow_runs(Name="w")["Runs"]
    with pytest.raises(client.exceptions.ConcurrentRunsExceededException):
        client.start_trigger(Name="start")
    go_on()
    assert pair.ended(run["WorkflowRunId"])["Statistics"]["SucceededActions"] == 2
    with pytest.raises(client.exceptions.InvalidInputException, match="start is ON_DEMAND"):
        client.stop_trigger(Name="start")


def test_a_schedule_is_deactivated_and_activated(pair: Glue) -> None:
    schedule(pair)
    client = pair.up()
    assert client.get_trigger(Name="start")["Trigger"]["State"] == "ACTIVATED"
    assert client.get_trigger(Name="start")["Trigger"]["Schedule"] == "cron(15 3 ? * MON *)"
    client.stop_trigger(Name="start")
    pair.down()
    pair.up()
    assert client.get_trigger(Name="start")["Trigger"]["State"] == "DEACTIVATED"
    client.start_trigger(Name="start")
    assert client.get_trigger(Name="start")["Trigger"]["State"] == "ACTIVATED"
    assert client.get_workflow_runs(Name="w")["Runs"] == [], "activating it starts nothing"


def test_a_deactivated_condition_does_not_fire(pair: Glue) -> None:
    client = pair.up()
    client.stop_trigger(Name="t4")
    ended = pair.ended(client.start_workflow_run(Name="w")["RunId"])
    assert (ended["Statistics"]["TotalActions"], pair.order) == (1, ["one"])
    graph = client.get_workflow(Name="w", IncludeGraph=True)["Workflow"]["Graph"]
    states = {
        node["Name"]: node["TriggerDetails"]["Trigger"]["State"]
        for node in graph["Nodes"]
        if node["Type"] == "TRIGGER"
    }
    assert states == {"start": "CREATED", "t4": "DEACTIVATED"}


def test_a_job_of_no_workflow_is_started_by_itself_and_in_no_graph(pair: Glue) -> None:
    pair.job("upkeep")
    pair.alone("by hand", "upkeep", arguments={"--action": "look"})
    client = pair.up()
    client.start_trigger(Name="by hand")
    (run,) = client.get_job_runs(JobName="upkeep")["JobRuns"]
    assert pair.job_ended("upkeep", run["Id"])["JobRunState"] == "SUCCEEDED"
    again = client.start_job_run(JobName="upkeep", Arguments={"--action": "other"})["JobRunId"]
    assert pair.job_ended("upkeep", again)["Arguments"] == {"--action": "other"}
    assert [call["action"] for call in pair.calls] == ["look", "other"]
    assert client.list_triggers(DependentJobName="upkeep")["TriggerNames"] == ["by hand"]
    assert "WorkflowName" not in client.get_trigger(Name="by hand")["Trigger"]
    graph = client.get_workflow(Name="w", IncludeGraph=True)["Workflow"]["Graph"]
    assert {node["Name"] for node in graph["Nodes"]} == {"start", "t4", "one", "two"}
    assert client.get_workflow_runs(Name="w")["Runs"] == []


def test_other_names_are_the_emulators(pair: Glue) -> None:
    client = pair.up()
    for call in (client.get_trigger, client.start_trigger, client.stop_trigger):
        with pytest.raises(client.exceptions.EntityNotFoundException, match="the emulator knows it not"):
            call(Name="x")

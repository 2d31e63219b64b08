"""A workflow's definition: what is read, and which mistakes are found before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.errors import InputError
from assay.stacks import definition
from assay.stacks.template import Template


def job(name: str, **more: Any) -> dict[str, Any]:
    properties = {
        "Name": name,
        "GlueVersion": "5.1",
        "Command": {"Name": "glueetl", "ScriptLocation": f"s3://artifacts/jobs/{name}.py"},
        **more,
    }
    return {"Type": "AWS::Glue::Job", "Properties": {k: v for k, v in properties.items() if v is not None}}


def trigger(name: str, starts: str, watches: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Name": name,
        "WorkflowName": "w",
        "Type": "ON_DEMAND",
        "Actions": [{"JobName": j} for j in starts.split()],
    }
    if watches:
        conditions = [{"JobName": j, "State": s} for j, s in watches.items()]
        predicate = {"Logical": "AND", "Conditions": conditions}
        properties |= {"Type": "CONDITIONAL", "StartOnCreation": True, "Predicate": predicate}
    return {"Type": "AWS::Glue::Trigger", "Properties": properties | more}


def workflow(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::Glue::Workflow", "Properties": {"Name": "w", **more}}


def read(path: Path, *resources: dict[str, Any]) -> definition.Definition:
    file = path / "stack.yaml"
    file.write_text(yaml.safe_dump({"Resources": {f"R{i}": r for i, r in enumerate(resources)}}))
    return definition.read(Template(file))


def test_a_workflow_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        workflow(MaxConcurrentRuns=1, DefaultRunProperties={"p": "v"}),
        job("a", Timeout=7, MaxRetries=2, ExecutionProperty={"MaxConcurrentRuns": 3}),
        job("b", DefaultArguments={"--x": "1"}, NonOverridableArguments={"--z": "9"}),
        trigger("start", "a"),
        trigger("next", "b", {"a": "SUCCEEDED"}),
    )
    assert (found.name, found.properties, found.max_concurrent_runs) == ("w", {"p": "v"}, 1)
    assert found.start.name == "start"
    a, b = found.jobs["a"], found.jobs["b"]
    assert (a.timeout, a.max_retries, a.max_concurrent_runs) == (7, 2, 3)
    assert (b.timeout, b.max_retries, b.max_concurrent_runs) == (480, 0, 1)


def test_fixed_arguments_win_over_given_ones_which_win_over_defaults(tmp_path: Path) -> None:
    arguments = {"--a": "default", "--b": "default", "--c": "default"}
    one = job("a", DefaultArguments=arguments, NonOverridableArguments={"--c": "fixed"})
    found = read(tmp_path, workflow(), one, trigger("start", "a")).jobs["a"]
    assert found.arguments({"--b": "given", "--c": "given", "--d": "given"}) == {
        "--a": "default", "--b": "given", "--c": "fixed", "--d": "given",
    }  # fmt: skip


def test_a_job_with_a_trigger_of_its_own_belongs_to_no_workflow(tmp_path: Path) -> None:
    nightly = {"Type": "SCHEDULED", "Schedule": "cron(15 3 * * ? *)", "StartOnCreation": True}
    found = read(
        tmp_path,
        workflow(),
        job("a"),
        job("b"),
        trigger("start", "a"),
        alone(trigger("nightly", "b", **nightly)),
        alone(trigger("both", "a b")),
    )
    assert (list(found.jobs), list(found.other_jobs), list(found.all_jobs)) == (["a"], ["b"], ["a", "b"])
    assert [each.name for each in found.triggers] == ["start"]
    assert [each.name for each in found.other_triggers] == ["nightly", "both"]
    assert found.start.name == "start"


def alone(resource: dict[str, Any]) -> dict[str, Any]:
    """A trigger without a workflow."""
    del resource["Properties"]["WorkflowName"]
    return resource


GOOD = (workflow(), job("a"), job("b"), trigger("start", "a"))


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ([job("a"), trigger("start", "a")], "stack.yaml: 0 resources of type AWS::Glue::Workflow"),
        ([workflow(), workflow()], "2 resources of type AWS::Glue::Workflow"),
        ([workflow(), job("a")], "workflow w has 0 start triggers; Glue allows exactly one"),
        ([*GOOD, trigger("again", "b")], r"workflow w has 2 start triggers \(start, again\)"),
        ([*GOOD, trigger("t", "c", {"a": "FAILED"})], "trigger t names job 'c', which is not defined"),
        ([*GOOD, trigger("t", "b", {"A": "FAILED"})], "trigger t names job 'A', which is not defined"),
        (list(GOOD), "jobs that no trigger starts: b; add an action"),
        (
            [*GOOD, trigger("t", "b", {"a": "SUCCEEDED"}), trigger("u", "a", {"b": "SUCCEEDED"})],
            "jobs wait for each other in a circle: (a waits for b waits for a|b waits for a waits for b)",
        ),
        ([*GOOD, trigger("t", "a", {"a": "FAILED"})], "in a circle: a waits for a"),
        (
            [*GOOD, job("c"), trigger("t", "c", {"b": "SUCCEEDED"})],
            "triggers that can never fire: t; nothing starts b",
        ),
        ([*GOOD, job("a")], "two jobs are named a"),
        ([*GOOD, trigger("start", "b", {"a": "FAILED"})], "two triggers are named start"),
        ([workflow(), job("a"), trigger("t", "a", WorkflowName="v")], "trigger t belongs to workflow 'v'"),
        ([workflow(), job("a"), trigger("t", "a", WorkflowName=None)], "trigger t belongs to workflow None"),
        ([*GOOD, alone(trigger("t", "c"))], "trigger t names job 'c', which is not defined"),
        (
            [*GOOD, alone(trigger("t", "b", {"a": "SUCCEEDED"}))],
            "trigger t is CONDITIONAL and belongs to no workflow, .*; set WorkflowName: w",
        ),
        ([workflow(), job("a"), alone(trigger("t", "a"))], "workflow w has 0 start triggers"),
        ([*GOOD, alone(trigger("start", "b"))], "two triggers are named start"),
        ([workflow(), job("a", Name=None)], "a job has no Name"),
        ([workflow(), job("a", Command={"Name": "pythonshell"})], "Command.Name is 'pythonshell'"),
        (
            [workflow(), job("a", Command={"Name": "glueetl"})],
            "ScriptLocation is ''; it must begin with s3://",
        ),
        ([workflow(), job("a", GlueVersion=None)], "job a has no GlueVersion"),
        ([workflow(), job("a", Timeout=0)], "job a: Timeout is 0; it must be a whole number, 1 or more"),
        ([workflow(), job("a", MaxRetries=-1)], "job a: MaxRetries is -1"),
        ([workflow(), job("a", MaxRetries=1.5)], "job a: MaxRetries is 1.5"),
        ([workflow(), job("a", ExecutionProperty={"MaxConcurrentRuns": 0})], "MaxConcurrentRuns is 0"),
        (
            [workflow(), job("a", DefaultArguments={"--x": True})],
            "DefaultArguments --x is True; Glue takes texts",
        ),
        ([workflow(DefaultRunProperties={"n": 1})], "workflow w: DefaultRunProperties n is 1"),
    ],
)
def test_mistakes_are_found(tmp_path: Path, resources: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, *resources)


def test_any_needs_one_reachable_job_and_all_needs_every_one(tmp_path: Path) -> None:
    watches = {"a": "SUCCEEDED", "b": "SUCCEEDED"}
    waiting = trigger("t", "c", watches)
    with pytest.raises(InputError, match="triggers that can never fire: t; nothing starts b"):
        read(tmp_path, *GOOD, job("c"), waiting)
    waiting["Properties"]["Predicate"]["Logical"] = "ANY"
    with pytest.raises(InputError, match="jobs that no trigger starts: b"):
        read(tmp_path, *GOOD, job("c"), waiting)


def test_resources_of_several_templates_make_one_workflow(tmp_path: Path) -> None:
    parts = {"jobs": [job("a"), job("b")], "workflow": [workflow(), trigger("start", "a b")]}
    found = []
    for name, resources in parts.items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump({"Resources": {f"R{i}": r for i, r in enumerate(resources)}}))
        found.append(Template(file))
    assert list(definition.read(*found).jobs) == ["a", "b"]
    with pytest.raises(InputError, match=r"jobs\.yaml: 0 resources of type AWS::Glue::Workflow"):
        definition.read(found[0])
    with pytest.raises(InputError, match=r"jobs\.yaml, jobs\.yaml, workflow\.yaml: two jobs are named a"):
        definition.read(found[0], *found)

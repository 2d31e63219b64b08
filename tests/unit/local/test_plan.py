"""What an execution begins with."""

from __future__ import annotations

from datetime import UTC, datetime

from assay.local import plan
from assay.local.plan import Start
from assay.local.runs import JobRun, Resumption, WorkflowRun
from assay.stacks.definition import Definition, Job
from assay.stacks.triggers import Action, Condition, Trigger

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def watch(name: str, watched: str, *jobs: str) -> Trigger:
    actions = tuple(Action(job) for job in jobs)
    return Trigger(name, "CONDITIONAL", actions, (Condition(watched, "SUCCEEDED"),))


DEFINITION = Definition(
    "w",
    {},
    None,
    {name: Job(name, "s3://b/jobs/x.py", {}, {}, 0, 1, 1) for name in ("a", "b", "c", "d", "e")},
    (
        Trigger("start", "ON_DEMAND", (Action("a"),)),
        watch("a done", "a", "b", "c"),
        watch("b done", "b", "d"),
        watch("c done", "c", "e"),
    ),
)


def run(**states: str) -> WorkflowRun:
    jobs = tuple(JobRun(f"jr_{job}", job, 0, "", state, NOW) for job, state in states.items())
    return WorkflowRun("wr_1", "w", "COMPLETED", {}, NOW, NOW, "b FAILED", jobs)


def test_a_whole_workflow_begins_with_its_start_trigger() -> None:
    assert plan.whole(DEFINITION) == plan.Plan((Start(Action("a"), "start"),), fired=frozenset({"start"}))


def test_a_single_job_has_what_was_asked_for() -> None:
    request = {"Arguments": {"--x": "1"}, "Timeout": 3, "WorkerType": "G.1X"}
    found = plan.single(JobRun("jr_1", "a", 0, "", "STARTING", NOW, request=request, previous="jr_0"))
    assert found.starts == (Start(Action("a", {"--x": "1"}, 3), "", recorded="jr_1", previous="jr_0"),)
    bare = plan.single(JobRun("jr_1", "a", 0, "", "STARTING", NOW))
    assert bare.starts[0].action == Action("a", {}, None)


def test_downstream_is_what_a_job_leads_to() -> None:
    assert plan.downstream(DEFINITION, ["b"]) == {"b", "d"}
    assert plan.downstream(DEFINITION, ["a"]) == {"a", "b", "c", "d", "e"}
    assert plan.downstream(DEFINITION, ["d", "e"]) == {"d", "e"}


def test_a_resumption_keeps_what_is_not_downstream() -> None:
    before = run(a="SUCCEEDED", b="FAILED", c="SUCCEEDED", e="SUCCEEDED")
    found = plan.resumption(DEFINITION, before, ["b"])
    assert found == Resumption("wr_1", ("b",), ("jr_a", "jr_c", "jr_e"))
    both = plan.resumption(DEFINITION, before, ["e", "c", "b"])
    assert both.chosen == ("b", "c"), "in the order of the template, without what another one leads to"
    assert both.kept == ("jr_a",)


def test_a_resumed_run_begins_with_the_chosen_jobs() -> None:
    kept = run(a="SUCCEEDED", c="SUCCEEDED", e="FAILED")
    resuming = WorkflowRun(
        "wr_2", "w", "RUNNING", {}, NOW, None, None, kept.jobs, Resumption("wr_1", ("b",), ("jr_a",))
    )
    found = plan.resumed(DEFINITION, resuming)
    assert found.starts == (Start(Action("b"), "a done"),)
    assert {job: each.state for job, each in found.ended.items()} == {
        "a": "SUCCEEDED", "c": "SUCCEEDED", "e": "FAILED",
    }  # fmt: skip
    assert found.fired == {"start", "a done", "c done"}
    assert plan.resumed(DEFINITION, kept) == plan.whole(DEFINITION)

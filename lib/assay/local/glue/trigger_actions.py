"""Glue's actions on triggers."""

from __future__ import annotations

from assay.local.glue import documents, job_actions, workflow_actions
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.faults import GlueError
from assay.local.glue.shapes import Document
from assay.stacks.triggers import Trigger


def get_trigger(call: Call) -> Document:
    """GetTrigger."""
    return {"Trigger": documents.trigger(_trigger(call), call.history.triggers.inactive())}


def start_trigger(call: Call) -> Document:
    """StartTrigger: fires one that is ON_DEMAND, activates every other."""
    found = _trigger(call)
    if found["Type"] == "ON_DEMAND":
        definition = call.installed.definition
        every = (*definition.triggers, *definition.other_triggers)
        fire(call, next(each for each in every if each.name == found["Name"]))
    else:
        call.history.triggers.set_active(found["Name"], active=True)
    return {"Name": found["Name"]}


def stop_trigger(call: Call) -> Document:
    """StopTrigger: deactivates one that is not ON_DEMAND."""
    found = _trigger(call)
    if found["Type"] == "ON_DEMAND":
        name = found["Name"]
        raise GlueError(
            "InvalidInputException", f"trigger {name} is ON_DEMAND: it is never active; nothing to stop"
        )
    call.history.triggers.set_active(found["Name"], active=False)
    return {"Name": found["Name"]}


def fire(call: Call, trigger: Trigger) -> list[str]:
    """Start what a trigger starts: the workflow, or jobs that belong to none.

    Args:
        call: Knows the workflow.
        trigger: Of type ON_DEMAND or SCHEDULED.

    Returns:
        The ids of the runs.

    Raises:
        GlueError: `ConcurrentRunsExceededException`.
    """
    definition = call.installed.definition
    if trigger not in definition.other_triggers:
        return [workflow_actions.start(call, {})]
    return [
        job_actions.start(
            call,
            definition.all_jobs[action.job],
            {"Arguments": dict(action.arguments), **({"Timeout": action.timeout} if action.timeout else {})},
            trigger=trigger.name,
        )
        for action in trigger.actions
    ]


def _trigger(call: Call) -> Document:
    found = call.installed.triggers.get(call.request["Name"])
    if found is None:
        raise NotOursError
    return found

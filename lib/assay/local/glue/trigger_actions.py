"""Glue's actions on triggers."""

from __future__ import annotations

from assay.local.glue import documents, workflow_actions
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.faults import GlueError
from assay.local.glue.shapes import Document


def get_trigger(call: Call) -> Document:
    """GetTrigger."""
    return {"Trigger": documents.trigger(_trigger(call), call.history.inactive_triggers())}


def start_trigger(call: Call) -> Document:
    """StartTrigger: fires one that is ON_DEMAND, activates every other."""
    found = _trigger(call)
    if found["Type"] == "ON_DEMAND":
        workflow_actions.start(call, {})
    else:
        call.history.set_trigger(found["Name"], active=True)
    return {"Name": found["Name"]}


def stop_trigger(call: Call) -> Document:
    """StopTrigger: deactivates one that is not ON_DEMAND."""
    found = _trigger(call)
    if found["Type"] == "ON_DEMAND":
        name = found["Name"]
        raise GlueError(
            "InvalidInputException", f"trigger {name} is ON_DEMAND: it is never active; nothing to stop"
        )
    call.history.set_trigger(found["Name"], active=False)
    return {"Name": found["Name"]}


def _trigger(call: Call) -> Document:
    found = call.installed.triggers.get(call.request["Name"])
    if found is None:
        raise NotOursError
    return found

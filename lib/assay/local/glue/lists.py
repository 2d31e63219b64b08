"""Glue's lists of jobs, triggers and workflows: ours first, then those of the emulator, page after page."""

from __future__ import annotations

import json
from collections.abc import Sequence

from assay.local.glue import documents
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.shapes import Document

_MARK = "assay:"
_THEN_THE_EMULATOR = f"{_MARK}emulator"
"""The token after the last page of ours: the emulator is asked for its first."""
EMPTY = {
    "GetJobs": b'{"Jobs": []}',
    "ListJobs": b'{"JobNames": []}',
    "GetTriggers": b'{"Triggers": []}',
    "ListTriggers": b'{"TriggerNames": []}',
    "ListWorkflows": b'{"Workflows": []}',
}
"""Operation → the last page when the emulator does not know the operation."""
_PAGE = 100


def get_jobs(call: Call) -> Document:
    """GetJobs."""
    return _page(call, "Jobs", list(call.installed.jobs.values()))


def list_jobs(call: Call) -> Document:
    """ListJobs."""
    return _page(call, "JobNames", list(call.installed.jobs))


def get_triggers(call: Call) -> Document:
    """GetTriggers."""
    inactive = call.history.triggers.inactive()
    found = [documents.trigger(call.installed.triggers[name], inactive) for name in _triggers(call)]
    return _page(call, "Triggers", found)


def list_triggers(call: Call) -> Document:
    """ListTriggers."""
    return _page(call, "TriggerNames", _triggers(call))


def list_workflows(call: Call) -> Document:
    """ListWorkflows."""
    return _page(call, "Workflows", [call.installed.definition.name])


def continued(body: bytes) -> bytes | None:
    """The request for the emulator's first page; None if a request does not ask for it.

    Args:
        body: Of a request that the emulator shall answer.
    """
    if _THEN_THE_EMULATOR.encode() not in body:
        return None
    document = json.loads(body)
    return json.dumps({name: value for name, value in document.items() if name != "NextToken"}).encode()


def _triggers(call: Call) -> list[str]:
    """Names of our triggers; only those that start a job, if the request names one."""
    job = call.request.get("DependentJobName")
    if job is not None and job not in call.installed.jobs:
        raise NotOursError
    definition = call.installed.definition
    return [
        trigger.name
        for trigger in (*definition.triggers, *definition.other_triggers)
        if job is None or any(action.job == job for action in trigger.actions)
    ]


def _page(call: Call, name: str, entries: Sequence[object]) -> Document:
    token = call.request.get("NextToken", f"{_MARK}0")
    first = token.removeprefix(_MARK)
    if not token.startswith(_MARK) or not first.isdecimal() or call.request.get("Tags"):
        raise NotOursError
    begin, size = int(first), call.request.get("MaxResults", _PAGE)
    after = begin + size
    more = f"{_MARK}{after}" if after < len(entries) else _THEN_THE_EMULATOR
    return {name: list(entries[begin:after]), "NextToken": more}

"""Change sets: what a deployment would do to a stack, asked of CloudFormation before it is done."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.deploy import adopting
from assay.deploy.checks.storage import HOLDS_DATA
from assay.deploy.events import validation
from assay.deploy.order import Stack
from assay.deploy.remedies import asking, remedy
from assay.deploy.states import Deployed
from assay.errors import InputError, TerminalError
from assay.runtime import clients

POLL_SECONDS = 1.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_TAG = "assay"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource.

    Attributes:
        action: `add`, `modify`, `replace`, `maybe replace`, `import` or `remove`.
        logical_id: Its key in the template.
        kind: Its type.
        because: The properties that change.
    """

    action: str
    logical_id: str
    kind: str
    because: tuple[str, ...] = ()

    @property
    def endangers_data(self) -> bool:
        """Whether something that holds data would be replaced or removed."""
        return self.kind in HOLDS_DATA and self.action in {"replace", "maybe replace", "remove"}


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What happens to one stack.

    Attributes:
        stack: The stack.
        name: The change set's name in AWS; empty when it was not made there.
        creates: Whether the stack is new.
        changes: What happens to its resources; nothing when the stack is as it should be.
        waits_for: Exports that do not exist yet, because of which AWS could not be asked.
    """

    stack: Stack
    name: str
    creates: bool
    changes: tuple[Change, ...]
    waits_for: tuple[str, ...] = ()


def foreseen(stack: Stack, kinds: Mapping[str, str], waits_for: tuple[str, ...]) -> ChangeSet:
    """The resources that a new stack would get, read from its template.

    Args:
        stack: The stack.
        kinds: Logical id → type.
        waits_for: The exports that it imports and that nobody exports yet.
    """
    changes = tuple(Change("add", name, kind) for name, kind in kinds.items())
    return ChangeSet(stack, "", creates=True, changes=changes, waits_for=waits_for)


def keeping(stack: Stack, deployed: Deployed | None) -> Stack:
    """The stack with the parameters that it was deployed with, where nothing else is given now.

    Without that an upgrade would forget what an earlier `--set` said: the address for alerts, the schedule.

    Args:
        stack: The stack as it is to be.
        deployed: The stack as it is; None if there is none.
    """
    if deployed is None or deployed.unborn:
        return stack
    declared = stack.document.get("Parameters", {})
    kept = {name: value for name, value in deployed.parameters.items() if name in declared}
    return replace(stack, parameters=kept | dict(stack.parameters))


def is_same(stack: Stack, deployed: Deployed) -> bool:
    """Whether a stack is as it should be, without a change set: same template, same parameters.

    A template that takes values from Systems Manager may change without either, so of it nothing is known
    here.
    """
    declared = stack.document.get("Parameters", {})
    if any(str(body["Type"]).startswith("AWS::SSM::") for body in declared.values()):
        return False
    wanted = {name: _text(body.get("Default", "")) for name, body in declared.items()} | dict(
        stack.parameters
    )
    if wanted != dict(deployed.parameters):
        return False
    with asking(f"read the template of stack {stack.name}"):
        found = clients.cloudformation().get_template(StackName=stack.name, TemplateStage="Original")
    body: object = found["TemplateBody"]  # a text; the stubs know the other case only
    # botocore reads a template that was sent as JSON.
    return bool(body == (stack.body if isinstance(body, str) else json.loads(stack.body)))


def make(stack: Stack, *, creates: bool, adopt: bool = False) -> ChangeSet:
    """Ask CloudFormation what it would do.

    Args:
        stack: The stack as it is to be.
        creates: Whether it is new.
        adopt: Whether resources that exist under its names may be taken into it.

    Raises:
        InputError: A parameter has no value.
        TerminalError: CloudFormation refused the template.
    """
    if stack.missing:
        options = " ".join(f"--set {stack.short}.{name}=..." for name in stack.missing)
        raise InputError(f"stack {stack.name} needs {', '.join(stack.missing)}; give {options}")
    name = f"assay-{uuid.uuid4().hex[:12]}"
    with asking(f"plan stack {stack.name}"):
        clients.cloudformation().create_change_set(
            StackName=stack.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateBody=adopting.body(stack) if adopt else stack.body,
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
            Capabilities=list(stack.capabilities),  # type: ignore[arg-type]  # a literal in the stubs
            Tags=[{"Key": _TAG, "Value": stack.installation}],
            ImportExistingResources=adopt,
        )
    found = _wait(stack, name)
    if found["Status"] == "FAILED":
        reason = _reason(stack, name, found.get("StatusReason", ""))
        discard(stack, name, creates=creates)
        if any(sign in reason for sign in _NOTHING):
            return ChangeSet(stack, "", creates=creates, changes=())
        raise TerminalError(f"cannot plan stack {stack.name}: {reason.rstrip('.')}; {remedy(reason)}")
    return ChangeSet(stack, name, creates=creates, changes=_changes(stack, name))


def discard(stack: Stack, name: str, *, creates: bool) -> None:
    """Delete a change set, and the empty stack that came with it when it was to create one.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    with asking(f"discard the plan of stack {stack.name}"):
        client = clients.cloudformation()
        client.delete_change_set(StackName=stack.name, ChangeSetName=name)
        if creates:
            client.delete_stack(StackName=stack.name)


def _reason(stack: Stack, name: str, said: str) -> str:
    """Why a change set failed; of one that was validated, which resource is wrong."""
    if "validation" not in said.lower():
        return said
    wrong = validation(stack.name, name)
    return said if wrong is None else f"{wrong.logical_id} ({wrong.kind}): {wrong.reason}"


def _text(value: object) -> str:
    """A default as CloudFormation writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wait(stack: Stack, name: str) -> Any:
    while True:
        with asking(f"read the plan of stack {stack.name}"):
            found = clients.cloudformation().describe_change_set(StackName=stack.name, ChangeSetName=name)
        if not found["Status"].endswith(("PENDING", "IN_PROGRESS")):
            return found
        time.sleep(POLL_SECONDS)


def _changes(stack: Stack, name: str) -> tuple[Change, ...]:
    found: list[Change] = []
    with asking(f"read the plan of stack {stack.name}"):
        pages = clients.cloudformation().get_paginator("describe_change_set")
        for page in pages.paginate(StackName=stack.name, ChangeSetName=name):
            found += [_change(each["ResourceChange"]) for each in page["Changes"]]
    return tuple(found)


def _change(found: Any) -> Change:
    action = str(found["Action"]).lower()
    if action == "modify":
        action = {"True": "replace", "Conditional": "maybe replace"}.get(
            found.get("Replacement", ""), "modify"
        )
    targets = [detail.get("Target", {}) for detail in found.get("Details", [])]
    because = {str(target.get("Name") or target.get("Attribute", "")) for target in targets}
    return Change(action, found["LogicalResourceId"], found["ResourceType"], tuple(sorted(because - {""})))

"""`assay deploy destroy`: stacks in reverse order; data stay, and are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.deploy import states
from assay.deploy.applying import remove
from assay.deploy.events import Event
from assay.deploy.order import Stack
from assay.deploy.remedies import asking
from assay.deploy.states import Deployed
from assay.errors import AssayError, InputError
from assay.runtime import clients

_PROTECTION = "DeletionProtection"
_KEPT = {"Retain": "stays", "RetainExceptOnCreate": "stays", "Snapshot": "is kept as a snapshot"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource that outlives its stack.

    Attributes:
        stack: The stack's name.
        kind: Its type.
        name: Its physical name.
        how: `stays` or `is kept as a snapshot`.
    """

    stack: str
    kind: str
    name: str
    how: str


def existing(stacks: Sequence[Stack]) -> list[Stack]:
    """The stacks that are in AWS, the last one first.

    Args:
        stacks: In the order of deployment.

    Raises:
        InputError: One is protected against deletion.
        TransientError: Something is being done to one of them.
    """
    found = []
    for stack in reversed(stacks):
        deployed = states.look(stack.name)
        if deployed is not None:
            states.refuse_busy(deployed)
            _refuse_protected(stack, deployed)
            found.append(stack)
    return found


def kept(stacks: Sequence[Stack]) -> list[Kept]:
    """What will outlive the stacks, by the templates' policies.

    Args:
        stacks: Stacks that are in AWS.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    return [each for stack in stacks for each in _kept(stack)]


def destroy(stacks: Sequence[Stack], on_event: Callable[[str, Event], None]) -> list[str]:
    """Delete stacks.

    Args:
        stacks: As `existing` gives them.
        on_event: Told of every event.

    Returns:
        The stacks that were deleted.

    Raises:
        AssayError: One could not be deleted; the sentence says why, and which stacks are left.
    """
    gone: list[str] = []
    for stack in stacks:
        try:
            remove(stack.name, on_event)
        except AssayError as error:
            left = ", ".join(each.name for each in stacks if each.name not in gone)
            raise type(error)(
                f"{error.message}. deleted: {', '.join(gone) or 'none'}; left: {left}"
            ) from error
        gone.append(stack.name)
    return gone


def _refuse_protected(stack: Stack, deployed: Deployed) -> None:
    """Before anything is deleted: AWS would say so only once the stacks above it are gone."""
    if deployed.parameters.get(_PROTECTION) == "true":
        option = f"--only {stack.short} --set {stack.short}.{_PROTECTION}=false"
        raise InputError(
            f"stack {stack.name} is protected; `assay deploy apply {option}` first; nothing was deleted"
        )


def _kept(stack: Stack) -> list[Kept]:
    policies = {
        name: _KEPT[str(body["DeletionPolicy"])]
        for name, body in stack.document["Resources"].items()
        if str(body.get("DeletionPolicy")) in _KEPT
    }
    found = []
    with asking(f"list the resources of stack {stack.name}"):
        for page in (
            clients.cloudformation().get_paginator("list_stack_resources").paginate(StackName=stack.name)
        ):
            for each in page["StackResourceSummaries"]:
                if how := policies.get(each["LogicalResourceId"]):
                    name = each.get("PhysicalResourceId", each["LogicalResourceId"])
                    found.append(Kept(stack.name, each["ResourceType"], name, how))
    return found

"""What happens in a stack, as CloudFormation tells it, and the first thing that went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from assay.deploy.remedies import asking
from assay.runtime import clients

# What CloudFormation says of resources that it gave up because another one failed.
_CONSEQUENCES = ("cancelled", "rollback requested", "the following resource(s) failed")
# What CloudFormation says when it found the cause before it began, and keeps it elsewhere.
_POINTER = "DescribeEvents"
_STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a resource.

    Attributes:
        id: CloudFormation's own id of it.
        logical_id: The resource.
        kind: Its type.
        status: Its status since then.
        reason: Why; often empty.
    """

    id: str
    logical_id: str
    kind: str
    status: str
    reason: str

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""
        return self.status.endswith("FAILED")


OnEvent = Callable[[str, Event], None]


class Watch:
    """The events of a stack that come from now on.

    Args:
        stack: The stack's name, or its ARN, by which a deleted one is still known.
    """

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._seen = {event.id for event in _events(stack)}
        self.events: list[Event] = []

    def news(self) -> list[Event]:
        """The events since the last call, oldest first."""
        found = [event for event in _events(self._stack) if event.id not in self._seen]
        found.reverse()  # CloudFormation tells the newest first
        self._seen |= {event.id for event in found}
        self.events += found
        return found

    def ended_as(self, status: str) -> bool:
        """Whether the stack itself has reached a state since then."""
        return any(event.kind == _STACK and event.status == status for event in self.events)

    def first_failure(self) -> Event | None:
        """The event that made the rest fail: the first failure that is no consequence of another."""
        failures = [event for event in self.events if event.failed]
        if any(_POINTER in event.reason for event in failures):
            return validation(self._stack) or failures[0]
        causes = [event for event in failures if not _is_consequence(event)]
        of_resources = [event for event in causes if event.kind != _STACK]
        return next(iter([*of_resources, *causes, *failures]), None)


def validation(stack: str, change_set: str | None = None) -> Event | None:
    """What CloudFormation found wrong before it began; None when that was nothing.

    Args:
        stack: The stack's name.
        change_set: The change set that failed; the stack's last operation when None.

    Raises:
        AssayError: CloudFormation refused or did not answer.
    """
    options = {} if change_set is None else {"ChangeSetName": change_set}
    with asking(f"read what is wrong with stack {stack}"):
        found = clients.cloudformation().describe_events(
            StackName=stack, Filters={"FailedEvents": True}, **options
        )
    for each in found["OperationEvents"]:
        if each.get("EventType") == "VALIDATION_ERROR":
            return Event(
                id=each["EventId"],
                logical_id=each.get("LogicalResourceId", ""),
                kind=each.get("ResourceType", ""),
                status=each.get("ValidationStatus", ""),
                reason=each.get("ValidationStatusReason", ""),
            )
    return None


def _events(stack: str) -> Iterator[Event]:
    """Newest first; none of a stack that does not exist yet."""
    with asking(f"read the events of stack {stack}"):
        try:
            for page in (
                clients.cloudformation().get_paginator("describe_stack_events").paginate(StackName=stack)
            ):
                yield from map(_event, page["StackEvents"])
        except ClientError as error:
            if "does not exist" not in error.response["Error"].get("Message", ""):
                raise


def _event(found: Any) -> Event:
    return Event(
        id=found["EventId"],
        logical_id=found.get("LogicalResourceId", ""),
        kind=found.get("ResourceType", ""),
        status=found.get("ResourceStatus", ""),
        reason=found.get("ResourceStatusReason", ""),
    )


def _is_consequence(event: Event) -> bool:
    return any(sign in event.reason.lower() for sign in _CONSEQUENCES)

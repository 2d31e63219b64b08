"""Of many failures, the first that is no consequence of another."""

from __future__ import annotations

from typing import NoReturn

import pytest
from botocore.exceptions import ClientError

from assay.deploy import events
from assay.deploy.events import Event, Watch
from assay.errors import TerminalError
from assay.runtime import clients

STACK = "AWS::CloudFormation::Stack"


def watch(monkeypatch: pytest.MonkeyPatch, *found: Event) -> Watch:
    """A watch to which these events have come, oldest first."""
    told: list[Event] = []
    monkeypatch.setattr(events, "_events", lambda _stack: iter(reversed(told)))
    made = Watch("lab-jobs")
    told.extend(found)
    assert made.news() == list(found)
    assert made.news() == []
    return made


def event(number: int, logical_id: str, status: str, reason: str = "", kind: str = "AWS::Glue::Job") -> Event:
    return Event(str(number), logical_id, kind, status, reason)


def test_the_cause_comes_before_its_consequences(monkeypatch: pytest.MonkeyPatch) -> None:
    found = watch(
        monkeypatch,
        event(1, "A", "CREATE_IN_PROGRESS"),
        event(2, "B", "CREATE_FAILED", "Resource creation cancelled"),
        event(3, "A", "CREATE_FAILED", "Access denied"),
        event(
            4, "lab-jobs", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [A, B]", STACK
        ),
        event(5, "A", "DELETE_FAILED", "still in use"),
        event(6, "lab-jobs", "ROLLBACK_FAILED", "The following resource(s) failed to delete: [A]", STACK),
    ).first_failure()
    assert found is not None
    assert (found.logical_id, found.reason) == ("A", "Access denied")


def test_a_stack_that_failed_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = watch(monkeypatch, event(1, "lab-jobs", "CREATE_FAILED", "a hook said no", STACK)).first_failure()
    assert found is not None
    assert found.reason == "a hook said no"


def test_consequences_are_better_than_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = watch(monkeypatch, event(1, "A", "CREATE_FAILED", "Resource creation cancelled")).first_failure()
    assert found is not None
    assert found.logical_id == "A"


class Refusing:
    """A client whose answer is an error."""

    def __init__(self, message: str) -> None:
        self._error = ClientError(
            {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStackEvents"
        )

    def get_paginator(self, _name: str) -> NoReturn:
        raise self._error


def test_a_stack_that_is_not_there_has_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "cloudformation", lambda: Refusing("Stack [lab-jobs] does not exist"))
    assert Watch("lab-jobs").news() == []


def test_another_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "cloudformation", lambda: Refusing("User x is not authorized to perform: y"))
    with pytest.raises(
        TerminalError, match=r"cannot read the events of stack lab-jobs: .*; the caller lacks"
    ):
        Watch("lab-jobs")


def test_nothing_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(monkeypatch, event(1, "lab-jobs", "CREATE_COMPLETE", kind=STACK))
    assert made.first_failure() is None
    assert made.ended_as("CREATE_COMPLETE")
    assert not made.ended_as("UPDATE_COMPLETE")

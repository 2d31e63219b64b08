"""Glue's triggers as values, and the pure function that says which of them fire.

References:
    AWS Glue developer guide, "AWS Glue triggers"; web API reference, "Trigger", "Predicate", "Condition",
    "Action".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import InputError, did_you_mean
from assay.stacks import schedule

START_KINDS = ("ON_DEMAND", "SCHEDULED")
KINDS = (*START_KINDS, "CONDITIONAL")
WATCHED_STATES = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
_LOGICALS = ("AND", "ANY")


@dataclass(frozen=True, slots=True)
class Condition:
    """That the latest run of a job has reached a state."""

    job: str
    state: str


@dataclass(frozen=True, slots=True)
class Action:
    """A job to start, with what this start changes.

    Attributes:
        job: The job's name.
        arguments: Replace the job's default arguments of the same name.
        timeout: Minutes; replaces the job's own when given.
    """

    job: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of a workflow.

    Attributes:
        name: Its name.
        kind: ON_DEMAND, SCHEDULED or CONDITIONAL.
        actions: The jobs that it starts, in order.
        conditions: What a CONDITIONAL trigger watches.
        logical: AND (every condition) or ANY (one of them).
        schedule: When a SCHEDULED trigger fires.
    """

    name: str
    kind: str
    actions: tuple[Action, ...]
    conditions: tuple[Condition, ...] = ()
    logical: str = "AND"
    schedule: schedule.Schedule | None = None

    def holds(self, states: Mapping[str, str]) -> bool:
        """Whether the conditions hold.

        Args:
            states: Job → state of its latest run; a job that has not run is absent.
        """
        met = [states.get(condition.job) == condition.state for condition in self.conditions]
        return any(met) if self.logical == "ANY" else bool(met) and all(met)


def due(
    triggers: Collection[Trigger], states: Mapping[str, str], fired: Collection[str]
) -> tuple[Trigger, ...]:
    """The conditional triggers that fire now.

    Args:
        triggers: All triggers of the workflow.
        states: Job → state of its latest run in this run of the workflow.
        fired: Names of the triggers that fired in this run; each fires once.
    """
    waiting = (t for t in triggers if t.kind == "CONDITIONAL" and t.name not in fired)
    return tuple(t for t in waiting if t.holds(states))


def parse(properties: Mapping[str, Any]) -> Trigger:
    """A trigger from the properties of an `AWS::Glue::Trigger`.

    Raises:
        InputError: A property is missing, not allowed, or asks for what the local runner cannot run.
    """
    name = properties.get("Name")
    if not name:
        raise InputError("a trigger has no Name; name it, so that a run can say what started a job")
    kind = _one_of(name, "Type", properties.get("Type"), KINDS)
    actions = tuple(_action(name, action) for action in properties.get("Actions", ()))
    if not actions:
        raise InputError(f"trigger {name} has no Actions; name at least one job")
    if kind == "SCHEDULED":
        return Trigger(name, kind, actions, schedule=_schedule(name, properties))
    if kind == "ON_DEMAND":
        return Trigger(name, kind, actions)
    if properties.get("StartOnCreation") is not True:
        raise InputError(f"trigger {name} is never activated and would not fire; set StartOnCreation: true")
    predicate = properties.get("Predicate", {})
    conditions = tuple(_condition(name, condition) for condition in predicate.get("Conditions", ()))
    if not conditions:
        raise InputError(f"trigger {name} is CONDITIONAL and has no Conditions; name the job that it watches")
    if len(conditions) > 1 and "Logical" not in predicate:
        raise InputError(f"trigger {name} has {len(conditions)} Conditions; Logical must say AND or ANY")
    logical = _one_of(name, "Logical", predicate.get("Logical", "AND"), _LOGICALS)
    return Trigger(name, kind, actions, conditions, logical)


def _schedule(name: str, properties: Mapping[str, Any]) -> schedule.Schedule:
    if properties.get("StartOnCreation") is not True:
        raise InputError(f"trigger {name} is never activated and would not fire; set StartOnCreation: true")
    try:
        return schedule.parse(str(properties.get("Schedule", "")))
    except InputError as error:
        raise InputError(f"trigger {name}: {error.message}") from error


def _action(trigger: str, body: Mapping[str, Any]) -> Action:
    if "JobName" not in body:
        raise InputError(f"trigger {trigger}: an action names no JobName; only jobs run on this machine")
    return Action(body["JobName"], dict(body.get("Arguments", {})), body.get("Timeout"))


def _condition(trigger: str, body: Mapping[str, Any]) -> Condition:
    if "JobName" not in body:
        raise InputError(f"trigger {trigger}: a condition names no JobName; only jobs run on this machine")
    if body.get("LogicalOperator", "EQUALS") != "EQUALS":
        raise InputError(f"trigger {trigger}: LogicalOperator is {body['LogicalOperator']!r}; use 'EQUALS'")
    return Condition(body["JobName"], _one_of(trigger, "State", body.get("State"), WATCHED_STATES))


def _one_of(trigger: str, what: str, value: object, allowed: Collection[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"trigger {trigger}: {what} is {value!r}; {did_you_mean(str(value), allowed)}")
    return value

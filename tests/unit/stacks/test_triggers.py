"""Triggers: which fire, by AND and ANY over watched states; what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stacks import triggers
from assay.stacks.triggers import Action, Condition, Trigger

STATES = [*triggers.WATCHED_STATES, "RUNNING", "ERROR"]


def conditional(logical: str, *conditions: tuple[str, str], name: str = "t") -> Trigger:
    watched = tuple(Condition(job, state) for job, state in conditions)
    return Trigger(name, "CONDITIONAL", (Action("next"),), watched, logical)


@pytest.mark.parametrize(
    ("logical", "states", "fires"),
    [
        ("AND", {}, False),
        ("AND", {"a": "SUCCEEDED"}, False),
        ("AND", {"a": "SUCCEEDED", "b": "FAILED"}, True),
        ("AND", {"a": "SUCCEEDED", "b": "SUCCEEDED"}, False),
        ("ANY", {}, False),
        ("ANY", {"a": "SUCCEEDED"}, True),
        ("ANY", {"b": "FAILED"}, True),
        ("ANY", {"a": "TIMEOUT", "b": "STOPPED"}, False),
    ],
)
def test_conditions_are_joined(logical: str, states: dict[str, str], fires: bool) -> None:
    trigger = conditional(logical, ("a", "SUCCEEDED"), ("b", "FAILED"))
    assert bool(triggers.due([trigger], states, set())) is fires


def test_a_trigger_fires_once_and_only_conditional_ones_are_due() -> None:
    waiting = conditional("AND", ("a", "SUCCEEDED"))
    start = Trigger("start", "ON_DEMAND", (Action("a"),))
    states = {"a": "SUCCEEDED"}
    assert triggers.due([start, waiting], states, {"start"}) == (waiting,)
    assert triggers.due([start, waiting], states, {"start", "t"}) == ()


def test_a_trigger_without_conditions_never_holds() -> None:
    assert not conditional("AND").holds({"a": "SUCCEEDED"})
    assert not conditional("ANY").holds({"a": "SUCCEEDED"})


@given(
    states=st.dictionaries(st.sampled_from("abcd"), st.sampled_from(STATES)),
    watched=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(triggers.WATCHED_STATES)), min_size=1, max_size=4
    ),
)
def test_and_implies_any_and_order_is_irrelevant(
    states: dict[str, str], watched: list[tuple[str, str]]
) -> None:
    both, either = conditional("AND", *watched), conditional("ANY", *watched)
    assert not both.holds(states) or either.holds(states)
    assert both.holds(states) == conditional("AND", *reversed(watched)).holds(states)
    assert either.holds(states) == conditional("ANY", *reversed(watched)).holds(states)


def test_properties_become_a_trigger() -> None:
    found = triggers.parse(
        {
            "Name": "t",
            "Type": "CONDITIONAL",
            "StartOnCreation": True,
            "Predicate": {
                "Logical": "ANY",
                "Conditions": [
                    {"LogicalOperator": "EQUALS", "JobName": "a", "State": "FAILED"},
                    {"JobName": "b", "State": "TIMEOUT"},
                ],
            },
            "Actions": [{"JobName": "c", "Arguments": {"--x": "1"}, "Timeout": 5}],
        }
    )
    assert found.conditions == (Condition("a", "FAILED"), Condition("b", "TIMEOUT"))
    assert (found.logical, found.actions) == ("ANY", (Action("c", {"--x": "1"}, 5),))
    scheduled = triggers.parse(
        {
            "Name": "w",
            "Type": "SCHEDULED",
            "Schedule": "cron(15 3 ? * MON *)",
            "StartOnCreation": True,
            "Actions": [{"JobName": "a"}],
        }
    )
    assert scheduled.schedule is not None
    assert scheduled.schedule.expression == "cron(15 3 ? * MON *)"


ON_DEMAND = {"Name": "t", "Type": "ON_DEMAND", "Actions": [{"JobName": "a"}]}
WATCHES = {"Conditions": [{"JobName": "a", "State": "SUCCEEDED"}]}
CONDITIONAL = {**ON_DEMAND, "Type": "CONDITIONAL", "StartOnCreation": True, "Predicate": WATCHES}


def test_one_condition_needs_no_logical() -> None:
    assert triggers.parse(CONDITIONAL).logical == "AND"


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({**ON_DEMAND, "Name": None}, "a trigger has no Name"),
        ({**ON_DEMAND, "Type": "EVENT"}, "trigger t: Type is 'EVENT'; allowed: 'CONDITIONAL'"),
        ({**ON_DEMAND, "Type": None}, "trigger t: Type is None"),
        ({**ON_DEMAND, "Actions": []}, "trigger t has no Actions"),
        ({**ON_DEMAND, "Actions": [{"CrawlerName": "c"}]}, "an action names no JobName"),
        ({**CONDITIONAL, "StartOnCreation": False}, "trigger t is never activated"),
        ({**CONDITIONAL, "Predicate": {}}, "is CONDITIONAL and has no Conditions"),
        (
            {**CONDITIONAL, "Predicate": {"Conditions": WATCHES["Conditions"] * 2}},
            "Logical must say AND or ANY",
        ),
        ({**CONDITIONAL, "Predicate": {**WATCHES, "Logical": "OR"}}, "Logical is 'OR'; .*'AND'"),
        (
            {**CONDITIONAL, "Predicate": {"Conditions": [{"JobName": "a", "State": "SUCCEEDD"}]}},
            "State is 'SUCCEEDD'; did you mean 'SUCCEEDED'",
        ),
        (
            {**CONDITIONAL, "Predicate": {"Conditions": [{"CrawlerName": "c", "CrawlState": "FAILED"}]}},
            "a condition names no JobName",
        ),
        (
            {**CONDITIONAL, "Predicate": {"Conditions": [{"LogicalOperator": "NOT", "JobName": "a"}]}},
            "LogicalOperator is 'NOT'",
        ),
        ({**ON_DEMAND, "Type": "SCHEDULED"}, "never activated"),
        (
            {**ON_DEMAND, "Type": "SCHEDULED", "StartOnCreation": True, "Schedule": "cron(0 0 * * *)"},
            "trigger t: schedule is 'cron",
        ),
    ],
)
def test_refusals(properties: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        triggers.parse(properties)

"""Whether policies allow a call: the rules of IAM for the identity policies of one account.

An explicit deny wins, then one allow is enough, and what nothing mentions is denied.

References:
    AWS IAM user guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators",
    "Multivalued context keys".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privileges.call import Call, Context


class UnknownConditionError(Exception):
    """A condition that this module cannot judge: it must not be taken for met."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        sid: Its name.
        allows: Whether its effect is Allow.
        actions: Patterns of actions.
        resources: Patterns of ARNs.
        conditions: Operator → condition key → values.
    """

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    def applies(self, call: Call) -> bool:
        """Whether a call is what this statement speaks of."""
        return (
            any(_like(call.action.lower(), action.lower()) for action in self.actions)
            and any(_like(call.resource, resource) for resource in self.resources)
            and all(
                _met(operator, _value(call.keys, key), values)
                for operator, wanted in self.conditions.items()
                for key, values in wanted.items()
            )
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What policies say of a call.

    Attributes:
        allowed: Whether it is made.
        statement: The statement that decided; None when no statement speaks of the call.
    """

    allowed: bool
    statement: Statement | None


def decide(call: Call, statements: Sequence[Statement]) -> Answer:
    """What the statements of all policies of a principal say of a call."""
    applying = [statement for statement in statements if statement.applies(call)]
    for statement in applying:
        if not statement.allows:
            return Answer(allowed=False, statement=statement)
    return Answer(bool(applying), applying[0] if applying else None)


def parse(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document.

    Raises:
        UnknownConditionError: It has NotAction, NotResource or Principal, which no policy here needs.
    """
    return [_statement(body) for body in _listed(document["Statement"])]


def _statement(body: Mapping[str, Any]) -> Statement:
    if strange := body.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise UnknownConditionError(f"statement {body.get('Sid')} has {sorted(strange)}")
    return Statement(
        sid=str(body.get("Sid", "")),
        allows=body["Effect"] == "Allow",
        actions=_texts(body["Action"]),
        resources=_texts(body["Resource"]),
        conditions={
            operator: {key: _texts(values) for key, values in wanted.items()}
            for operator, wanted in body.get("Condition", {}).items()
        },
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, _listed(value)))


def _like(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which * is any text and ? one character."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None


def _equal(text: str, pattern: str) -> bool:
    return text == pattern


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda text, pattern: text.lower() == pattern.lower(),
}


def _value(keys: Context, wanted: str) -> tuple[str, ...]:
    """The values of a condition key, whose name has no case."""
    return next((values for key, values in keys.items() if key.lower() == wanted.lower()), ())


def _met(operator: str, values: Sequence[str], wanted: Sequence[str]) -> bool:
    if operator == "Null":
        return (not values) == (wanted[0].lower() == "true")
    quantifier, _, name = operator.rpartition(":")
    if name not in _OPERATORS or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise UnknownConditionError(f"condition operator {operator}")
    matches = [any(_OPERATORS[name](value, each) for each in wanted) for value in values]
    if quantifier == "ForAllValues":
        return all(matches)  # true of a key that the request does not have
    return any(matches)

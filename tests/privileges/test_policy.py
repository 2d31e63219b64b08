"""Our evaluator of policies beside ministack's, and the rules that the documentation spells out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.core import iam_evaluator

from privileges.call import Call, call
from privileges.policy import UnknownConditionError, decide, parse

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*", "dynamodb:Query"]
RESOURCES = ["arn:aws:s3:::a/x/1", "arn:aws:s3:::a/x/*", "arn:aws:s3:::a/?/1", "arn:aws:s3:::a", "*"]
VALUES = ["x", "y", "x*", "y?"]
KEYS = ["s3:prefix", "kms:ViaService"]
OPERATORS = ["StringEquals", "StringLike", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ArnLike"]


def lists(of: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=2, unique=True)


conditions = st.dictionaries(
    st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(KEYS), lists(VALUES), max_size=2), max_size=2
)
bodies = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": lists(ACTIONS),
        "Resource": lists(RESOURCES),
        "Condition": conditions,
    }
)
documents = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(bodies, min_size=1, max_size=3)}
)
calls = st.builds(
    lambda action, resource, keys: Call("silver", action, resource, tuple(sorted(keys.items()))),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:getobject", "dynamodb:Query"]),
    st.sampled_from(["arn:aws:s3:::a/x/1", "arn:aws:s3:::a/xx/1", "arn:aws:s3:::a"]),
    st.dictionaries(st.sampled_from(KEYS), st.tuples(st.sampled_from(["x", "y", "yz"])), max_size=2),
)


def of_ministack(made: Call, document: dict[str, Any]) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn="arn:aws:iam::000000000000:role/silver",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=made.action,
        resource_arn=made.resource,
        region="eu-west-1",
        service_context={
            key.lower(): list(values) if len(values) > 1 else values[0] for key, values in made.context
        },
    )
    policy = iam_evaluator.parse_policy_document(document)
    return bool(iam_evaluator.evaluate(context, [policy]).decision == "Allow")


@settings(max_examples=500, deadline=None, derandomize=True)
@given(calls, documents)
def test_two_evaluators_agree(made: Call, document: dict[str, Any]) -> None:
    assert decide(made, parse(document)).allowed == of_ministack(made, document)


def allow(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*", **changes}


READ = call("silver", "s3:GetObject", "arn:aws:s3:::a/x")


def test_what_nothing_mentions_is_refused() -> None:
    answer = decide(READ, parse({"Statement": allow(Resource="arn:aws:s3:::b/*")}))
    assert (answer.allowed, answer.statement) == (False, None)


def test_an_explicit_deny_wins_and_is_told() -> None:
    answer = decide(READ, parse({"Statement": [allow(), allow(Sid="No", Effect="Deny")]}))
    assert not answer.allowed
    assert answer.statement is not None
    assert answer.statement.sid == "No"


@pytest.mark.parametrize("key", ["Principal", "NotAction", "NotResource"])
def test_a_statement_of_another_kind_is_not_guessed_at(key: str) -> None:
    with pytest.raises(UnknownConditionError, match=key):
        parse({"Statement": allow(**{key: "*"})})


def test_a_condition_of_another_kind_is_not_guessed_at() -> None:
    statements = parse({"Statement": allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})})
    with pytest.raises(UnknownConditionError, match="IpAddress"):
        decide(READ, statements)

"""Policies beside the recording: all that is needed, nothing that is not, and a page that tells it."""

from __future__ import annotations

import pytest

from assay import configs
from assay.stacks import template_yaml
from privileges import judge, page
from privileges.call import Call
from privileges.implied import implied
from privileges.policy import Statement, decide
from privileges.record import load
from privileges.roles import TEMPLATES, statements

RECORDED = judge.by_principal(load())


def made(principal: str) -> list[Call]:
    """What a principal was recorded to do, and what follows from it."""
    calls = RECORDED.get(principal, {})
    return [*calls, *implied(calls)]


@pytest.mark.parametrize("principal", TEMPLATES)
def test_every_call_is_allowed(principal: str) -> None:
    assert judge.refused(made(principal), statements(principal)) == []


@pytest.mark.parametrize("principal", TEMPLATES)
def test_every_grant_is_used_or_has_a_reason(principal: str) -> None:
    grants = judge.unused(statements(principal), made(principal))
    without = [one for one in grants if not any(why.holds(principal, one) for why in judge.reasons())]
    assert without == []


def test_every_reason_is_that_of_a_grant() -> None:
    grants = {name: judge.unused(statements(name), made(name)) for name in TEMPLATES}
    stale = [
        (name, action, why.on)
        for why in judge.reasons()
        for name in why.who
        for action in why.actions
        if not any(why.holds(name, one) and one.action == action for one in grants[name])
    ]
    assert stale == []


@pytest.mark.parametrize("principal", TEMPLATES)
def test_every_forbidden_example_is_refused(principal: str) -> None:
    policy = statements(principal)
    calls = [one.call for one in judge.examples() if one.call.principal == principal]
    assert calls
    assert [call for call in calls if decide(call, policy).allowed] == []


@pytest.mark.parametrize("principal", TEMPLATES)
def test_no_policy_is_wide(principal: str) -> None:
    for one in statements(principal):
        assert not [action for action in one.actions if "*" in action], one
        if "*" in one.resources:
            assert one.conditions, one


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), f"make it anew with `{page.COMMAND}`"


def test_a_policy_that_lacks_something_is_noticed() -> None:
    """The comparison can fail: without any one statement that is used a call is refused."""
    policy = statements("silver")
    calls = made("silver")
    for left_out in policy:
        others: list[Statement] = [one for one in policy if one is not left_out]
        used = any(decide(call, policy).statement is left_out for call in calls)
        assert bool(judge.refused(calls, others)) == used, left_out.sid


def test_a_policy_that_grants_more_is_noticed() -> None:
    more = Statement("More", True, ("s3:DeleteObject",), (f"{judge.PLACES['landing']}/rds/*",), {})
    assert [one.sid for one in judge.unused([more], made("silver"))] == ["More"]


def test_what_calls_of_the_key_are_derived_from_is_encrypted_with_it() -> None:
    """The premise of `implied`: were a store not encrypted with the data key, its calls would not follow."""
    resources = template_yaml.read(configs.path("glue_configs/stacks/foundation.yaml"))["Resources"]
    key = {"Fn::If": ["MakesKey", {"Ref": "DataKey"}, {"Ref": "ExistingKey"}]}  # ours, made now or before
    for name in ("LandingBucket", "LakeBucket", "ArtifactsBucket"):
        (rule,) = resources[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert resources["JournalTable"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == key
    assert resources["AlertsTopic"]["Properties"]["KmsMasterKeyId"] == key

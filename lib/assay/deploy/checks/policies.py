"""Least privilege on paper: no statement of any policy allows more than it names.

References:
    AWS IAM user guide, "IAM JSON policy elements reference"; AWS KMS developer guide, "Key policies" (in a
    key's policy the resource `*` is the key itself).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.deploy.checks.reasons import comment, reason
from assay.deploy.checks.registry import Finding, whole
from assay.deploy.offline import Deployment, Planned, Resource

_ARN_PARTS = 6
_NAME_IT = "name an ARN, or add a Condition and a reason"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy document.

    Attributes:
        planned: The stack in which it stands.
        owner: The resource whose policy it is.
        sid: Its id, or its number in the policy.
        body: The statement.
    """

    planned: Planned
    owner: Resource
    sid: str
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it grants anything; a denial may be as wide as it likes."""
        return bool(self.body.get("Effect") == "Allow")

    @property
    def excused(self) -> bool:
        """Whether it has a condition, and the template says why: above it, or in its resource's metadata."""
        said = reason(self.owner) or comment(self.planned, self.owner, self.sid)
        return bool(self.body.get("Condition")) and bool(said)

    @property
    def is_key_policy(self) -> bool:
        """Whether it stands in the policy of a KMS key."""
        return self.owner.kind == "AWS::KMS::Key"

    def texts(self, element: str) -> list[str]:
        """The values of an element: one text or a list of texts."""
        value = self.body.get(element, [])
        return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def statements(deployment: Deployment) -> tuple[Statement, ...]:
    """Every statement of every policy, wherever in a resource it stands."""
    return tuple(
        Statement(planned, resource, str(body.get("Sid", number)), body)
        for planned in deployment.planned
        for resource in planned.resources
        for number, body in enumerate(_bodies(resource.properties))
    )


@whole("actions named", "no policy allows an action by wildcard", "statements")
def actions_named(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """`*`, `s3:*` and `s3:Get*` alike: what they allow grows without anybody's decision."""
    found = statements(deployment)
    return len(found), (
        _finding("actions named", each, f"allows {action}; spell the actions out")
        for each in found
        if each.allows and not (each.excused or _is_owners(each))
        for action in each.texts("Action")
        if "*" in action
    )


@whole("resources named", "no policy allows an action on any resource", "statements")
def resources_named(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """`*`, or an ARN without its resource; a prefix such as `bucket/silver/*` is a name."""
    found = statements(deployment)
    return len(found), (
        _finding(
            "resources named", each,
            f"allows {', '.join(each.texts('Action'))} on {resource}; {_NAME_IT}",
        )
        for each in found
        if each.allows and not (each.excused or each.is_key_policy)
        for resource in each.texts("Resource")
        if _is_everything(resource)
    )  # fmt: skip


@whole("principals named", "no policy lets everybody in, or allows by negation", "statements")
def principals_named(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A principal `*` without a condition, and `NotAction`, `NotResource`, `NotPrincipal` in what allows."""
    found = statements(deployment)
    return len(found), (
        _finding("principals named", each, sentence)
        for each in found
        if each.allows
        for sentence in _too_many(each)
    )


def _too_many(statement: Statement) -> Iterator[str]:
    principal = statement.body.get("Principal")
    everybody = principal == "*" or (isinstance(principal, dict) and "*" in map(str, principal.values()))
    if everybody and not statement.body.get("Condition"):
        yield "lets everybody in; name the principal, or add a Condition"
    for element in ("NotAction", "NotResource", "NotPrincipal"):
        if element in statement.body:
            yield f"allows by {element}, which covers what does not exist yet; name what is allowed"


def _is_owners(statement: Statement) -> bool:
    """The account's own hold on its key, without which nobody could ever change the key's policy."""
    principal = statement.body.get("Principal")
    owner = str(principal.get("AWS", "")) if isinstance(principal, dict) else ""
    return statement.is_key_policy and owner.endswith(":root") and bool(reason(statement.owner))


def _is_everything(resource: str) -> bool:
    parts = resource.split(":", _ARN_PARTS - 1)
    return resource == "*" or (len(parts) == _ARN_PARTS and parts[-1] == "*")


def _finding(check: str, statement: Statement, sentence: str) -> Finding:
    return Finding(check, statement.owner.place, f"statement {statement.sid} {sentence}")


def _bodies(value: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of every policy document inside a value."""
    if isinstance(value, Mapping):
        found = value.get("Statement", [])
        for body in found if isinstance(found, list) else [found]:
            if isinstance(body, Mapping) and "Effect" in body:
                yield body
        for inner in value.values():
            yield from _bodies(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _bodies(inner)

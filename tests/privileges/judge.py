"""The comparison: recorded calls beside policies, grants beside use, forbidden examples beside refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from assay.local import names
from privileges.call import Call
from privileges.implied import KEY
from privileges.policy import Statement, decide
from privileges.roles import SECRET, TEMPLATES

HERE = Path(__file__).parent
_PLACE = f"{names.REGION}:000000000000"
PLACES = {
    "landing": f"arn:aws:s3:::{names.LANDING}",
    "lake": f"arn:aws:s3:::{names.LAKE}",
    "artifacts": f"arn:aws:s3:::{names.ARTIFACTS}",
    "glue": f"arn:aws:glue:{_PLACE}",
    "journal": f"arn:aws:dynamodb:{_PLACE}:table/{names.JOURNAL}",
    "secret": SECRET,
    "key": KEY,
    "api": names.EXPORTS["api-arn-prefix"],
}
_OF_BUCKETS = re.compile(r"s3:(ListBucket\w*|GetBucket\w+|GetEncryptionConfiguration)")
_GLUE_KINDS = (
    (re.compile(r"glue:\w*Databases?"), {"catalog", "database"}),
    (re.compile(r"glue:\w*(Table|Partition)\w*"), {"catalog", "database", "table"}),
    (re.compile(r"glue:\w*Workflow\w*"), {"workflow"}),
    (re.compile(r"glue:\w*Connection\w*"), {"catalog", "connection"}),
)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One action on one pattern of resources that a statement allows.

    Attributes:
        sid: The statement.
        action: A pattern of actions.
        resource: A pattern of ARNs.
    """

    sid: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Example:
    """Something that must be refused.

    Attributes:
        call: The call.
        because: Why it is not granted.
        everybodys: Whether it is refused to everybody.
    """

    call: Call
    because: str
    everybodys: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is granted that no recorded call used.

    Attributes:
        who: Principals that it holds for.
        actions: What is granted.
        on: A part of the pattern of resources; empty for any.
        because: The reason, with its source.
    """

    who: tuple[str, ...]
    actions: tuple[str, ...]
    on: str
    because: str

    def holds(self, principal: str, grant: Grant) -> bool:
        """Whether it is the reason for a grant."""
        return principal in self.who and grant.action in self.actions and self.on in grant.resource


def refused(calls: Iterable[Call], statements: Sequence[Statement]) -> list[Call]:
    """The calls that policies do not allow."""
    return [call for call in calls if not decide(call, statements).allowed]


def unused(statements: Sequence[Statement], calls: Iterable[Call]) -> list[Grant]:
    """What is granted although none of the calls needs it."""
    made = list(calls)
    return [
        grant
        for statement in statements
        for grant in _grants(statement)
        if not any(_narrowed(statement, grant).applies(call) for call in made)
    ]


def examples() -> list[Example]:
    """What must be refused, for each principal."""
    found = []
    for one in _read("forbidden.yaml"):
        shared = one["who"] == "everybody"
        resource = one["resource"].format(**PLACES)
        found += [
            Example(Call(each, one["action"], resource), one["because"], shared)
            for each in (TEMPLATES if shared else [one["who"]])
        ]
    return found


@lru_cache(maxsize=1)
def reasons() -> list[Reason]:
    """Why grants exist that no recorded call used."""
    return [
        Reason(
            tuple(one["who"]), tuple(one["actions"]), one.get("resource", "").format(**PLACES), one["because"]
        )
        for one in _read("justified.yaml")
    ]


def _read(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def _grants(statement: Statement) -> Iterator[Grant]:
    if statement.allows:
        for action in statement.actions:
            for resource in statement.resources:
                if _has_meaning(action, resource):
                    yield Grant(statement.sid, action, resource)


def _has_meaning(action: str, resource: str) -> bool:
    """Whether AWS ever checks this action on this kind of resource; a statement lists both apart."""
    kind = resource.split(":", 5)[-1]
    if action.startswith("s3:"):
        return ("/" not in kind) == bool(_OF_BUCKETS.fullmatch(action))
    for pattern, kinds in _GLUE_KINDS:
        if pattern.fullmatch(action):
            return kind.partition("/")[0] in kinds
    return True


def _narrowed(statement: Statement, grant: Grant) -> Statement:
    return Statement(statement.sid, True, (grant.action,), (grant.resource,), statement.conditions)


def by_principal(recorded: Mapping[Call, int]) -> dict[str, dict[Call, int]]:
    """A recording, split by who called."""
    found: dict[str, dict[Call, int]] = {}
    for call, count in recorded.items():
        found.setdefault(call.principal, {})[call] = count
    return found

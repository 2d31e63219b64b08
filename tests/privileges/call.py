"""A call of AWS as its policies see it: who, which action, on what, under which circumstances.

What differs from run to run (the name of a file, a day, a table's name within its layer) is replaced by a
word in angle brackets, so that two recordings of the same code are equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Context = Mapping[str, tuple[str, ...]]
"""Condition key → values: `{"s3:prefix": ("rds/",)}`."""

# (what a key of an object looks like, what it becomes); the first that matches counts.
_KEYS = (
    (r"(warehouse/\w+\.db)/\w+/(data|metadata)/.+", r"\1/<table>/\2/<file>"),
    (r"(warehouse/\w+\.db)/\w+/?", r"\1/<table>/"),
    (r"(rds/\w+)/\w+/[^/]+(/?)", r"\1/<table>/<file>\2"),
    (r"(rds/\w+)/\w+/", r"\1/<table>/"),
    (r"(rds/\w+)/\w+", r"\1/<table>"),
    (r"parameters/\w+/v\d{6}\.json", "parameters/<blueprint>/<version>.json"),
    (r"parameters/\w+/v", "parameters/<blueprint>/v"),
    (r"(blueprints|jobs|lib)/[^/]+", r"\1/<file>"),
)
_TABLE = re.compile(r"(arn:aws:glue:[^:]*:\d*:table/\w+)/\w+")
_SECRET = re.compile(r"(arn:aws:secretsmanager:[^:]*:\d*:secret:.+)-\w{6}")
_OBJECT = re.compile(r"(arn:aws:s3:::[^/]+)/(.+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_RUN = re.compile(r"wr_\w+|r-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One kind of call.

    Attributes:
        principal: The job, function or person that calls.
        action: As policies name it: `s3:GetObject`.
        resource: ARN of what it acts on; a call that acts on several is several calls.
        context: Condition keys that the request carries, with their values, sorted.
    """

    principal: str
    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def keys(self) -> Context:
        """The condition keys of the request."""
        return dict(self.context)


def call(principal: str, action: str, resource: str, context: Context | None = None) -> Call:
    """A call with everything that differs from run to run replaced."""
    pairs = sorted((context or {}).items())
    known = tuple((key, tuple(_value(key, value) for value in values)) for key, values in pairs)
    return Call(principal, action, _resource(resource), known)


def _resource(arn: str) -> str:
    if found := _OBJECT.fullmatch(arn):
        return f"{found[1]}/{_key(found[2])}"
    arn = _SECRET.sub(r"\1-<suffix>", arn)
    return _TABLE.sub(r"\1/<table>", arn)


def _value(key: str, value: str) -> str:
    if key == "s3:prefix":
        return _key(value)
    return _RUN.sub("<run>", _DAY.sub("<day>", value))


def _key(key: str) -> str:
    for pattern, replacement in _KEYS:
        if found := re.fullmatch(pattern, key):
            return found.expand(replacement)
    return key

"""A request as it arrived, and what it asks for in the words of policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from privileges.call import Context

ACCOUNT = "000000000000"
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class UnknownRequestError(Exception):
    """A request that this module cannot name: the recording would have a hole."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One permission that a request needs.

    Attributes:
        action: As policies name it.
        resource: ARN.
        context: Condition keys of the request.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived.

    Attributes:
        method: GET, PUT and so on.
        path: Decoded path.
        query: As in the URL.
        headers: Lower-case name → value.
        body: The whole body.
        status: What was answered.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 200


def signer(headers: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Access key, region and service of a request's signature; None if it has none."""
    found = _SCOPE.search(headers.get("authorization", ""))
    return (found["key"], found["region"], found["service"]) if found else None

"""The registry of checks: a check is a name, what holds when it passes, and a function.

A check that looks at single resources is a function from one resource to sentences about what is wrong with
it; a check of the whole installation returns how many things it looked at, and findings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from assay.deploy.offline import Deployment, Resource


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found wrong.

    Attributes:
        check: The check's name.
        place: Where: `stack.LogicalId` or `stack`.
        sentence: What is wrong, and what to do.
        warning: Whether it may stay as it is.
    """

    check: str
    place: str
    sentence: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found.

    Attributes:
        check: The check's name.
        holds: What holds when nothing is found.
        looked_at: How many things it looked at.
        things: What these are, in the plural.
        findings: What is wrong.
        seconds: How long it took.
    """

    check: str
    holds: str
    looked_at: int
    things: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether anything is wrong that must not stay."""
        return any(not finding.warning for finding in self.findings)


Look = Callable[[Deployment], tuple[int, Iterable[Finding]]]
PerResource = Callable[[Resource], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check.

    Attributes:
        name: Short, as it is printed.
        holds: What holds when it finds nothing.
        things: What it counts, in the plural.
        look: The check itself.
    """

    name: str
    holds: str
    things: str
    look: Look

    def __call__(self, deployment: Deployment) -> Outcome:
        """Look at an installation."""
        began = time.perf_counter()
        looked_at, found = self.look(deployment)
        findings = tuple(found)
        return Outcome(self.name, self.holds, looked_at, self.things, findings, time.perf_counter() - began)


CHECKS: dict[str, Check] = {}


def whole(name: str, holds: str, things: str) -> Callable[[Look], Look]:
    """Register a check of the whole installation."""

    def register(look: Look) -> Look:
        CHECKS[name] = Check(name, holds, things, look)
        return look

    return register


def resources(name: str, holds: str, *kinds: str, things: str) -> Callable[[PerResource], PerResource]:
    """Register a check of every resource of some types; of every resource when no type is named."""

    def register(judge: PerResource) -> PerResource:
        def look(deployment: Deployment) -> tuple[int, Iterable[Finding]]:
            found = tuple(deployment.resources(*kinds))
            return len(found), _judged(name, judge, found)

        CHECKS[name] = Check(name, holds, things, look)
        return judge

    return register


def run_all(deployment: Deployment) -> Iterator[Outcome]:
    """Every check of ours, in the order in which they are registered."""
    for check in CHECKS.values():
        yield check(deployment)


def _judged(name: str, judge: PerResource, found: Iterable[Resource]) -> Iterator[Finding]:
    for resource in found:
        for sentence in judge(resource):
            yield Finding(name, resource.place, sentence)

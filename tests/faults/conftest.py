"""What the tests of faults share: the real local stack, and the book of what was survived."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import report
from faults.harness import Place, Undisturbed
from unit.sources.lab import Site


@pytest.fixture
def survived() -> Callable[..., None]:
    """Say what a fault ended in, after the assertions: it becomes a row of docs/reliability.md.

    `survived("files", "a truncated file", tried=3, lost=0, saw="the job's sentence")`.
    """

    def keep(group: str, fault: str, *, tried: int, lost: int, saw: str) -> None:
        report.keep(report.Finding(group, fault, tried, lost, saw))

    return keep


@pytest.fixture
def site() -> Iterator[Site]:
    """A site whose answers a test chooses."""
    with Site() as found:
        yield found


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """Two weeks in which nothing happens: the lake after the first, and what the second must end in."""
    place = Place(tmp_path_factory.mktemp("undisturbed") / ".assay")
    first = Place(tmp_path_factory.mktemp("first") / ".assay")
    try:
        place.run("--weeks", "1")
        after_first = place.checksums()
        place.assay("down")
        place.copied(first)
        place.run("--weeks", "1")
        after_second = place.checksums()
        place.assay("down")
        yield Undisturbed(first, after_first, place, after_second)
    finally:
        place.assay("reset", "--yes")
        first.assay("reset", "--yes")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Place]:
    """A place in which nothing ran yet; it runs."""
    yield from _up(Place(tmp_path / ".assay"))


@pytest.fixture
def second_week(undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Place]:
    """A place of its own that holds the undisturbed first week; it runs."""
    place = Place(tmp_path / ".assay")
    undisturbed.first_week.copied(place)
    yield from _up(place)


def _up(place: Place) -> Iterator[Place]:
    try:
        place.assay("up")
        yield place
    finally:
        place.assay("reset", "--yes")

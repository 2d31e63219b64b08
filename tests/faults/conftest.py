"""What the tests of faults share: the real local stack, and the book of what was survived."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import report
from faults.harness import Checksums, Place, Undisturbed
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
    """Two weeks in which nothing happens: the lake after the first, and what the second must end in.

    Processes that are given a folder by FAULTS_SHARED have one of it together, which outlives them.
    """
    shared = os.environ.get("FAULTS_SHARED")
    folder = Path(shared) if shared else tmp_path_factory.mktemp("undisturbed")
    both, first = Place(folder / "both" / ".assay"), Place(folder / "first" / ".assay")
    try:
        with _alone(folder):
            told = folder / "checksums.json"
            if not told.exists():
                told.write_text(json.dumps(_weeks(both, first)))
            after = [{name: (rows, md5) for name, (rows, md5) in each.items()} for each in _read(told)]
        yield Undisturbed(first, after[0], both, after[1])
    finally:
        if not shared:
            both.assay("reset", "--yes")
            first.assay("reset", "--yes")


def _weeks(both: Place, first: Place) -> list[Checksums]:
    """Run them; what the tables hold after each."""
    for broken_off in (both, first):
        broken_off.assay("reset", "--yes")
    found = []
    for _ in range(2):
        both.run("--weeks", "1")
        found.append(both.checksums())
        both.assay("down")
        if not first.home.exists():
            both.copied(first)
    return found


def _read(told: Path) -> list[dict[str, list[Any]]]:
    found: list[dict[str, list[Any]]] = json.loads(told.read_text())
    return found


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have the folder to oneself among all processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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

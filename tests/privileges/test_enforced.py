"""Two weeks under least privilege: the emulator refuses what no policy allows, and nobody notices.

Slow: `make test-privileges`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from privileges import judge
from privileges.assumed import PERSON, Assumed
from privileges.attempts import can_be_tried, refusal
from privileges.call import Call
from privileges.record import calls, load, record
from privileges.stage import Platform, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def assumed() -> Assumed:
    return Assumed()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recording") / "calls.jsonl"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, log: Path, assumed: Assumed) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    with running(folder, log, identify=assumed, enforce=True, prepare=assumed.prepare) as found:
        yield found


def test_the_weeks_run_and_ask_for_what_was_recorded(platform: Platform, log: Path, assumed: Assumed) -> None:
    record(platform)
    assert steady(calls(log, assumed.keys)) == steady(load())


def steady(made: Iterable[Call]) -> set[Call]:
    """Calls that every run makes: whether a task has no rows, and its file is deleted, depends on the day."""
    return {
        call for call in made if not (call.action == "s3:DeleteObject" and "/warehouse/" in call.resource)
    }


def test_the_emulator_refuses_every_forbidden_example(platform: Platform, assumed: Assumed) -> None:
    tried = [example.call for example in judge.examples() if can_be_tried(example.call)]
    answers = {call: refusal(platform.stack, assumed(call.principal), call) for call in tried}
    assert {call: code for call, code in answers.items() if not code.startswith("AccessDenied")} == {}


def test_somebody_who_may_do_anything_is_not_refused(platform: Platform, assumed: Assumed) -> None:
    """The last test: what was refused above is refused for want of rights, and now it is done."""
    tried = [example.call for example in judge.examples() if can_be_tried(example.call)]
    answers = {call: refusal(platform.stack, assumed(PERSON), call) for call in tried}
    assert {call: code for call, code in answers.items() if code.startswith("AccessDenied")} == {}

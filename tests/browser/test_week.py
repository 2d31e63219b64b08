"""A whole week from the browser: started, followed to its end, and there in the pipeline."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="`make test-dashboard` installs it")

from playwright.sync_api import Page, expect

from assay.local import stack
from browser import look
from browser.conftest import served
from faults.harness import BLUEPRINT, FIRST, JOBS, Place

pytestmark = pytest.mark.slow
_WEEK = 900_000  # milliseconds that a week may take on a busy machine


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """The dashboard over a stack of its own, in which nothing ran yet."""
    place = Place(tmp_path / ".assay")
    place.assay("up")
    try:
        with place.used():
            environment = {**os.environ, **stack.environment()}
            with served(tmp_path, environment) as address:
                yield address
    finally:
        place.assay("reset", "--yes")


def test_a_week_is_started_followed_to_its_end_and_shown(page: Page, empty: str) -> None:
    page.goto(look.address(empty, "starting"))
    look.settled(page, "Start a run")
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()

    page.get_by_label("Or another: a path, or an s3:// URI").fill(str(BLUEPRINT))
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(f"Week {FIRST}: RUNNING")).to_be_visible(timeout=60_000)
    done = page.get_by_text(f"Week {FIRST}: COMPLETED, all jobs succeeded")
    expect(done).to_be_visible(timeout=_WEEK)
    look.settled(page, "Start a run")  # what ended is drawn once more, as a whole
    # A grid draws itself when it gets to it, after the words above it.
    expect(look.told(page, 0, "SUCCEEDED")).to_have_count(len(JOBS))
    heading, *jobs = look.cells(page, 0)
    states = {row[heading.index("job")]: row[heading.index("state")] for row in jobs}
    assert states == dict.fromkeys(JOBS, "SUCCEEDED")
    assert look.errors(page) == []

    page.goto(look.address(empty, "pipeline"))
    look.settled(page, "Pipeline")
    heading, *runs = look.cells(page, 0)
    assert {row[heading.index("week")] for row in runs} == {FIRST}
    # Gold cannot know yet how the jobs ended that came after its own reading: the workflow below does.
    jobs_told = {row[heading.index("job")] for row in runs}
    assert {"assay-ingest", "assay-sources", "assay-bronze"} <= jobs_told <= set(JOBS)
    expect(page.get_by_text(re.compile(rf"As run .* of week {FIRST} left it: COMPLETED\."))).to_be_visible()
    assert look.errors(page) == []

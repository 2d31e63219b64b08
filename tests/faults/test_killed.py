"""SIGKILL for a job and its JVM at every step of a week; started again, it must end in the same lake."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from faults.harness import FIRST, JOBS, SECOND, Place, Undisturbed, differing

pytestmark = pytest.mark.slow

KILLED = -signal.SIGKILL
MOST_STEPS = 20
"""Far more than any job has: beyond, the n-th entry would never come."""
ALSO_BEFORE = frozenset({"assay-ingest", "assay-sources"})
"""Killed before each entry as well: what they did is not in tables, whose commits say how far they go. For
the others that is a kill after a publication, which the next test has; each start of Spark takes its time."""


def kills(place: Place, job: str, week: str) -> Iterator[str]:
    """Start a job again and again: killed (before and) after its first entry, its second, and so on.

    Yields:
        Where each kill fell; at last the job ran to its end.
    """
    for nth in range(1, MOST_STEPS):
        for when in ("before", "after") if job in ALSO_BEFORE else ("after",):
            ended = place.job(job, week, plant=f"kill,entry,{when},{nth}")
            if ended.code == 0:  # it has no n-th step
                return
            assert ended.code == KILLED, ended.said
            yield f"{job} {when} {nth}"
    pytest.fail(f"{job} has more than {MOST_STEPS} steps")


def test_killed_around_every_entry_of_the_journal(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """Before: the step's work is done and nobody knows; after: it is known and nothing else was begun."""
    fell = [each for job in JOBS for each in kills(second_week, job, SECOND)]
    assert {each.split()[0] for each in fell} == set(JOBS)
    wrong = differing(second_week.checksums(), undisturbed.second)
    assert not wrong
    for when in ("before", "after"):
        survived(
            "killed",
            f"SIGKILL of a job and its JVM just {when} each journal entry of a finished step, in turn",
            tried=sum(each.split()[1] == when for each in fell),
            lost=len(wrong),
            saw="the job started again goes on from what is published; silver and gold as undisturbed",
        )


# Where the first week's tables are made and filled: bronze fills five at a time, silver and gold in an order.
PUBLISHED = {
    "assay-bronze": ("before,2", "after,4"),
    "assay-silver": ("before,1", "after,3"),
    "assay-gold": ("before,1", "after,2"),
    "assay-calibrate": (),  # it has nothing to certify yet
}


def test_killed_between_the_tables_of_a_step(
    fresh: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """Before a publication a branch is left behind with its files; after it some tables are a step ahead."""
    for job in ("assay-ingest", "assay-sources"):
        assert fresh.job(job, FIRST).code == 0
    alone = fresh.job("assay-bronze", FIRST, plant="orphan,publish,1")
    assert alone.code == 1, alone.said
    # Which of the two depends on where the kill falls: in a commit the job cannot know whether it was made.
    said = ("Spark's JVM ended in mid-work", "the catalog did not say whether a commit")
    assert alone.sentence.startswith(said), alone.said
    for job, places in PUBLISHED.items():
        for where in places:
            ended = fresh.job(job, FIRST, plant=f"kill,publish,{where}")
            assert ended.code == KILLED, ended.said
        ended = fresh.job(job, FIRST)
        assert ended.code == 0, ended.said
    wrong = differing(fresh.checksums(), undisturbed.first)
    assert not wrong
    survived(
        "killed",
        "SIGKILL of a job and its JVM just before or after a table of a step is published, in the first week",
        tried=sum(map(len, PUBLISHED.values())),
        lost=len(wrong),
        saw="the job started again publishes the tables that lack it; the branch left behind is dropped",
    )
    survived("killed", "SIGKILL of a job's JVM alone", tried=1, lost=len(wrong), saw=alone.sentence)


def test_killed_with_the_servers_in_a_run_as_users_start_it(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """`assay run` again is all that is needed; it ends with a process per job, which makes no difference."""
    second_week.kill_in("assay-ingest", SECOND, "postgres")
    second_week.kill_in("assay-silver", SECOND, "emulator", "postgres")
    done = second_week.run("--weeks", "1", "--isolated")
    assert [week["week"] for week in done["weeks"]] == [SECOND]
    wrong = differing(second_week.checksums(), undisturbed.second)
    assert not wrong
    survived(
        "killed",
        "SIGKILL of `assay run` together with PostgreSQL, the emulator, or both, in the middle of a job",
        tried=2,
        lost=len(wrong),
        saw="`assay run` starts what is gone and ends the week",
    )

"""How a run of the workflow stands, as the API tells it."""

from __future__ import annotations

import contextlib
from datetime import date

from assay.client.records import Job, Progress
from assay.runtime import clients, workflows
from assay.runtime.workflows import JobState
from assay.serving.api.problems import behind


def find(run: str) -> Progress | None:
    """How a run stands; None if the workflow has no such run, or none any more.

    Args:
        run: Its id.

    Raises:
        TransientError: Glue does not answer.
        TerminalError: It refuses.
    """
    with behind():
        try:
            found = workflows.run(run)
        except clients.MissingError:
            return None
    return Progress(
        run=run,
        week=_week(found.week),
        state=found.state,
        started_at=found.started_at,
        ended_at=found.ended_at,
        jobs=tuple(_job(each) for each in sorted(found.jobs.values(), key=lambda job: job.started_at)),
    )


def _job(last: JobState) -> Job:
    return Job(
        job=last.job,
        state=last.state,
        started_at=last.started_at,
        ended_at=last.ended_at,
        seconds=last.seconds,
        error=last.error,
    )


def _week(text: str) -> date | None:
    """A property is whatever somebody wrote."""
    with contextlib.suppress(ValueError):
        return date.fromisoformat(text)
    return None

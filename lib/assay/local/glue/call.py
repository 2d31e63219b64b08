"""One request to the local Glue, with what its answer is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from assay.local.glue.faults import GlueError
from assay.local.glue.setup import Installed, Setup
from assay.local.glue.shapes import Document
from assay.local.history import History, NoSuchRunError
from assay.local.runs import JobRun, WorkflowRun

T = TypeVar("T")
_RUN_IDS = ("wr_", "jr_")


class NotOursError(Exception):
    """The request is about something that no template of ours defines: the emulator shall answer it."""


@dataclass(slots=True)
class Call:
    """A request; used as a context, at whose end the history is closed.

    Attributes:
        request: Its document.
        setup: Where the local Glue finds everything.
        installed: What the templates install.
    """

    request: Document
    setup: Setup
    installed: Installed
    _history: History | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        """The call itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the history, if it was looked at."""
        if self._history is not None:
            self._history.close()

    @property
    def history(self) -> History:
        """What ran; opened when it is first asked for: most names that are not ours are known without it."""
        if self._history is None:
            self._history = History(self.setup.home.workflow)
        return self._history

    def job(self, name: str) -> Document | None:
        """A job in Glue's shape; None when only runs of it are left.

        Raises:
            NotOursError: There is no such job, nor ever was a run of it.
        """
        if name not in self.installed.jobs and not self.history.job_runs(name, limit=1):
            raise NotOursError
        return self.installed.jobs.get(name)

    def workflow_run(self) -> WorkflowRun:
        """The run that `Name` and `RunId` name.

        Raises:
            NotOursError: There is no such workflow, nor ever was a run of it.
            GlueError: The workflow has no such run.
        """
        name, run_id = self.request["Name"], self.request["RunId"]
        if name != self.installed.definition.name and not self.history.runs(1, workflow=name):
            raise NotOursError
        try:
            run = self.history.run(run_id)
        except NoSuchRunError:
            run = None
        if run is None or run.workflow != name:
            raise GlueError("EntityNotFoundException", f"workflow {name} has no run {run_id}")
        return run

    def job_run(self, job: str, run_id: str) -> JobRun:
        """A run of a job.

        Raises:
            GlueError: The job has no such run.
        """
        try:
            run = self.history.job_run(run_id)
        except NoSuchRunError:
            run = None
        if run is None or run.job != job:
            raise GlueError("EntityNotFoundException", f"job {job} has no run {run_id}")
        return run

    def page(
        self,
        name: str,
        default: int,
        fetch: Callable[[int, str | None], Sequence[T]],
        key: Callable[[T], str],
    ) -> tuple[Sequence[T], Document]:
        """One page of a list of runs, newest first; its token is the id of the last run on the page before.

        Args:
            name: What is listed, for the error.
            default: How many make a page when the request does not say.
            fetch: (how many at most, only those older than this id) → runs.
            key: The id of a run.

        Returns:
            The runs, and `NextToken` if there are more.

        Raises:
            GlueError: The token is none of ours.
        """
        size, token = self.request.get("MaxResults", default), self.request.get("NextToken")
        if token is not None and not token.startswith(_RUN_IDS):
            raise GlueError("InvalidInputException", f"NextToken {token!r} is none that listed {name}")
        found = fetch(size + 1, token)
        more = {"NextToken": key(found[size - 1])} if len(found) > size else {}
        return found[:size], more

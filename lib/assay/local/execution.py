"""One run of a workflow from its start trigger to its end: fire triggers, start jobs, retry, keep history."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from assay.local.history import COMPLETED, STOPPED, History
from assay.local.job import FAILED, SUCCEEDED, Launcher, Outcome
from assay.stacks import triggers
from assay.stacks.definition import Definition
from assay.stacks.triggers import Action, Trigger

ERROR = "ERROR"
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, for a progress display.

    Attributes:
        kind: "workflow started", "job started", "job ended", "job not started" or "workflow ended".
        run_id: The run.
        job: The job; None for events of the workflow.
        attempt: 0 for a job's first attempt.
        state: The state that job or workflow now has.
        seconds: How long a job that ended ran.
        error: Why it did not succeed or start.
        retrying: Whether a job that failed is tried again.
    """

    kind: str
    run_id: str
    job: str | None = None
    attempt: int = 0
    state: str | None = None
    seconds: float | None = None
    error: str | None = None
    retrying: bool = False


@dataclass(frozen=True, slots=True)
class _Start:
    """A job that waits to start."""

    action: Action
    trigger: str
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class _Running:
    """A job that runs."""

    start: _Start
    job_run_id: str


class Execution:
    """Runs a workflow once.

    Args:
        definition: The workflow.
        run_id: Its run, as the history knows it.
        history: Where everything is recorded.
        launcher: How jobs are run.
        scripts: Job → file of its script.
        logs: Folder for what jobs say.
        on_event: Is told what happens, in this thread.
    """

    def __init__(
        self,
        definition: Definition,
        run_id: str,
        history: History,
        *,
        launcher: Launcher,
        scripts: Mapping[str, Path],
        logs: Path,
        on_event: Callable[[Event], None],
    ) -> None:
        self._definition = definition
        self._run_id = run_id
        self._history = history
        self._launcher = launcher
        self._scripts = scripts
        self._logs = logs
        self._on_event = on_event
        self._waiting: deque[_Start] = deque()
        self._running: dict[Future[Outcome], _Running] = {}
        self._starting: _Running | None = None
        self._fired: set[str] = set()
        self._states: dict[str, str] = {}
        self._errors: dict[str, str] = {}

    def run(self) -> None:
        """Run to the end.

        Raises:
            BaseException: What interrupted it, after the run is recorded as STOPPED.
        """
        try:
            self._emit("workflow started", state="RUNNING")
            self._fire(self._definition.start)
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._launcher.width:
                    self._begin(self._waiting.popleft())
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    self._finish(self._running.pop(future), future.result())
            self._end()
        except BaseException as interruption:
            self._abandon(interruption)
            raise
        finally:
            self._launcher.stop()

    def _fire(self, trigger: Trigger) -> None:
        self._fired.add(trigger.name)
        self._waiting.extend(_Start(action, trigger.name) for action in trigger.actions)

    def _begin(self, start: _Start) -> None:
        job = self._definition.jobs[start.action.job]
        if self._history.running(job.name) >= job.max_concurrent_runs:
            self._refuse(
                start, f"ConcurrentRunsExceeded: {job.name} may run {job.max_concurrent_runs} times at once"
            )
            return
        job_run_id = self._history.start_job(
            self._run_id, job.name, attempt=start.attempt, trigger=start.trigger
        )
        self._starting = running = _Running(start, job_run_id)
        self._emit("job started", start, state="RUNNING")
        future = self._launcher.start(
            self._scripts[job.name],
            self._argv(start.action, job_run_id),
            seconds=(start.action.timeout or job.timeout) * _MINUTE,
            log=self._logs / f"{job_run_id}.log",
        )
        self._running[future] = running
        self._starting = None

    def _refuse(self, start: _Start, error: str) -> None:
        """Record a start that Glue would answer with an error; the action counts as errored."""
        job_run_id = self._history.start_job(
            self._run_id, start.action.job, attempt=start.attempt, trigger=start.trigger, state=ERROR
        )
        self._finish(_Running(start, job_run_id), Outcome(ERROR, 0.0, error))

    def _argv(self, action: Action, job_run_id: str) -> list[str]:
        """The command line as Glue builds it."""
        job = self._definition.jobs[action.job]
        own: Mapping[str, str] = {
            "--JOB_NAME": job.name,
            "--JOB_RUN_ID": job_run_id,
            "--WORKFLOW_NAME": self._definition.name,
            "--WORKFLOW_RUN_ID": self._run_id,
        }
        return [token for pair in {**job.arguments(action.arguments), **own}.items() for token in pair]

    def _finish(self, running: _Running, outcome: Outcome) -> None:
        start, job = running.start, self._definition.jobs[running.start.action.job]
        self._history.end_job(running.job_run_id, outcome.state, outcome.seconds, outcome.error)
        retrying = outcome.state == FAILED and start.attempt < job.max_retries
        self._emit(
            "job ended",
            start,
            state=outcome.state,
            seconds=outcome.seconds,
            error=outcome.error,
            retrying=retrying,
        )
        if retrying:
            self._waiting.appendleft(_Start(start.action, start.trigger, start.attempt + 1))
            return
        self._states[job.name] = outcome.state
        if outcome.state != SUCCEEDED:
            self._errors[job.name] = f"{job.name} {outcome.state}: {outcome.error}"
        for trigger in triggers.due(self._definition.triggers, self._states, self._fired):
            self._fire(trigger)

    def _end(self) -> None:
        error = "; ".join(self._errors.values()) or None
        skipped = [name for name in self._definition.jobs if name not in self._states] if error else []
        for name in skipped:
            self._emit("job not started", _Start(Action(name), ""), error=self._missed(name))
        if error and skipped:
            error = f"{error}; not started because of it: {', '.join(skipped)}"
        self._history.end(self._run_id, COMPLETED, error)
        self._emit("workflow ended", state=COMPLETED, error=error)

    def _missed(self, name: str) -> str:
        """What a job that did not start was waiting for."""
        waited = [
            f"{condition.job} {condition.state} (it is {self._states.get(condition.job, 'not started')})"
            for trigger in self._definition.triggers
            if any(action.job == name for action in trigger.actions)
            for condition in trigger.conditions
            if self._states.get(condition.job) != condition.state
        ]
        return f"it waits for {' and '.join(waited)}"

    def _abandon(self, interruption: BaseException) -> None:
        error = f"interrupted by {type(interruption).__name__}"
        for running in (*self._running.values(), *([self._starting] if self._starting else [])):
            self._history.end_job(running.job_run_id, STOPPED, 0.0, error)
        self._history.end(self._run_id, STOPPED, error)

    def _emit(
        self,
        kind: str,
        start: _Start | None = None,
        *,
        state: str | None = None,
        seconds: float | None = None,
        error: str | None = None,
        retrying: bool = False,
    ) -> None:
        self._on_event(
            Event(
                kind=kind,
                run_id=self._run_id,
                job=start.action.job if start else None,
                attempt=start.attempt if start else 0,
                state=state,
                seconds=seconds,
                error=error,
                retrying=retrying,
            )
        )

"""One run of a workflow, or of a single job, to its end: fire triggers, start jobs, retry, keep history."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path

from assay.local.history import History, is_stopping
from assay.local.job import Launcher, Outcome
from assay.local.plan import Plan, Start
from assay.local.runs import (
    COMPLETED,
    ERROR,
    FAILED,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    WAITING,
)
from assay.stacks import triggers
from assay.stacks.definition import Definition
from assay.stacks.triggers import Action, Trigger

_MINUTE = 60.0
_LOOK_SECONDS = 0.5
"""How often a job that waits for its turn is looked at."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, for a progress display.

    Attributes:
        kind: "workflow started", "job started", "job ended", "job not started" or "workflow ended".
        run_id: The run; empty for a job by itself.
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
class _Running:
    """A job that runs, or waits for its turn."""

    start: Start
    job_run_id: str


class Execution:
    """Runs a workflow, or a job of it by itself, once.

    Args:
        definition: The workflow.
        run_id: Its run, as the history knows it; None for a job by itself, for which no trigger fires.
        history: Where everything is recorded.
        plan: What to begin with.
        launcher: How jobs are run.
        scripts: Job → file of its script.
        logs: Folder for what jobs say.
        on_event: Is told what happens, in this thread.
    """

    def __init__(
        self,
        definition: Definition,
        run_id: str | None,
        history: History,
        *,
        plan: Plan,
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
        self._waiting: deque[Start] = deque(plan.starts)
        self._queued: deque[_Running] = deque()
        self._running: dict[Future[Outcome], _Running] = {}
        self._starting: _Running | None = None
        self._fired = set(plan.fired)
        self._latest = {job: run.id for job, run in plan.ended.items()}
        self._states = {job: run.state for job, run in plan.ended.items()}
        self._errors = {
            job: f"{job} {run.state}: {run.error}"
            for job, run in plan.ended.items()
            if run.state != SUCCEEDED
        }

    def run(self) -> None:
        """Run to the end.

        Raises:
            BaseException: What interrupted it, after the run is recorded as STOPPED.
        """
        try:
            self._emit("workflow started", state=RUNNING)
            while self._waiting or self._queued or self._running:
                self._start_waiting()
                self._start_queued()
                self._await_some()
            self._end()
        except BaseException as interruption:
            self._abandon(interruption)
            raise
        finally:
            self._launcher.stop()

    def _start_waiting(self) -> None:
        if self._is_stopping():
            self._waiting.clear()
        while self._waiting and len(self._running) < self._launcher.width:
            self._begin(self._waiting.popleft())

    def _start_queued(self) -> None:
        """Start what waited for its job's turn; give up what was stopped meanwhile."""
        for _ in range(len(self._queued)):
            queued = self._queued.popleft()
            if self._history.job_run(queued.job_run_id).state in {STOPPED, STOPPING}:
                self._finish(queued, Outcome(STOPPED, 0.0, "stopped while it waited"))
            elif len(self._running) >= self._launcher.width or not self._launch(queued):
                self._queued.append(queued)

    def _await_some(self) -> None:
        seconds = _LOOK_SECONDS if self._queued else None
        if self._running:
            for future in wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED).done:
                self._finish(self._running.pop(future), future.result())
        elif self._queued:
            time.sleep(_LOOK_SECONDS)

    def _is_stopping(self) -> bool:
        return self._run_id is not None and is_stopping(self._history.folder, self._run_id)

    def _fire(self, trigger: Trigger) -> None:
        self._fired.add(trigger.name)
        watched = tuple((c.job, self._latest[c.job]) for c in trigger.conditions if c.job in self._latest)
        self._waiting.extend(Start(action, trigger.name, predecessors=watched) for action in trigger.actions)

    def _begin(self, start: Start) -> None:
        job = self._definition.all_jobs[start.action.job]
        if start.recorded is not None:
            running = _Running(start, start.recorded)
        elif self._history.running(job.name) < job.max_concurrent_runs:
            running = self._record(start, STARTING)
        elif job.queuing:
            running = self._record(start, WAITING)
        else:
            limit = job.max_concurrent_runs
            self._refuse(start, f"ConcurrentRunsExceeded: {job.name} may run {limit} times at once")
            return
        if not self._launch(running):
            self._queued.append(running)

    def _record(self, start: Start, state: str) -> _Running:
        action = start.action
        timeout = {"Timeout": action.timeout} if action.timeout else {}
        request = {"Arguments": dict(action.arguments), **timeout}
        job_run_id = self._history.start_job(
            self._run_id,
            action.job,
            attempt=start.attempt,
            trigger=start.trigger,
            state=state,
            request=request,
            previous=start.previous,
            predecessors=start.predecessors,
        )
        return _Running(start, job_run_id)

    def _launch(self, running: _Running) -> bool:
        """Run a recorded job unless it must wait."""
        start, job_run_id = running.start, running.job_run_id
        job = self._definition.all_jobs[start.action.job]
        if not self._history.claim(job_run_id, job.max_concurrent_runs):
            return False
        self._starting = running
        self._emit("job started", start, state=RUNNING)
        future = self._launcher.start(
            self._scripts[job.name],
            self._argv(start.action, job_run_id),
            seconds=(start.action.timeout or job.timeout) * _MINUTE,
            log=self._logs / f"{job_run_id}.log",
            stopping=lambda: is_stopping(self._history.folder, job_run_id),
        )
        self._running[future] = running
        self._starting = None
        return True

    def _refuse(self, start: Start, error: str) -> None:
        """Record a start that Glue would answer with an error; the action counts as errored."""
        self._finish(self._record(start, ERROR), Outcome(ERROR, 0.0, error))

    def _argv(self, action: Action, job_run_id: str) -> list[str]:
        """The command line as Glue builds it."""
        job = self._definition.all_jobs[action.job]
        own = {"--JOB_NAME": job.name, "--JOB_RUN_ID": job_run_id}
        if self._run_id is not None:
            own |= {"--WORKFLOW_NAME": self._definition.name, "--WORKFLOW_RUN_ID": self._run_id}
        return [token for pair in {**job.arguments(action.arguments), **own}.items() for token in pair]

    def _finish(self, running: _Running, outcome: Outcome) -> None:
        start, job = running.start, self._definition.all_jobs[running.start.action.job]
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
            again = replace(start, attempt=start.attempt + 1, previous=running.job_run_id, recorded=None)
            self._waiting.appendleft(again)
            return
        self._latest[job.name] = running.job_run_id
        self._states[job.name] = outcome.state
        if outcome.state != SUCCEEDED:
            self._errors[job.name] = f"{job.name} {outcome.state}: {outcome.error}"
        self._fire_due()

    def _fire_due(self) -> None:
        if self._run_id is None:
            return
        done = self._fired | self._history.triggers.inactive()
        for trigger in triggers.due(self._definition.triggers, self._states, done):
            self._fire(trigger)

    def _end(self) -> None:
        stopped = self._is_stopping()
        error = "; ".join(self._errors.values()) or ("stopped on request" if stopped else None)
        skipped = [name for name in self._definition.jobs if name not in self._states] if error else []
        if self._run_id is None:
            return
        for name in skipped:
            self._emit("job not started", Start(Action(name), ""), error=self._missed(name))
        if error and skipped:
            error = f"{error}; not started because of it: {', '.join(skipped)}"
        state = STOPPED if stopped else COMPLETED
        self._history.end(self._run_id, state, error)
        self._emit("workflow ended", state=state, error=error)

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
        starting = [self._starting] if self._starting else []
        for running in (*self._running.values(), *self._queued, *starting):
            self._history.end_job(running.job_run_id, STOPPED, 0.0, error)
        if self._run_id is not None:
            self._history.end(self._run_id, STOPPED, error)

    def _emit(
        self,
        kind: str,
        start: Start | None = None,
        *,
        state: str | None = None,
        seconds: float | None = None,
        error: str | None = None,
        retrying: bool = False,
    ) -> None:
        self._on_event(
            Event(
                kind=kind,
                run_id=self._run_id or "",
                job=start.action.job if start else None,
                attempt=start.attempt if start else 0,
                state=state,
                seconds=seconds,
                error=error,
                retrying=retrying,
            )
        )

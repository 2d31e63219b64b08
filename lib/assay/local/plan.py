"""What an execution begins with: a whole workflow, a single job, or the part of a run that is repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assay.local.runs import JobRun, Resumption, WorkflowRun
from assay.stacks.definition import Definition
from assay.stacks.triggers import Action


@dataclass(frozen=True, slots=True)
class Start:
    """A job that is to be started.

    Attributes:
        action: The job, and what this start changes.
        trigger: Name of the trigger that starts it; empty for none.
        attempt: 0 for the first.
        recorded: Id of its run, when that is in the history already.
        previous: Id of the attempt that it repeats.
        predecessors: (job, run id) of the runs that its trigger watched.
    """

    action: Action
    trigger: str
    attempt: int = 0
    recorded: str | None = None
    previous: str | None = None
    predecessors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How an execution begins.

    Attributes:
        starts: What is started first, in order.
        ended: Job → its run, for jobs whose outcome stands.
        fired: Names of triggers that have fired.
    """

    starts: tuple[Start, ...]
    ended: Mapping[str, JobRun] = field(default_factory=dict)
    fired: frozenset[str] = frozenset()


def whole(definition: Definition) -> Plan:
    """The workflow from its start trigger on."""
    trigger = definition.start
    starts = tuple(Start(action, trigger.name) for action in trigger.actions)
    return Plan(starts, fired=frozenset({trigger.name}))


def single(run: JobRun) -> Plan:
    """One job by itself, whose run is recorded; no trigger will fire.

    Args:
        run: As `StartJobRun` was asked for it.
    """
    arguments, timeout = run.request.get("Arguments"), run.request.get("Timeout")
    action = Action(
        run.job,
        dict(arguments) if isinstance(arguments, Mapping) else {},
        int(timeout) if isinstance(timeout, int) else None,
    )
    return Plan((Start(action, "", recorded=run.id, previous=run.previous),))


def resumed(definition: Definition, run: WorkflowRun) -> Plan:
    """The part of a workflow that a run repeats.

    Args:
        definition: The workflow.
        run: Has a resumption.
    """
    if run.resumption is None:
        return whole(definition)
    repeated = downstream(definition, run.resumption.chosen)
    fired = {
        trigger.name
        for trigger in definition.triggers
        if not repeated & {condition.job for condition in trigger.conditions}
    }
    starts = tuple(_first(definition, job) for job in run.resumption.chosen)
    return Plan(starts, {job_run.job: job_run for job_run in run.jobs}, frozenset(fired))


def resumption(definition: Definition, run: WorkflowRun, chosen: Collection[str]) -> Resumption:
    """What a run that resumes another one takes over from it.

    Args:
        definition: The workflow.
        run: The run to resume.
        chosen: Jobs to repeat with all that is downstream; each has a run in that one.

    Returns:
        The jobs to begin with, without those that the others lead to, and the runs whose outcome stands.
    """
    repeated = downstream(definition, chosen)
    led_to: set[str] = set()
    for job in chosen:
        led_to |= downstream(definition, [job]) - {job}
    return Resumption(
        previous=run.run_id,
        chosen=tuple(job for job in definition.jobs if job in chosen and job not in led_to),
        kept=tuple(each.id for job, each in run.latest.items() if job not in repeated),
    )


def downstream(definition: Definition, jobs: Collection[str]) -> set[str]:
    """Some jobs, and every job that a trigger starts because of them."""
    found, before = set(jobs), set[str]()
    while found != before:
        before = set(found)
        for trigger in definition.triggers:
            if found & {condition.job for condition in trigger.conditions}:
                found |= {action.job for action in trigger.actions}
    return found


def _first(definition: Definition, job: str) -> Start:
    """The start of a job as the first trigger that names it would start it."""
    return next(
        Start(action, trigger.name)
        for trigger in definition.triggers
        for action in trigger.actions
        if action.job == job
    )

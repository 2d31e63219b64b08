"""A Glue workflow as its templates define it: jobs, triggers, and checks that AWS makes too late or never.

Beside the workflow there may be jobs with triggers of their own, which belong to none.

A trigger for an unknown job, a circle of jobs, a job that nothing starts: in AWS each of them deploys and
then does nothing, or is refused half-way. Here they are errors before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from assay.errors import InputError, did_you_mean
from assay.stacks import triggers
from assay.stacks.template import Resource, Template
from assay.stacks.triggers import Trigger

_DEFAULT_TIMEOUT = 480  # minutes; Glue 5.0 and later


@dataclass(frozen=True, slots=True)
class Job:
    """A Spark job.

    Attributes:
        name: Its name.
        script: URI of its script, `s3://bucket/key`.
        defaults: Arguments of every run; a run may replace them.
        fixed: Arguments that no run can replace.
        max_retries: How often a failed run is tried again.
        timeout: Minutes after which a run is stopped.
        max_concurrent_runs: How many runs there may be at once.
        queuing: Whether a run that would be one too many waits, instead of being refused.
    """

    name: str
    script: str
    defaults: Mapping[str, str]
    fixed: Mapping[str, str]
    max_retries: int
    timeout: int
    max_concurrent_runs: int
    queuing: bool = False

    def arguments(self, given: Mapping[str, str]) -> dict[str, str]:
        """A run's arguments: what is fixed wins over what is given, which wins over the defaults."""
        return {**self.defaults, **given, **self.fixed}


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow that can run.

    Attributes:
        name: Its name.
        properties: Default run properties.
        max_concurrent_runs: How many runs there may be at once; None is any number.
        jobs: Name → job of the workflow.
        triggers: Of the workflow, in the templates' order; exactly one starts it.
        other_jobs: Name → job that belongs to no workflow.
        other_triggers: Those that start such jobs, each by itself.
    """

    name: str
    properties: Mapping[str, str]
    max_concurrent_runs: int | None
    jobs: Mapping[str, Job]
    triggers: tuple[Trigger, ...]
    other_jobs: Mapping[str, Job] = field(default_factory=dict)
    other_triggers: tuple[Trigger, ...] = ()

    @property
    def all_jobs(self) -> Mapping[str, Job]:
        """Name → job, of the workflow or of none."""
        return {**self.jobs, **self.other_jobs}

    @property
    def start(self) -> Trigger:
        """The trigger that starts the workflow."""
        return next(t for t in self.triggers if t.kind in triggers.START_KINDS)


def read(*templates: Template) -> Definition:
    """The workflow whose resources several templates define together.

    Args:
        templates: One template or more, for example that of the jobs and that of the workflow.

    Raises:
        InputError: They do not define exactly one workflow that can run to its end.
    """
    try:
        return _read(templates)
    except InputError as error:
        names = ", ".join(template.path.name for template in templates)
        raise InputError(f"{names}: {error.message}") from error


def _read(templates: Sequence[Template]) -> Definition:
    def resources(kind: str) -> list[Resource]:
        return [resource for template in templates for resource in template.resources(kind)]

    workflows = resources("AWS::Glue::Workflow")
    if len(workflows) != 1:
        raise InputError(f"{len(workflows)} resources of type AWS::Glue::Workflow; there must be one")
    workflow = workflows[0].properties
    name = str(workflow.get("Name", ""))
    jobs = [_job(resource.properties) for resource in resources("AWS::Glue::Job")]
    bodies = [resource.properties for resource in resources("AWS::Glue::Trigger")]
    found = [_trigger(name, body) for body in bodies if "WorkflowName" in body]
    others = [_other_trigger(name, body) for body in bodies if "WorkflowName" not in body]
    _unique("job", (j.name for j in jobs))
    _unique("trigger", (t.name for t in (*found, *others)))
    apart = _jobs_of(others) - _jobs_of(found)
    definition = Definition(
        name=name,
        properties=_texts(f"workflow {name}", "DefaultRunProperties", workflow),
        max_concurrent_runs=workflow.get("MaxConcurrentRuns"),
        jobs={job.name: job for job in jobs if job.name not in apart},
        triggers=tuple(found),
        other_jobs={job.name: job for job in jobs if job.name in apart},
        other_triggers=tuple(others),
    )
    check(definition)
    return definition


def check(definition: Definition) -> None:
    """Refuse a workflow that would not run every job of it.

    Raises:
        InputError: Not one start trigger; a trigger names an unknown job; jobs wait for each other in a
            circle; a trigger can never fire or a job is never started.
    """
    starts = [t.name for t in definition.triggers if t.kind in triggers.START_KINDS]
    if len(starts) != 1:
        names = f" ({', '.join(starts)})" if starts else ""
        raise InputError(
            f"workflow {definition.name} has {len(starts)} start triggers{names}; Glue allows exactly one, "
            "of type ON_DEMAND or SCHEDULED"
        )
    for trigger in (*definition.triggers, *definition.other_triggers):
        for job in sorted(_jobs_of([trigger])):
            if job not in definition.all_jobs:
                hint = did_you_mean(job, definition.all_jobs)
                raise InputError(f"trigger {trigger.name} names job {job!r}, which is not defined; {hint}")
    _check_circles(definition.triggers)
    _check_reach(definition)


def _check_circles(found: Sequence[Trigger]) -> None:
    waits_for: dict[str, set[str]] = {}
    for trigger in found:
        for action in trigger.actions:
            waits_for.setdefault(action.job, set()).update(c.job for c in trigger.conditions)
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        circle = " waits for ".join(reversed(error.args[1]))
        raise InputError(
            f"jobs wait for each other in a circle: {circle}; remove one trigger of it"
        ) from error


def _check_reach(definition: Definition) -> None:
    """Walk from the start trigger, as if every job reached every state that is watched."""
    reached: set[str] = set()
    waiting = list(definition.triggers)
    while True:
        ready = [t for t in waiting if _could_fire(t, reached)]
        if not ready:
            break
        reached.update(action.job for t in ready for action in t.actions)
        waiting = [t for t in waiting if t not in ready]
    if waiting:
        unmet = sorted({c.job for t in waiting for c in t.conditions} - reached)
        names = ", ".join(t.name for t in waiting)
        raise InputError(f"triggers that can never fire: {names}; nothing starts {', '.join(unmet)}")
    orphans = [name for name in definition.jobs if name not in reached]
    if orphans:
        raise InputError(f"jobs that no trigger starts: {', '.join(orphans)}; add an action or remove them")


def _could_fire(trigger: Trigger, reached: set[str]) -> bool:
    if trigger.kind in triggers.START_KINDS:
        return True
    known = [c.job in reached for c in trigger.conditions]
    return any(known) if trigger.logical == "ANY" else all(known)


def _trigger(workflow: str, properties: Mapping[str, Any]) -> Trigger:
    trigger = triggers.parse(properties)
    owner = properties.get("WorkflowName")
    if owner != workflow:
        raise InputError(
            f"trigger {trigger.name} belongs to workflow {owner!r}; set WorkflowName: {workflow}"
        )
    return trigger


def _other_trigger(workflow: str, properties: Mapping[str, Any]) -> Trigger:
    trigger = triggers.parse(properties)
    if trigger.kind not in triggers.START_KINDS:
        raise InputError(
            f"trigger {trigger.name} is {trigger.kind} and belongs to no workflow, where it would not be run "
            f"here; set WorkflowName: {workflow}"
        )
    return trigger


def _jobs_of(found: Sequence[Trigger]) -> set[str]:
    """The jobs that triggers start or watch."""
    started = {action.job for trigger in found for action in trigger.actions}
    return started | {condition.job for trigger in found for condition in trigger.conditions}


def _job(properties: Mapping[str, Any]) -> Job:
    name = properties.get("Name")
    if not name:
        raise InputError("a job has no Name; name it, so that triggers can start it")
    command = properties.get("Command", {})
    if command.get("Name") != "glueetl":
        raise InputError(f"job {name}: Command.Name is {command.get('Name')!r}; only 'glueetl' runs here")
    script = str(command.get("ScriptLocation", ""))
    if not script.startswith("s3://"):
        raise InputError(f"job {name}: ScriptLocation is {script!r}; it must begin with s3://")
    if "GlueVersion" not in properties:
        raise InputError(f"job {name} has no GlueVersion; AWS would choose its newest; pin one")
    return Job(
        name=str(name),
        script=script,
        defaults=_texts(f"job {name}", "DefaultArguments", properties),
        fixed=_texts(f"job {name}", "NonOverridableArguments", properties),
        max_retries=_count(name, "MaxRetries", properties.get("MaxRetries", 0), least=0),
        timeout=_count(name, "Timeout", properties.get("Timeout", _DEFAULT_TIMEOUT), least=1),
        max_concurrent_runs=_count(
            name,
            "MaxConcurrentRuns",
            properties.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1),
            least=1,
        ),
        queuing=bool(properties.get("JobRunQueuingEnabled", False)),
    )


def _count(job: str, what: str, value: object, *, least: int) -> int:
    if not isinstance(value, int | str) or not str(value).isdecimal() or int(value) < least:
        raise InputError(f"job {job}: {what} is {value!r}; it must be a whole number, {least} or more")
    return int(value)


def _texts(owner: str, what: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """A mapping of texts; Glue refuses every other value, `true` too."""
    values = properties.get(what, {})
    for key, value in values.items():
        if not isinstance(value, str):
            raise InputError(f"{owner}: {what} {key} is {value!r}; Glue takes texts only, so quote it")
    return dict(values)


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"two {what}s are named {name}; names must differ")
        seen.add(name)

"""What work costs: a weekly run from the jobs' sizes, and a hundred million events from measured seconds.

Nobody here has run a job on Glue. Seconds come from the jobs' processes on one machine, as CPU seconds, and
are carried over by two assumptions that every answer states: a job waits for nothing, and keeps `CORES` cores
of its executors as busy as it kept one of this machine's for each second of CPU time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from assay import configs, stacks
from assay.errors import InputError, did_you_mean
from assay.runtime import cost, prices
from assay.runtime.bill import idle

CORES: Final = 2.0
"""Cores that a job keeps busy; the platform was measured on two."""
MILLION: Final = 1e6
_GB = 1e9


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run of the workflow.

    Attributes:
        events: Rows that the week loaded into the database.
        cpu_seconds: Job → CPU seconds of its processes.
    """

    events: int
    cpu_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """Two runs that differ in their events only.

    Attributes:
        note: Machine, command and date.
        small: The shipped blueprint's week.
        large: A week with more events.
        large_bytes: What that week left behind in landing and lake.
    """

    note: str
    small: Sample
    large: Sample
    large_bytes: int

    def per_event(self, job: str) -> float:
        """CPU seconds that one more event costs a job: the slope between the two runs, 0 if negative."""
        more = self.large.cpu_seconds[job] - self.small.cpu_seconds[job]
        return max(more / (self.large.events - self.small.events), 0.0)

    def bytes_per_event(self) -> float:
        """Bytes in landing and lake that one event leaves behind, of the larger run."""
        return self.large_bytes / self.large.events


@dataclass(frozen=True, slots=True)
class JobCost:
    """One job of a run.

    Attributes:
        job: Its name without the installation's: `"gold"`.
        worker_type: Glue's worker type.
        workers: How many.
        execution_class: `"STANDARD"` or `"FLEX"`.
        seconds: How long it runs; less than a minute is billed as a minute.
        dpu_seconds: What is billed.
        dollars: Of one run.
        cap: The most that one attempt may cost, US dollars, from the template.
        timeout: Minutes, from the template: what the cap pays for.
        attempts: How often it is tried at most.
    """

    job: str
    worker_type: str
    workers: int
    execution_class: str
    seconds: float
    dpu_seconds: float
    dollars: float
    cap: float
    timeout: int
    attempts: int


@dataclass(frozen=True, slots=True)
class EventsCost:
    """What a number of events costs.

    Attributes:
        dpu_seconds: Job → DPU-seconds.
        glue: US dollars of these.
        gigabytes: What they leave behind in S3.
        storage: US dollars a month of these.
        scan: US dollars of one Athena query that reads all of it.
    """

    dpu_seconds: Mapping[str, float]
    glue: float
    gigabytes: float
    storage: float
    scan: float


def measured(path: Path | None = None) -> Measured:
    """What was measured, of the shipped file.

    Args:
        path: Another file.
    """
    text = (path or configs.path(prices.FILE)).read_text(encoding="utf-8")
    body = yaml.safe_load(text)["measured"]
    return Measured(body["note"], Sample(**body["small"]), Sample(**body["large"]), body["large_bytes"])


def week(seconds: Mapping[str, float] | None = None, template: Path | None = None) -> tuple[JobCost, ...]:
    """The jobs of one run and those of once a week, in the template's order.

    Args:
        seconds: Job → how long it runs, in place of what was measured.
        template: Of the jobs; the shipped one when None.

    Raises:
        InputError: A job that is not there, or a number of seconds that cannot be one.
    """
    given = dict(seconds or {})
    jobs = _jobs(template)
    for name, value in given.items():
        if name not in jobs:
            raise InputError(f"no job {name!r}; {did_you_mean(name, jobs)}")
        if not 0 <= value < float("inf"):
            raise InputError(f"job {name} runs {value} seconds; it must be 0 or more")
    known = {job: spent / CORES for job, spent in measured().small.cpu_seconds.items()} | given
    return tuple(_job(name, body, metadata, known[name]) for name, (body, metadata) in jobs.items())


def rates(template: Path | None = None) -> dict[str, tuple[float, float]]:
    """Job → data processing units that it occupies, and dollars of one of them for an hour.

    Args:
        template: Of the jobs; the shipped one when None, which is that of the release that runs.
    """
    return {
        name: (_dpu(body), cost.DOLLARS_PER_DPU_HOUR[body["ExecutionClass"]])
        for name, (body, _) in _jobs(template).items()
    }


def events(number: float, template: Path | None = None) -> EventsCost:
    """What more events cost, fixed costs of a run left out.

    Args:
        number: How many, 0 or more.
        template: Of the jobs; the shipped one when None.
    """
    found = measured()
    spent: dict[str, float] = {}
    glue = 0.0
    grown = {name: body for name, (body, _) in _jobs(template).items() if name in found.large.cpu_seconds}
    for name, body in grown.items():
        spent[name] = number * found.per_event(name) / CORES * _dpu(body)
        glue += cost.dollars(spent[name], execution_class=body["ExecutionClass"])
    gigabytes = number * found.bytes_per_event() / _GB
    storage = gigabytes * prices.dollars("s3.storage")
    return EventsCost(spent, glue, gigabytes, storage, gigabytes / 1e3 * prices.dollars("athena.scan"))


def _dpu(body: Mapping[str, Any]) -> float:
    return cost.DPU_PER_WORKER[body["WorkerType"]] * float(body["NumberOfWorkers"])


def _jobs(template: Path | None) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Job's short name → properties and metadata."""
    found = idle.properties(template or configs.path(stacks.JOBS), "AWS::Glue::Job")
    return {name.removesuffix("Job").lower(): both for name, both in found.items()}


def _job(name: str, body: Mapping[str, Any], metadata: Mapping[str, Any], seconds: float) -> JobCost:
    worker_type, workers = str(body["WorkerType"]), int(body["NumberOfWorkers"])
    billed = cost.dpu_seconds(seconds, worker_type=worker_type, workers=workers)
    return JobCost(
        job=name,
        worker_type=worker_type,
        workers=workers,
        execution_class=body["ExecutionClass"],
        seconds=seconds,
        dpu_seconds=billed,
        dollars=cost.dollars(billed, execution_class=body["ExecutionClass"]),
        cap=float(metadata["Assay"]["MaxCostUsd"]),
        timeout=int(body["Timeout"]),
        attempts=1 + int(body.get("MaxRetries", 0)),
    )

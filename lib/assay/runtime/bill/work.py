"""What work costs by the model of what was measured: a weekly run, and a hundred million events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assay import configs, stacks
from assay.errors import InputError, did_you_mean
from assay.runtime import cost, prices
from assay.runtime.bill import idle, model
from assay.runtime.bill.measured import Measured
from assay.runtime.bill.model import Volume

DEFAULT: Final = Volume(events=100_000, experiments=7, metrics=4)
"""The first week of the shipped blueprint: its four experiments, three canaries, four metrics."""
MILLION: Final = 1e6
_GB = 1e9


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


def week(
    seconds: Mapping[str, float] | None = None,
    template: Path | None = None,
    *,
    volume: Volume = DEFAULT,
    past: float = 0.0,
    workers: Mapping[str, int] | None = None,
) -> tuple[JobCost, ...]:
    """The jobs of one run and those of once a week, in the template's order.

    Args:
        seconds: Job → how long it runs, in place of what the model says.
        template: Of the jobs; the shipped one when None.
        volume: Of the week.
        past: Events of all weeks before it.
        workers: Job → how many, in place of the template's.

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
    found = []
    for name, (body, metadata) in jobs.items():
        sized = {**body, "NumberOfWorkers": (workers or {}).get(name, body["NumberOfWorkers"])}
        took = given.get(name)
        if took is None:
            took = model.jobs()[name].seconds(volume, past, int(sized["NumberOfWorkers"]))
        found.append(_job(name, sized, metadata, took))
    return tuple(found)


def rates(template: Path | None = None) -> dict[str, tuple[float, float]]:
    """Job → data processing units that it occupies, and dollars of one of them for an hour.

    Args:
        template: Of the jobs; the shipped one when None, which is that of the release that runs.
    """
    return {
        name: (_dpu(body), cost.DOLLARS_PER_DPU_HOUR[body["ExecutionClass"]])
        for name, (body, _) in _jobs(template).items()
    }


def events(number: float, template: Path | None = None, of: Measured | None = None) -> EventsCost:
    """What more events cost, fixed costs of a run left out.

    Args:
        number: How many, 0 or more.
        template: Of the jobs; the shipped one when None.
        of: The measurements; the shipped ones when None.
    """
    spent: dict[str, float] = {}
    glue = 0.0
    models = model.jobs(of)
    for name, (body, _) in _jobs(template).items():
        cpu = number / MILLION * models[name].cpu.slopes[0]
        spent[name] = cpu / model.CORES * _dpu(body)
        glue += cost.dollars(spent[name], execution_class=body["ExecutionClass"])
    gigabytes = number / MILLION * model.quantity("bytes", of).slopes[0] / _GB
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

"""What weeks to come cost at a size: the first and the last one job by job, and everything over all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from assay import configs
from assay.errors import InputError
from assay.runtime import cost, prices
from assay.runtime.bill import idle, meters, model, work
from assay.runtime.bill.idle import Line
from assay.runtime.bill.model import Volume
from assay.runtime.bill.work import JobCost

MOST_WEEKS: Final = 520
WEEKS_OF_MONTH: Final = 365 / 12 / 7
QUESTIONS: Final = "glue_configs/athena"
LEAST_SCAN: Final = 1e7
"""Bytes that Athena bills at least for a question."""
API_REQUESTS: Final = 1_000
API_SECONDS: Final = 0.1
"""Assumed: so many requests a week to the API, each taking so long."""
_GB, _SHOWN = 1e9, 0.005
_MEBIBYTES = 1024.0
CLASSES: Final = ("FLEX", "STANDARD")


@dataclass(frozen=True, slots=True)
class Amount:
    """One line of the sum.

    Attributes:
        what: What is paid.
        quantity: How much of it over all weeks.
        unit: Of the quantity.
        dollars: For all weeks.
    """

    what: str
    quantity: float
    unit: str
    dollars: float


@dataclass(frozen=True)
class Forecast:
    """Weeks of one size, one after the other.

    Attributes:
        volume: Of each week.
        weeks: How many, 1 to 520.
    """

    volume: Volume
    weeks: int

    def __post_init__(self) -> None:
        if not 1 <= self.weeks <= MOST_WEEKS:
            raise InputError(f"--weeks is {self.weeks}; give 1 to {MOST_WEEKS}")

    @cached_property
    def workers(self) -> Mapping[str, int]:
        """Job → workers: the number that costs least in the last week."""
        past = self.volume.events * (self.weeks - 1)
        return {name: job.workers(self.volume, past) for name, job in model.jobs().items()}

    def week(self, number: int) -> tuple[JobCost, ...]:
        """The jobs of one week.

        Args:
            number: Of the week, from 1.
        """
        past = self.volume.events * (number - 1)
        return work.week(volume=self.volume, past=past, workers=self.workers)

    @cached_property
    def late(self) -> tuple[JobCost, ...]:
        """Jobs that the last week takes longer than their timeout allows."""
        return tuple(job for job in self.week(self.weeks) if job.seconds > job.timeout * 60)

    @cached_property
    def dpu_seconds(self) -> float:
        """Of all weeks."""
        types = {job.job: job.worker_type for job in self.week(1)}
        pasts = [self.volume.events * week for week in range(self.weeks)]
        return math.fsum(
            cost.dpu_seconds(
                job.seconds(self.volume, past, workers), worker_type=types[name], workers=workers
            )
            for name, job in model.jobs().items()
            for workers in (self.workers[name],)
            for past in pasts
        )

    @cached_property
    def _idle_month(self) -> tuple[Line, ...]:
        return tuple(line for line in idle.month() if line.stack not in idle.OPTIONAL)

    @cached_property
    def amounts(self) -> tuple[Amount, ...]:
        """The lines of the sum, Glue by the class of the stacks, FLEX."""
        return tuple(self._amounts())

    @property
    def dollars(self) -> float:
        """Of all weeks, everything."""
        return sum(each.dollars for each in self.amounts)

    def glue(self, execution_class: str) -> float:
        """Dollars of all jobs of all weeks in an execution class."""
        return cost.dollars(self.dpu_seconds, execution_class=execution_class)

    def _amounts(self) -> Iterator[Amount]:
        yield Amount("Glue, FLEX", self.dpu_seconds / 3600, "DPU-hours", self.glue("FLEX"))
        months = self.weeks / WEEKS_OF_MONTH
        yield from self._idle(months)
        yield self._database(months)
        kept = self._grown("bytes") / _GB
        storage = kept * self.weeks * (self.weeks + 1) / 2 / WEEKS_OF_MONTH
        yield Amount("S3, storage", storage, "GB-months", storage * prices.dollars("s3.storage"))
        for what, name in (("reads", "s3.get"), ("writes", "s3.put")):
            asked = model.quantity(what).at(self.volume) * self.weeks
            yield Amount(f"S3, {what}", asked, "requests", asked / 1000 * prices.dollars(name))
        scanned = self._scanned()
        yield Amount("Athena", scanned / 1e12, "TB", scanned / 1e12 * prices.dollars("athena.scan"))
        yield self._function()

    def _idle(self, months: float) -> Iterator[Amount]:
        """What is paid by the hour, whatever runs."""
        groups = {"database": "RDS", "capture": "DMS"}
        for name in ("RDS", "DMS", "all else that idles"):
            of = [line for line in self._idle_month if groups.get(line.stack, "all else that idles") == name]
            yield Amount(name, months, "months", months * sum(line.dollars for line in of))

    def _database(self, months: float) -> Amount:
        """Storage of the database beyond what it has anyway."""
        has = sum(line.quantity for line in self._idle_month if line.price.name == "rds.storage")
        grown = self._grown("database_bytes") / _GB
        needs = [max(grown * week - has, 0.0) for week in range(1, self.weeks + 1)]
        more = math.fsum(needs) / self.weeks * months
        return Amount("RDS, more storage", more, "GB-months", more * prices.dollars("rds.storage"))

    def _grown(self, name: str) -> float:
        """Bytes that each week adds."""
        return model.quantity(name).at(self.volume)

    def _scanned(self) -> float:
        """Bytes of every shipped question once a week, over all of gold as it stands then."""
        questions = len([*configs.path(QUESTIONS).glob("*.sql")])
        gold = self._grown("gold_bytes")
        return questions * math.fsum(max(gold * week, LEAST_SCAN) for week in range(1, self.weeks + 1))

    def _function(self) -> Amount:
        requests = float(API_REQUESTS * self.weeks)
        found = idle.properties(configs.path(f"{idle.FOLDER}/serving.yaml"), "AWS::Lambda::Function")
        gigabytes = max(float(body["MemorySize"]) for body, _ in found.values()) / _MEBIBYTES
        dollars = requests / 1e6 * prices.dollars("lambda.request")
        dollars += requests * API_SECONDS * gigabytes * prices.dollars("lambda.gb_second")
        return Amount("Lambda", requests, "requests", dollars)


def assumptions(of: Forecast) -> tuple[str, ...]:
    """What a forecast stands on, in sentences."""
    error = max(job.cpu.error for job in model.jobs().values())
    cores = f"{model.CORES:.0f} cores"
    fit = (
        f"The line deviates by at most {error:.0%} from what was measured, of the job that it fits worst; "
        "what lies outside of the measured sizes is a guide."
        if error >= _SHOWN
        else "The line goes through all runs that it is made of; how far off it is elsewhere is not known."
    )
    speed = (
        f"What a run costs in any case, and for its experiments and metrics, is done by {cores} one thing "
        f"after the other; what events cost is shared by all workers but the driver's, {cores} of each kept "
        "busy. A job waits for nothing: not for capacity, for which FLEX may, and not for S3."
    )
    workers = (
        "Workers: the number that costs least in the last week and ends within "
        f"{model.LONGEST / 60:.0f} minutes."
    )
    others = (
        "Athena: each shipped question once a week over all of gold. Lambda: "
        f"{API_REQUESTS:,} requests a week of {API_SECONDS:g} s. RDS and DMS keep the size of the stacks; "
        "their storage grows by what a week adds."
    )
    left_out = (
        f"A month has {meters.HOURS:.0f} hours and {WEEKS_OF_MONTH:.2f} weeks. Left out: data transfer, NAT "
        "by the GB, KMS and CloudWatch by use, DynamoDB (some hundred items a week), free tiers, tax."
    )
    late = (
        f"{job.job} would take {job.seconds / 60:,.0f} minutes in week {of.weeks} and its timeout is "
        f"{job.timeout}: raise MaxCostUsd and Timeout in glue_configs/stacks/jobs.yaml."
        for job in of.late
    )
    return (model.basis(), fit, speed, workers, others, left_out, *late)


def document(of: Forecast) -> dict[str, object]:
    """What `--json` prints of it: stable names, full precision."""
    return {
        "events": of.volume.events,
        "experiments": of.volume.experiments,
        "metrics": of.volume.metrics,
        "weeks": of.weeks,
        "first_week": [_job(job) for job in of.week(1)],
        "last_week": [_job(job) for job in of.week(of.weeks)],
        "dpu_seconds": of.dpu_seconds,
        "glue_dollars": {name.lower(): of.glue(name) for name in CLASSES},
        "amounts": [
            {"what": each.what, "quantity": each.quantity, "unit": each.unit, "dollars": each.dollars}
            for each in of.amounts
        ],
        "dollars": of.dollars,
        "assumptions": [*assumptions(of)],
    }


def _job(job: JobCost) -> dict[str, object]:
    return {
        "job": job.job,
        "workers": job.workers,
        "seconds": job.seconds,
        "dpu_seconds": job.dpu_seconds,
        **{
            f"dollars_{name.lower()}": cost.dollars(job.dpu_seconds, execution_class=name) for name in CLASSES
        },
    }

"""The bill of `assay cost` as tables, for a terminal, a page and a program alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from assay.runtime import idle, prices, work
from assay.runtime.idle import Line
from assay.runtime.work import EventsCost, JobCost

EVENTS = 1e8
_WEEKS = 365 / 12 / 7
_MWAA = "mwaa.small"


@dataclass(frozen=True, slots=True)
class Bill:
    """All that is told.

    Attributes:
        lines: The idle month.
        jobs: One weekly run.
        events: A hundred million events.
    """

    lines: tuple[Line, ...]
    jobs: tuple[JobCost, ...]
    events: EventsCost

    @property
    def idle(self) -> float:
        """US dollars of a month of all stacks that are not optional."""
        return sum(line.dollars for line in self.lines if line.stack not in idle.OPTIONAL)

    @property
    def run(self) -> float:
        """US dollars of one weekly run."""
        return sum(job.dollars for job in self.jobs)

    def stack(self, name: str) -> float:
        """US dollars of a month of one stack."""
        return sum(line.dollars for line in self.lines if line.stack == name)


@dataclass(frozen=True, slots=True)
class Section:
    """A table with what must be known about it.

    Attributes:
        title: Its heading.
        columns: Their heads; the first is left-aligned, numbers are right-aligned.
        rows: Cells, as text.
        notes: Sentences below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def bill(seconds: Mapping[str, float]) -> Bill:
    """The bill of the shipped templates.

    Args:
        seconds: Job → seconds, where they are known better than by measurement.
    """
    return Bill(idle.month(), work.week(seconds), work.events(EVENTS))


def sections(of: Bill) -> tuple[Section, ...]:
    """The bill as tables: idle month, weekly run, events, prices."""
    return _idle(of), _week(of), _events(of), _prices(of)


def document(of: Bill) -> dict[str, object]:
    """What `--json` prints: stable names, full precision."""
    return {
        "schema": "assay.cost/1",
        "idle_month": [
            {
                "stack": line.stack,
                "optional": line.stack in idle.OPTIONAL,
                "resource": line.resource,
                "quantity": line.quantity,
                "unit": line.price.unit,
                "price": line.price.name,
                "dollars": line.dollars,
            }
            for line in of.lines
        ],
        "idle_month_dollars": of.idle,
        "weekly_run": [asdict(job) for job in of.jobs],
        "weekly_run_dollars": of.run,
        "events": {"number": EVENTS, **asdict(of.events)},
        "prices": [asdict(price) for price in prices.table().values()],
    }


def markdown(of: Bill) -> str:
    """docs/costs.md."""
    parts = [
        "# What it costs",
        "Made by `assay cost --markdown` from the templates in `glue_configs/stacks` and from "
        "`glue_configs/prices.yaml`; a test keeps it equal. US dollars, on-demand list prices of us-east-1 "
        "without tax, free tiers left out. Nothing on this page was billed by AWS: nobody here has an account.",
    ]
    for section in sections(of):
        parts += [f"## {section.title}", _table(section.columns, section.rows)]
        parts += ["\n".join(f"- {note}" for note in section.notes)] if section.notes else []
    return "\n\n".join(parts) + "\n"


def _idle(of: Bill) -> Section:
    rows = [
        (line.stack, line.resource, line.price.name, f"{line.quantity:,.6g} {line.price.unit}", _usd(line.dollars))
        for line in of.lines
    ]
    rows.append(("all but the optional", "", "", "", _usd(of.idle)))
    return Section(
        "A month in which nothing runs",
        ("stack", "resource", "price", "quantity", "dollars"),
        tuple(rows),
        (
            f"A month has {idle.HOURS:.0f} hours. What is billed by use alone (S3, DynamoDB on demand, Glue, "
            "Athena, Lambda, the HTTP API, logs, SNS) costs nothing while nothing happens, but for what is stored.",
            "Parameters are at their defaults, and what a condition of a template could leave out is counted.",
            f"Optional: {', '.join(f'{name} {_usd(of.stack(name))}' for name in idle.OPTIONAL)}. Beside the "
            f"airflow stack: MWAA's mw1.small is {_usd(prices.dollars(_MWAA) * idle.HOURS)} a month; for "
            "mw1.micro, its smallest, no price was found.",
            "DMS Serverless is billed until 48 hours after it was stopped, so stopping it between weekly runs "
            "saves about 5 of 7 days; the stacks leave it running.",
        ),
    )


def _week(of: Bill) -> Section:
    rows = [
        (
            job.job,
            f"{job.workers} x {job.worker_type} {job.execution_class}",
            f"{job.seconds:,.0f}",
            f"{job.dpu_seconds:,.0f}",
            _usd(job.dollars, 4),
            _usd(job.cap),
            f"{job.timeout}",
            f"{job.attempts}",
        )
        for job in of.jobs
    ]
    total = sum(job.dpu_seconds for job in of.jobs)
    worst = sum(job.cap * job.attempts for job in of.jobs)
    rows.append(("run", "", "", f"{total:,.0f}", _usd(of.run, 4), _usd(worst), "", ""))
    return Section(
        "A weekly run",
        ("job", "workers", "seconds", "DPU-seconds", "dollars", "cap", "timeout, min", "attempts"),
        tuple(rows),
        (
            "A job is billed by the second, a minute at least; its timeout is what its cap pays for, per "
            "attempt. The last row's cap is the most that a run can cost, if every attempt of every job ran "
            "into its timeout.",
            f"Seconds: the CPU seconds of the job's processes over {work.CORES:.0f} cores. {work.measured().note} "
            "Give your own with `--seconds`.",
            f"A month has {_WEEKS:.2f} weeks: {_usd(of.run * _WEEKS)}.",
        ),
    )


def _events(of: Bill) -> Section:
    found, measured = of.events, work.measured()
    rows = [(f"Glue, {job}", f"{spent:,.0f} DPU-seconds", "") for job, spent in found.dpu_seconds.items()]
    rows += [
        ("Glue, all jobs", f"{sum(found.dpu_seconds.values()):,.0f} DPU-seconds", _usd(found.glue)),
        ("S3", f"{found.gigabytes:,.1f} GB", f"{_usd(found.storage)} a month"),
        ("Athena, one query over all of it", f"{found.gigabytes:,.1f} GB", _usd(found.scan)),
    ]
    return Section(
        f"{EVENTS / work.MILLION:,.0f} million events more",
        ("what", "quantity", "dollars"),
        tuple(rows),
        (
            f"DPU-seconds: the slope between two measured weeks of {measured.small.events:,} and "
            f"{measured.large.events:,} events, {work.CORES:.0f} cores kept busy, both workers billed. "
            f"An extrapolation by a factor of {EVENTS / measured.large.events:,.0f}: a guide, no measurement.",
            f"Bytes: {measured.bytes_per_event():,.0f} per event in landing and lake together, of the larger "
            "week, all layers and snapshots kept.",
            "Left out: change capture above its least capacity, and a database that must grow.",
        ),
    )


def _prices(of: Bill) -> Section:
    del of
    rows = tuple(
        (price.name, f"{price.dollars:g}", price.unit, price.checked.isoformat(), price.evidence, price.source)
        for price in prices.table().values()
    )
    return Section(
        "Prices",
        ("price", "dollars", "unit", "checked", "evidence", "source"),
        rows,
        ("Evidence: `aws` shown by a page of AWS, `third-party` pages of others that agree, `conflict` not.",),
    )


def _usd(amount: float, digits: int = 2) -> str:
    return f"${amount:,.{digits}f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

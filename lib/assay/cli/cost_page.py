"""The bill of `assay cost` as tables, for a terminal, a page and a program alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.runtime import cost, prices
from assay.runtime.bill import forecast, idle, measured, meters, model, work
from assay.runtime.bill.forecast import Forecast
from assay.runtime.bill.total import EVENTS, Bill

_MWAA = "mwaa.small"
_ABOUT = (
    "Made by `assay cost --markdown` from the templates in `glue_configs/stacks`, from "
    "`glue_configs/prices.yaml` and from `glue_configs/measured.yaml`; a test keeps it equal. US dollars, "
    "on-demand list prices of us-east-1 without tax, free tiers left out. AWS has billed none of it: nobody "
    "here has an account."
)


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


def sections(of: Bill) -> tuple[Section, ...]:
    """The bill as tables: idle month, weekly run, events, forecast, prices."""
    return _idle(of), _week(of), _events(of), *forecast_sections(of.forecast), _prices()


def forecast_sections(of: Forecast) -> tuple[Section, Section]:
    """A forecast as tables: its first and last week, and the sum."""
    volume = of.volume
    size = f"{volume.events:,.0f} events, {volume.experiments:,} experiments of {volume.metrics:,} metrics"
    first, last = of.week(1), of.week(of.weeks)
    rows = [
        (
            job.job,
            f"{job.workers} x {job.worker_type}",
            *(f"{each.seconds:,.0f}" for each in (job, then)),
            *(f"{each.dpu_seconds:,.0f}" for each in (job, then)),
            *(_usd(cost.dollars(then.dpu_seconds, execution_class=name), 4) for name in forecast.CLASSES),
        )
        for job, then in zip(first, last, strict=True)
    ]
    spent = [sum(job.dpu_seconds for job in week) for week in (first, last)]
    dollars = [_usd(cost.dollars(spent[1], execution_class=name), 4) for name in forecast.CLASSES]
    total = ("run", "", "", "", *(f"{each:,.0f}" for each in spent), *dollars)
    jobs = Section(
        f"A week of {size}: the first, and then the last of {of.weeks}",
        ("job", "workers", "seconds", "then", "DPU-seconds", "then", "FLEX, then", "standard, then"),
        (*rows, total),
        (),
    )
    amounts = [(each.what, f"{each.quantity:,.4g} {each.unit}", _usd(each.dollars)) for each in of.amounts]
    standard = _usd(of.dollars + of.glue("STANDARD") - of.glue("FLEX"))
    summed = Section(
        f"All of it for {of.weeks} such weeks",
        ("what", "quantity", "dollars"),
        (*amounts, ("all", "", _usd(of.dollars))),
        (f"With standard in place of FLEX all of it is {standard}.", *forecast.assumptions(of)),
    )
    return jobs, summed


def markdown(of: Bill) -> str:
    """docs/costs.md."""
    parts = ["# What it costs", _ABOUT]
    for section in sections(of):
        parts += [f"## {section.title}", _table(section.columns, section.rows)]
        parts += ["\n".join(f"- {note}" for note in section.notes)] if section.notes else []
    return "\n\n".join(parts) + "\n"


def _idle(of: Bill) -> Section:
    rows = [
        (
            line.stack,
            line.resource,
            line.price.name,
            f"{line.quantity:,.6g} {line.price.unit}",
            _usd(line.dollars),
        )
        for line in of.lines
    ]
    optional = ", ".join(f"{name} {_usd(of.stack(name))}" for name in idle.OPTIONAL)
    mwaa = _usd(prices.dollars(_MWAA) * meters.HOURS)
    by_use = (
        f"A month has {meters.HOURS:.0f} hours. What is billed by use alone (S3, DynamoDB on demand, Glue, "
        "Athena, Lambda, the HTTP API, logs, SNS) costs nothing while nothing happens, storage aside."
    )
    beside = (
        f"Optional stacks, not in the sum: {optional}. Beside the airflow stack: MWAA's mw1.small is {mwaa} "
        "a month; for mw1.micro, its smallest class, no price was found."
    )
    capture = (
        "DMS Serverless is billed until 48 hours after it was stopped, so that stopping it between weekly "
        "runs would save up to five days of seven; the stacks leave it running."
    )
    defaults = "Parameters are at their defaults; what a condition of a template could leave out is counted."
    doubtful = dict.fromkeys(line.price for line in of.lines if line.price.evidence == "conflict")
    doubts = [f"Sources do not agree on {price.name}: {price.source}." for price in doubtful]
    notes = (by_use, defaults, *doubts, beside, capture)
    return Section(
        "A month in which nothing runs",
        ("stack", "resource", "price", "quantity", "dollars"),
        (*rows, ("all but the optional", "", "", "", _usd(of.idle))),
        notes,
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
            f"{job.timeout} min",
            f"{job.attempts}",
        )
        for job in of.jobs
    ]
    total = f"{sum(job.dpu_seconds for job in of.jobs):,.0f}"
    worst = _usd(sum(job.cap * job.attempts for job in of.jobs))
    caps = (
        "A job is billed by the second, at least a minute; its timeout is what its cap pays for. The last "
        "row's cap is the most that a run can cost: every attempt of every job at its timeout."
    )
    origin = (
        f"Seconds: by the model at {work.DEFAULT.events:,.0f} events, {work.DEFAULT.experiments} experiments "
        f"and {work.DEFAULT.metrics} metrics, in the first week. Give your own with `--seconds`."
    )
    weekly = "`maintain` is no job of the workflow; it runs once a week by itself."
    notes = (
        caps,
        origin,
        weekly,
        f"A month has {forecast.WEEKS_OF_MONTH:.2f} weeks: {_usd(of.run * forecast.WEEKS_OF_MONTH)}.",
    )
    return Section(
        "A weekly run",
        ("job", "workers", "seconds", "DPU-seconds", "dollars", "cap", "timeout", "attempts"),
        (*rows, ("run", "", "", total, _usd(of.run, 4), worst, "", "")),
        notes,
    )


def _events(of: Bill) -> Section:
    found, runs = of.events, measured.shipped().runs
    jobs = [(f"Glue, {job}", f"{spent:,.0f} DPU-seconds", "") for job, spent in found.dpu_seconds.items()]
    total = f"{sum(found.dpu_seconds.values()):,.0f} DPU-seconds"
    size = f"{found.gigabytes:,.1f} GB"
    slope = (
        f"DPU-seconds: the slope in events of the model below, {model.CORES:.0f} cores kept busy, all "
        f"workers billed; {EVENTS / max(run.events for run in runs):,.0f} times the largest measured week, "
        "so a guide and no measurement."
    )
    each = f"Bytes: {found.gigabytes * 1e9 / EVENTS:,.0f} per event in landing and lake together."
    notes = (slope, each, "Left out: change capture above its least capacity; a database that must grow.")
    return Section(
        f"{EVENTS / work.MILLION:,.0f} million events more",
        ("what", "quantity", "dollars"),
        (
            *jobs,
            ("Glue, all jobs", total, _usd(found.glue)),
            ("S3", size, f"{_usd(found.storage)} a month"),
            ("Athena, one query over all of it", size, _usd(found.scan)),
        ),
        notes,
    )


def _prices() -> Section:
    rows = tuple(
        (
            price.name,
            f"{price.dollars:g}",
            price.unit,
            price.checked.isoformat(),
            price.evidence,
            price.source,
        )
        for price in prices.table().values()
    )
    return Section(
        "Prices",
        ("price", "dollars", "unit", "checked", "evidence", "source"),
        rows,
        ("Evidence: `aws` a page of AWS, `third-party` pages of others that agree, `conflict` not.",),
    )


def _usd(amount: float, digits: int = 2) -> str:
    return f"${amount:,.{digits}f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""What the API gives: one frozen value per row. The server writes them as JSON, the client reads them.

Columns have the names and meanings of their table's contract; `run` is the run that last wrote a row. A
decimal travels as a text, so that no digit is lost; a number that is not finite travels as null.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

RUNNING = "RUNNING"


class Record:
    """A row, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: a line per field."""
        pairs = [(each.name, getattr(self, each.name)) for each in fields(self)]  # type: ignore[arg-type]
        return table(("field", "value"), pairs)


@dataclass(frozen=True, slots=True)
class Experiment(Record):
    """An experiment at its newest look.

    Attributes:
        experiment: Its id: the name of the experiment, and of its round.
        as_of: Exclusive end of the data of the newest look.
        first_as_of: The same of the first look.
        looks: How many looks there are.
        final: Whether the newest look is the planned end.
        srm: Whether the arms' sizes contradict the allocation at the newest look.
        metrics: Names of its metrics, sorted.
        contrasts: How many pairs of arms are compared.
    """

    experiment: str
    as_of: date
    first_as_of: date
    looks: int
    final: bool
    srm: bool
    metrics: tuple[str, ...]
    contrasts: int


@dataclass(frozen=True, slots=True)
class Result(Record):
    """A row of gold.experiment_results: one comparison, one method, one segment, one look."""

    experiment: str
    as_of: date
    metric: str
    segment: str
    contrast: str
    method: str
    control: str
    treatment: str
    n_control: int
    n_treatment: int
    mean_control: float | None
    mean_treatment: float | None
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    statistic: float | None
    df: float | None
    p_value: float | None
    relative_estimate: float | None
    relative_lower: float | None
    relative_upper: float | None
    alpha: float
    alpha_corrected: float | None
    mde: float | None
    probability_greater: float | None
    decision: str
    decided: date | None
    srm: bool
    final: bool
    certificate_id: str | None
    type_i_error: float | None
    type_i_lower: float | None
    type_i_upper: float | None
    truth: float | None
    relative_truth: float | None
    covered: bool | None
    error_kind: str | None
    run: str


@dataclass(frozen=True, slots=True)
class Certificate(Record):
    """A row of gold.certificates: the measured error rates of a method in one scenario."""

    certificate_id: str
    method: str
    method_version: str
    scenario: str
    metric: str | None
    as_of: date | None
    n_control: int
    n_treatment: int
    replicates: int
    alpha: float
    type_i_error: float
    lower: float
    upper: float
    tolerance: float
    verdict: str
    seed: int
    lift: float | None
    power: float | None
    power_lower: float | None
    power_upper: float | None
    coverage: float | None
    coverage_lower: float | None
    coverage_upper: float | None
    miss_left: float | None
    miss_right: float | None
    bias: float | None
    rmse: float | None
    se_ratio: float | None
    type_s: float | None
    type_m: float | None
    recommendation: str | None
    kind: str | None
    run: str


@dataclass(frozen=True, slots=True)
class Asset(Record):
    """An asset of gold.asset_daily over all its days.

    Attributes:
        asset: Ticker symbol.
        exchange: Market identifier code (ISO 10383); None for the brokerage's own assets.
        currency: Of the prices of a market asset (ISO 4217).
        first_day: First day that there is a row of.
        last_day: Last one.
        days: How many there are.
        close: The newest close that is known.
        traded_value: Of all days, in currency of account.
    """

    asset: str
    exchange: str | None
    currency: str | None
    first_day: date
    last_day: date
    days: int
    close: Decimal | None
    traded_value: Decimal


@dataclass(frozen=True, slots=True)
class Price(Record):
    """A row of gold.asset_daily: an asset's day."""

    asset: str
    day: date
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    trades: int
    volume: Decimal
    traded_value: Decimal
    customers: int
    close_account: Decimal | None
    exchange: str | None
    is_session: bool | None
    currency: str | None
    adjusted_close: Decimal | None
    log_return: float | None
    volatility_20: float | None
    sources: tuple[str, ...]
    dissenting: tuple[str, ...]
    spread: float | None
    run: str


@dataclass(frozen=True, slots=True)
class Run(Record):
    """A run as gold.runs tells of it, all its jobs together.

    Attributes:
        run: Its id.
        week: Monday of the week worked on.
        state: SUCCEEDED; FAILED if a job did; STARTED if a job began and no end of it is known.
        started_at: First entry of the first job, UTC.
        ended_at: Last entry of the last one, UTC.
        jobs: How many jobs it had.
        failed: How many of them failed.
        rows_quarantined: Rows set aside.
        seconds: Of all jobs together.
        dollars: Price of their compute, US dollars.
    """

    run: str
    week: date | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    jobs: int
    failed: int
    rows_quarantined: int | None
    seconds: float | None
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Job(Record):
    """A job of a run: of several attempts the last.

    Attributes:
        job: Its name.
        state: As Glue says it: RUNNING, SUCCEEDED, FAILED and so on.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        seconds: How long it ran.
        error: Why it did not succeed.
    """

    job: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Progress(Record):
    """How a run stands.

    Attributes:
        run: Its id.
        week: Monday of the week worked on; None while nobody said.
        state: RUNNING, SUCCEEDED, FAILED or STOPPED; STARTED where no end is known.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        jobs: Those that have begun, in that order.
    """

    run: str
    week: date | None
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    jobs: tuple[Job, ...]

    @property
    def done(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.state != RUNNING


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as an HTML table; None is an empty cell.

    Args:
        heads: Names of the columns.
        rows: Their cells, in that order.
    """
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(each)}</td>' for each in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return html.escape(", ".join(str(getattr(each, "job", each)) for each in value))
    return html.escape(f"{value:.6g}" if isinstance(value, float) else str(value))

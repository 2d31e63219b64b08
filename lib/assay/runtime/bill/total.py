"""The whole bill, for a page and for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from assay.runtime import prices
from assay.runtime.bill import forecast, idle, work
from assay.runtime.bill.forecast import Forecast
from assay.runtime.bill.idle import Line
from assay.runtime.bill.work import EventsCost, JobCost

EVENTS: Final = 1e8
YEAR: Final = 52
"""Weeks that are forecast unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Bill:
    """All that is told.

    Attributes:
        lines: The idle month.
        jobs: One weekly run.
        events: A hundred million events.
        forecast: Weeks to come.
    """

    lines: tuple[Line, ...]
    jobs: tuple[JobCost, ...]
    events: EventsCost
    forecast: Forecast

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


def bill(seconds: Mapping[str, float], of: Forecast | None = None) -> Bill:
    """The bill of the shipped templates.

    Args:
        seconds: Job → seconds, where they are known better than by measurement.
        of: The weeks to come; a year of the default volume when None.
    """
    weeks = of or Forecast(work.DEFAULT, YEAR)
    return Bill(idle.month(), work.week(seconds), work.events(EVENTS), weeks)


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
        "forecast": forecast.document(of.forecast),
        "prices": [asdict(price) for price in prices.table().values()],
    }

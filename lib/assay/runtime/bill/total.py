"""The whole bill, for a page and for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from assay.runtime import prices
from assay.runtime.bill import idle, work
from assay.runtime.bill.idle import Line
from assay.runtime.bill.work import EventsCost, JobCost

EVENTS: Final = 1e8


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


def bill(seconds: Mapping[str, float]) -> Bill:
    """The bill of the shipped templates.

    Args:
        seconds: Job → seconds, where they are known better than by measurement.
    """
    return Bill(idle.month(), work.week(seconds), work.events(EVENTS))


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

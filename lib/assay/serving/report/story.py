"""An experiment with what its blueprint says of it: what every section of a report asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from assay.medallion.decisions import words as decisions
from assay.serving.analysis import words
from assay.serving.analysis.forest import Line
from assay.serving.analysis.requests import MEAN
from assay.serving.export.said import said
from assay.serving.report.blocks import Grid
from assay.serving.report.reading import Found, Row
from assay.spec import Metric, PlannedExperiment

ALL = "all"
"""The segment of everyone."""
_MEANINGS = {
    decisions.RUNNING: "not decided yet",
    decisions.BETTER: "better than control",
    decisions.WORSE: "worse than control",
    decisions.WITHIN: "within its margin: a harm as large as the margin is ruled out",
    decisions.HARMED: "harmed: the whole interval is harm",
    decisions.NOT_SHOWN: "margin not shown: a harm as large as the margin remains possible",
    decisions.INVALID: (
        "invalid, not to be used: the arms' sizes contradict the allocation (sample ratio mismatch)"
    ),
}


@dataclass(frozen=True, slots=True)
class Story:
    """An experiment and its blueprint.

    Attributes:
        found: What gold has.
        planned: The round; None where its blueprint is not known.
        metrics: The blueprint's metrics by name; none where it is not known.
    """

    found: Found
    planned: PlannedExperiment | None
    metrics: dict[str, Metric]

    @classmethod
    def of(cls, found: Found) -> Self:
        """Find the experiment in its blueprint."""
        if found.blueprint is None:
            return cls(found, None, {})
        world = found.blueprint.world_of(found.experiment)
        return cls(found, found.blueprint.round_of(found.experiment), dict(world.metrics))

    @property
    def everyone(self) -> list[Row]:
        """The newest look's results of all units, primary metrics first."""
        rows = [row for row in self.found.newest if row["segment"] == ALL]
        return sorted(rows, key=lambda row: _ROLES.index(self.role(row["metric"])))

    @property
    def parts(self) -> list[Row]:
        """The newest look's results of segments of the units."""
        return [row for row in self.found.newest if row["segment"] != ALL]

    def kind(self, metric: str) -> str:
        """The type of a metric; a mean where it is not known."""
        return self.metrics[metric].type if metric in self.metrics else MEAN

    def role(self, metric: str) -> str:
        """What a metric is for."""
        return "primary" if self.planned is None else self.planned.role(metric)

    def sentence(self, row: Row) -> str:
        """A result in words."""
        said_so = words.sentence(
            metric=row["metric"],
            kind=self.kind(row["metric"]),
            control=row["control"],
            treatment=row["treatment"],
            means=(number(row, "mean_control"), number(row, "mean_treatment")),
            effect=(number(row, "estimate"), number(row, "lower"), number(row, "upper")),
            error=number(row, "std_error"),
            alpha=row["alpha"],
            decision=_MEANINGS.get(row["decision"], str(row["decision"])),
        )
        return said_so if row["segment"] == ALL else f"{row['segment']}: {said_so}"

    def line(self, row: Row, label: str) -> Line:
        """A result as a line of a forest plot."""
        lower, upper = number(row, "lower"), number(row, "upper")
        return Line(
            metric=row["metric"],
            type=self.kind(row["metric"]),
            label=label,
            estimate=number(row, "estimate"),
            lower=-math.inf if math.isnan(lower) else lower,
            upper=math.inf if math.isnan(upper) else upper,
            std_error=number(row, "std_error"),
            sentence=self.sentence(row),
        )

    def grid(self, rows: Sequence[Row], caption: str) -> Grid:
        """Results as a table, in the words of every other place."""
        shown = said(pa.Table.from_pylist([{**row, "type": self.kind(row["metric"])} for row in rows]))
        numeric = frozenset(i for i, right in enumerate(shown.numeric) if right)
        return Grid(caption, shown.head, shown.body, numeric)


_ROLES = ("primary", "secondary", "guardrail")


def number(row: Row, name: str) -> float:
    """A number of a row; NaN where there is none."""
    value = row.get(name)
    return math.nan if value is None else float(value)

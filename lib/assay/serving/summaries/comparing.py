"""Summary statistics of another tool, compared by Assay's methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis import Analysis, Check, page, tables
from assay.serving.analysis.arms import shares
from assay.serving.analysis.assemble import assemble
from assay.serving.analysis.contrast import Pair, summary
from assay.serving.analysis.requests import known
from assay.serving.analysis.result import Summary
from assay.serving.analysis.tables import Table
from assay.serving.summaries import growthbook, layouts, peers
from assay.serving.summaries.given import Given, Sheet
from assay.serving.summaries.peers import Beside
from assay.serving.summaries.resolving import Metric, order, resolve

FEWEST_DIGITS = 6.0
"""Of the variance; with fewer the result says so."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What Assay says, and the moments that it says it of.

    Attributes:
        analysis: The result; no diagnosis, which would need the units.
        pairs: The moments of each comparison, in their order.
    """

    analysis: Analysis
    pairs: tuple[Pair, ...]

    def beside(self, python: Path | None = None) -> Beside:
        """What gbstats and tea-tasting say of the same moments.

        Args:
            python: The Python that has them; this one if not given.

        Raises:
            InputError: There is no such Python, or it does not answer.
        """
        return peers.ask(self.analysis, self.pairs, python)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return page.fragment(self.analysis)


def compare(
    table: Table,
    *,
    control: str,
    arm: str | None = None,
    metrics: Sequence[str] = (),
    method: str | None = None,
    covariate: str | None = None,
    alpha: float = 0.05,
    allocation: Mapping[str, float] | None = None,
    source: str = "a table",
) -> Compared:
    """Compare every other arm with control on summary statistics.

    Args:
        table: A row per metric and arm in the columns of GrowthBook's queries, or of gold.metric_moments; or
            a row per arm in those of tea-tasting's. `assay.serving.analysis.analyze` says what a table is.
        control: The arm that all others are compared with.
        arm: Column of the arm; `variation`, `variant` or `arm` by the layout if not given.
        metrics: `NAME`, or with its type `NAME:mean`, `NAME:proportion`; of tea-tasting's variables also
            `NUMERATOR/DENOMINATOR:ratio`. All if none is named.
        method: Name of a method on moments, `cuped` for the covariate; else the default of each type.
        covariate: Variable of tea-tasting's that is the covariate.
        alpha: Level of each test and interval, strictly between 0 and 1.
        allocation: Planned share per arm; gives the check for a sample ratio mismatch.
        source: Name of the data, for people.

    Returns:
        The result.

    Raises:
        InputError: A column is missing, the numbers are of no data, or what is asked for is not there.
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}; it must lie strictly between 0 and 1")
    held = tables.held(table)
    whole = growthbook.unfolded(tables.arrow(held, tables.names(held)))
    names = whole.column_names
    layout = layouts.recognise(names)
    column = known(layout.arm if arm is None else arm, names, "arm column")
    sheet = Sheet.of(whole, column)
    given = layout.read(sheet, metrics, covariate)
    arms = order(given, control, column)
    types = layouts.kinds(layout, names, metrics)
    by_metric: dict[str, list[Given]] = {}
    for each in given:
        by_metric.setdefault(each.metric, []).append(each)
    found = [resolve(metric, rows, arms, types, method) for metric, rows in by_metric.items()]
    planned = None if allocation is None else shares(allocation, arms)
    return _assembled(found, arms, column, planned, alpha, source, _digits(given))


def _assembled(
    metrics: Sequence[Metric],
    arms: Sequence[str],
    column: str,
    planned: NDArray[np.float64] | None,
    alpha: float,
    source: str,
    checks: Sequence[Check],
) -> Compared:
    counts = np.array([max(int(each.moments[i].n) for each in metrics) for i in range(len(arms))])
    ends = [[_summary(each, i, arms[i], counts[i]) for i in range(len(arms))] for each in metrics]
    pairs = [
        Pair(each.method, each.moments[0], each.moments[i], (mine[0], mine[i]))
        for each, mine in zip(metrics, ends, strict=True)
        for i in range(1, len(arms))
    ]
    found = assemble(
        pairs,
        [row for mine in ends for row in mine],
        source=source,
        arm_column=column,
        counts=counts,
        without=0,
        planned=planned,
        alpha=alpha,
    )
    return Compared(replace(found, checks=(*found.checks, *checks), summarised=True), tuple(pairs))


def _summary(found: Metric, place: int, arm: str, units: int) -> Summary:
    moments = found.moments[place]
    missing = int(units) - int(moments.n)
    return summary(moments, metric=found.name, kind=found.type, arm=arm, missing=missing)


def _digits(given: Sequence[Given]) -> list[Check]:
    """A warning for each metric whose sums of squares hardly tell its variance."""
    least: dict[str, float] = {}
    for each in given:
        if each.digits is not None:
            least[each.metric] = min(each.digits, least.get(each.metric, math.inf))
    return [
        Check(
            f"digits {metric}",
            "warn",
            None,
            f"{metric}: the sums of squares keep about {digits:.0f} digits of the variance, as it is small "
            "beside the mean; give centred moments, or variances, instead",
        )
        for metric, digits in least.items()
        if digits < FEWEST_DIGITS
    ]

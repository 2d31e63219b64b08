"""What a run of gold recomputes: for each experiment the periods of its unit metrics and the looks at it.

A period (a week, named by its Monday) is recomputed when a fact changed in it, or when an exposure changed
whose totals or covariate reach into it. A look is recomputed when something before its `as_of` changed, or
when it is new. Everything else is left as it stands, which is right because each period and each look is a
function of silver alone: an incremental run and a run from nothing give the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.medallion.gold_exposures import CLUSTER
from assay.spark.local import frame
from assay.spec import Blueprint, PlannedExperiment
from assay.spec.measure import Measure

WEEK = timedelta(days=7)
STANDING = frozenset({"sequential", "anytime"})
"""Kinds of plans under which a look may decide before the end."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What changed in silver since the last run.

    Attributes:
        facts: Name of a fact → Mondays of the weeks in which one of its events came, changed or went.
        exposures: Experiment → day of the earliest exposure that came, changed or went.
    """

    facts: Mapping[str, frozenset[date]] = field(default_factory=dict)
    exposures: Mapping[str, date] = field(default_factory=dict)

    def __or__(self, other: Touched) -> Touched:
        """What either of the two says has changed."""
        return Touched(
            {name: self._weeks(name) | other._weeks(name) for name in (*self.facts, *other.facts)},
            {
                name: min(days.exposures.get(name, date.max) for days in (self, other))
                for name in (*self.exposures, *other.exposures)
            },
        )

    def _weeks(self, fact: str) -> frozenset[date]:
        return self.facts.get(fact, frozenset())

    def also(self, weeks: Collection[date]) -> Touched:
        """The same, with all facts of some more weeks, given by their Mondays."""
        return Touched({name: days | frozenset(weeks) for name, days in self.facts.items()}, self.exposures)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of one experiment that a run recomputes.

    Attributes:
        planned: The experiment, one round of it.
        periods: Mondays of the weeks whose unit metrics are written anew.
        looks: The `as_of` dates whose moments, results and health are written anew.
    """

    planned: PlannedExperiment
    periods: tuple[date, ...]
    looks: tuple[date, ...]


def monday(day: date) -> date:
    """The Monday of the week of a day.

    Example:
        >>> monday(date(2026, 1, 8))
        datetime.date(2026, 1, 5)
    """
    return day - timedelta(days=day.weekday())


def measures(blueprint: Blueprint, planned: PlannedExperiment) -> tuple[Measure, ...]:
    """The measures that an experiment's metrics need, in order of their keys, each once."""
    return tuple(sorted({m for name in planned.metrics for m in blueprint.metrics[name].measures}))


def scopes(blueprint: Blueprint, touched: Touched | None, *, since: date | None, until: date) -> list[Scope]:
    """Which periods and looks of which experiments to recompute.

    Args:
        blueprint: The blueprint in force.
        touched: What changed since the last run; None recomputes everything.
        since: The last whole run's `until`; None if there was none.
        until: End of the week of this run, exclusive: the latest possible `as_of`.

    Returns:
        One scope for each experiment that has anything to recompute, in the plan's order.
    """
    found = (_scope(blueprint, planned, touched, since, until) for planned in blueprint.rounds(until))
    return [scope for scope in found if scope.periods or scope.looks]


def _scope(
    blueprint: Blueprint, planned: PlannedExperiment, touched: Touched | None, since: date | None, until: date
) -> Scope:
    ahead, weeks = timedelta(days=planned.covariate_days), _calendar(planned, until)
    looks = tuple(week + WEEK for week in weeks if week >= planned.start)
    # An experiment that the last run did not know yet is new as a whole, its pre-period too.
    if touched is None or since is None or planned.start >= since:
        return Scope(planned, weeks, looks)
    used = measures(blueprint, planned)
    facts = {measure.fact for measure in used}
    events = frozenset[date]().union(*(touched.facts.get(fact, ()) for fact in facts))
    exposed = touched.exposures.get(planned.id, date.max)
    reach = date.max if exposed == date.max else monday(exposed - ahead)
    # A value that is new in an earlier week is no longer new in a later one.
    if any(measure.aggregate == "distinct" for measure in used):
        reach = min([reach, *(week for week in weeks if week in events)])
    periods = tuple(week for week in weeks if week in events or week >= min(reach, since))
    # A covariate before an exposure is first read at a look after that exposure: `reach` moves no look.
    first = min([week for week in weeks if week in events] + [monday(exposed), since])
    asked = tuple(look for look in looks if look > first)
    # What an earlier look decided stands at later ones, so these are made from all of them.
    return Scope(planned, periods, looks if asked and planned.plan.kind in STANDING else asked)


def every_week(blueprint: Blueprint, until: date) -> frozenset[date]:
    """Mondays of all weeks that any experiment reads: where what changed in a fact is not known."""
    rounds = blueprint.rounds(until)
    return frozenset(week for planned in rounds for week in _calendar(planned, until))


def _calendar(planned: PlannedExperiment, until: date) -> tuple[date, ...]:
    """The weeks that an experiment reads: those of its pre-period, and its own."""
    first = monday(planned.start - timedelta(days=planned.covariate_days))
    return tuple(_weeks(first, min(planned.end, until)))


def _weeks(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += WEEK


def period(time: Column) -> Column:
    """The Monday of a timestamp's week, as a date, in the session's time zone (UTC)."""
    return F.date_trunc("week", time).cast("date")


def eligible(exposures: DataFrame, planned: Sequence[PlannedExperiment]) -> DataFrame:
    """The units that are analysed: in a planned arm, in one arm only, first exposed while enrolment was open.

    Args:
        exposures: `silver.exposures`.
        planned: The experiments.

    Returns:
        experiment, unit, arm, exposed_at, covariate_from (start of the unit's pre-period), ends (timestamp at
        which the experiment is over, exclusive), and `cluster` where exposures have it.
    """
    rows = [(p.id, arm.name, *_bounds(p), p.covariate_days) for p in planned for arm in p.arms]
    schema = (
        "experiment string, arm string, opens timestamp, closes timestamp, ends timestamp, covariate_days int"
    )
    plan = F.broadcast(frame(exposures.sparkSession, rows, schema))
    inside = (F.col("exposed_at") >= F.col("opens")) & (F.col("exposed_at") < F.col("closes"))
    before = F.expr("exposed_at - make_dt_interval(covariate_days)")
    clusters = [name for name in exposures.columns if name == CLUSTER]
    return (
        exposures.where(~F.col("multi_arm"))
        .join(plan, ["experiment", "arm"], "inner")
        .where(inside)
        .select("experiment", "unit", "arm", "exposed_at", before.alias("covariate_from"), "ends", *clusters)
    )


def look_bounds(spark: SparkSession, scopes: Sequence[Scope]) -> DataFrame:
    """The looks of the scopes: experiment, as_of, arms_planned, opens and closes (of enrolment)."""
    rows = [
        (scope.planned.id, look, [arm.name for arm in scope.planned.arms], *_bounds(scope.planned)[:2])
        for scope in scopes
        for look in scope.looks
    ]
    schema = "experiment string, as_of date, arms_planned array<string>, opens timestamp, closes timestamp"
    return frame(spark, rows, schema)


def _bounds(planned: PlannedExperiment) -> tuple[datetime, datetime, datetime]:
    """Start, end of enrolment and end as midnights UTC: Spark reads a time without zone in the machine's."""
    start, closes, ends = (
        datetime.combine(day, datetime.min.time(), UTC)
        for day in (planned.start, planned.enrol_end, planned.end)
    )
    return start, closes, ends

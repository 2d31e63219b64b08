"""A metric as one SQL query over silver: what it counts, for whom, and what it comes to.

It is written from the metric's definition, not from the jobs: the jobs' numbers can be held against it.
Quantiles and times to an event show the numbers of units; how arms are compared is the method's affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from assay.serving.quoting import quoted
from assay.spec import Blueprint, Metric, PlannedExperiment, Segment
from assay.spec.measure import COUNT, Bounds, Kept, Measure, Value
from assay.spec.segment import NONE, OTHER, label

_COMPARED = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """A metric of an experiment at a look.

    Attributes:
        blueprint: Declares them.
        metric: Name of the metric.
        planned: A round of an experiment.
        as_of: The look, exclusive.
    """

    blueprint: Blueprint
    metric: str
    planned: PlannedExperiment
    as_of: date

    @property
    def arms(self) -> str:
        """Units, mean and standard deviation of each arm."""
        return f"{self._with()}\n{self._summary()}"

    def by(self, segment: str) -> str:
        """The same of each arm in each value of a segment.

        Args:
            segment: Its name in the blueprint.
        """
        declared = self.blueprint.segments[segment]
        unit = f"CAST({declared.unit} AS varchar)"
        members = f"""members AS (
  SELECT {unit} AS unit, min(CAST({declared.column} AS varchar)) AS value
  FROM {declared.table}
  GROUP BY {unit}
)"""
        return f"{self._with()},\n{members}\n{self._summary(_told(segment, declared))}"

    @property
    def units(self) -> str:
        """The number of each unit, and what it is divided by where it is a ratio."""
        return f"{self._with()}\nSELECT unit, arm, exposed_at, y, d\nFROM numbers\nORDER BY unit"

    @property
    def events(self) -> str:
        """The events that the numerator is made of, beside the exposure of their unit."""
        measure = self._definition.measures[0]
        columns = ", ".join(["unit", "arm", "exposed_at", "at", *sorted(measure.columns)])
        parts = f"WITH {self._exposed()},\n{self._events(0, measure)}"
        return f"{parts}\nSELECT {columns}\nFROM events0\nORDER BY unit, at"

    # -- parts ---------------------------------------------------------------------------------
    @property
    def _definition(self) -> Metric:
        return self.blueprint.metrics[self.metric]

    def _with(self) -> str:
        measures = self._definition.measures
        parts = [self._exposed()]
        for i, measure in enumerate(measures):
            parts += [self._events(i, measure), _totals(i, measure)]
        return "WITH " + ",\n".join([*parts, self._numbers()])

    def _exposed(self) -> str:
        """The units that are analysed, with their exposure."""
        start, closes = _moment(self.planned.start), _moment(min(self.planned.enrol_end, self.as_of))
        arms = ", ".join(_literal(arm.name) for arm in self.planned.arms)
        whole = ""
        if (window := self._definition.window) is not None:
            whole = f"\n    AND date_add('day', {window.to_day}, exposed_at) <= {_moment(self.as_of)}"
        return f"""units AS (
  SELECT unit, arm, exposed_at
  FROM {self._first_exposures()}
  WHERE NOT multi_arm AND arm IN ({arms})
    AND exposed_at >= {start} AND exposed_at < {closes}{whole}
)"""

    def _first_exposures(self) -> str:
        named = self.blueprint.exposures
        if named is None:
            return f"(SELECT * FROM silver.exposures WHERE experiment = {_literal(self.planned.id)})"
        own = _literal(self.planned.id)
        mine = "" if named.experiment is None else f"\n    WHERE {named.experiment} = {own}"
        at = f"CAST({named.time} AS timestamp)"
        return f"""(
    SELECT CAST({named.unit} AS varchar) AS unit, min_by(CAST({named.arm} AS varchar), {at}) AS arm,
      min({at}) AS exposed_at, count(DISTINCT {named.arm}) > 1 AS multi_arm
    FROM {named.table}{mine}
    GROUP BY CAST({named.unit} AS varchar)
  )"""

    def _events(self, i: int, measure: Measure) -> str:
        fact = self.blueprint.facts[measure.fact]
        at = f"CAST(f.{fact.time} AS timestamp)"
        columns = "".join(f", f.{column}" for column in sorted(measure.columns))
        until = _moment(min(self.as_of, self.planned.end))
        kept = "".join(f"\n    AND {_condition(f'f.{column}', kept)}" for column, kept in measure.where)
        return f"""events{i} AS (
  SELECT u.unit, u.arm, u.exposed_at, {at} AS at{columns}
  FROM {fact.table} f
  JOIN units u ON CAST(f.{fact.unit} AS varchar) = u.unit
  WHERE {at} >= u.exposed_at AND {at} < {until}{_days(at, measure)}{kept}
)"""

    def _numbers(self) -> str:
        definition = self._definition
        joins = "".join(f"\n  LEFT JOIN totals{i} USING (unit)" for i in range(len(definition.measures)))
        d = "coalesce(total1, 0)" if len(definition.measures) > 1 else "1"
        y = _number(definition, _moment(self.as_of))
        if definition.type == "time_to_event":
            d = f"CASE WHEN total0 <= {y} THEN 1 ELSE 0 END"
        return f"""numbers AS (
  SELECT unit, arm, exposed_at, CAST({y} AS double) AS y, CAST({d} AS double) AS d
  FROM units{joins}
)"""

    def _summary(self, segment: str | None = None) -> str:
        mean = "sum(y) / nullif(sum(d), 0)" if self._definition.type == "ratio" else "avg(y)"
        numbers = f"count(*) AS units, {mean} AS mean, stddev_samp(y) AS standard_deviation"
        if segment is None:
            return f"SELECT arm, {numbers}\nFROM numbers\nGROUP BY arm\nORDER BY arm"
        return f"""SELECT {segment} AS segment, arm, {numbers}
FROM numbers
LEFT JOIN members USING (unit)
GROUP BY 1, 2
ORDER BY 1, 2"""


def _told(name: str, segment: Segment) -> str:
    """What a unit's part is called, from `value`."""
    value = "value"
    if segment.values is not None:
        named = ", ".join(map(_literal, segment.values))
        value = f"CASE WHEN value IN ({named}) THEN value WHEN value IS NOT NULL THEN {_literal(OTHER)} END"
    return f"concat({_literal(label(name, ''))}, coalesce({value}, {_literal(NONE)}))"


def _totals(i: int, measure: Measure) -> str:
    total = {
        "sum": "count(*)" if measure.column == COUNT else f"sum(CAST({measure.column} AS double))",
        "max": f"max({measure.column})",
        "distinct": f"count(DISTINCT {measure.column})",
        "first": f"min({_elapsed('at')})",
    }[measure.aggregate]
    return f"totals{i} AS (SELECT unit, {total} AS total{i} FROM events{i} GROUP BY unit)"


def _number(metric: Metric, as_of: str) -> str:
    total = "coalesce(total0, 0)"
    if metric.type == "proportion":
        return f"CASE WHEN {total} > 0 THEN 1 ELSE 0 END"
    if metric.type == "time_to_event":
        watched = f"least({_elapsed(as_of)}, {metric.horizon_days:g})"
        return f"least(coalesce(total0, {watched}), {watched})"
    return total if metric.cap is None else f"least({total}, {metric.cap:g})"


def _elapsed(until: str) -> str:
    """Days since the exposure, as a double: a quotient of decimals would keep a digit only."""
    return f"CAST(date_diff('millisecond', exposed_at, {until}) AS double) / 86400000"


def _days(at: str, measure: Measure) -> str:
    if measure.window is None:
        return ""
    days = measure.window.from_day, measure.window.to_day
    first, end = (f"date_add('day', {day}, u.exposed_at)" for day in days)
    return f"\n    AND {at} >= {first} AND {at} < {end}"


def _condition(column: str, kept: Kept) -> str:
    if isinstance(kept, Bounds):
        return " AND ".join(f"{column} {_COMPARED[name]} {value!r}" for name, value in kept.given.items())
    if isinstance(kept, tuple):
        return f"{column} IN ({', '.join(_literal(value) for value in kept)})"
    return f"{column} = {_literal(kept)}"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else repr(value)


def _moment(day: date) -> str:
    return f"TIMESTAMP '{day.isoformat()} 00:00:00'"

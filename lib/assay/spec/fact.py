"""Facts (tables of events) and metrics (how facts become one number per unit)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from assay.errors import did_you_mean
from assay.spec.generate import Generate
from assay.spec.measure import Condition, Measure, Window
from assay.spec.model import Extended, Model, Name, problem

_LAYERS = frozenset({"bronze", "silver", "gold"})


def is_in_place(table: str) -> bool:
    """Whether a table is read where it is: its database is none of Assay's.

    Example:
        >>> is_in_place("sales.orders"), is_in_place("silver.trades")
        (True, False)
    """
    return table.partition(".")[0] not in _LAYERS


class Fact(Model):
    """A table of events.

    Attributes:
        table: Where the events are, for example `silver.trades`. A table of another database of the Data
            Catalog, Iceberg or Parquet, is read in place.
        unit: Column that names the unit (customer).
        time: Column with the time of the event (UTC).
        values: Columns with a number per event that metrics may sum.
        generate: How events are drawn; only where the fact is synthetic.
    """

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    unit: Name
    time: Name
    values: list[Name] = Field(default_factory=list)
    generate: Generate | None = None

    @model_validator(mode="after")
    def _check(self) -> Fact:
        if "count" in self.values:
            raise problem(
                "values", "a value column may not be named 'count': '<fact>.count' counts the events"
            )
        if len(set(self.values)) < len(self.values):
            raise problem("values", "a column is named twice; every name must be unique")
        if self.generate is not None and sorted(self.generate.values) != sorted(self.values):
            raise problem(
                "generate.values",
                f"names {sorted(self.generate.values)}; it must name the fact's values {sorted(self.values)}",
            )
        return self


MetricType = Literal["mean", "proportion", "ratio", "quantile", "time_to_event"]


def methods_for(metric_type: MetricType) -> list[str]:
    """Names of the methods that a metric of this type may choose: those that work from what gold has."""
    # Most blueprints name no method, and a function that checks them starts sooner without the statistics.
    from assay.stats import Moments, Samples, for_metric
    from assay.stats.survival.lifetable import LifeTable

    known = {Moments, Samples, LifeTable}
    return [
        method.name
        for method in for_metric(metric_type)
        if method.data in known and not {"w", "cluster"} & {*method.needs}
    ]


CLUSTERED: Mapping[MetricType, tuple[str, ...]] = MappingProxyType(
    {
        "mean": ("cluster_robust", "cluster_robust_icc"),
        "proportion": ("cluster_robust", "cluster_robust_icc"),
        "quantile": ("quantile_clustered",),
    }
)
"""Type of metric to the methods for units of clusters that were assigned as wholes, the default first."""


class Metric(Extended):
    """One number per unit, and how units are compared.

    A *measure* (`assay.spec.measure`) is `<fact>.count`, `<fact>.<value column>` (its sum), `max(...)`,
    `distinct(...)` or `first(<fact>)`, taken per unit from its first exposure on.

    Attributes:
        type: `mean`: the numerator per unit; `proportion`: 1 if it is above 0; `ratio`: sum of the numerator
            over all units divided by the sum of the denominator; `quantile`: of the numerator over units;
            `time_to_event`: days until `first(<fact>)`, of units without an event as many as they were
            watched.
        numerator: A measure.
        denominator: A measure; for a ratio only.
        minimum_effect: Smallest relative effect worth finding, above 0; it moves no estimate and no decision.
        higher_is_better: Whether an increase is an improvement.
        method: Name of the method of `assay.stats` that results are computed with; that of the type if left
            out. It must work from what gold has of units, values and covariate, and suit the type and the
            plan of each experiment with the metric.
        where: Column of the fact's table → what it must be for an event to count.
        window: Days after the exposure whose events count; None for all.
        cap: Largest number that a unit may have, above 0; greater ones count as the cap. For a mean.
        quantile: Which one, strictly between 0 and 1; for a quantile, where it must be given.
        horizon_days: Up to which day times are compared; for a time to event, where it must be given.
        margin: Greatest relative harm, above 0, that is accepted where the metric is a guardrail.
    """

    later: ClassVar[frozenset[str]] = frozenset(
        {"where", "window", "cap", "quantile", "horizon_days", "margin"}
    )

    type: MetricType
    numerator: str
    denominator: str | None = None
    minimum_effect: float | None = Field(default=None, gt=0)
    higher_is_better: bool = True
    method: Name | None = None
    where: dict[Name, Condition] = Field(default_factory=dict)
    window: Window | None = None
    cap: float | None = Field(default=None, gt=0)
    quantile: float | None = Field(default=None, gt=0, lt=1)
    horizon_days: float | None = Field(default=None, gt=0)
    margin: float | None = Field(default=None, gt=0, lt=1)

    @field_validator("numerator", "denominator")
    @classmethod
    def _formula(cls, formula: str | None) -> str | None:
        try:
            return formula if formula is None else Measure.parse(formula).key
        except ValueError as error:
            raise problem("", str(error)) from None

    @model_validator(mode="after")
    def _check(self) -> Metric:
        allowed = [*methods_for(self.type), *CLUSTERED.get(self.type, ())]
        if self.method is not None and self.method not in allowed:
            raise problem(
                "method",
                f"is {self.method!r}, which is no method from units' values for a {self.type}; "
                f"{did_you_mean(self.method, allowed)}",
            )
        if self.type == "ratio" and self.denominator is None:
            raise problem("denominator", "is missing; a ratio needs a measure to divide by")
        if self.type != "ratio" and self.denominator is not None:
            raise problem(
                "denominator", f"is {self.denominator!r}; only a ratio has one, this is a {self.type}"
            )
        for field, owner in _OWNERS.items():
            self._belongs(field, owner)
        self._check_time()
        return self

    def _belongs(self, field: str, owner: MetricType) -> None:
        """A field of one type is given there, where it must be, and nowhere else."""
        given = getattr(self, field)
        if given is None and self.type == owner and field != "cap":
            raise problem(field, f"is missing; a {owner} needs it")
        if given is not None and self.type != owner:
            raise problem(field, f"is {given:g}; only a {owner} has it, this is a {self.type}")

    def _check_time(self) -> None:
        """`first` is what times are made of, and nothing else is."""
        firsts = [each.key for each in self.measures if each.aggregate == "first"]
        if self.type == "time_to_event" and not firsts:
            raise problem("numerator", f"is {self.numerator!r}; a time to event needs first(<fact>)")
        if self.type != "time_to_event" and firsts:
            raise problem(
                "numerator", f"is {firsts[0]!r}, a time that some units do not have; only a time_to_event can"
            )
        if self.type == "time_to_event" and self.window is not None:
            raise problem("window", "does not go with a time_to_event, which has horizon_days; remove it")

    @property
    def analysis(self) -> str:
        """Name of the method that results are computed with, where the plan does not choose another."""
        from assay.stats import DEFAULT_METHOD

        return DEFAULT_METHOD[self.type] if self.method is None else self.method

    @property
    def options(self) -> dict[str, float]:
        """Options of the method that the metric decides."""
        if self.quantile is not None:
            return {"q": self.quantile}
        if self.horizon_days is not None and self.analysis in _UNTIL:
            return {_UNTIL[self.analysis]: self.horizon_days}
        return {}

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The numerator and, for a ratio, the denominator."""
        formulas = (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)
        return tuple(Measure.parse(each).restricted(self.where, self.window) for each in formulas)

    @property
    def is_plain(self) -> bool:
        """Whether it is one whose truth a planted world knows: sums of all events, as they are."""
        known = self.type in {"mean", "proportion", "ratio"} and self.cap is None
        return known and all(measure.is_plain for measure in self.measures)


_OWNERS: dict[str, MetricType] = {"cap": "mean", "quantile": "quantile", "horizon_days": "time_to_event"}
_UNTIL = {"restricted_mean": "tau", "retention": "day"}
"""Methods of times that look up to a horizon, and what they call it."""

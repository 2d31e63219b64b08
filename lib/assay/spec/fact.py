"""Facts (tables of events) and metrics (how facts become one number per unit)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from assay.errors import did_you_mean
from assay.spec.generate import Generate
from assay.spec.model import Extended, Model, Name, problem


class Fact(Model):
    """A table of events.

    Attributes:
        table: Where the events are, for example `silver.trades`.
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


MetricType = Literal["mean", "proportion", "ratio"]


def methods_for(metric_type: MetricType) -> list[str]:
    """Names of the methods that a metric of this type may choose: those that work from moments."""
    # Most blueprints name no method, and a function that checks them starts sooner without the statistics.
    from assay.stats import Moments, for_metric

    return [m.name for m in for_metric(metric_type) if m.data is Moments]


class Metric(Extended):
    """One number per unit, and how units are compared.

    A *measure* is `<fact>.count` (events) or `<fact>.<value column>` (sum over events), counted per unit
    from its first exposure on.

    Attributes:
        type: `mean`: the numerator's total per unit; `proportion`: 1 if that total is above 0; `ratio`: sum
            of the numerator over all units divided by the sum of the denominator.
        numerator: A measure.
        denominator: A measure; for a ratio only.
        minimum_effect: Smallest relative effect worth finding, above 0; it moves no estimate and no decision.
        higher_is_better: Whether an increase is an improvement.
        method: Name of the method of `assay.stats` that results are computed with; that of the type if left
            out. It must work from moments and suit the type, and the plan of each experiment with the metric.
        margin: Greatest relative harm, above 0, that is accepted where the metric is a guardrail.
    """

    later: ClassVar[frozenset[str]] = frozenset({"margin"})

    type: MetricType
    numerator: str
    denominator: str | None = None
    minimum_effect: float | None = Field(default=None, gt=0)
    higher_is_better: bool = True
    method: Name | None = None
    margin: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> Metric:
        if self.method is not None and self.method not in (allowed := methods_for(self.type)):
            raise problem(
                "method",
                f"is {self.method!r}, which is no method from moments for a {self.type}; "
                f"{did_you_mean(self.method, allowed)}",
            )
        if self.type == "ratio" and self.denominator is None:
            raise problem("denominator", "is missing; a ratio needs a measure to divide by")
        if self.type != "ratio" and self.denominator is not None:
            raise problem(
                "denominator", f"is {self.denominator!r}; only a ratio has one, this is a {self.type}"
            )
        return self

    @property
    def analysis(self) -> str:
        """Name of the method that results are computed with, where the plan does not choose another."""
        from assay.stats import DEFAULT_METHOD

        return DEFAULT_METHOD[self.type] if self.method is None else self.method

    @property
    def measures(self) -> tuple[str, ...]:
        """The numerator and, for a ratio, the denominator."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

"""How a synthetic fact is drawn: its laws, its calendar, and what binds a unit's rate to its values."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from assay.distributions import copula
from assay.spec.law import Law
from assay.spec.model import Extended, Model, Name, problem

_STEEPEST = 0.2
"""Largest relative change of a rate per week: in a year it becomes 13,000-fold."""


class UnitScale(Model):
    """A factor of all values of a unit, log-normal with mean 1, joined to its rate by a Gaussian copula.

    Attributes:
        sigma: Standard deviation of the factor's logarithm, above 0 and at most 1.
        correlation: Of the normal scores of rate and factor, from -1 to 1.
    """

    sigma: float = Field(gt=0, le=1)
    correlation: float = Field(default=0.0, ge=-1, le=1)


class Generate(Extended):
    """How a synthetic fact is drawn: a (mixed) Poisson number of events per unit and week, each with values.

    A metric and its covariate from before the exposure correlate through the unit's rate, which a unit keeps
    for good; `unit_scales` lets them correlate through the size of the values too.

    Attributes:
        rate: Law of the events per week between units; a unit keeps its rate for good.
        values: Law of each value column, independent between events.
        day_of_week: Seven weights, Monday first, 0 or greater; scaled to mean 1 they multiply the rate.
        trend: Relative change of the rate per week, -0.2 to 0.2: in week n (1 + trend)^(n - 1) times the
            rate of week 1. Canaries have none, so that they are the same in every week.
        unit_scales: Value column to a factor that a unit keeps for good.
    """

    later: ClassVar[frozenset[str]] = frozenset({"day_of_week", "trend", "unit_scales"})

    rate: Law
    values: dict[Name, Law] = Field(default_factory=dict)
    day_of_week: Annotated[list[float], Field(min_length=7, max_length=7)] | None = None
    trend: float = Field(default=0.0, ge=-_STEEPEST, le=_STEEPEST)
    unit_scales: dict[Name, UnitScale] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Generate:
        laws = {"rate": self.rate} | {f"values.{name}": law for name, law in self.values.items()}
        for path, law in laws.items():
            if law.support[0] < 0:
                raise problem(
                    path, f"is a {law.name} distribution, which can be negative; it must be 0 or greater"
                )
        self._check_calendar()
        self._check_scales()
        return self

    def _check_calendar(self) -> None:
        days = self.day_of_week
        if days is not None and not (min(days) >= 0 and max(days) > 0):
            raise problem("day_of_week", f"is {days}; the weights must be 0 or greater, one above 0")

    def _check_scales(self) -> None:
        for column in self.unit_scales:
            if column not in self.values:
                raise problem(
                    "unit_scales", f"names {column!r}; only values {sorted(self.values)} have scales"
                )
        if self.unit_scales and not copula.joinable(self.rate):
            raise problem(
                "unit_scales",
                f"need a rate of gamma, lognormal or weibull, or those with zeros or mixed, to have a known "
                f"truth; it is {self.rate.name}",
            )

    def calendar(self, week: int) -> NDArray[np.float64]:
        """By what the rate of a week is multiplied on each of its days, Monday first, shape `(7,)`.

        Args:
            week: Number of the week, from 1.
        """
        days = np.ones(7) if self.day_of_week is None else np.array(self.day_of_week)
        return np.asarray(days / days.mean() * (1 + self.trend) ** (week - 1))

"""Experiments as declared, and their rounds as planned on the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field, model_validator

from assay.errors import did_you_mean
from assay.spec.arm import Arm
from assay.spec.model import Extended, Model, Name, check_shares, problem
from assay.spec.plan import Fixed, Plan, Role, Sequential
from assay.spec.planted import Planted


class Experiment(Extended):
    """A comparison of arms between randomised units.

    Attributes:
        arms: Two or more; the first is the control.
        metrics: Names of the blueprint's metrics.
        first_week: Week of the blueprint (from 1) in which it starts, on Monday.
        weeks: How long it runs.
        enrol_weeks: For how long new units enter; None for the whole time.
        repeat_every_weeks: Start again so many weeks after the last start; None for once.
        layer: Experiments of one layer share no unit; None for a layer of its own.
        traffic: Share of the layer's units.
        covariate_days: Length of the period before exposure that serves as covariate; 0 for none.
        planted: Faults of a synthetic experiment.
        roles: Metric to what it is for; those not named are `primary`.
        plan: How it decides; at the planned end, by Bonferroni's correction, if left out.
        segments: Names of the blueprint's segments by which results are shown as well; they decide nothing.
    """

    later: ClassVar[frozenset[str]] = frozenset({"roles", "plan", "segments"})

    arms: list[Arm] = Field(min_length=2, max_length=20)
    metrics: list[str] = Field(min_length=1)
    first_week: int = Field(default=1, ge=1)
    weeks: int = Field(ge=1, le=520)
    enrol_weeks: int | None = Field(default=None, ge=1)
    repeat_every_weeks: int | None = Field(default=None, ge=1)
    layer: Name | None = None
    traffic: float = Field(default=1.0, gt=0, le=1)
    covariate_days: int = Field(default=7, ge=0, le=365)
    planted: Planted | None = None
    roles: dict[str, Role] = Field(default_factory=dict)
    plan: Plan = Field(default_factory=Fixed, discriminator="kind")
    segments: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> Experiment:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise problem("arms", f"the names are {names}; every arm needs a name of its own")
        if len(set(self.metrics)) < len(self.metrics):
            raise problem("metrics", f"the names are {self.metrics}; a metric is named twice")
        if len(set(self.segments)) < len(self.segments):
            raise problem("segments", f"the names are {self.segments}; a segment is named twice")
        check_shares("arms", {arm.name: arm.allocation for arm in self.arms})
        for metric in self.roles:
            if metric not in self.metrics:
                raise problem("roles", f"names no metric {metric!r}; {did_you_mean(metric, self.metrics)}")
        self._check_calendar()
        for arm in self.planted.lost_exposures if self.planted else ():
            if arm not in names:
                raise problem("planted.lost_exposures", f"names no arm {arm!r}; {did_you_mean(arm, names)}")
        if self.planted is not None and self.planted.attrition and self.repeat_every_weeks is not None:
            raise problem(
                "planted.attrition",
                "takes units away for good, so that later rounds have no known truth; remove "
                "repeat_every_weeks",
            )
        return self

    def _check_calendar(self) -> None:
        """Enrolment fits into the experiment, and a round ends before the next starts."""
        if self.enrol_weeks is not None and self.enrol_weeks > self.weeks:
            raise problem("enrol_weeks", f"is {self.enrol_weeks}; it must not exceed weeks, {self.weeks}")
        if self.repeat_every_weeks is not None and self.repeat_every_weeks < self.weeks:
            raise problem(
                "repeat_every_weeks",
                f"is {self.repeat_every_weeks}, less than weeks, {self.weeks}: rounds overlap; raise it",
            )
        if isinstance(self.plan, Sequential) and self.plan.looks[-1] != self.weeks:
            raise problem(
                "plan.looks",
                f"ends at {self.plan.looks[-1]}; the last look must be that of weeks, {self.weeks}",
            )


class PlannedExperiment(Model):
    """One round of an experiment, on the calendar.

    Attributes:
        id: The experiment's name; from the second round on with its number, `checkout.2`.
        experiment: Name of the experiment in the blueprint.
        round: 1 for the first.
        start: Monday of its first week.
        enrol_end: Monday after the last week in which units enter.
        end: Monday after its last week.
        arms: As declared; the first is the control.
        metrics: Names of the metrics.
        covariate_days: As declared.
        roles: Metric to its role; those not named are `primary`.
        plan: How it decides.
        segments: Names of the segments by which results are shown as well.
    """

    id: str
    experiment: Name
    round: int
    start: date
    enrol_end: date
    end: date
    arms: list[Arm]
    metrics: list[str]
    covariate_days: int
    roles: dict[str, Role]
    plan: Plan
    segments: list[str]

    @property
    def control(self) -> str:
        """Name of the first arm."""
        return self.arms[0].name

    @property
    def allocations(self) -> dict[str, float]:
        """Arm to share."""
        return {arm.name: arm.allocation for arm in self.arms}

    def role(self, metric: str) -> Role:
        """What a metric is for."""
        return self.roles.get(metric, "primary")

    def covers(self, week: date) -> bool:
        """Whether the week that starts on this Monday is one of its weeks."""
        return self.start <= week < self.end


def plan_round(name: str, experiment: Experiment, number: int, start: date) -> PlannedExperiment:
    """Put one round of an experiment on the calendar.

    Args:
        name: The experiment's name.
        experiment: Its declaration.
        number: Which round, from 1.
        start: Monday of the round's first week.
    """
    enrol_weeks = experiment.weeks if experiment.enrol_weeks is None else experiment.enrol_weeks
    return PlannedExperiment(
        id=name if number == 1 else f"{name}.{number}",
        experiment=name,
        round=number,
        start=start,
        enrol_end=start + timedelta(weeks=enrol_weeks),
        end=start + timedelta(weeks=experiment.weeks),
        arms=experiment.arms,
        metrics=experiment.metrics,
        covariate_days=experiment.covariate_days,
        roles=experiment.roles,
        plan=experiment.plan,
        segments=experiment.segments,
    )

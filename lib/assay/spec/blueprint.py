"""The blueprint: one document that declares a world, what is measured in it, and the experiments."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationError, field_validator, model_validator

from assay.errors import InputError, did_you_mean
from assay.spec import canaries as canary
from assay.spec import reading, references, sentences
from assay.spec.canaries import Canaries
from assay.spec.experiment import Experiment, PlannedExperiment, plan_round
from assay.spec.exposures import SHIPPED, Exposures
from assay.spec.fact import Fact, Metric, is_in_place
from assay.spec.generate import Generate
from assay.spec.model import Extended, Name, problem
from assay.spec.population import Population
from assay.spec.segment import Segment

_WEEK = timedelta(weeks=1)


class Blueprint(Extended):
    """What a user writes; see `glue_configs/blueprints/brokerage.yaml`.

    The order of facts, metrics and experiments has no meaning (their names are what counts); that of arms
    has.

    Attributes:
        name: Names the blueprint's documents in the lake.
        seed: Of every draw, 0 or greater.
        start: Monday of week 1.
        alpha: Two-sided significance level of one comparison.
        population: The synthetic world; None where the data are real.
        facts: Tables of events by name.
        metrics: Metrics by name.
        experiments: Experiments by name.
        canaries: Planted experiments that travel with every week; None for none.
        exposures: Where exposures stand; None for `silver.exposures`, the brokerage's own.
        segments: Attributes of units by name, which experiments may be shown by.
    """

    later: ClassVar[frozenset[str]] = frozenset({"exposures", "segments"})

    name: Name
    seed: int = Field(default=0, ge=0, lt=2**63)
    start: date = Field(strict=False)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    population: Population | None = None
    facts: Annotated[dict[Name, Fact], Field(min_length=1)]
    metrics: Annotated[dict[Name, Metric], Field(min_length=1)]
    experiments: dict[Name, Experiment] = Field(default_factory=dict)
    canaries: Canaries | None = None
    exposures: Exposures | None = None
    segments: dict[Name, Segment] = Field(default_factory=dict)

    @field_validator("start")
    @classmethod
    def _monday(cls, start: date) -> date:
        if start.weekday() != 0:
            monday = start - timedelta(days=start.weekday())
            raise problem("", f"is {start} ({start:%A}); weeks start on Monday, for example {monday}")
        return start

    @model_validator(mode="after")
    def _check(self) -> Blueprint:
        references.check(self)
        return self

    @classmethod
    def parse(cls, document: str, source: str) -> Blueprint:
        """Read a blueprint from YAML or JSON text.

        Args:
            document: The text.
            source: What to call it in messages, for example the file's path.

        Raises:
            InputError: Not readable, or not a valid blueprint; one sentence with source, path, value and
                remedy.
        """
        tree = reading.read(document, source)
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise InputError(sentences.sentence(error, cls, source)) from None

    def document(self) -> str:
        """The blueprint as canonical JSON: the same text for the same meaning.

        All fields are written, also those left at their default; keys are sorted; numbers are in their
        shortest form; dates are ISO; there is no white space. `parse` of it gives an equal blueprint.
        """
        return json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False
        )

    @property
    def version(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of `document()`."""
        return hashlib.sha256(self.document().encode()).hexdigest()[:12]

    @property
    def exposed(self) -> Exposures:
        """The silver table that holds exposures, and its columns."""
        return SHIPPED if self.exposures is None else self.exposures

    @property
    def clustered(self) -> bool:
        """Whether clusters of units were assigned as wholes."""
        return self.exposed.cluster is not None

    @property
    def in_place(self) -> tuple[str, ...]:
        """The tables that facts and segments are read from in place, sorted."""
        tables = {fact.table for fact in self.facts.values()}
        tables |= {segment.table for segment in self.segments.values()}
        return tuple(sorted(filter(is_in_place, tables)))

    def week_start(self, n: int) -> date:
        """The Monday of week `n`, counted from 1."""
        return self.start + (n - 1) * _WEEK

    def week_number(self, week: date) -> int:
        """The number of the week that contains a date; 1 for the first, below 1 before the start."""
        return (week - self.start).days // 7 + 1

    def planned(self, week: int | date) -> list[PlannedExperiment]:
        """The rounds of declared experiments that run in a week.

        Args:
            week: Its number, from 1, or any date in it.

        Returns:
            In order of name.
        """
        number = week if isinstance(week, int) else self.week_number(week)
        monday = self.week_start(number)
        newest = [
            planned
            for name, experiment in sorted(self.experiments.items())
            for planned in self._rounds(name, experiment, monday + _WEEK, newest=True)
        ]
        return [planned for planned in newest if planned.covers(monday)]

    def plan(self, until: date) -> list[PlannedExperiment]:
        """Every round of a declared experiment that starts before a date, in order of name, then round."""
        return [
            planned
            for name, experiment in sorted(self.experiments.items())
            for planned in self._rounds(name, experiment, until)
        ]

    def rounds(self, until: date) -> list[PlannedExperiment]:
        """Every round that is analysed and starts before a date: those of the plan, then the canaries'."""
        canaries = [] if self.canaries is None else canary.world(self).plan(until)
        return [*self.plan(until), *canaries]

    def world_of(self, planned_id: str) -> Blueprint:
        """The blueprint whose truth a round has: of a canary that of its own world, else this one."""
        return canary.world(self) if self.canaries and canary.is_canary(planned_id) else self

    def round_of(self, planned_id: str) -> PlannedExperiment:
        """The round with this id, declared or a canary's.

        Raises:
            InputError: No experiment of the blueprint has it.
        """
        if (world := self.world_of(planned_id)) is not self:
            return world.round_of(planned_id)
        name, _, number = planned_id.partition(".")
        experiment = self.experiments.get(name)
        if experiment is None:
            hint = did_you_mean(name, self.experiments)
            raise InputError(f"blueprint {self.name} has no experiment {planned_id!r}; {hint}")
        k = int(number) if number.isdecimal() else 1
        period = experiment.repeat_every_weeks
        if (
            planned_id not in {name, f"{name}.{k}"}
            or (number and k == 1)
            or k < 1
            or (k > 1 and period is None)
        ):
            raise InputError(f"experiment {name!r} of blueprint {self.name} has no round {planned_id!r}")
        start = self.week_start(experiment.first_week) + (k - 1) * (period or 0) * _WEEK
        return plan_round(name, experiment, k, start)

    def allocations(self, planned_id: str) -> dict[str, float]:
        """Arm to share of the experiment (or round) with this id; errors as for `round_of`."""
        return self.round_of(planned_id).allocations

    def generated(self, fact: str) -> Generate:
        """How a fact is drawn.

        Raises:
            InputError: It is not synthetic.
        """
        generate = self.facts[fact].generate if fact in self.facts else None
        if generate is None:
            raise InputError(f"blueprint {self.name} does not generate a fact {fact!r}; its truth is unknown")
        return generate

    def _rounds(
        self, name: str, experiment: Experiment, until: date, *, newest: bool = False
    ) -> list[PlannedExperiment]:
        """The rounds that start before a date, or the newest of them: rounds never overlap."""
        first = self.week_start(experiment.first_week)
        if first >= until:
            return []
        period = experiment.repeat_every_weeks
        rounds = 1 if period is None else -(-(until - first).days // (7 * period))
        return [
            plan_round(name, experiment, k + 1, first + k * (period or 0) * _WEEK)
            for k in range(rounds - 1 if newest else 0, rounds)
        ]


def load_blueprint(path: str | Path) -> Blueprint:
    """Read a blueprint's file.

    Args:
        path: A YAML or JSON file.

    Raises:
        InputError: The file is missing or unreadable, or its blueprint is not valid.
    """
    return Blueprint.parse(reading.text(Path(path)), str(path))

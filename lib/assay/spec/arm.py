"""The arms of an experiment, and what is planted in them."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from assay.spec.model import Extended, Model, Name, problem

Multiplier = dict[str, float]
"""Effect target, `<fact>.rate` or `<fact>.<value column>`, to the factor by which the arm multiplies it."""

Dimension = Literal["country", "tier"]
"""What units are segmented by."""

MOST = 100.0
"""Largest multiplier: beyond it, thinning would waste nearly every draw."""


class Fade(Model):
    """How an effect changes with the time since a unit's exposure.

    With multiplier m the factor t weeks after the exposure is 1 + (m - 1) h(t): for novelty with h(t) =
    2^(-t / half_life), for primacy with h(t) = 1 - 2^(-t / half_life).

    Attributes:
        kind: `novelty`: full at exposure, then it wears off; `primacy`: none at exposure, then it grows to
            its full size.
        half_life: Weeks in which half of the change is done, 0.1 or greater.
    """

    kind: Literal["novelty", "primacy"]
    half_life: float = Field(ge=0.1)

    def share(self, weeks: ArrayLike) -> NDArray[np.float64]:
        """h(t), the share of the full effect after so many weeks, any shape."""
        left = np.exp2(-np.asarray(weeks, dtype=np.float64) / self.half_life)
        return left if self.kind == "novelty" else 1 - left


class Arm(Extended):
    """One variant of an experiment.

    Attributes:
        name: For example `control`.
        allocation: Share of the experiment's units.
        effects: Planted multipliers (1.1 is +10 %) from a unit's exposure to the experiment's end; synthetic
            only.
        effects_by: Segment dimension, target, segment and multiplier: for units of that segment it comes on
            top of `effects`; segments that are not named have 1. A unit's tier is that at its exposure.
        fades: Target to how its effect changes with the time since exposure.
    """

    later: ClassVar[frozenset[str]] = frozenset({"effects_by", "fades"})

    name: Name
    allocation: float = Field(gt=0, lt=1)
    effects: Multiplier = Field(default_factory=dict)
    effects_by: dict[Dimension, dict[str, dict[str, float]]] = Field(default_factory=dict)
    fades: dict[str, Fade] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Arm:
        for target, factor in self.effects.items():
            _check_factor(f"effects.{target}", factor)
        for dimension, targets in self.effects_by.items():
            for target, factors in targets.items():
                for segment, factor in factors.items():
                    _check_factor(f"effects_by.{dimension}.{target}.{segment}", factor)
        for target in self.fades:
            if target not in self.targets:
                raise problem(f"fades.{target}", "has no effect that could fade; plant one, or remove it")
        return self

    @property
    def targets(self) -> set[str]:
        """Every target that the arm has an effect on."""
        return set(self.effects).union(*self.effects_by.values())

    def factor(self, target: str, segments: dict[Dimension, str]) -> float:
        """The full multiplier of a target for a unit of one segment per dimension."""
        factor = self.effects.get(target, 1.0)
        for dimension, targets in self.effects_by.items():
            factor *= targets.get(target, {}).get(segments[dimension], 1.0)
        return factor


def _check_factor(path: str, factor: float) -> None:
    if not 0 < factor <= MOST:
        raise problem(path, f"is {factor:g}; a multiplier must be above 0 and at most 100")

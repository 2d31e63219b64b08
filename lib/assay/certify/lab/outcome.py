"""What a unit of an experiment may look like: the ground on which methods are certified.

An outcome draws whole arms, again and again, in the two forms that methods read: moments, by the shortest
exact way, or the units themselves. It knows its own truth.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeVar

import numpy as np

from assay.errors import InputError
from assay.stats import Moments, Samples

Kind = Literal["mean", "proportion", "count", "ratio", "time"]
_D = TypeVar("_D", Moments, Samples)


@dataclass(frozen=True, slots=True)
class Change:
    """What a lift does to values that were drawn without it: y becomes scale * y + shift."""

    scale: float = 1.0
    shift: float = 0.0

    def of(self, data: _D) -> _D:
        """The changed data of an arm; other series than y stay."""
        if isinstance(data, Samples):
            return replace(data, y=self.scale * data.y + self.shift)
        crossed = {
            name: self.scale * getattr(data, name)
            for name in ("c_yd", "c_yx")
            if getattr(data, name) is not None
        }
        return replace(
            data,
            mean_y=self.scale * data.mean_y + self.shift,
            m2_y=self.scale**2 * data.m2_y,
            **crossed,
        )


class Outcome(ABC):
    """What is measured of a unit, and how an arm of units comes about.

    Attributes:
        kind: Type of the metric; `count` is a mean of whole numbers, `time` a time until an event.
        series: What a unit carries, as `Samples` names it.
        group: Units of one cluster; an arm is made of whole clusters.
        paired: Whether each unit has a partner in the other arm.
    """

    __slots__ = ()
    kind: ClassVar[Kind] = "mean"
    series: ClassVar[frozenset[str]] = frozenset({"y"})
    group: int = 1
    paired: ClassVar[bool] = False

    @property
    @abstractmethod
    def truth(self) -> float:
        """What is estimated of one arm: the mean, the share or the ratio."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """Variance of a unit's contribution: n times that of an arm's estimate, for many units."""

    @abstractmethod
    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Arms of `n` units, shape (replicates, n)."""

    def beside(self, control: Samples, rng: np.random.Generator, n: int) -> Samples:
        """Arms of `n` treated units, as yet without an effect; of their own unless units come in pairs."""
        return self.samples(rng, n, control.y.shape[0])

    def moments(self, rng: np.random.Generator, n: int, replicates: int) -> Moments:
        """Moments of arms of `n` units, shape (replicates,)."""
        return self.samples(rng, n, replicates).moments()

    def change(self, lift: float) -> Change | None:
        """How a lift turns drawn values into those of the treatment; None if they must be drawn anew."""
        return Change(scale=1 + lift)

    def lifted(self, lift: float) -> Outcome:
        """The outcome of units that a lift has reached."""
        raise InputError(f"{type(self).__name__} is lifted by a change of its values, not by {lift:g}")

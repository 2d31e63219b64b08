"""Times until an event, for methods of survival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from assay.certify.lab.outcome import Kind, Outcome
from assay.stats import Samples


@dataclass(frozen=True, slots=True)
class Waiting(Outcome):
    """Exponential times until an event.

    Attributes:
        mean: Of the time, in days.
    """

    mean: float
    kind: ClassVar[Kind] = "time"

    @property
    def truth(self) -> float:
        """The mean time."""
        return self.mean

    @property
    def variance(self) -> float:
        """The mean squared, were all times seen."""
        return self.mean**2

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Times, all seen: a method's own data say where watching ends."""
        return Samples(self.mean * rng.standard_exponential((replicates, n)))

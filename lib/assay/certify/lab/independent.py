"""Independent units of one law: most metrics of most experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assay.certify.lab.outcome import Change, Kind, Outcome
from assay.certify.lab.sufficient import moments
from assay.distributions import Bernoulli, Distribution, Gamma, MixedPoisson, Normal, Poisson, ZeroInflated
from assay.errors import InputError
from assay.stats import Moments, Samples


@dataclass(frozen=True, slots=True)
class Independent(Outcome):
    """Independent units of one law.

    Attributes:
        law: With a finite mean and variance.
        late: Share of units whose values have not arrived yet and count as 0. The truth does not know them.
    """

    law: Distribution
    late: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.law.mean):
            raise InputError(
                f"{self.law!r} has no finite mean, so there is no difference of means to certify; "
                "give it a lighter tail (a pareto index above 1)"
            )

    @property
    def kind(self) -> Kind:  # type: ignore[override]  # follows from the law
        """A proportion for 0/1, a count for whole numbers, else a mean."""
        if isinstance(self.law, Bernoulli):
            return "proportion"
        return "count" if isinstance(self.law, Poisson | MixedPoisson) else "mean"

    @property
    def truth(self) -> float:
        """The law's mean."""
        return self.law.mean

    @property
    def variance(self) -> float:
        """The law's variance."""
        return self.law.variance

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Values of every unit."""
        return Samples(self._arrived.draw(rng, n * replicates).reshape(replicates, n))

    def moments(self, rng: np.random.Generator, n: int, replicates: int) -> Moments:
        """Drawn directly where the law allows."""
        return moments(self._arrived, rng, n, replicates)

    def change(self, lift: float) -> Change | None:
        """Positive amounts are scaled, normal ones shifted; counts have another law."""
        if isinstance(self.law, Normal):
            return Change(shift=lift * self.law.mean) if self.late == 0 else None
        return None if self.lifts_by_law else Change(scale=1 + lift)

    @property
    def lifts_by_law(self) -> bool:
        """Whether a lift changes the law's shape and not only its scale."""
        of = self.law.of if isinstance(self.law, ZeroInflated) else self.law
        return isinstance(of, Bernoulli | Poisson | MixedPoisson)

    def lifted(self, lift: float) -> Independent:
        """More events, or a greater share."""
        return replace(self, law=_lifted(self.law, lift))

    @property
    def _arrived(self) -> Distribution:
        return ZeroInflated(self.late, self.law) if self.late > 0 else self.law


def _lifted(law: Distribution, lift: float) -> Distribution:
    if isinstance(law, Bernoulli):
        return Bernoulli(law.mean * (1 + lift))
    if isinstance(law, Poisson):
        return Poisson(law.mean * (1 + lift))
    if isinstance(law, MixedPoisson) and isinstance(law.rate, Gamma):
        return MixedPoisson(Gamma(law.rate.shape, law.rate.scale * (1 + lift)))
    if isinstance(law, ZeroInflated):
        return ZeroInflated(law.zeros, _lifted(law.of, lift))
    if isinstance(law, Normal):
        return Normal(law.location * (1 + lift), law.deviation)
    raise InputError(f"{law!r} has no rule for a lift; use another law, or a scale family such as gamma")

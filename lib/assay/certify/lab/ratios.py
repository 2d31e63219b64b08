"""Units with a numerator and a denominator: ratios of sums, and sessions of users."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from assay.certify.lab.outcome import Kind, Outcome
from assay.certify.lab.sufficient import blocks
from assay.stats import Moments, Samples

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratio(Outcome):
    """Log-normal numerator, denominator and covariate, correlated through their logarithms.

    Attributes:
        sigma: Deviation of each logarithm.
        correlation: Between any two logarithms.
    """

    sigma: float
    correlation: float
    kind: ClassVar[Kind] = "ratio"
    series: ClassVar[frozenset[str]] = frozenset({"y", "d", "x"})

    @property
    def truth(self) -> float:
        """Both parts have the same law."""
        return 1.0

    @property
    def variance(self) -> float:
        """Var(y - d) / E[d]², from moments of the log-normal law."""
        square = np.exp(self.sigma**2)
        return float(2 * (square - np.exp(self.correlation * self.sigma**2)))

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Three values of every unit."""
        common = rng.standard_normal((replicates, n))
        own = rng.standard_normal((3, replicates, n))
        own *= np.sqrt(1 - self.correlation)
        own += np.sqrt(self.correlation) * common
        y, d, x = np.exp(self.sigma * own)
        return Samples(y, d=d, x=x)

    def moments(self, rng: np.random.Generator, n: int, replicates: int) -> Moments:
        """From units, in blocks."""
        return _in_blocks(self, rng, n, replicates)


@dataclass(frozen=True, slots=True)
class Sessions(Outcome):
    """Users with sessions, of which some succeed: a ratio per session, users being randomised.

    Attributes:
        extra: Mean number of sessions beyond the first (Poisson, cut at `MOST`).
        share: Of sessions that succeed, over users.
        between: How much users differ: a user's own share has variance between * share * (1 - share).
    """

    extra: float
    share: float
    between: float
    kind: ClassVar[Kind] = "ratio"
    series: ClassVar[frozenset[str]] = frozenset({"y", "d"})
    MOST: ClassVar[int] = 20

    @property
    def truth(self) -> float:
        """Successes per session."""
        return self.share

    @property
    def variance(self) -> float:
        """Var(y - share * d) / E[d]²."""
        y, d, probability = self._cells
        return float(probability @ (y - self.share * d) ** 2 / (probability @ d) ** 2)

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Successes and sessions of every user, whose sessions form a cluster."""
        y, d, probability = self._cells
        cell = rng.choice(y.size, size=(replicates, n), p=probability)
        return Samples(y[cell], d=d[cell])

    def moments(self, rng: np.random.Generator, n: int, replicates: int) -> Moments:
        """So many users in each cell of sessions and successes: a multinomial draw."""
        y, d, probability = self._cells
        counts = rng.multinomial(n, probability, size=replicates)
        # Deviations from the truth are small, so that nothing cancels when squares are subtracted.
        centre_y, centre_d = probability @ y, probability @ d
        u, v = y - centre_y, d - centre_d
        sums = np.einsum("ij,jk->ik", counts, np.column_stack([u, v, u * u, v * v, u * v]))
        a, b = sums[:, 0] / n, sums[:, 1] / n
        m2_y, m2_d = np.maximum(sums[:, 2] - n * a**2, 0.0), np.maximum(sums[:, 3] - n * b**2, 0.0)
        # Rounding must not pass it: Cauchy-Schwarz.
        bound = np.sqrt(m2_y) * np.sqrt(m2_d)
        return Moments(
            n=np.full(replicates, float(n)),
            mean_y=centre_y + a,
            m2_y=m2_y,
            mean_d=centre_d + b,
            m2_d=m2_d,
            c_yd=np.clip(sums[:, 4] - n * a * b, -bound, bound),
        )

    def change(self, lift: float) -> None:
        """More sessions succeed: another law."""

    def lifted(self, lift: float) -> Sessions:
        """The same users with a greater share."""
        return replace(self, share=self.share * (1 + lift))

    @property
    def _cells(self) -> tuple[Array, Array, Array]:
        """Successes, sessions and probability of every cell: beta-binomial given the sessions."""
        sessions = np.arange(1, self.MOST + 1)
        weight = stats.poisson.pmf(sessions - 1, self.extra)
        weight = weight / weight.sum()
        size = 1 / self.between - 1
        a, b = self.share * size, (1 - self.share) * size
        d = np.repeat(sessions, sessions + 1)
        y = np.concatenate([np.arange(m + 1) for m in sessions])
        probability = np.repeat(weight, sessions + 1) * stats.betabinom.pmf(y, d, a, b)
        return y.astype(np.float64), d.astype(np.float64), np.asarray(probability / probability.sum())


def _in_blocks(outcome: Outcome, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    """Moments of units that do not all fit into the cache."""
    parts = [outcome.samples(rng, n, rows).moments() for rows in blocks(n, replicates)]
    names = [f.name for f in fields(Moments) if getattr(parts[0], f.name) is not None]
    return Moments(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

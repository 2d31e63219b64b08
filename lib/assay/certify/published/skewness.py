"""How many units does a t-test need when the metric is skewed? 355 times the squared skewness, says the rule.

By Edgeworth's expansion the tails of Student's t from n units of skewness s and excess kurtosis k are

    2.5 % ± s·(2z² + 1)·φ(z) / (6·√n) + z·φ(z)·(s²·(z⁴ + 2z² - 3) / 18 - k·(z² - 3) / 12) / n,    z = 1.96,

the lower one the greater if s > 0: at n = 355·s² the first term is 0.45 points, whatever the law. In a
comparison of equal arms the skewness cancels. The rule's 355 is printed; which error it stands for could not
be looked up, so the tails are those of the expansion.

References:
    Kohavi, Deng, Longbotham and Xu (2014), Seven Rules of Thumb for Web Site Experimenters, rule 7. Boos and
    Hughes-Oliver (2000), How Large Does n Have to Be for Z and t Intervals? Hall (1992), The Bootstrap and
    Edgeworth Expansion, section 2.6 (q1 and q2; Student's quantile takes up what is left of q2 for normal
    units).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from assay.certify.published.figures import rate, theory
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row
from assay.stats import METHODS, Effect, Moments, Samples

ALPHA = 0.05
FACTOR = 355
"""Units per squared skewness that the rule asks for."""
_CACHED = 200_000
"""Units of a block: its arrays fit into a cache."""


@dataclass(frozen=True, slots=True)
class Case:
    """Gamma units of a shape (skewness 2 / √shape), `share` of what the rule asks for."""

    shape: float
    share: float
    arms: int

    @property
    def skewness(self) -> float:
        """Of a unit."""
        return 2 / math.sqrt(self.shape)

    @property
    def units(self) -> int:
        """Of an arm."""
        return round(FACTOR * self.skewness**2 * self.share)

    @property
    def label(self) -> str:
        """What is tested."""
        test = "one mean" if self.arms == 1 else "two equal arms"
        return f"{test}, skewness {self.skewness:.3g}, n = {self.units:,}"

    def tails(self) -> tuple[float, float]:
        """Probability of a t below and above its critical values."""
        if self.arms > 1:
            return ALPHA / 2, ALPHA / 2
        z = -float(special.ndtri(ALPHA / 2))
        density, square = float(stats.norm.pdf(z)), self.skewness**2
        kurtosis = 1.5 * square  # of gamma laws
        lean = self.skewness * (2 * z**2 + 1) * density / (6 * math.sqrt(self.units))
        both = square * (z**4 + 2 * z**2 - 3) / 18 - kurtosis * (z**2 - 3) / 12
        middle = ALPHA / 2 + z * density * both / self.units
        return middle + lean, middle - lean


CASES = (Case(1.0, 1.0, 1), Case(1.0, 0.25, 1), Case(0.5, 1.0, 1), Case(1.0, 1.0, 2))


@publication(
    name="skewness",
    title="Skewness and the t-test: n = 355 s²",
    source=(
        "Kohavi, Deng, Longbotham and Xu (2014), Seven Rules of Thumb for Web Site Experimenters, KDD: "
        "1857-1866, rule 7, after Boos and Hughes-Oliver (2000), How Large Does n Have to Be for Z and t "
        "Intervals?, The American Statistician 54: 121-128."
    ),
    compares=(
        "Probability of each tail of a t-test at level 0.05, none of which is wanted above 2.5 %, at and "
        "below the size that the rule asks for. Ours: `paired` (against 0) and `welch` on gamma units; "
        "theory: Edgeworth's expansion to 1/n. The papers print the factor 355, not these "
        "tails."
    ),
    replicates=20_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """Two tails per case."""
    block = _CACHED // max(case.units for case in CASES)
    found = simulation.run(CASES, _experiments, block=block)
    return tuple(
        theory(f"{case.label}: {tail}", expected, 3, rate(hits))
        for case, figures in zip(CASES, found, strict=True)
        for tail, expected, hits in zip(("t too low", "t too high"), case.tails(), figures, strict=True)
    )


def _experiments(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    units = [generator.standard_gamma(case.shape, (size, case.units)) for _ in range(case.arms)]
    effect = _against_truth(units[0], case.shape) if case.arms == 1 else _compared(*units)
    rejected = effect.p_value < ALPHA
    return np.stack([rejected & (effect.statistic < 0), rejected & (effect.statistic > 0)]).astype(np.float64)


def _against_truth(y: NDArray[np.float64], mean: float) -> Effect:
    return METHODS["paired"](Samples(np.full(y.shape[-1], mean)), Samples(y), alpha=ALPHA)


def _compared(control: NDArray[np.float64], treatment: NDArray[np.float64]) -> Effect:
    return METHODS["welch"](Moments.of(control), Moments.of(treatment), alpha=ALPHA)

"""Draws of every law against its declared cdf, and the proof that a wrong law is rejected.

Continuous and mixed laws: the distance of Kolmogorov and Smirnov between the empirical and the declared cdf,
with the bound of Dvoretzky, Kiefer and Wolfowitz in Massart's form, P(D > d) <= 2 exp(-2 n d²), which holds
for every law and any n. Counts: Pearson's chi-square over classes with 20 expected draws and more. Each test
has the level LEVEL / (number of laws): all together reject right laws with probability 1e-6 at most (of the
chi-square tests as far as their limit law goes). Seeds are fixed.

References:
    Massart (1990), The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality, Ann. Probab. 18.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from assay import seeds
from assay.distributions import (
    DISTRIBUTIONS,
    Bernoulli,
    Beta,
    CompoundPoisson,
    Constant,
    Distribution,
    Empirical,
    Gamma,
    Hurdle,
    LogNormal,
    MixedPoisson,
    Mixture,
    NegativeBinomial,
    Normal,
    Pareto,
    Poisson,
    StudentT,
    Weibull,
    ZeroInflated,
)

LEVEL = 1e-6
N = 100_000
CONTINUOUS: list[tuple[Distribution, Distribution]] = [
    (Constant(2.5), Constant(2.6)),
    (Gamma(1.5, 160), Gamma(1.5, 168)),
    (Normal(-1, 2), Normal(-0.9, 2)),
    (LogNormal(0.5, 0.8), LogNormal(0.5, 0.86)),
    (ZeroInflated(0.2, Gamma(2, 0.75)), ZeroInflated(0.22, Gamma(2, 0.75))),
    (CompoundPoisson(Poisson(1.2), Gamma(1.5, 2)), CompoundPoisson(Poisson(1.2), Gamma(1.5, 2.1))),
    (Pareto(1.5, 6.5), Pareto(1.5, 7)),
    (Beta(2, 5, -1, 3), Beta(2, 5.3, -1, 3)),
    (Weibull(0.6, 2), Weibull(0.63, 2)),
    (StudentT(1, 2, 2.5), StudentT(1, 2, 4)),
    (Mixture((1, 3), (Gamma(2, 1), Normal(9, 1))), Mixture((1, 2.7), (Gamma(2, 1), Normal(9, 1)))),
    (Hurdle(0.3, LogNormal(0, 1)), Hurdle(0.28, LogNormal(0, 1))),
]
"""Each with a wrong law that is near it; pairs of right and wrong."""
DISCRETE: list[tuple[Distribution, Distribution]] = [
    (Bernoulli(0.3), Bernoulli(0.315)),
    (Poisson(3.7), Poisson(3.76)),
    (MixedPoisson(Gamma(2, 0.75)), MixedPoisson(Gamma(2, 0.78))),
    (MixedPoisson(Gamma(2, 0.75)), Poisson(1.5)),
    (Empirical((0, 1, 4), (5, 3, 2)), Empirical((0, 1, 4), (5, 3.2, 2))),
    (NegativeBinomial(0.4, 3), NegativeBinomial(0.42, 3)),
    (Mixture((1, 3), (Poisson(2), Poisson(9))), Mixture((1, 2.8), (Poisson(2), Poisson(9)))),
    (Hurdle(0.6, Poisson(2)), ZeroInflated(0.6, Poisson(2))),
    (Hurdle(0.6, NegativeBinomial(0.4, 3)), Hurdle(0.6, NegativeBinomial(0.45, 3))),
]
SMALL_LEVEL = LEVEL / (len(CONTINUOUS) + len(DISCRETE))


def draws_of(law: Distribution) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.sort(law.draw(seeds.stream(11, f"test.fit.{law!r}"), N))


def distance_fits(draws: np.ndarray[tuple[int], np.dtype[np.float64]], law: Distribution) -> bool:
    """Whether the cdf lies within the band around the empirical one, at jumps from both sides."""
    at = np.unique(draws)
    up = np.searchsorted(draws, at, side="right") / len(draws)
    below = np.searchsorted(draws, at, side="left") / len(draws)
    distance = max(np.abs(up - law.cdf(at)).max(), np.abs(below - law.cdf(np.nextafter(at, -np.inf))).max())
    return bool(distance <= math.sqrt(math.log(2 / SMALL_LEVEL) / (2 * len(draws))))


def counts_fit(draws: np.ndarray[tuple[int], np.dtype[np.float64]], law: Distribution) -> bool:
    """Pearson's test over whole numbers, those of the upper tail in one class."""
    top = int(draws[-1]) + 1
    expected = len(draws) * np.diff(np.append(law.cdf(np.arange(-1, top)), 1.0))
    found = np.bincount(draws.astype(np.int64), minlength=len(expected))
    groups = np.minimum(np.floor(np.cumsum(expected[::-1])[::-1] / 20), 1)  # what lies above has 20 or more
    last = max(int(groups.sum()) - 1, 1)
    expected = np.append(expected[:last], expected[last:].sum())
    found = np.append(found[:last], found[last:].sum())
    if found[expected == 0].any():
        return False
    found, expected = found[expected > 0], expected[expected > 0]
    statistic = ((found - expected) ** 2 / expected).sum()
    return bool(statistic <= stats.chi2(len(expected) - 1).isf(SMALL_LEVEL))


def test_every_registered_law_is_here() -> None:
    assert {right.name for right, _ in [*CONTINUOUS, *DISCRETE]} == set(DISTRIBUTIONS)


@pytest.mark.parametrize(("right", "wrong"), CONTINUOUS, ids=repr)
def test_continuous_draws_have_the_declared_cdf(right: Distribution, wrong: Distribution) -> None:
    draws = draws_of(right)
    assert distance_fits(draws, right)
    assert not distance_fits(draws, wrong)


@pytest.mark.parametrize(("right", "wrong"), DISCRETE, ids=repr)
def test_counts_have_the_declared_cdf(right: Distribution, wrong: Distribution) -> None:
    draws = draws_of(right)
    assert counts_fit(draws, right)
    assert not counts_fit(draws, wrong)


def test_the_false_alarm_rate_is_at_most_the_stated_one() -> None:
    """At the level 0.2 for one test: 400 samples of right laws, at most 80 plus 5 standard errors reject."""
    rejections = 0
    for index in range(400):
        draws = np.sort(Gamma(2, 1).draw(seeds.stream(index, "test.level"), 500))
        up = np.arange(1, 501) / 500
        distance = max(
            np.abs(up - Gamma(2, 1).cdf(draws)).max(), np.abs(up - 1 / 500 - Gamma(2, 1).cdf(draws)).max()
        )
        rejections += distance > math.sqrt(math.log(2 / 0.2) / 1000)
    assert 20 <= rejections <= 80 + 5 * 8

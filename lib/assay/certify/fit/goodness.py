"""Could these data come from a law of this family? A Kolmogorov-Smirnov distance, judged by bootstrap.

The table of the Kolmogorov-Smirnov test does not hold for a law whose parameters came from the same data, nor
for counts. So samples are drawn from the fitted law, the family is fitted to each anew, and the p-value is
the share whose distance is as great as that of the data.

A large sample rejects every law, also one that is near enough to plan with. The question is therefore put to
at most `TESTED` of the values, chosen by the seed: a law that so many values do not refute is kept.

References:
    Stute, González Manteiga and Presedo Quindimil (1993), Bootstrap Based Goodness-Of-Fit-Tests. Henze
    (1996), Empirical-distribution-function Goodness-of-fit Tests for Discrete Models. Phipson and Smyth
    (2010), Permutation P-values Should Never Be Zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.distributions import Distribution

Array = NDArray[np.float64]
TESTED = 2000
"""Most values that the question is put to."""
REPLICATES = 199
"""Samples drawn; the least p-value is 1 / 200."""


def goodness(y: Array, fit: Callable[[Array], Distribution], *, steps: bool, seed: int) -> float:
    """p-value of the hypothesis that data come from some law of a family.

    Args:
        y: The data, one axis.
        fit: Fits the family by maximum likelihood.
        steps: Whether the law is one of counts, whose cdf rises at whole numbers only.
        seed: Chooses the values and draws the samples.

    Returns:
        From 1 / 200 to 1.
    """
    rng = seeds.stream(seed, "fit.goodness")
    sample = rng.choice(y, TESTED, replace=False) if len(y) > TESTED else y
    if _degenerate(sample):
        return 1.0
    law = fit(sample)
    observed = distance(sample, law, steps=steps)
    as_great = 0
    for _ in range(REPLICATES):
        drawn = law.draw(rng, len(sample))
        # A sample with one positive value is fitted without a distance.
        as_great += not _degenerate(drawn) and distance(drawn, fit(drawn), steps=steps) >= observed
    return (1 + as_great) / (1 + REPLICATES)


def distance(y: Array, law: Distribution, *, steps: bool) -> float:
    """The greatest distance between the empirical cdf and a law's.

    Args:
        y: Data, one axis.
        law: A law.
        steps: As for `goodness`. Otherwise the law is continuous but for an atom at 0.
    """
    values, counts = np.unique(y, return_counts=True)
    after = np.cumsum(counts) / len(y)
    before = after - counts / len(y)
    at_values = law.cdf(values)
    left = law.cdf(values - 1) if steps else np.where(values == 0, 0.0, at_values)
    return float(max(np.max(np.abs(after - at_values)), np.max(np.abs(before - left))))


def _degenerate(y: Array) -> bool:
    positive = y[y != 0]
    return not positive.size or bool(np.all(positive == positive[0]))

"""Error rates of the tests of counts with no effect: on Poisson units, and on units that differ in activity.

A rate is held against the greatest count that a true 5 % would exceed with probability 1e-6. On overdispersed
counts the same assertion must reject the Poisson tests.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.seeds import stream
from assay.stats import METHODS, Moments, Samples

REPLICATES = 2_000
ALPHA = 0.05
FALSE_FAIL = 1e-6
MOST = int(stats.binom.isf(FALSE_FAIL, REPLICATES, ALPHA))
POISSON = ["rate_score", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p", "rate_e_test"]
DISPERSED = ["quasi_poisson", "negative_binomial", "compound_poisson_gamma"]


def rejections(name: str, arms: list[np.ndarray]) -> int:
    control, treatment = (Moments.of(a.astype(float)) for a in arms)
    return int(np.sum(METHODS[name](control, treatment, alpha=ALPHA).p_value < ALPHA))


def poisson(replicates: int) -> list[np.ndarray]:
    rng = stream(20_261_123, "test.counts.poisson")
    return [rng.poisson(0.3, (replicates, n)) for n in (120, 100)]


def overdispersed(replicates: int) -> list[np.ndarray]:
    """Mean 0.8, variance 3.4 times the mean."""
    rng = stream(20_261_123, "test.counts.overdispersed")
    return [rng.negative_binomial(1 / 3, 1 / 3 / (1 / 3 + 0.8), (replicates, n)) for n in (120, 100)]


@pytest.mark.parametrize("name", [*POISSON, *DISPERSED])
def test_every_test_holds_on_poisson_counts(name: str) -> None:
    # The E-test enumerates: fewer replicates, and the bound of as many.
    replicates = 150 if name == "rate_e_test" else REPLICATES
    most = int(stats.binom.isf(FALSE_FAIL, replicates, ALPHA))
    assert rejections(name, poisson(replicates)) <= most


@pytest.mark.parametrize("name", ["rate_score", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p"])
def test_poisson_tests_reject_too_often_where_units_differ(name: str) -> None:
    assert rejections(name, overdispersed(REPLICATES)) > 3 * MOST


@pytest.mark.parametrize("name", DISPERSED)
def test_tests_with_a_dispersion_hold_where_units_differ(name: str) -> None:
    assert rejections(name, overdispersed(REPLICATES)) <= MOST


def test_the_likelihood_dispersion_holds_where_units_differ() -> None:
    replicates = 1_000
    control, treatment = (Samples(a.astype(float)) for a in overdispersed(replicates))
    effect = METHODS["negative_binomial_ml"](control, treatment, alpha=ALPHA)
    most = int(stats.binom.isf(FALSE_FAIL, replicates, ALPHA))
    assert int(np.sum(effect.p_value < ALPHA)) <= most


def test_totals_with_many_zeros_hold() -> None:
    rng = stream(20_261_123, "test.counts.totals")
    counts = [rng.poisson(0.2, (REPLICATES, n)) for n in (300, 250)]
    totals = [np.where(c > 0, rng.gamma(np.maximum(c, 1) * 1.0, 20.0), 0.0) for c in counts]
    assert rejections("compound_poisson_gamma", totals) <= MOST

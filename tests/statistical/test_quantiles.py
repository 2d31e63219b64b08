"""Error rates of quantile methods: skewed and discrete units, and events of customers.

A rate is held against the greatest count that a true 5 % would exceed with probability 1e-6, and methods that
fail in a scenario are shown to exceed it by the same assertion.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from assay.seeds import stream
from assay.stats import METHODS, Samples

REPLICATES = 500
ALPHA = 0.05
FALSE_FAIL = 1e-6
MOST = int(stats.binom.isf(FALSE_FAIL, REPLICATES, ALPHA))
LEVEL_KEEPERS = ["quantile_melded", "quantile_poisson_bootstrap"]


def rejections(name: str, control: Samples, treatment: Samples, q: float) -> int:
    return int(np.sum(METHODS[name](control, treatment, q=q, alpha=ALPHA).p_value < ALPHA))


def log_normal(name: str, n: int, spread: float, q: float, at: float) -> NDArray[np.float64]:
    """Log-normal units whose quantile of order `q` is `at`, whatever their spread."""
    z = stream(20_261_123, f"test.quantiles.{name}").normal(size=(REPLICATES, n))
    return at * np.exp(spread * (z - special.ndtri(q)))


def test_the_assertion_catches_a_rate_of_15_percent() -> None:
    assert MOST == 51
    assert stats.binom.sf(MOST, REPLICATES, 0.15) > 0.99


@pytest.mark.parametrize("name", [*LEVEL_KEEPERS, "quantile_normal"])
def test_the_p90_of_unlike_log_normals_is_not_found_to_differ_and_its_difference_is_covered(
    name: str,
) -> None:
    control = log_normal("control", 250, 1.5, 0.9, 10.0)
    treatment = log_normal("treatment", 300, 0.7, 0.9, 10.0)
    assert rejections(name, Samples(control), Samples(treatment), 0.9) <= MOST
    # A true difference of 4 and a true lift of 40 %.
    effect = METHODS[name](Samples(control), Samples(1.4 * treatment), q=0.9, alpha=ALPHA)
    missed = (effect.lower > 4) | (effect.upper < 4)
    missed_lift = (effect.relative_lower > 0.4) | (effect.relative_upper < 0.4)
    assert int(np.sum(missed)) <= MOST
    assert int(np.sum(missed_lift)) <= MOST


def test_the_median_of_counts_needs_a_method_that_knows_ties() -> None:
    control, treatment = (
        Samples(np.floor(log_normal(f"counts.{arm}", 400, 1.0, 0.5, 3.0))) for arm in ("control", "treatment")
    )
    for name in LEVEL_KEEPERS:
        assert rejections(name, control, treatment, 0.5) <= MOST
    assert rejections("quantile_normal", control, treatment, 0.5) > MOST


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_events_of_customers_need_the_clustered_method(q: float) -> None:
    rng = stream(20_261_123, "test.quantiles.events")

    def arm() -> Samples:
        customers = np.repeat(np.arange(150), 1 + rng.poisson(rng.gamma(1.0, 6.0, 150)))
        y = np.exp(0.8 * rng.normal(size=150)[customers] + 0.5 * rng.normal(size=len(customers)))
        return Samples(y, cluster=customers)

    arms = [(arm(), arm()) for _ in range(REPLICATES)]
    assert sum(rejections("quantile_clustered", *pair, q) for pair in arms) <= MOST
    naive = sum(rejections("quantile_poisson_bootstrap", *pair, q) for pair in arms[:200])
    # Of 200 tests a true 5 % would reject 30 with probability 1e-7.
    assert naive > 30

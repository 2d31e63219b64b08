"""Error rates of resampling on zero-inflated revenue (5 % payers, log-normal(3, 1.5)), 200 units per arm.

The reference hard case. A rate is held against the greatest count that a true 5 % would exceed with
probability 1e-6, and each method that fails there is shown to fail, so that its documentation stays true:
the textbook's bootstraps reject a true null two to four times too often, the symmetric bootstrap-t and
permutation do not.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay.seeds import stream
from assay.stats import METHODS, Effect, Samples

REPLICATES, UNITS, ALPHA = 600, 200, 0.05
MOST = int(stats.binom.isf(1e-6, REPLICATES, ALPHA))


def revenue(name: str, replicates: int = REPLICATES, n: int = UNITS) -> NDArray[np.float64]:
    rng = stream(20_261_123, f"test.resampling.{name}")
    pays = rng.random((replicates, n)) < 0.05
    return np.where(pays, rng.lognormal(3.0, 1.5, (replicates, n)), 0.0)


def outcome(name: str, c: NDArray[np.float64], t: NDArray[np.float64]) -> Effect:
    return METHODS[name](Samples(c), Samples(t), alpha=ALPHA, resamples=499)


def misses(effect: Effect) -> tuple[int, int]:
    """How often the p-value rejects no effect, and a bounded interval of the lift leaves it out."""
    bounded = np.isfinite(effect.relative_lower) & np.isfinite(effect.relative_upper)
    lift = bounded & ((effect.relative_lower > 0) | (effect.relative_upper < 0))
    return int(np.sum(effect.p_value < ALPHA)), int(np.sum(lift))


@pytest.mark.parametrize("name", ["permutation", "bootstrap_t_symmetric"])
def test_permutation_and_the_symmetric_bootstrap_t_hold_their_level(name: str) -> None:
    effect = outcome(name, revenue("control"), revenue("treatment"))
    assert MOST < 0.1 * REPLICATES
    assert max(misses(effect)) <= MOST


@pytest.mark.parametrize(("name", "least"), [("bootstrap_bca", 0.14), ("bootstrap_t", 0.08)])
def test_the_equal_tailed_bootstraps_do_not(name: str, least: float) -> None:
    effect = outcome(name, revenue("control"), revenue("treatment"))
    rejected = misses(effect)[0]
    assert rejected > MOST
    assert rejected > least * REPLICATES
    # The interval says the same as the p-value: it misses a difference of 0 as often.
    assert rejected == np.sum((effect.lower > 0) | (effect.upper < 0))


def test_the_studentised_permutation_holds_where_arms_differ_in_size_and_spread() -> None:
    rng, replicates = stream(20_261_123, "test.resampling.unequal"), 300
    c, t = rng.normal(0, 3, (replicates, 40)), rng.normal(0, 1, (replicates, 120))
    most = int(stats.binom.isf(1e-6, replicates, ALPHA))
    assert misses(outcome("permutation_t", c, t))[0] <= most
    # The plain one exchanges units of a small wide arm with those of a large narrow one: 18 %.
    assert misses(outcome("permutation", c, t))[0] > most


@pytest.mark.parametrize(
    "name", ["bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric"]
)
def test_every_bootstrap_covers_a_regular_difference_and_lift(name: str) -> None:
    rng = stream(20_261_123, "test.resampling.regular")
    c, t = rng.gamma(4, 2.5, (REPLICATES, 60)), rng.gamma(4, 3.0, (REPLICATES, 60))
    effect = outcome(name, c, t)
    missed = (effect.lower > 2) | (effect.upper < 2)
    lift_missed = (effect.relative_lower > 0.2) | (effect.relative_upper < 0.2)
    assert max(np.sum(missed), np.sum(lift_missed)) <= MOST

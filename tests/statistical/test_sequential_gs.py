"""Group sequential monitoring of Welch's effects at uneven looks, with and without an effect.

Counts are held against binomial bounds that the true rates would leave with probability 1e-6. What is shown
beyond the quadratures: the decision, the estimate and the interval hold together at the looks at which
experiments really stop, where the ordinary ones do not.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.seeds import stream
from assay.stats import METHODS, Effect, Moments
from assay.stats.sequential import PocockSpending, monitor, pocock_bounds, spending_bounds

REPLICATES = 1_500
UNITS = np.array([150, 400, 500, 1_000])
FRACTION = UNITS / UNITS[-1]
FALSE_FAIL = 1e-6


def looks(name: str, difference: float) -> Effect:
    """Effects of exponential metrics at each look, shape (replicates, looks)."""
    rng = stream(20_261_123, f"test.sequential_gs.{name}")
    arms = []
    for shift in (0.0, difference):
        y = rng.exponential(1.0, (REPLICATES, int(UNITS[-1]))) + shift
        parts = [Moments.of(y[:, :n]) for n in UNITS]
        n, mean, m2 = (np.stack([getattr(m, f) for m in parts], axis=-1) for f in ("n", "mean_y", "m2_y"))
        arms.append(Moments(n=n, mean_y=mean, m2_y=m2))
    return METHODS["welch"](*arms)


def within(count: int, rate: float) -> bool:
    """Whether a count is one that the rate gives."""
    least = stats.binom.ppf(FALSE_FAIL / 2, REPLICATES, rate)
    return bool(least <= count <= stats.binom.isf(FALSE_FAIL / 2, REPLICATES, rate))


def test_no_effect_is_found_with_alpha_and_peeking_with_more() -> None:
    effect = looks("null", 0.0)
    found = monitor(effect, spending_bounds(FRACTION, spending=PocockSpending()))
    stopped = np.arange(REPLICATES), found.stopped - 1
    rejected = np.sum(found.p_value[stopped] < 0.05)
    assert rejected == np.sum(np.isin(found.decision[stopped], (1, 2)))
    assert within(int(rejected), 0.05)
    # The same assertion must reject what an ordinary test at every look does.
    assert not within(int(np.sum((effect.p_value < 0.05).any(axis=-1))), 0.05)


@pytest.mark.parametrize("difference", [0.05, 0.15])
def test_intervals_hold_the_effect_and_estimates_have_it_as_their_median(difference: float) -> None:
    effect = looks(f"effect.{difference}", difference)
    found = monitor(effect, pocock_bounds(FRACTION))
    stopped = np.arange(REPLICATES), found.stopped - 1
    held = (found.lower[stopped] < difference) & (difference < found.upper[stopped])
    assert within(int(held.sum()), 0.95)
    assert within(int(np.sum(found.estimate[stopped] < difference)), 0.5)
    together = ((found.repeated_lower < difference) & (difference < found.repeated_upper)).all(axis=-1)
    assert together.sum() >= stats.binom.ppf(FALSE_FAIL, REPLICATES, 0.95)

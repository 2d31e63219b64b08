"""How often intervals of proportions cover, exactly: every table of two arms, weighted by its probability.

No draws, so no false-fail rate: a bound here is a fact of the method.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay.stats import METHODS, Effect, Moments

N_C, N_T = 30, 50
X_C, X_T = np.arange(N_C + 1)[:, None], np.arange(N_T + 1)
SHARES = [(0.01, 0.01), (0.01, 0.03), (0.1, 0.1), (0.1, 0.2), (0.5, 0.5), (0.5, 0.6)]
BETTER = ("proportions_score", "miettinen_nurminen", "newcombe", "agresti_caffo")


def compare(name: str) -> Effect:
    return METHODS[name](Moments.of_counts(X_C, N_C), Moments.of_counts(X_T, N_T), alpha=0.05)


def weighed(events: NDArray[np.bool_], p_c: float, p_t: float) -> float:
    """Probability of the tables for which the event holds."""
    return float(np.sum(stats.binom.pmf(X_C, N_C, p_c) * stats.binom.pmf(X_T, N_T, p_t) * events))


def coverage(effect: Effect, p_c: float, p_t: float) -> tuple[float, float]:
    """Of the difference and of the lift; an interval that does not exist covers nothing."""
    difference, lift = p_t - p_c, p_t / p_c - 1
    return (
        weighed((effect.lower <= difference) & (difference <= effect.upper), p_c, p_t),
        weighed((effect.relative_lower <= lift) & (lift <= effect.relative_upper), p_c, p_t),
    )


@pytest.mark.parametrize("name", BETTER)
def test_score_newcombe_and_agresti_caffo_cover_rare_and_even_shares(name: str) -> None:
    effect = compare(name)
    for shares in SHARES:
        difference, lift = coverage(effect, *shares)
        assert difference >= 0.94, shares
        # The score's lift has its worst stretch where a success or two are expected in the control.
        assert lift >= 0.925, shares


def test_the_customary_interval_fails_on_rare_shares_only() -> None:
    effect = compare("proportions_wald")
    covers = {shares: coverage(effect, *shares)[0] for shares in SHARES}
    # Mostly because it does not exist: with no success in either arm there is no standard error.
    assert covers[0.01, 0.01] < 0.56
    assert covers[0.01, 0.03] < 0.84
    assert covers[0.1, 0.1] < 0.935
    assert covers[0.5, 0.5] > 0.94


def test_fishers_level_holds_and_is_not_used_up() -> None:
    small = np.arange(13.0)
    effect = METHODS["fisher"](
        Moments.of_counts(small[:, None], 12), Moments.of_counts(small, 12), alpha=0.05
    )
    rates = []
    for p in np.linspace(0.01, 0.99, 99):
        mass = stats.binom.pmf(small, 12, p)
        rates.append(float(mass @ (effect.p_value < 0.05) @ mass))
    assert 0.01 < max(rates) < 0.03

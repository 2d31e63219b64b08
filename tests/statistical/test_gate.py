"""How often does the gate's detector cry wolf over the years, and does it hear a wolf?

Canaries as sampling theory makes them: normal pivots; metrics of an experiment are correlated, which must
not matter.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay import seeds
from assay.certify.gate.bets import place
from assay.certify.gate.detector import RUNS, step
from assay.certify.gate.outcomes import FIGURES, Outcomes

SEQUENCES, YEARS = 150, 40
RUNS_EACH = 52 * YEARS
EXPERIMENTS, METRICS = ("canary_null", "canary_rate", "canary_value"), ("a", "b", "c", "d")
CORRELATION = 0.8
NO_TRUTH = np.zeros((3, 4))
HALF = float(stats.norm.isf(0.025))


def canaries(rng: np.random.Generator, shift: float = 0.0, spread: float = 1.0) -> np.ndarray:
    """Logarithms of the factors of one run in every sequence; one canary's metric is off by `shift`."""
    common, own = rng.normal(size=(SEQUENCES, 3, 1)), rng.normal(size=(SEQUENCES, 3, 4))
    pivot = spread * (np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * own)
    pivot[:, 1, 2] += shift
    figures = {name: np.ones_like(pivot) for name in FIGURES}
    figures |= {
        "estimate": pivot,
        "df": np.full_like(pivot, np.inf),
        "lower": pivot - HALF,
        "upper": pivot + HALF,
    }
    return np.log(place(Outcomes(EXPERIMENTS, METRICS, figures), NO_TRUTH, alpha=0.05).factors)


def until_caught(shift: float, spread: float, most: int) -> np.ndarray:
    rng = seeds.stream(7, f"gate.{shift}.{spread}")
    sums, caught = -np.inf, np.full(SEQUENCES, np.inf)
    for run in range(1, most + 1):
        sums, value = step(np.asarray(sums), canaries(rng, shift, spread))
        caught[(value >= np.log(RUNS)) & np.isinf(caught)] = run
    return caught


@pytest.mark.long
def test_false_alarms_over_decades_keep_their_bound() -> None:
    rng, alarms = seeds.stream(7, "gate.null"), 0
    factors = canaries(rng)
    sums = np.full_like(factors, -np.inf)
    for _ in range(RUNS_EACH):
        sums, value = step(sums, canaries(rng))
        raised = value >= np.log(RUNS)
        sums[raised], alarms = -np.inf, alarms + int(raised.sum())
    bound = SEQUENCES * RUNS_EACH / RUNS  # 249.6 alarms
    # A rate above the bound would be refused; the level of this test is 1e-6 below it.
    assert alarms < stats.poisson.ppf(1e-6, bound)
    assert alarms > 0  # a detector that never speaks would pass the line above


def test_a_bias_of_one_standard_error_is_heard_within_months() -> None:
    assert np.median(until_caught(1.0, 1.0, 60)) <= 30


def test_standard_errors_that_are_too_small_are_heard() -> None:
    """Pivots spread 1.4 times as wide as they claim: intervals miss 16 % instead of 5 %."""
    assert np.median(until_caught(0.0, 1.4, 60)) <= 30

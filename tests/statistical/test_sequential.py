"""False alarms under continuous peeking: the always-valid methods hold their level where a t-test does not.

A count of false alarms is held against the greatest that a true 5 % would exceed with probability 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay.seeds import stream
from assay.stats import METHODS, Moments, Samples
from assay.stats.allocation import srm, srm_sequential
from assay.stats.sequential import over_looks

ALPHA = 0.05
REPLICATES = 1_000
MOST = int(stats.binom.isf(1e-6, REPLICATES, ALPHA))
LOOKS = np.arange(100, 2_001, 20)


def paths(y: NDArray[np.float64], looks: NDArray[np.int64]) -> Moments:
    """Moments at each look, by running sums (data of size 1 around 0 lose nothing by it)."""
    total, squares = np.cumsum(y, axis=1)[:, looks - 1], np.cumsum(y**2, axis=1)[:, looks - 1]
    return Moments(
        n=looks.astype(float), mean_y=total / looks, m2_y=np.maximum(squares - total**2 / looks, 0)
    )


def test_the_assertion_tells_5_from_10_percent() -> None:
    assert stats.binom.sf(MOST, REPLICATES, 0.10) > 0.9


@pytest.mark.parametrize("law", ["normal", "skewed"])
def test_peeking_breaks_the_t_test_and_not_the_sequences(law: str) -> None:
    rng = stream(20_261_123, f"test.sequential.{law}")
    size = (2, REPLICATES, int(LOOKS[-1]))
    y = rng.standard_normal(size) if law == "normal" else rng.standard_exponential(size) - 1
    control, treatment = (paths(arm, LOOKS) for arm in y)

    def alarms(name: str, **options: object) -> int:
        effect = METHODS[name](control, treatment, alpha=ALPHA, **options)
        return int(np.sum(np.any(effect.p_value < ALPHA, axis=1)))

    # Ninety-six looks at a level of 5 %: far more than 20 % of experiments without effect "succeed".
    assert alarms("welch") > 0.2 * REPLICATES
    for name in ("mixture_sprt", "mixture_t", "confidence_sequence"):
        assert 0 < alarms(name) <= MOST
        assert alarms(name, alternative="greater") <= MOST


def test_intervals_cover_at_all_looks_at_once_and_their_intersections_do() -> None:
    rng = stream(20_261_123, "test.sequential.coverage")
    control, treatment = (
        paths(rng.standard_normal((REPLICATES, int(LOOKS[-1]))) + mean, LOOKS) for mean in (1.0, 1.1)
    )
    path = over_looks(METHODS["confidence_sequence"](control, treatment, alpha=ALPHA, planned_n=2_000))
    end_missed = (path.lower[:, -1] > 0.1) | (path.upper[:, -1] < 0.1)
    lift_missed = (path.relative_lower[:, -1] > 0.1) | (path.relative_upper[:, -1] < 0.1)
    assert np.sum(end_missed) <= MOST
    assert np.sum(lift_missed) <= MOST


def test_unknown_variance_costs_the_t_mixture_nothing_from_the_second_unit_on() -> None:
    rng = stream(20_261_123, "test.sequential.early")
    looks = np.arange(2, 121)
    control, treatment = (paths(rng.standard_normal((REPLICATES, 120)), looks) for _ in range(2))
    for side in ("two-sided", "greater"):
        p = METHODS["mixture_t"](control, treatment, mixture_sd=1.0, alternative=side).p_value
        assert np.sum(np.any(p < ALPHA, axis=1)) <= MOST
    # The normal mixture of the same width takes the variance as known: it is not made for so few units.
    known = METHODS["mixture_sprt"](control, treatment, mixture_sd=1.0).p_value
    assert np.sum(np.any(known < ALPHA, axis=1)) > MOST


def test_betting_holds_from_the_first_unit_on_rare_events() -> None:
    rng = stream(20_261_123, "test.sequential.betting")
    c, t = ((rng.random((60, 200)) < 0.1).astype(float) for _ in range(2))
    alarms = np.zeros(60, dtype=bool)
    for n in (5, 20, 60, 120, 200):
        effect = METHODS["betting_sequence"](Samples(c[:, :n]), Samples(t[:, :n]), grid=50)
        alarms |= effect.p_value < ALPHA
    assert np.sum(alarms) <= stats.binom.isf(1e-6, 60, ALPHA)


def test_a_daily_sample_ratio_check_alarms_at_its_level_only_if_sequential() -> None:
    rng = stream(20_261_123, "test.sequential.srm")
    counts = np.cumsum(rng.multinomial(100, [0.5, 0.3, 0.2], (REPLICATES, 90)), axis=1)
    shares = [0.5, 0.3, 0.2]
    daily = np.any(srm(counts, shares) < ALPHA, axis=1)
    always = srm_sequential(counts, shares).over_looks()[:, -1] < ALPHA
    assert np.sum(daily) > 0.2 * REPLICATES
    assert 0 < np.sum(always) <= MOST

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.proportions import OddsEffect
from assay.stats.proportions.unconditional import cuts, supremum

TABLES = np.array(
    [(0, 5, 4, 4), (1, 5, 3, 4), (2, 5, 2, 4), (4, 5, 1, 4), (5, 5, 0, 4), (0, 5, 0, 4)], float
).T
EXACT = ("barnard", "boschloo")


def compare(name: str, counts: Any, **options: Any) -> Effect:
    x_c, n_c, x_t, n_t = np.asarray(counts, dtype=float)
    return METHODS[name](Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t), **options)


def intervals(effect: Effect) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], float]]:
    if isinstance(effect, OddsEffect):
        return [(effect.odds_ratio_lower, effect.odds_ratio_upper, 1.0)]
    return [(effect.lower, effect.upper, 0.0), (effect.relative_lower, effect.relative_upper, 0.0)]


# relations


@pytest.mark.parametrize("name", EXACT)
def test_a_p_value_below_alpha_is_an_interval_without_no_effect(name: str) -> None:
    for alternative, chosen in (("two-sided", [0, 2, 3]), ("greater", [1]), ("less", [4])):
        effect = compare(name, TABLES[:, chosen], alpha=0.1, alternative=alternative)
        for lower, upper, nothing in intervals(effect):
            assert np.array_equal((lower > nothing) | (upper < nothing), effect.p_value < 0.1)


@pytest.mark.parametrize("name", EXACT)
def test_swapping_arms_mirrors(name: str) -> None:
    plain, other = compare(name, TABLES[:, 1:3]), compare(name, TABLES[[2, 3, 0, 1], 1:3])
    assert np.allclose(plain.p_value, other.p_value, rtol=1e-9)
    for (lower, _, nothing), (_, upper, _) in zip(intervals(plain), intervals(other), strict=True):
        if lower is plain.lower:
            assert np.allclose(lower, -upper, atol=1e-10)
        else:
            assert np.allclose((lower + 1 - nothing) * (upper + 1 - nothing), 1, rtol=1e-7)


def test_boschloos_p_value_is_never_above_fishers() -> None:
    for side in ("greater", "less"):
        unconditional = compare("boschloo", TABLES, alternative=side)
        assert np.all(unconditional.p_value <= compare("fisher", TABLES, alternative=side).p_value + 1e-12)


def test_barnards_level_holds_at_every_common_share() -> None:
    counts = np.array([(a, 3, b, 3) for a in range(4) for b in range(4)], dtype=float).T
    p_value = compare("barnard", counts, alternative="greater").p_value
    shares = np.linspace(0, 1, 101)[:, None]
    mass = stats.binom.pmf(counts[0], 3, shares) * stats.binom.pmf(counts[2], 3, shares)
    for alpha in (0.05, 0.1, 0.3):
        assert np.max(np.sum(mass * (p_value <= alpha), axis=1)) <= alpha + 1e-9


def test_mirror_images_of_a_table_tie() -> None:
    # SciPy's barnard_exact drops (1, 10, 7, 10) from the region of (3, 10, 9, 10): a statistic as great.
    p = [
        float(compare("barnard", t, alternative="greater").p_value) for t in ((3, 10, 9, 10), (1, 10, 7, 10))
    ]
    assert p[0] == pytest.approx(p[1], rel=1e-9)
    assert p[0] == pytest.approx(0.0039777755737, rel=1e-9)


def test_a_region_is_cut_where_it_ends() -> None:
    found = cuts(lambda x_c, x_t: x_c <= 2 * x_t - 1, 5, 4)
    assert found.tolist() == [-1, 1, 3, 5, 5]


def test_the_supremum_finds_a_peak_between_the_grids_points() -> None:
    # The region of one table, (3, 7) of (10, 10): its probability at p is greatest at p = 1/2.
    cut = np.array([-1] * 7 + [3] + [-1] * 3)
    best = supremum(cut, 10, lambda u: (u, u))
    fine = np.linspace(0.2, 0.8, 60_001)
    assert best == pytest.approx(
        np.max(stats.binom.cdf(3, 10, fine) * stats.binom.pmf(7, 10, fine)), rel=1e-8
    )
    # A region that only a share of 1 reaches surely has no inner peak.
    assert supremum(np.array([-1, 1]), 1, lambda u: (u, u)) == 1


# edges


def test_zero_and_full_counts_are_defined() -> None:
    effect = compare("barnard", TABLES[:, [0, 4, 5]])
    assert float(effect.p_value[2]) == 1
    assert (float(effect.upper[0]), float(effect.lower[1])) == (1, -1)
    assert effect.relative_upper.tolist()[0] == np.inf
    assert effect.relative_lower.tolist()[1:] == [-1, -1]
    assert (effect.reason & Reason.RELATIVE_UNBOUNDED > 0).tolist() == [True, False, True]
    odds = compare("boschloo", TABLES[:, [0, 4, 5]])
    assert isinstance(odds, OddsEffect)
    assert odds.odds_ratio_upper.tolist()[0] == np.inf
    assert odds.odds_ratio_lower.tolist()[1:] == [0, 0]


@pytest.mark.parametrize("name", EXACT)
def test_too_many_units_and_fractions_have_a_reason(name: str) -> None:
    effect = compare(name, [(30, 0, 1.5), (600, 0, 4), (9, 1, 1), (401, 2, 4)])
    assert np.isnan(effect.p_value).all()
    hidden = Reason.NOT_DEFINED | Reason.ZERO_CONTROL
    assert [int(r) & ~hidden for r in effect.reason] == [
        Reason.OUTSIDE_DOMAIN, Reason.TOO_FEW_UNITS, Reason.OUTSIDE_DOMAIN
    ]  # fmt: skip

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Effect, Reason, Samples
from assay.stats.proportions import OddsEffect

Counts = tuple[int, int, int, int]
TABLES: tuple[Counts, ...] = (
    (36, 12, 2, 9),
    (5, 1, 8, 4),
    (20, 3, 11, 0),
    (0, 6, 0, 4),
    (7, 0, 0, 0),
    (0, 0, 5, 3),
)


def pair(counts: Counts) -> tuple[Samples, Samples]:
    """Units that succeed in both, under treatment only, under control only, in neither."""
    return Samples(np.repeat([1.0, 0, 1, 0], counts)), Samples(np.repeat([1.0, 1, 0, 0], counts))


def compare(name: str, counts: Counts, **options: object) -> Effect:
    return METHODS[name](*pair(counts), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("counts", TABLES)
def test_a_p_value_below_alpha_is_an_interval_without_no_effect(counts: Counts, alternative: str) -> None:
    for alpha in (0.02, 0.1, 0.7):
        effect = compare("mcnemar", counts, alpha=alpha, alternative=alternative)
        significant = bool(effect.p_value < alpha)
        assert significant == bool(effect.lower > 0 or effect.upper < 0)
        assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)
        exact = compare("mcnemar_exact", counts, alpha=alpha, alternative=alternative)
        assert isinstance(exact, OddsEffect)
        assert bool(exact.p_value < alpha) == bool(exact.odds_ratio_lower > 1 or exact.odds_ratio_upper < 1)


@pytest.mark.parametrize("counts", TABLES)
def test_swapping_arms_mirrors(counts: Counts) -> None:
    a, b, c, d = counts
    plain, other = compare("mcnemar", counts), compare("mcnemar", (a, c, b, d))
    assert float(plain.p_value) == pytest.approx(float(other.p_value), rel=1e-12)
    assert float(plain.lower) == pytest.approx(-float(other.upper), abs=1e-12)
    if np.isfinite(plain.relative_upper):
        assert float((1 + plain.relative_upper) * (1 + other.relative_lower)) == pytest.approx(1, rel=1e-9)


def test_units_that_do_not_differ_change_the_intervals_only() -> None:
    few, many = compare("mcnemar", (5, 8, 2, 5)), compare("mcnemar", (50, 8, 2, 50))
    assert float(few.p_value) == pytest.approx(float(many.p_value), rel=1e-12)
    assert float(many.upper) < float(few.upper)


def test_nobody_who_differs_is_evidence_of_nothing() -> None:
    for counts in ((7, 0, 0, 0), (0, 0, 0, 7), (3, 0, 0, 4)):
        effect, exact = compare("mcnemar", counts), compare("mcnemar_exact", counts)
        assert (float(effect.p_value), float(effect.statistic), float(exact.p_value)) == (1, 0, 1)
        # Tango's end for b = c = 0: d = z²/(n + z²).
        z2 = 1.959963984540054**2
        assert float(effect.upper) == pytest.approx(z2 / (7 + z2), rel=1e-12)
        assert isinstance(exact, OddsEffect)
        assert (float(exact.odds_ratio_lower), float(exact.odds_ratio_upper)) == (0, np.inf)
        assert np.isnan(exact.odds_ratio)


def test_batches_broadcast_and_undefined_pairs_leave_their_neighbours_alone() -> None:
    control = Samples([[1, 0, 0, 1, 0], [1, 0, np.nan, 1, 0], [1, 0, 0.5, 1, 0]])
    treatment = Samples([1.0, 1, 0, 1, 1])
    effect = METHODS["mcnemar"](control, treatment, alpha=[[0.05], [0.1]])
    assert effect.shape == (2, 3)
    assert effect.reason[0].tolist() == [0, Reason.NOT_FINITE, Reason.OUTSIDE_DOMAIN]
    assert np.isnan(effect.p_value[0]).tolist() == [False, True, True]
    assert float(effect.estimate[0, 0]) == pytest.approx(0.4)
    alone = METHODS["mcnemar"](Samples([1.0, 0, 0, 1, 0]), treatment, alpha=0.1)
    assert float(effect.upper[1, 0]) == float(alone.upper)


def test_no_pairs_have_no_answer() -> None:
    effect = METHODS["mcnemar"](Samples(np.zeros((2, 0))), Samples(np.zeros((2, 0))))
    assert effect.reason.tolist() == [Reason.TOO_FEW_UNITS] * 2
    assert np.isnan(effect.p_value).all()


def test_arms_of_unlike_size_are_no_pairs() -> None:
    with pytest.raises(
        InputError, match="control has 2 units and treatment 3; pairs need the same units in both"
    ):
        METHODS["mcnemar"](Samples([1.0, 0.0]), Samples([1.0, 0.0, 1.0]))

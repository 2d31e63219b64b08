from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Moments, Samples
from assay.stats.equivalence import equivalence, non_inferiority

WELCH, SCORE = METHODS["welch"], METHODS["proportions_score"]
C, T = Moments.of([5.0, 6.1, 7.2, 4.4, 5.9, 6.0]), Moments.of([5.6, 6.3, 7.0, 4.9, 6.1])


@pytest.mark.long
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("name", ["welch", "student", "z_means", "proportions_score", "newcombe"])
def test_within_is_where_the_p_value_is_below_alpha(name: str, relative: bool) -> None:
    means = name in {"welch", "student", "z_means"}
    arms = (C, T) if means else (Moments.of_counts(40, 90), Moments.of_counts(44, 95))
    margins = (-0.4, 0.7) if means and not relative else (-0.1, 0.13)
    levels = np.linspace(0.01, 0.7, 25)
    found = equivalence(METHODS[name], *arms, margins=margins, relative=relative, alpha=levels)
    np.testing.assert_array_equal(found.within, found.p_value < levels)
    assert 0 < found.within.sum() < 25


def test_a_margin_of_0_is_the_one_sided_test() -> None:
    found = non_inferiority(WELCH, C, T, margin=0.0)
    assert float(found.p_value) == pytest.approx(float(WELCH(C, T, alternative="greater").p_value), rel=1e-12)
    down = non_inferiority(WELCH, C, T, margin=0.0, higher_is_better=False)
    assert float(down.p_value) == pytest.approx(float(WELCH(C, T, alternative="less").p_value), rel=1e-12)
    assert float(down.above_lower) == 0.0
    assert float(found.lower) == float(WELCH(C, T, alternative="greater").lower)


def test_a_wider_margin_is_easier_and_a_tail_keeps_its_digits() -> None:
    found = non_inferiority(WELCH, C, T, margin=[0.1, 1.0, 5.0])
    assert np.all(np.diff(found.p_value) < 0)
    big = Moments(n=np.asarray(1e6), mean_y=np.asarray(1.0), m2_y=np.asarray(1e6))
    assert 0 < float(non_inferiority(WELCH, big, big, margin=0.04).p_value) < 1e-150


def test_methods_of_samples_and_a_decision_without_p_values() -> None:
    arms = Samples([5.0, 6.1, 7.2, 4.4, 5.9, 6.0]), Samples([5.6, 6.3, 7.0, 4.9, 6.1])
    found = equivalence(METHODS["skew_t"], *arms, margins=(-2.0, 2.0), p_values=False)
    assert bool(found.within)
    assert np.isnan(found.p_value)


def test_a_test_without_an_interval_is_not_within() -> None:
    found = equivalence(WELCH, Moments.of([1.0]), T, margins=(-9.0, 9.0))
    assert not bool(found.within)
    assert np.isnan(found.p_value)


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"margins are 0\.1 and -0\.1; the lower one must be less"):
        equivalence(WELCH, C, T, margins=(0.1, -0.1))
    with pytest.raises(InputError, match=r"margin is -0\.1; a loss that is accepted must be 0 or greater"):
        non_inferiority(WELCH, C, T, margin=-0.1)
    with pytest.raises(InputError, match="alternative is not asked for here"):
        equivalence(WELCH, C, T, margins=(-1, 1), alternative="less")

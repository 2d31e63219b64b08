from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from assay.errors import InputError
from assay.stats import Reason
from assay.stats.proportions import agresti_coull, clopper_pearson, jeffreys, wilson

INTERVALS = (wilson, clopper_pearson, jeffreys, agresti_coull)
X, N = np.arange(13.0), 12.0


@pytest.mark.parametrize("interval", INTERVALS)
def test_failures_mirror_successes(interval: Callable[..., Any]) -> None:
    found, mirror = interval(X, N), interval(N - X, N)
    assert np.allclose(found.lower, 1 - mirror.upper, rtol=0, atol=1e-13)
    assert found.lower.shape == found.alpha.shape == (13,)
    assert np.all((found.lower <= found.estimate) & (found.estimate <= found.upper))


@pytest.mark.parametrize("interval", INTERVALS)
def test_one_sided_ends_are_two_sided_ones_of_twice_the_level(interval: Callable[..., Any]) -> None:
    both = interval(X, N, alpha=0.1)
    greater = interval(X, N, alpha=0.05, alternative="greater")
    less = interval(X, N, alpha=0.05, alternative="less")
    assert np.array_equal(greater.lower, both.lower)
    assert np.array_equal(less.upper, both.upper)
    assert np.all(greater.upper == 1)
    assert np.all(less.lower == 0)


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_one_sided_end_rises_with_its_level_beyond_the_estimate(interval: Callable[..., Any]) -> None:
    ends = [float(interval(5, 12, alpha=a, alternative="greater").lower) for a in (0.05, 0.4, 0.6, 0.95)]
    assert ends == sorted(ends)
    assert ends[-1] > 5 / 12


def test_the_exact_interval_covers_at_least_as_often_as_it_says_and_holds_the_score_interval_mostly() -> None:
    p = np.linspace(0.001, 0.999, 997)
    mass = stats.binom.pmf(X[:, None], N, p)
    exact = clopper_pearson(X, N)
    covers = (exact.lower[:, None] <= p) & (p <= exact.upper[:, None])
    assert np.min(np.sum(mass * covers, axis=0)) >= 0.95
    corrected, plain = wilson(X, N, continuity=True), wilson(X, N)
    assert np.all((corrected.lower <= plain.lower) & (corrected.upper >= plain.upper))


def test_no_unit_has_no_share() -> None:
    found = wilson([0, 3], [0, 10])
    assert found.reason.tolist() == [Reason.TOO_FEW_UNITS, 0]
    assert np.isnan([found.estimate[0], found.lower[0], found.upper[0]]).all()
    assert np.isnan(clopper_pearson(0, 0).upper)


def test_impossible_counts_and_levels_are_refused() -> None:
    with pytest.raises(InputError, match="successes is 4; it must lie between 0 and n, which is 3"):
        wilson(4, 3)
    with pytest.raises(InputError, match="n is -1; it must be finite and 0 or greater"):
        jeffreys(0, -1)
    with pytest.raises(InputError, match="alpha is 1; it must lie strictly between 0 and 1"):
        agresti_coull(1, 2, alpha=1)
    with pytest.raises(InputError, match="alternative is 'both'"):
        clopper_pearson(1, 2, alternative="both")  # type: ignore[arg-type]

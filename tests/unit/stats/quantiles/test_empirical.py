from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.stats import Reason, Samples
from assay.stats.quantiles.empirical import (
    not_ranked,
    order_statistic,
    ordered,
    rank_law,
    sample_quantile,
)

RNG = np.random.default_rng(11)


# known values


@pytest.mark.parametrize("q", [0.01, 0.25, 0.5, 0.731, 0.99])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 51])
def test_the_sample_quantile_is_numpys(n: int, q: float) -> None:
    y = np.sort(RNG.normal(size=(3, n)), axis=-1)
    assert sample_quantile(y, np.asarray(q)) == pytest.approx(np.quantile(y, q, axis=-1), rel=1e-13)


def test_quantiles_of_several_orders_broadcast_with_the_batch() -> None:
    y, q = np.sort(RNG.normal(size=(4, 1, 30)), axis=-1), np.array([0.1, 0.5, 0.9])
    found = sample_quantile(y, q)
    assert found.shape == (4, 3)
    assert found[2] == pytest.approx(np.quantile(y[2, 0], q), rel=1e-13)


@pytest.mark.parametrize(("n", "q"), [(0, 0.5), (1, 0.3), (7, 0.99), (40, 0.5), (2_000, 0.001), (10**6, 0.9)])
def test_the_law_of_ranks_is_binomial(n: int, q: float) -> None:
    first, weights = rank_law(n, q)
    k = np.arange(first, first + len(weights))
    middle = np.abs(k - n * q) < 12 * np.sqrt(n * q * (1 - q)) + 5
    assert np.sum(weights) == pytest.approx(1, abs=1e-12)
    assert weights[middle] == pytest.approx(stats.binom.pmf(k[middle], n, q), rel=2e-9, abs=1e-300)


def test_the_law_of_ranks_keeps_tails_that_a_sum_of_ones_would_lose() -> None:
    first, weights = rank_law(900, 0.5)
    assert first == 0
    assert weights[0] == pytest.approx(0.5**900, rel=1e-12)
    assert rank_law(900, 0.5)[1] is weights  # kept, and so not to be written to
    with pytest.raises(ValueError, match="read-only"):
        weights[0] = 1


# edges


def test_ranks_beyond_the_sample_are_infinite() -> None:
    y = ordered(Samples([3.0, 1.0, 2.0]))
    assert order_statistic(y, np.arange(5.0)).tolist() == [-np.inf, 1, 2, 3, np.inf]


def test_nothing_to_rank_has_a_reason() -> None:
    assert np.isnan(sample_quantile(np.empty((2, 0)), np.asarray(0.5))).tolist() == [True, True]
    assert int(not_ranked(np.empty(0))) == Reason.TOO_FEW_UNITS
    assert int(not_ranked(np.array([1.0, np.inf]))) == Reason.NOT_FINITE
    assert int(not_ranked(np.array([1.0, np.nan]))) == Reason.NOT_FINITE
    assert int(not_ranked(np.array([1.0, 2.0]))) == 0

from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Samples
from assay.stats.quantiles.poisson_bootstrap import bootstrap_bounds, bootstrap_variance


def test_the_summed_law_is_that_of_drawn_poisson_weights() -> None:
    rng = np.random.default_rng(15)
    n, q, draws = 61, 0.3, 20_000
    y = np.sort(rng.normal(size=n))
    weights = rng.poisson(1.0, (draws, n))
    total = weights.sum(axis=1)
    # The unit at which the weighted sample reaches its quantile.
    rank = np.argmax(np.cumsum(weights, axis=1) >= np.ceil(q * total)[:, None], axis=1)
    law = bootstrap_bounds(y, q).low
    for k in (10, 14, 18, 22, 26):
        chance = float(np.sum(law.weights[law.values <= y[k]]))
        # Six standard errors, and 0.02 for the theorem's own O(1 / n).
        assert np.mean(rank <= k) == pytest.approx(chance, abs=6 * np.sqrt(0.25 / draws) + 0.02)


def test_its_interval_lies_within_the_melded_one() -> None:
    rng = np.random.default_rng(16)
    control, treatment = Samples(rng.exponential(size=(8, 90))), Samples(rng.exponential(size=(8, 80)))
    for q in (0.2, 0.5, 0.9):
        wide, narrow = (
            METHODS[name](control, treatment, q=q)
            for name in ("quantile_melded", "quantile_poisson_bootstrap")
        )
        assert np.all(wide.lower <= narrow.lower)
        assert np.all(narrow.upper <= wide.upper)
        assert np.all(wide.p_value >= narrow.p_value - 1e-12)


def test_ranks_beyond_the_sample_lie_at_the_far_end_of_either_side() -> None:
    bounds = bootstrap_bounds(np.array([1.0, 2.0]), 0.5)
    assert bounds.low.values.tolist() == [-np.inf, 1, 2]
    assert bounds.high.values.tolist() == [1, 2, np.inf]
    assert bounds.low.weights.tolist() == [0.25, 0.375, 0.375]
    assert bounds.high.weights.tolist() == [0.375, 0.375, 0.25]


def test_the_variance_holds_ranks_within_the_sample() -> None:
    assert bootstrap_variance(np.array([0.0, 1.0]), 0.5) == pytest.approx(0.25)
    assert bootstrap_variance(np.array([4.0]), 0.5) == 0

from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Reason, Samples
from assay.stats.quantiles.normal import quantile_estimate


def test_the_standard_error_is_near_the_one_that_the_density_gives() -> None:
    y = np.random.default_rng(17).normal(size=20_000)
    for q, density in ((0.5, 0.39894), (0.9, 0.17550)):
        estimate = quantile_estimate(Samples(y), np.asarray(q))
        assert float(np.sqrt(estimate.variance)) == pytest.approx(
            np.sqrt(q * (1 - q) / len(y)) / density, rel=0.15
        )


@pytest.mark.parametrize(("n", "q"), [(1, 0.5), (2, 0.5), (20, 0.99), (20, 0.01)])
def test_too_few_units_for_the_order_are_said_to_be(n: int, q: float) -> None:
    effect = METHODS["quantile_normal"](Samples(np.arange(n)), Samples(np.arange(500.0)), q=q)
    assert int(effect.reason) & Reason.TOO_FEW_UNITS
    assert np.isnan(effect.p_value)
    assert float(effect.estimate) == pytest.approx(
        np.quantile(np.arange(500.0), q) - np.quantile(np.arange(n), q)
    )


def test_three_units_are_enough_for_a_median() -> None:
    effect = METHODS["quantile_normal"](Samples([1.0, 2.0, 3.0]), Samples([2.0, 3.0, 5.0]))
    assert int(effect.reason) & Reason.TOO_FEW_UNITS == 0
    assert 0 < float(effect.p_value) < 1


def test_ties_in_both_arms_leave_no_variance() -> None:
    effect = METHODS["quantile_normal"](Samples([1.0] * 50), Samples([2.0] * 50))
    assert int(effect.reason) & Reason.NO_VARIANCE
    assert np.isnan(effect.p_value)
    assert float(effect.estimate) == 1

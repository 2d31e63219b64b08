"""Drawing moments directly has the law of drawing units; both are exact, one is short."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay import seeds
from assay.certify.lab import sufficient
from assay.distributions import (
    Bernoulli,
    CompoundPoisson,
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    MixedPoisson,
    Normal,
    Pareto,
    Poisson,
    ZeroInflated,
)

LAWS: list[Distribution] = [
    Normal(10, 5),
    Bernoulli(0.1),
    Poisson(0.3),
    MixedPoisson(Gamma(0.5, 6)),
    ZeroInflated(0.9, LogNormal(3, 1)),
    CompoundPoisson(Poisson(0.5), Gamma(2, 10)),
    CompoundPoisson(Poisson(0.5), LogNormal(0, 1)),
    Gamma(0.1, 100),
    Pareto(1, 2.5),
]
REPLICATES = 4_000


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_short_way_and_the_units_have_one_law(law: Distribution) -> None:
    """Two-sample Kolmogorov-Smirnov at 1e-6: 18 comparisons fail by chance once in 50,000 suites."""
    short = sufficient.moments(law, seeds.stream(1, "short"), 40, REPLICATES)
    units = sufficient.of_units(law, seeds.stream(2, "units"), 40, REPLICATES)
    for one, other in ((short.mean_y, units.mean_y), (short.m2_y, units.m2_y)):
        # Counts have ties; rounding makes equal what differs in the last digit only.
        assert stats.ks_2samp(np.round(one, 9), np.round(other, 9)).pvalue > 1e-6


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_mean_and_variance_are_those_of_the_law(law: Distribution) -> None:
    """Within 5 standard errors of what the law states."""
    n = 200
    found = sufficient.moments(law, seeds.stream(3, "law"), n, REPLICATES)
    assert found.n.tolist() == [n] * REPLICATES
    assert abs(found.mean_y.mean() - law.mean) < 5 * np.sqrt(law.variance / n / REPLICATES)
    variance = found.m2_y / (n - 1)
    assert abs(variance.mean() - law.variance) < 5 * variance.std() / np.sqrt(REPLICATES)


def test_a_wrong_law_would_be_seen() -> None:
    short = sufficient.moments(Poisson(0.32), seeds.stream(1, "short"), 40, REPLICATES)
    units = sufficient.of_units(Poisson(0.3), seeds.stream(2, "units"), 40, REPLICATES)
    assert stats.ks_2samp(np.round(short.mean_y, 9), np.round(units.mean_y, 9)).pvalue < 1e-6


def test_moments_of_units_are_moments_of_these_units() -> None:
    law, n, replicates = Gamma(2, 3), 7, 5
    found = sufficient.of_units(law, seeds.stream(4, "same"), n, replicates)
    values = law.draw(seeds.stream(4, "same"), n * replicates).reshape(replicates, n)
    np.testing.assert_allclose(found.mean_y, values.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(found.m2_y, values.var(axis=1) * n, rtol=1e-12)


def test_zeros_are_merged_without_being_drawn() -> None:
    found = sufficient._with_zeros(np.array([2, 0, 1]), np.array([1.0, 3.0, 5.0]), 4)
    arms = np.array([[1, 3, 0, 0], [0, 0, 0, 0], [5, 0, 0, 0]])
    np.testing.assert_allclose(found.mean_y, arms.mean(axis=1))
    np.testing.assert_allclose(found.m2_y, arms.var(axis=1) * 4)


def test_nobody_active_and_a_single_unit() -> None:
    empty = sufficient.moments(ZeroInflated(1, Gamma(1, 1)), seeds.stream(1, "none"), 5, 3)
    assert empty.mean_y.tolist() == [0, 0, 0] == empty.m2_y.tolist()
    single = sufficient.moments(Normal(1, 2), seeds.stream(1, "one"), 1, 3)
    assert single.m2_y.tolist() == [0, 0, 0]


def test_blocks_add_up() -> None:
    assert sum(sufficient.blocks(1_000, 1_000)) == 1_000
    assert list(sufficient.blocks(10**6, 3)) == [1, 1, 1]


def test_constant_values_have_no_variance() -> None:
    found = sufficient.moments(Constant(0.1), seeds.stream(1, "constant"), 1000, 2)
    np.testing.assert_allclose(found.mean_y, 0.1, rtol=1e-15)
    assert found.m2_y.max() < 1e-25

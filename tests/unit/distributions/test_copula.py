"""A law joined with a log-normal scale: closed forms, marginals, dependence, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from assay.distributions import (
    Beta,
    Constant,
    Distribution,
    Gamma,
    Hurdle,
    LogNormal,
    Mixture,
    Poisson,
    Weibull,
    ZeroInflated,
    copula,
)

LAWS = [
    Gamma(2, 0.75),
    Gamma(0.3, 5),
    LogNormal(0.5, 1),
    Weibull(0.6, 2),
    ZeroInflated(0.2, Gamma(2, 0.75)),
    Hurdle(0.4, ZeroInflated(0.3, Weibull(2, 3))),
    Mixture((1, 2), (Gamma(2, 1), LogNormal(3, 0.5))),
]


# ---- known values


@pytest.mark.parametrize("of_law", [1, 2])
@pytest.mark.parametrize("of_scale", [0, 1, 2])
@pytest.mark.parametrize(("sigma", "correlation"), [(0.9, 0.8), (1.0, 1.0), (0.5, -0.7), (0.3, 0.0)])
def test_two_log_normals_have_a_closed_form(
    of_law: int, of_scale: int, sigma: float, correlation: float
) -> None:
    """E[exp(a X + b Y)] of a bivariate normal: half the variance of a X + b Y, plus its mean."""
    a, b, mu, spread = of_law, of_scale, 0.5, 1.3
    variance = (a * spread) ** 2 + (b * sigma) ** 2 + 2 * a * b * spread * sigma * correlation
    expected = math.exp(a * mu - b * sigma**2 / 2 + variance / 2)
    found = copula.moment(LogNormal(mu, spread), of_law=a, of_scale=b, sigma=sigma, correlation=correlation)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_without_the_scale_they_are_the_moments_of_the_law(law: Distribution) -> None:
    first, second = (copula.moment(law, of_law=a, of_scale=0, sigma=0.5, correlation=0.9) for a in (1, 2))
    assert first == pytest.approx(law.mean, rel=1e-12)
    assert second == pytest.approx(law.variance + law.mean**2, rel=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_independent_moments_factor(law: Distribution) -> None:
    found = copula.moment(law, of_law=1, of_scale=2, sigma=0.5, correlation=0)
    assert found == pytest.approx(law.mean * math.exp(0.25), rel=1e-12)


# ---- relations


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_scores_are_standard_normal_and_rise_with_the_values(law: Distribution) -> None:
    """Distance of Kolmogorov and Smirnov below its bound at the level 1e-6 (Massart 1990)."""
    rng = np.random.default_rng(5)
    n = 50_000
    values = law.draw(rng, n)
    scores = copula.scores(law, values, rng.random(n))
    distance = stats.ks_1samp(scores, special.ndtr).statistic
    assert distance <= math.sqrt(math.log(2 / 1e-6) / (2 * n))
    order = np.argsort(scores)
    assert (np.diff(values[order]) >= 0).all()


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("correlation", [-0.7, 0.5])
def test_moments_agree_with_a_simulation(law: Distribution, correlation: float) -> None:
    """Within 4.5 standard errors: a right moment fails with probability 6.8e-6, all 56 with 4e-4."""
    rng = np.random.default_rng(6)
    n, sigma = 400_000, 0.4
    values = law.draw(rng, n)
    z = correlation * copula.scores(law, values, rng.random(n))
    z += math.sqrt(1 - correlation**2) * rng.standard_normal(n)
    scale = np.exp(sigma * z - sigma**2 / 2)
    for a, b in ((1, 1), (1, 2), (2, 1), (2, 2)):
        products = values**a * scale**b
        expected = copula.moment(law, of_law=a, of_scale=b, sigma=sigma, correlation=correlation)
        assert abs(products.mean() - expected) <= 4.5 * products.std() / math.sqrt(n), (a, b)


# ---- edges


def test_extreme_values_keep_finite_scores() -> None:
    law = ZeroInflated(0.2, Gamma(2, 1))
    scores = copula.scores(law, np.array([0.0, 0.0, 1e-300, 1e4]), np.array([0.0, 1 - 2**-53, 0.5, 0.5]))
    assert np.isfinite(scores).all()
    assert scores[1] == pytest.approx(special.ndtri(0.2))
    assert scores[2] == pytest.approx(special.ndtri(0.2))


# ---- refusals


@pytest.mark.parametrize(
    "law",
    [
        Constant(2),
        Poisson(2),
        Beta(1, 1, 0, 1),
        ZeroInflated(1, Gamma(1, 1)),
        Mixture((1, 1), (Gamma(1, 1), Constant(1))),
    ],
    ids=repr,
)
def test_laws_that_cannot_be_joined(law: Distribution) -> None:
    assert not copula.joinable(law)
    assert all(copula.joinable(other) for other in LAWS)


def test_a_law_that_cannot_be_joined_has_no_scores() -> None:
    with pytest.raises(TypeError, match="poisson cannot be joined; ask `joinable` first"):
        copula.scores(Poisson(2), np.ones(3), np.ones(3))

"""Maximum likelihood beside statsmodels and SciPy, which fit the same laws by other routes."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.datasets import fair, randhie
from statsmodels.discrete.count_model import ZeroInflatedNegativeBinomialP, ZeroInflatedPoisson

from assay import seeds
from assay.certify.fit import amounts, counts
from assay.certify.fit.likelihood import log_likelihood
from assay.distributions import (
    Bernoulli,
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

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def visits() -> Array:
    """Outpatient visits to a doctor, RAND health insurance experiment: 20,190 counts."""
    return np.asarray(randhie.load_pandas().data["mdvis"], dtype=np.float64)


@pytest.fixture(scope="module")
def affairs() -> Array:
    """Fair (1978), time in extramarital affairs: 6,366 amounts, two thirds of them 0."""
    return np.asarray(fair.load_pandas().data["affairs"], dtype=np.float64)


def ones(y: Array) -> Array:
    return np.ones((len(y), 1))


# ---- known values: other implementations


def test_negative_binomial_as_statsmodels_fits_it(visits: Array) -> None:
    reference = sm.NegativeBinomial(visits, ones(visits)).fit(disp=0, maxiter=500, gtol=1e-10)
    law = counts.negative_binomial(visits)
    assert isinstance(law, MixedPoisson)
    assert isinstance(law.rate, Gamma)
    assert law.mean == pytest.approx(math.exp(reference.params[0]), rel=1e-6)
    assert 1 / law.rate.shape == pytest.approx(reference.params[1], rel=1e-5)
    assert log_likelihood(law, visits) == pytest.approx(reference.llf, rel=1e-12)


def test_zero_inflated_poisson_as_statsmodels_fits_it(visits: Array) -> None:
    model = ZeroInflatedPoisson(visits, ones(visits), exog_infl=ones(visits))
    reference = model.fit(disp=0, maxiter=500, method="bfgs", gtol=1e-8)
    law = counts.zero_inflated_poisson(visits)
    assert isinstance(law, ZeroInflated)
    assert law.zeros == pytest.approx(1 / (1 + math.exp(-reference.params[0])), rel=1e-5)
    assert law.of.mean == pytest.approx(math.exp(reference.params[1]), rel=1e-5)
    assert log_likelihood(law, visits) == pytest.approx(reference.llf, rel=1e-12)


def test_zero_inflated_negative_binomial_as_statsmodels_fits_it() -> None:
    truth = ZeroInflated(0.4, MixedPoisson(Gamma(2.0, 1.5)))
    y = truth.draw(seeds.stream(5, "test.zinb"), 5000)
    model = ZeroInflatedNegativeBinomialP(y, ones(y), exog_infl=ones(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its Hessian, which is not used here
        reference = model.fit(disp=0, maxiter=5000, method="bfgs", gtol=1e-8)
    law = counts.zero_inflated_negative_binomial(y)
    assert isinstance(law, ZeroInflated)
    assert isinstance(law.of, MixedPoisson)
    assert isinstance(law.of.rate, Gamma)
    assert law.zeros == pytest.approx(1 / (1 + math.exp(-reference.params[0])), rel=1e-4)
    assert law.of.mean == pytest.approx(math.exp(reference.params[1]), rel=1e-4)
    assert 1 / law.of.rate.shape == pytest.approx(reference.params[2], rel=1e-4)
    assert log_likelihood(law, y) == pytest.approx(reference.llf, rel=1e-10)


def test_amounts_as_scipy_fits_them(affairs: Array) -> None:
    y = affairs[affairs > 0]
    shape, _, scale = stats.gamma.fit(y, floc=0)
    found = amounts.gamma(y)
    assert (found.shape, found.scale) == pytest.approx((shape, scale), rel=1e-9)
    sigma, _, median = stats.lognorm.fit(y, floc=0)
    logs = amounts.lognormal(y)
    assert (logs.sigma, math.exp(logs.mu)) == pytest.approx((sigma, median), rel=1e-12)
    index, _, least = stats.pareto.fit(y, floc=0)
    assert (amounts.pareto(y).index, amounts.pareto(y).scale) == pytest.approx((index, least), rel=1e-9)
    location, deviation = stats.norm.fit(y)
    assert (amounts.normal(y).location, amounts.normal(y).deviation) == pytest.approx((location, deviation))


@pytest.mark.parametrize(
    ("law", "reference"),
    [
        (Gamma(0.3, 20.0), stats.gamma(0.3, scale=20.0).logpdf),
        (LogNormal(1.0, 1.5), stats.lognorm(1.5, scale=math.e).logpdf),
        (Pareto(0.5, 1.2), stats.pareto(1.2, scale=0.5).logpdf),
        (Normal(2.0, 3.0), stats.norm(2.0, 3.0).logpdf),
        (Poisson(2.5), stats.poisson(2.5).logpmf),
        (MixedPoisson(Gamma(0.7, 3.0)), stats.nbinom(0.7, 1 / 4).logpmf),
    ],
)
def test_likelihoods_as_scipy_states_them(law: Distribution, reference: object) -> None:
    y = np.array([1.0, 2.0, 2.0, 7.0, 40.0])
    assert callable(reference)
    assert log_likelihood(law, y) == pytest.approx(float(np.sum(reference(y))), rel=1e-12)


def test_likelihoods_with_zeros_by_hand() -> None:
    inflated = ZeroInflated(0.3, Poisson(2.0))
    pmf = stats.poisson(2.0).pmf
    expected = 2 * math.log(0.3 + 0.7 * pmf(0)) + math.log(0.7 * pmf(3))
    assert log_likelihood(inflated, np.array([0.0, 0.0, 3.0])) == pytest.approx(expected, rel=1e-12)
    atom = ZeroInflated(0.25, Gamma(2.0, 1.0))
    assert log_likelihood(atom, np.array([0.0, 1.0])) == pytest.approx(math.log(0.25) + math.log(0.75) - 1)
    by_hand = math.log(0.75) + 2 * math.log(0.25)
    assert log_likelihood(Bernoulli(0.25), np.array([0.0, 1.0, 1.0])) == pytest.approx(by_hand)
    assert log_likelihood(Constant(4.0), np.array([4.0, 4.0])) == 0


# ---- relations


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.2, 8), st.floats(0.1, 5), st.floats(0, 0.7))
def test_no_neighbour_is_likelier(seed: int, shape: float, scale: float, zeros: float) -> None:
    y = ZeroInflated(zeros, MixedPoisson(Gamma(shape, scale))).draw(seeds.stream(seed, "test.mle"), 300)
    if y.max() < 2:
        return
    poisson, inflated = counts.poisson(y), counts.zero_inflated_poisson(y)
    negative, both = counts.negative_binomial(y), counts.zero_inflated_negative_binomial(y)
    at = {law: log_likelihood(law, y) for law in (poisson, inflated, negative, both)}
    slack = 1e-7 * abs(at[poisson])
    assert at[both] >= max(at[inflated], at[negative]) - slack
    assert min(at[inflated], at[negative]) >= at[poisson] - slack
    for law, value in at.items():
        assert all(log_likelihood(near, y) <= value + slack for near in _neighbours(law))


def _neighbours(law: Distribution) -> list[Distribution]:
    found: list[Distribution] = []
    for factor in (0.99, 1.01):
        if isinstance(law, Poisson):
            found.append(Poisson(law.rate * factor))
        elif isinstance(law, ZeroInflated):
            found += [ZeroInflated(min(law.zeros * factor, 1), law.of)]
            found += [ZeroInflated(law.zeros, of) for of in _neighbours(law.of)]
        elif isinstance(law, MixedPoisson) and isinstance(law.rate, Gamma):
            rate = law.rate
            found += [MixedPoisson(Gamma(rate.shape * factor, rate.scale))]
            found += [MixedPoisson(Gamma(rate.shape, rate.scale * factor))]
    return found


def test_zeros_of_amounts_are_their_share(affairs: Array) -> None:
    law = amounts.with_zeros(amounts.gamma)(affairs)
    assert law == ZeroInflated(float(np.mean(affairs == 0)), amounts.gamma(affairs[affairs > 0]))


# ---- edges


def test_the_edge_of_a_family_is_the_smaller_family() -> None:
    even = np.tile([1.0, 2.0, 3.0], 20)  # less variance than a Poisson law has, and no zeros
    assert counts.negative_binomial(even) == Poisson(2.0)
    assert counts.zero_inflated_poisson(even) == Poisson(2.0)
    assert counts.zero_inflated_negative_binomial(even) == Poisson(2.0)
    single = np.array([0.0, 0.0, 1.0, 1.0])  # positive counts without a spread
    assert counts.zero_inflated_poisson(single) == Poisson(0.5)
    assert counts.zero_inflated_negative_binomial(single) == Poisson(0.5)


def test_extra_zeros_alone_need_no_mixture() -> None:
    # Given the zeros, the positive counts vary less than a Poisson law's: the shape has no finite optimum.
    y = np.array([0.0] * 50 + [2.0] * 10 + [3.0] * 10)
    assert counts.zero_inflated_negative_binomial(y) == counts.zero_inflated_poisson(y)
    assert isinstance(counts.zero_inflated_poisson(y), ZeroInflated)

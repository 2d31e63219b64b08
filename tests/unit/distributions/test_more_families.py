"""Negative binomial, beta, Weibull, Student t, mixture and hurdle against references, and their refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay.distributions import (
    Bernoulli,
    Beta,
    CompoundPoisson,
    Constant,
    Distribution,
    Empirical,
    Gamma,
    Hurdle,
    LogNormal,
    MixedPoisson,
    Mixture,
    NegativeBinomial,
    Normal,
    Pareto,
    Poisson,
    StudentT,
    Weibull,
    ZeroInflated,
)
from assay.errors import InputError

S = (0.0, 1e-6, 0.01, 0.3, 1.0, 7.0, 40.0, 900.0)
"""Arguments of Laplace transforms."""


class Frozen(Protocol):
    """What we use of SciPy's frozen distributions."""

    def cdf(self, x: NDArray[np.float64], /) -> NDArray[np.float64]: ...
    def mean(self) -> float: ...
    def var(self) -> float: ...


# ---- known values


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (NegativeBinomial(0.4, 3), stats.nbinom(0.4, 1 / 4)),
        (NegativeBinomial(25, 0.1), stats.nbinom(25, 1 / 1.1)),
        (Beta(2, 5, -1, 3), stats.beta(2, 5, loc=-1, scale=4)),
        (Beta(0.5, 0.5, 0, 1), stats.beta(0.5, 0.5)),
        (Weibull(0.6, 2), stats.weibull_min(0.6, scale=2)),
        (Weibull(1, 2), stats.expon(scale=2)),
        (Weibull(3, 5), stats.weibull_min(3, scale=5)),
        (StudentT(1, 2, 2.5), stats.t(2.5, loc=1, scale=2)),
        (StudentT(0, 1, 30), stats.t(30)),
    ],
    ids=repr,
)
def test_agrees_with_scipy(ours: Distribution, theirs: Frozen) -> None:
    x = np.linspace(-3, 12, 61)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-11, atol=1e-14)
    assert ours.mean == pytest.approx(theirs.mean(), rel=1e-13, abs=1e-15)
    assert ours.variance == pytest.approx(theirs.var(), rel=1e-12)


def test_a_negative_binomial_is_a_poisson_count_with_a_gamma_rate() -> None:
    """Greenwood and Yule 1920: the same parameters, the same law."""
    one, other = NegativeBinomial(1.7, 0.8), MixedPoisson(Gamma(1.7, 0.8))
    x = np.arange(-1, 60) / 2
    np.testing.assert_allclose(one.cdf(x), other.cdf(x), rtol=1e-13)
    np.testing.assert_allclose(one.laplace(S), other.laplace(S), rtol=1e-13)
    assert one.mean == pytest.approx(other.mean, rel=1e-15)
    assert one.variance == pytest.approx(other.variance, rel=1e-15)


@pytest.mark.parametrize("parameters", [(2, 5), (0.5, 0.5), (0.05, 3), (30, 80), (200, 3)])
def test_the_transform_of_beta_is_kummers_function(parameters: tuple[float, float]) -> None:
    alpha, beta = parameters
    for s in S:
        expected = mp.exp(-s * 0.5) * mp.hyp1f1(alpha, alpha + beta, -s * 2)
        assert float(Beta(alpha, beta, 0.5, 2.5).laplace(s)) == pytest.approx(float(expected), abs=1e-13)


@pytest.mark.long
@pytest.mark.parametrize("shape", [0.2, 0.6, 1.0, 1.5, 3.0, 12.0])
def test_the_transform_of_weibull_is_its_integral(shape: float) -> None:
    """By mpmath over the quantiles of a standard exponential, split where the integrand turns."""
    for s in S:
        turn = mp.mpf(1) / max(s, 1e-9) ** shape
        nodes = sorted(
            {mp.mpf(0), turn / 1000, turn / 10, turn, 10 * turn, mp.mpf(1), mp.mpf(10), mp.mpf(60)}
        )
        expected = mp.quad(
            lambda e, s=s: mp.exp(-e - 2 * s * e ** (mp.mpf(1) / shape)), [n for n in nodes if n <= 60]
        )
        assert float(Weibull(shape, 2).laplace(s)) == pytest.approx(float(expected), abs=1e-11)


def test_the_transform_of_an_exponential_is_known() -> None:
    np.testing.assert_allclose(Weibull(1, 3).laplace(S), 1 / (1 + 3 * np.array(S)), atol=1e-13)


def test_a_mixture_by_hand() -> None:
    law = Mixture((1, 3), (Constant(0), Constant(4)))
    assert (law.mean, law.variance, law.support) == (3, 3, (0, 4))
    assert law.cdf([-1, 0, 3.9, 4]).tolist() == [0, 0.25, 0.25, 1]
    assert float(law.laplace(0.5)) == pytest.approx(0.25 + 0.75 * math.exp(-2))


def test_a_hurdle_by_hand() -> None:
    """P(N = k) for k > 0 is (1 - 0.6) e^-2 2^k / k! / (1 - e^-2); moments by summing it."""
    law = Hurdle(0.6, Poisson(2))
    k = np.arange(80)
    mass = stats.poisson(2).pmf(k) * 0.4 / -math.expm1(-2)
    mass[0] = 0.6
    np.testing.assert_allclose(law.cdf(k), np.cumsum(mass), rtol=1e-13)
    assert law.mean == pytest.approx(mass @ k, rel=1e-13)
    assert law.variance == pytest.approx(mass @ (k - mass @ k) ** 2, rel=1e-13)
    for s in S:
        assert float(law.laplace(s)) == pytest.approx(float(mass @ np.exp(-s * k)), abs=1e-14)


# ---- relations


def test_a_hurdle_before_a_law_without_zeros_is_zero_inflation() -> None:
    one, other = Hurdle(0.3, Gamma(2, 3)), ZeroInflated(0.3, Gamma(2, 3))
    x = np.linspace(-1, 30, 50)
    np.testing.assert_allclose(one.cdf(x), other.cdf(x), rtol=1e-14)
    np.testing.assert_allclose(one.laplace(S), other.laplace(S), rtol=1e-14)
    assert (one.mean, one.variance) == pytest.approx((other.mean, other.variance))


def test_a_hurdle_before_a_law_with_zeros_has_no_zeros_but_its_own() -> None:
    draws = Hurdle(0.25, Poisson(0.05)).draw(np.random.default_rng(3), 100_000)
    assert abs((draws == 0).mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 1e5)


def test_a_mixture_of_one_is_that_law_and_zeros_weigh_nothing() -> None:
    law = Mixture((2, 0), (Gamma(2, 3), Normal(0, 1)))
    x = np.linspace(-1, 30, 50)
    np.testing.assert_array_equal(law.cdf(x), Gamma(2, 3).cdf(x))
    assert (law.mean, law.variance, law.support) == (6, 18, (0, math.inf))


def test_a_count_with_mixed_rates_is_the_mixture_of_counts() -> None:
    rates = (Constant(0.2), Gamma(3, 2))
    one = MixedPoisson(Mixture((0.9, 0.1), rates))
    other = Mixture((0.9, 0.1), tuple(MixedPoisson(rate) for rate in rates))
    x = np.arange(-1, 40)
    np.testing.assert_allclose(one.cdf(x), other.cdf(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(one.laplace(S), other.laplace(S), rtol=1e-13)
    assert (one.mean, one.variance) == pytest.approx((other.mean, other.variance))


def test_counts_with_rates_of_the_new_laws_keep_the_zero_class_of_the_transform() -> None:
    """Their cdf comes by quadrature: at 0 it is the transform of the rate at 1."""
    for rate in (Beta(2, 3, 0, 4), Weibull(0.8, 1.5), Hurdle(0.4, Gamma(2, 1))):
        assert float(MixedPoisson(rate).cdf(0)) == pytest.approx(float(rate.laplace(1.0)), abs=1e-9)


def test_sums_of_negative_binomials() -> None:
    five = NegativeBinomial(0.4, 3).sum_of(5)
    assert five == NegativeBinomial(2.0, 3)
    np.testing.assert_allclose(five.laplace(0.3), NegativeBinomial(0.4, 3).laplace(0.3) ** 5)
    law = CompoundPoisson(Poisson(2), NegativeBinomial(0.4, 3))
    assert float(law.cdf(0)) == pytest.approx(float(Poisson(2).laplace(-math.log(0.25**0.4))), abs=1e-12)


# ---- edges


def test_a_hurdle_that_nobody_passes() -> None:
    law = Hurdle(1, Gamma(2, 3))
    assert (law.mean, law.variance, law.support) == (0, 0, (0, 0))
    assert not law.draw(np.random.default_rng(1), 100).any()


def test_infinite_moments_stay_infinite() -> None:
    light, heavy = Gamma(2, 3), Pareto(1, 1)
    both = Mixture((1, 1), (light, heavy))
    assert (both.mean, both.variance) == (math.inf, math.inf)
    assert Mixture((1, 1), (light, Pareto(1, 2))).variance == math.inf
    assert Hurdle(0.5, Pareto(1, 2)).variance == math.inf
    assert Hurdle(0.5, Pareto(1, 2)).mean == pytest.approx(1)


def test_lists_become_tuples_so_that_equal_laws_are_equal() -> None:
    laws = [Gamma(2, 3), Empirical([1], [1])]  # type: ignore[arg-type]
    assert Mixture([1, 2], laws) == Mixture((1.0, 2.0), tuple(laws))  # type: ignore[arg-type]


# ---- refusals


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: NegativeBinomial(0, 1), "negative_binomial.shape is 0; it must be above 0"),
        (lambda: NegativeBinomial(1, -1), "negative_binomial.scale is -1; it must be above 0"),
        (lambda: Beta(0, 1, 0, 1), "beta.alpha is 0; it must be above 0"),
        (lambda: Beta(1, math.nan, 0, 1), "beta.beta is nan; it must be a finite number"),
        (lambda: Beta(1, 1, 2, 2), "beta.high is 2.0; it must be above beta.low, 2.0"),
        (lambda: Weibull(-1, 1), "weibull.shape is -1; it must be above 0"),
        (lambda: Weibull(1, 0), "weibull.scale is 0; it must be above 0"),
        (lambda: StudentT(0, 1, 2), "student_t.degrees is 2; it must be above 2 to have a variance"),
        (lambda: StudentT(0, 0, 3), "student_t.scale is 0; it must be above 0"),
        (lambda: StudentT(0, 1, 3).laplace(1.0), "student_t has no Laplace transform"),
        (lambda: StudentT(0, 1, 3).sum_of(2), "the sum of 2 student_t values has no distribution"),
        (
            lambda: Mixture((1, 1), (Gamma(1, 1), StudentT(0, 1, 3))).laplace(1.0),
            "student_t has no Laplace transform",
        ),
        (
            lambda: Mixture((1,), (Poisson(1), Poisson(2))),
            "mixture has 2 laws and 1 weights; give one",
        ),
        (lambda: Mixture((0,), (Poisson(1),)), "mixture.weights are all 0; one must be above 0"),
        (lambda: Mixture((), ()), "mixture.weights are all 0; one must be above 0"),
        (lambda: Mixture((-1,), (Poisson(1),)), "mixture.weights is -1; it must be 0 or greater"),
        (lambda: Mixture(3, (Poisson(1),)), "mixture.weights is 3; it must be a list of numbers"),  # type: ignore[arg-type]
        (lambda: Mixture((1,), "a"), "mixture.laws is 'a'; it must be a list of distributions"),  # type: ignore[arg-type]
        (lambda: Mixture((1,), (3,)), "mixture.laws holds 3; each must be a distribution"),  # type: ignore[arg-type]
        (lambda: Hurdle(0, Gamma(1, 1)), "hurdle.zeros is 0.0; it must be above 0"),
        (lambda: Hurdle(1.2, Gamma(1, 1)), "hurdle.zeros is 1.2; it must lie between 0 and 1"),
        (lambda: Hurdle(0.5, Normal(0, 1)), "hurdle.of is a normal distribution, which can be negative"),
        (lambda: Hurdle(0.5, Bernoulli(0)), "hurdle.of is above 0 with probability 0; it must be 0.001 or"),
        (lambda: Hurdle(0.5, CompoundPoisson(Poisson(1), LogNormal(0, 1))), "the sum of 1 lognormal values"),
    ],
)
def test_refusals(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        build()
    assert sentence in caught.value.message

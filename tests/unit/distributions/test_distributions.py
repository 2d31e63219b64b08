"""Every registered distribution: moments, cdf, transform and draws agree with each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from assay import seeds
from assay.distributions import (
    DISTRIBUTIONS,
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


class Frozen(Protocol):
    """What we use of SciPy's frozen distributions."""

    def cdf(self, x: NDArray[np.float64], /) -> NDArray[np.float64]: ...
    def mean(self) -> float: ...
    def var(self) -> float: ...


EXAMPLES: dict[str, Distribution] = {
    "constant": Constant(2.5),
    "bernoulli": Bernoulli(0.3),
    "poisson": Poisson(3.7),
    "gamma": Gamma(1.5, 160),
    "normal": Normal(-1, 2),
    "lognormal": LogNormal(0.5, 0.8),
    "zero_inflated": ZeroInflated(0.2, Gamma(2, 0.75)),
    "mixed_poisson": MixedPoisson(Gamma(2, 0.75)),
    "empirical": Empirical((0, 1.5, 4), (5, 3, 2)),
    "compound_poisson": CompoundPoisson(Poisson(1.2), Gamma(1.5, 2)),
    "pareto": Pareto(1.5, 6.5),
    "negative_binomial": NegativeBinomial(0.8, 2.5),
    "beta": Beta(2, 5, 1, 4),
    "weibull": Weibull(0.9, 2),
    "student_t": StudentT(1, 0.5, 12),
    "mixture": Mixture((3, 1), (Gamma(2, 1), Normal(9, 1))),
    "hurdle": Hurdle(0.6, Gamma(2, 3)),
}
MORE: list[Distribution] = [
    ZeroInflated(0, Gamma(2, 1)),
    ZeroInflated(1, Gamma(2, 1)),
    ZeroInflated(0.1, LogNormal(0, 0.5)),
    MixedPoisson(Constant(2)),
    MixedPoisson(ZeroInflated(0.3, Gamma(2, 3))),
    MixedPoisson(LogNormal(0, 0.7)),
    MixedPoisson(Empirical((0, 0.5, 4), (2, 5, 3))),
    CompoundPoisson(MixedPoisson(Gamma(2, 0.75)), Gamma(1.5, 2)),
    CompoundPoisson(Poisson(2), Normal(1, 1)),
    CompoundPoisson(Poisson(2), Constant(3)),
    CompoundPoisson(Poisson(2), Poisson(0.5)),
    Bernoulli(0),
    Bernoulli(1),
    Poisson(0),
    Pareto(0.5, 6),
    NegativeBinomial(30, 0.1),
    Beta(0.5, 0.5, -2, 1),
    Weibull(3, 2),
    Mixture((1, 4), (Beta(2, 2, 0, 1), Gamma(2, 3))),
    Hurdle(0.3, Poisson(2)),
    MixedPoisson(Mixture((1, 2), (Constant(0.5), Gamma(2, 1)))),
]
ALL = [*EXAMPLES.values(), *MORE]
TRANSFORMED = [law for law in ALL if law.name != "student_t"]  # its refusal is tested beside its moments


# ---- known values: SciPy's frozen distributions and textbook formulas


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Gamma(1.5, 160), stats.gamma(1.5, scale=160)),
        (Normal(-1, 2), stats.norm(-1, 2)),
        (LogNormal(0.5, 0.8), stats.lognorm(0.8, scale=math.exp(0.5))),
        (Poisson(3.7), stats.poisson(3.7)),
        (Pareto(1.5, 6.5), stats.pareto(6.5, scale=1.5)),
        (Bernoulli(0.3), stats.bernoulli(0.3)),
        (MixedPoisson(Gamma(2, 0.75)), stats.nbinom(2, 1 / 1.75)),  # Greenwood and Yule 1920
    ],
)
def test_agrees_with_scipy(ours: Distribution, theirs: Frozen) -> None:
    x = np.linspace(-3, 12, 61)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12, atol=1e-15)
    assert ours.mean == pytest.approx(theirs.mean(), rel=1e-13)
    assert ours.variance == pytest.approx(theirs.var(), rel=1e-13)


def test_the_zero_class_of_a_compound_sum_is_the_chance_of_no_event() -> None:
    law = CompoundPoisson(Poisson(1.2), Gamma(1.5, 2))
    assert law.cdf(0.0) == pytest.approx(math.exp(-1.2))
    assert law.mean == pytest.approx(1.2 * 3)
    assert law.variance == pytest.approx(1.2 * (6 + 9))  # Klugman, Panjer and Willmot 2012, (9.9)


# ---- relations


def test_every_registered_distribution_has_an_example() -> None:
    assert {law.name: type(law) for law in EXAMPLES.values()} == DISTRIBUTIONS
    for name, cls in DISTRIBUTIONS.items():
        assert cls.__doc__, name
        assert dataclasses.is_dataclass(cls)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_draws_have_the_law_that_the_moments_state(law: Distribution) -> None:
    """Each bound is 5 standard errors: with some 60 of them a right law fails with probability < 1e-4."""
    n = 100_000
    draws = law.draw(seeds.stream(7, "test.draw"), n)
    assert draws.shape == (n,)
    assert draws.dtype == np.float64
    assert abs(draws.mean() - law.mean) <= 5 * math.sqrt(law.variance / n) + 1e-12
    if np.ptp(draws) > 0:
        squares = (draws - law.mean) ** 2
        assert abs(squares.mean() - law.variance) <= 5 * squares.std() / math.sqrt(n)
    assert draws.min() >= law.support[0]
    assert draws.max() <= law.support[1]
    at = np.quantile(draws, [0.1, 0.5, 0.9])
    shares = (draws[:, None] <= at).mean(axis=0)
    assert np.abs(shares - law.cdf(at)).max() <= 5 * 0.5 / math.sqrt(n)


@pytest.mark.parametrize("law", TRANSFORMED, ids=repr)
def test_the_transform_is_the_mean_of_the_exponential(law: Distribution) -> None:
    draws = law.draw(seeds.stream(8, "test.laplace"), 100_000)
    for s in (0.0, 0.2, 0.5):
        values = np.exp(-s * draws)
        assert abs(values.mean() - float(law.laplace(s))) <= 5 * values.std() / math.sqrt(1e5) + 1e-12


@pytest.mark.parametrize("law", TRANSFORMED, ids=repr)
def test_derivatives_of_the_transform_at_zero_are_the_moments(law: Distribution) -> None:
    h = 1e-4 / max(1.0, abs(law.mean), math.sqrt(law.variance))
    low, zero, high = (float(law.laplace(s)) for s in (0.0, h, 2 * h))
    first = (-3 * low + 4 * zero - high) / (2 * h)
    assert -first == pytest.approx(law.mean, rel=1e-5, abs=1e-6)
    assert low == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_the_cdf_rises_from_zero_to_one_and_keeps_shapes(law: Distribution) -> None:
    x = np.sort(np.concatenate([np.linspace(-50, 50, 201), [1e4]])).reshape(2, 101)
    values = law.cdf(x)
    assert values.shape == (2, 101)
    assert (np.diff(values.ravel()) >= -1e-12).all()
    assert values[0, 0] == pytest.approx(0, abs=1e-12)
    assert values[-1, -1] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "law", [law for law in ALL if law.support[0] >= 0 and law.name != "mixed_poisson"], ids=repr
)
def test_the_mean_is_the_area_above_the_cdf(law: Distribution) -> None:
    if (
        law.name in {"poisson", "bernoulli", "constant", "empirical", "negative_binomial"}
        or "Constant" in repr(law)
        or "value=Poisson" in repr(law)
        or "of=Poisson" in repr(law)
    ):
        area = float((1 - law.cdf(np.arange(0, 400) / 2)).sum() / 2)  # steps at multiples of one half only
    else:
        top = law.mean + 60 * math.sqrt(law.variance)
        area = float(integrate.quad(lambda x: 1 - float(law.cdf(x)), 0, top, limit=500)[0])
    assert area == pytest.approx(law.mean, rel=1e-5, abs=1e-9)


@given(st.floats(0, 1), st.floats(0.1, 20), st.floats(0.01, 50))
def test_zero_inflation_is_a_mixture(zeros: float, shape: float, scale: float) -> None:
    of = Gamma(shape, scale)
    law = ZeroInflated(zeros, of)
    second = (1 - zeros) * (of.variance + of.mean**2)
    assert law.variance == pytest.approx(second - law.mean**2, rel=1e-9, abs=1e-9 * second)
    assert float(law.cdf(0.0)) == pytest.approx(zeros)


@pytest.mark.parametrize("law", [Gamma(1.5, 2), Normal(1, 2), Constant(3), Poisson(0.7)], ids=repr)
def test_sums_of_copies(law: Distribution) -> None:
    five = law.sum_of(5)
    assert five.mean == pytest.approx(5 * law.mean)
    assert five.variance == pytest.approx(5 * law.variance)
    np.testing.assert_allclose(five.laplace(0.3), law.laplace(0.3) ** 5)


def test_the_mixed_cdf_by_quadrature_agrees_with_the_closed_form() -> None:
    from assay.distributions import mixed_poisson

    rate = Gamma(2, 0.75)
    for k in (0, 1, 5, 20):
        assert mixed_poisson._by_quadrature(k, rate) == pytest.approx(
            float(MixedPoisson(rate).cdf(k)), abs=1e-9
        )


# ---- edges


def test_degenerate_supports() -> None:
    assert Bernoulli(0).support == (0, 0)
    assert Bernoulli(1).support == (1, 1)
    assert Poisson(0).support == (0, 0)
    assert MixedPoisson(Constant(0)).support == (0, 0)
    assert CompoundPoisson(Poisson(0), Normal(0, 1)).support == (0, 0)
    assert CompoundPoisson(Poisson(1), Normal(0, 1)).support == (-math.inf, math.inf)
    assert ZeroInflated(0, Constant(2)).support == (2, 2)
    assert ZeroInflated(1, Constant(2)).support == (0, 0)


def test_heavy_tails_have_no_mean_or_no_variance() -> None:
    assert Pareto(2, 1).mean == math.inf
    assert Pareto(2, 1.5).mean == pytest.approx(6)
    assert Pareto(2, 2).variance == math.inf
    # By the definition, for an index that is whole: E[exp(-s X)] over X = scale * U^(-1/index).
    area = integrate.quad(lambda u: math.exp(-0.7 * 2 * u ** (-1 / 3)), 0, 1, epsabs=1e-13)[0]
    assert float(Pareto(2, 3).laplace(0.7)) == pytest.approx(area, abs=1e-10)


# ---- refusals


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Poisson(-1), "poisson.rate is -1; it must be 0 or greater"),
        (lambda: Poisson(math.nan), "poisson.rate is nan; it must be a finite number"),
        (lambda: Gamma(0, 1), "gamma.shape is 0; it must be above 0"),
        (lambda: Gamma(1, math.inf), "gamma.scale is inf; it must be a finite number"),
        (lambda: Gamma(True, 1), "gamma.shape is True; it must be a finite number"),
        (lambda: Normal(0, 0), "normal.deviation is 0; it must be above 0"),
        (lambda: Normal("a", 1), "normal.location is 'a'; it must be a finite number"),  # type: ignore[arg-type]
        (lambda: LogNormal(0, -1), "lognormal.sigma is -1; it must be above 0"),
        (lambda: Pareto(0, 2), "pareto.scale is 0; it must be above 0"),
        (lambda: Pareto(1, -2), "pareto.index is -2; it must be above 0"),
        (lambda: Bernoulli(1.5), "bernoulli.probability is 1.5; it must lie between 0 and 1"),
        (lambda: ZeroInflated(-0.1, Poisson(1)), "zero_inflated.zeros is -0.1; it must lie between 0 and 1"),
        (
            lambda: ZeroInflated(0.1, Normal(0, 1)),
            "zero_inflated.of is a normal distribution, which can be negative",
        ),
        (lambda: MixedPoisson(3), "mixed_poisson.rate is 3; it must be a distribution"),  # type: ignore[arg-type]
        (lambda: CompoundPoisson(Gamma(1, 1), Gamma(1, 1)), "compound_poisson.count is Gamma"),  # type: ignore[arg-type]
        (lambda: CompoundPoisson(Poisson(1), 2), "compound_poisson.value is 2; it must be a"),  # type: ignore[arg-type]
        (lambda: CompoundPoisson(Poisson(1), LogNormal(0, 1)).cdf(1), "the sum of 1 lognormal values has no"),
        (lambda: CompoundPoisson(Poisson(1e6), Constant(1)).cdf(1), "its cdf needs a shorter tail"),
    ],
)
def test_refusals(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        build()
    assert sentence in caught.value.message

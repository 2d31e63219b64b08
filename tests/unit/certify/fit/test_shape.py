"""The shape of a metric: the right law is found, a wrong one refused, and the words say it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.datasets import fair, randhie

from assay import seeds
from assay.certify.fit import Shape, amounts, shape
from assay.certify.fit.goodness import TESTED, distance, goodness
from assay.certify.fit.tail import hill, tail
from assay.distributions import (
    Bernoulli,
    Constant,
    Distribution,
    Empirical,
    Gamma,
    LogNormal,
    MixedPoisson,
    Normal,
    Pareto,
    Poisson,
    ZeroInflated,
)
from assay.errors import InputError
from assay.stats import Samples
from assay.stats.clusters import intraclass

LAWS: list[tuple[Distribution, str]] = [
    (Poisson(3.0), "Poisson"),
    (MixedPoisson(Gamma(0.5, 4.0)), "negative binomial"),
    (ZeroInflated(0.3, Poisson(2.0)), "zero-inflated Poisson"),
    (ZeroInflated(0.5, MixedPoisson(Gamma(2.0, 1.0))), "zero-inflated negative binomial"),
    (Gamma(0.5, 3.0), "gamma"),
    (LogNormal(3.0, 1.5), "log-normal"),
    (Pareto(1.0, 2.5), "Pareto"),
    (ZeroInflated(0.9, LogNormal(3.0, 1.5)), "zero-inflated log-normal"),
    (ZeroInflated(0.2, Gamma(2.0, 1.0)), "zero-inflated gamma"),
    (Normal(1.0, 2.0), "normal"),
    (Bernoulli(0.1), "Bernoulli"),
    (Constant(4.0), "constant"),
    (ZeroInflated(0.5, Constant(12.5)), "zero-inflated constant"),
]


@pytest.mark.parametrize(("law", "name"), LAWS, ids=[name for _, name in LAWS])
def test_finds_the_law_that_made_the_data(law: Distribution, name: str) -> None:
    found = shape(law.draw(seeds.stream(12, "test.shape"), 8000))
    assert found.best is not None
    assert found.best.name == name
    assert found.law.mean == pytest.approx(law.mean, rel=0.15)
    assert found.candidates[0].bic == min(c.bic for c in found.candidates)


# ---- known values: SciPy


def test_moments_are_scipys() -> None:
    y = np.asarray(randhie.load_pandas().data["mdvis"], dtype=np.float64)
    found = shape(y)
    assert found.n == 20190
    assert found.zero_share == np.mean(y == 0)
    assert (found.mean, found.sd) == pytest.approx((np.mean(y), np.std(y, ddof=1)))
    assert (found.skewness, found.kurtosis) == pytest.approx((stats.skew(y), stats.kurtosis(y)))
    # A negative binomial law misses the visits in the tail by far more than chance: the data stand in.
    assert found.best is None
    assert isinstance(found.law, Empirical)
    assert (found.law.mean, found.law.variance) == pytest.approx((np.mean(y), np.var(y)))
    assert "no law fits" in found.sentence().lower()


def test_aic_and_bic_by_their_definition() -> None:
    found = shape(np.asarray(fair.load_pandas().data["affairs"], dtype=np.float64))
    for each in found.candidates:
        assert each.aic == pytest.approx(2 * each.parameters - 2 * each.log_likelihood)
        assert each.bic == pytest.approx(math.log(6366) * each.parameters - 2 * each.log_likelihood)
    assert {each.parameters for each in found.candidates} == {3}


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    y = Gamma(2.0, 1.0).draw(seeds.stream(3, "test.ks"), 50)
    reference = stats.kstest(y, stats.gamma(1.8, scale=1.1).cdf).statistic
    assert distance(y, Gamma(1.8, 1.1), steps=False) == pytest.approx(reference)
    atom = np.concatenate([np.zeros(50), y])
    halved = distance(atom, ZeroInflated(0.5, Gamma(1.8, 1.1)), steps=False)
    assert halved == pytest.approx(reference / 2)
    pmf = stats.poisson(1).cdf([0, 1, 2, 3])
    by_hand = float(np.max(np.abs(np.array([0.5, 0.75, 0.75, 1]) - pmf)))
    assert distance(np.array([0.0, 0.0, 1.0, 3.0]), Poisson(1.0), steps=True) == pytest.approx(by_hand)


def test_hill_by_its_formula() -> None:
    # The three largest of 1, 2, 4, 8 over the fourth: logarithms of 2, 4, 8, mean 2 log 2.
    assert hill(np.array([8.0, 1.0, 4.0, 2.0]), 3) == pytest.approx(1 / (2 * math.log(2)))
    assert hill(np.array([1.0, 5.0, 5.0, 5.0]), 2) == math.inf


# ---- relations


@pytest.mark.long
def test_p_values_of_a_true_law_are_uniform() -> None:
    """50 samples: a right test breaks a bound with probability below 1e-3."""
    found = [
        goodness(Gamma(0.7, 2.0).draw(seeds.stream(s, "test.level"), 60), amounts.gamma, steps=False, seed=s)
        for s in range(50)
    ]
    assert sum(p <= 0.1 for p in found) < 14
    assert 12 < sum(p <= 0.5 for p in found) < 38


def test_equal_seeds_give_equal_digits_and_others_do_not() -> None:
    y = LogNormal(0.0, 1.0).draw(seeds.stream(1, "test.seed"), TESTED + 500)
    assert shape(y, seed=4) == shape(y, seed=4)
    one, other = ([c.p_value for c in shape(y, seed=s).candidates] for s in (4, 5))
    assert one != other


def test_order_has_no_say_on_law_and_moments() -> None:
    y = MixedPoisson(Gamma(0.5, 4.0)).draw(seeds.stream(1, "test.order"), 500)
    one, other = shape(y), shape(y[::-1])
    assert one.law == other.law
    assert one.skewness == pytest.approx(other.skewness)


def test_a_power_tail_is_measured_and_others_have_none() -> None:
    found = tail(Pareto(1.0, 1.5).draw(seeds.stream(2, "test.tail"), 20_000), seed=0)
    assert found is not None
    assert found.k == 1000
    assert found.std_error == pytest.approx(found.index / math.sqrt(1000))
    assert abs(found.index - 1.5) < 4 * found.std_error
    student: NDArray[np.float64] = np.zeros(40_000) + seeds.stream(2, "test.student").standard_t(3, 40_000)
    heavy = tail(np.abs(student), seed=0)
    assert heavy is not None
    assert 2.2 < heavy.index < 3.3
    light = tail(Gamma(2.0, 1.0).draw(seeds.stream(2, "test.light"), 20_000), seed=0)
    assert light is None or light.index > 4
    assert tail(Poisson(2.0).draw(seeds.stream(2, "test.light"), 20_000), seed=0) is None
    assert tail(np.linspace(0.0, 99.0, 100), seed=0) is None
    assert tail(np.full(1000, 3.0), seed=0) is None


def test_what_units_have_in_common() -> None:
    rng = seeds.stream(9, "test.common")
    cluster = np.repeat(np.arange(200), 5)
    y = rng.normal(size=200)[cluster] + rng.normal(size=1000)
    x = 0.8 * y + 0.6 * rng.normal(size=1000) * np.std(y)
    found = shape(y, x=x, cluster=[f"c{c}" for c in cluster])
    assert found.icc == pytest.approx(float(intraclass(Samples(y, cluster=cluster)).icc))
    assert found.covariate_correlation == pytest.approx(stats.pearsonr(y, x).statistic)
    assert "values of one cluster correlate" in found.sentence().lower()
    assert "of the variance" in found.sentence()


# ---- edges


def test_what_is_not_defined_is_none() -> None:
    found = shape([1.0, 2.0, 4.5], x=[1, 1, 1], cluster=[1, 2, 3])
    assert found.icc is None
    assert found.covariate_correlation is None
    same = shape([3.0, 3.0], x=[1, 2])
    assert math.isnan(same.skewness)
    assert same.covariate_correlation is None
    assert same.sentence() == "2 values: mean 3, standard deviation 0. Every value is the same."


def test_large_whole_numbers_are_amounts() -> None:
    assert shape([100, 250, 900, 1200]).kind == "amount"
    assert shape([0, 3, 90]).kind == "count"
    assert shape([0] * 3 + [1] * 5000 + [200_000]).kind == "amount"


def sentence_of(y: ArrayLike) -> str:
    return shape(y).sentence()


def test_sentences() -> None:
    heavy = Pareto(1.0, 1.5).draw(seeds.stream(2, "test.words"), 20_000)
    assert "power with index 1." in sentence_of(heavy)
    assert "few units decide the mean" in sentence_of(heavy)
    open_ = Pareto(1.0, 2.2).draw(seeds.stream(2, "test.words"), 2000)
    assert "is open" in sentence_of(open_)
    light = Pareto(1.0, 4.0).draw(seeds.stream(2, "test.words"), 20_000)
    assert "a finite variance" in sentence_of(light)
    assert sentence_of([0, 1, 1, 1]).endswith("Values are 0 or 1 (Bernoulli).")
    assert "Pareto, which a test of 2,000 values does not refute" in sentence_of(light)
    assert "Poisson, which the data do not refute" in sentence_of([0, 0, 0, 1, 0, 2, 1, 0, 3, 0])
    assert "10 values, 60 % of them 0" in sentence_of([0, 0, 0, 1, 0, 2, 1, 0, 3, 0])


def test_a_sample_without_a_spread_of_positives_refutes_nothing() -> None:
    y = np.array([0.0] * (3 * TESTED) + [1.5, 2.5])
    assert goodness(y, amounts.with_zeros(amounts.gamma), steps=False, seed=0) == 1.0
    assert isinstance(shape(y), Shape)


# ---- refusals


@pytest.mark.parametrize(
    ("y", "x", "cluster", "sentence"),
    [
        ([1.0], None, None, "y has 1 values; a shape needs 2 or more"),
        ([1.0, math.nan], None, None, "y is not one axis of finite numbers"),
        ([[1.0, 2.0]], None, None, "y is not one axis of finite numbers"),
        ([1.0, 2.0], [1.0], None, "x has shape (1,) and y (2,)"),
        ([1.0, 2.0], None, ["a"], "cluster has shape (1,) and y (2,)"),
    ],
)
def test_refusals(y: ArrayLike, x: ArrayLike | None, cluster: ArrayLike | None, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        shape(y, x=x, cluster=cluster)
    assert sentence in caught.value.message

"""A world fitted to data draws units like those of the data, through the very generators that a run uses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.datasets import fair, randhie

from assay import seeds
from assay.certify.fit import (
    World,
    as_yaml,
    blueprint_of,
    halves_correlation,
    world_of_events,
    world_of_units,
)
from assay.certify.fit.rates import rate_law, scaled
from assay.certify.fit.totals import laws_of_totals
from assay.distributions import (
    Bernoulli,
    CompoundPoisson,
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
from assay.generators.weeks import week
from assay.spec import Blueprint, load_blueprint
from assay.spec.truth import truth

Array = NDArray[np.float64]
THIRDS = np.repeat(np.arange(1000), 3).astype(np.float64)


@pytest.fixture(scope="module")
def visits() -> Array:
    """Outpatient visits per person and year, RAND health insurance experiment."""
    return np.asarray(randhie.load_pandas().data["mdvis"], dtype=np.float64)


@pytest.fixture(scope="module")
def affairs() -> Array:
    """Fair (1978), time in extramarital affairs."""
    return np.asarray(fair.load_pandas().data["affairs"], dtype=np.float64)


def brokerage(units: int = 4000, weeks: int = 4) -> tuple[Array, Array]:
    """Events of a population whose laws are known: unit and value of each."""
    rate = ZeroInflated(0.2, Gamma(2.0, 0.75)).draw(seeds.stream(3, "test.rate"), units)
    counts = seeds.stream(3, "test.events").poisson(rate * weeks)
    unit = np.repeat(np.arange(units), counts)
    return np.unique(unit, return_inverse=True)[1].astype(np.float64), Gamma(1.5, 160.0).draw(
        seeds.stream(3, "test.value"), len(unit)
    )


def totals_of(blueprint: Blueprint, weeks: int) -> tuple[Array, Array]:
    """Events and value per customer in the first weeks, drawn without the experiment."""
    plain = blueprint.model_copy(update={"experiments": {}})
    trades = pa.concat_tables([week(plain, n).trades for n in range(1, weeks + 1)])
    unit = trades.column("customer_id").to_numpy() - 1
    value = trades.column("notional").cast(pa.float64()).to_numpy()
    assert plain.population is not None
    size = plain.population.initial
    ones = np.ones(len(unit))
    events, total = (np.bincount(unit, weights=w, minlength=size).astype(np.float64) for w in (ones, value))
    return events, total


def assert_alike(drawn: Array, data: Array, *, sd: float = 0.1) -> None:
    """Mean and share of zeros within 5 standard errors of both, standard deviation within a share."""
    error = math.sqrt(np.var(drawn) / len(drawn) + np.var(data) / len(data))
    assert abs(np.mean(drawn) - np.mean(data)) < 5 * error
    assert np.std(drawn) == pytest.approx(np.std(data), rel=sd)
    assert abs(np.mean(drawn == 0) - np.mean(data == 0)) < 5 * 0.5 * math.sqrt(1 / len(drawn) + 1 / len(data))


# ---- known values: a simulated population like the data


def test_events_come_back_through_the_generators(tmp_path: Path) -> None:
    unit, value = brokerage()
    world = world_of_events(unit, value, weeks=4, units=4000)
    assert isinstance(world.rate, ZeroInflated)
    assert isinstance(world.rate.of, Gamma)
    assert (world.rate.zeros, world.rate.of.shape, world.rate.of.scale) == pytest.approx(
        (0.2, 2.0, 0.75), rel=0.15
    )
    assert isinstance(world.value, Gamma)
    assert (world.value.shape, world.value.scale) == pytest.approx((1.5, 160.0), rel=0.05)
    assert (world.units, world.metric) == (4000, "value_per_unit")
    path = tmp_path / "shop.yaml"
    path.write_text(as_yaml(blueprint_of(world, name="shop", seed=5), comment="From a test."))
    blueprint = load_blueprint(path)
    assert blueprint == blueprint_of(world, name="shop", seed=5)
    data = np.bincount(unit.astype(np.int64), weights=value, minlength=4000).astype(np.float64)
    assert_alike(totals_of(blueprint, 4)[1], data)


def test_counts_that_no_family_fits_come_back(visits: Array) -> None:
    world = world_of_units(visits, weeks=1)
    assert isinstance(world.rate, Empirical)
    assert world.metric == "events_per_unit"
    assert world.drawn.mean == pytest.approx(world.observed.mean, rel=1e-12)
    assert world.drawn.sd == pytest.approx(world.observed.sd, rel=0.002)
    assert world.drawn.zero_share == pytest.approx(world.observed.zero_share, abs=0.001)
    blueprint = blueprint_of(world, name="visits")
    assert Blueprint.parse(blueprint.document(), "document") == blueprint
    events, _ = totals_of(blueprint, 1)
    assert_alike(events, visits, sd=0.05)


def test_amounts_come_back(affairs: Array) -> None:
    world = world_of_units(affairs, weeks=1)
    assert world.metric == "value_per_unit"
    assert world.drawn.mean == pytest.approx(world.observed.mean, rel=1e-9)
    assert world.drawn.sd == pytest.approx(world.observed.sd, rel=1e-9)
    assert world.drawn.zero_share == pytest.approx(world.observed.zero_share, rel=1e-12)
    _, value = totals_of(blueprint_of(world, name="affairs"), 1)
    assert_alike(value, affairs, sd=0.2)  # the fourth moment of the data is large


def test_zeros_and_ones_come_back() -> None:
    data = Bernoulli(0.3).draw(seeds.stream(1, "test.ones"), 5000)
    world = world_of_units(data, weeks=1)
    assert world.metric == "active_units"
    assert (world.drawn.mean, world.drawn.sd) == pytest.approx((world.observed.mean, world.observed.sd))
    assert world.drawn.zero_share == pytest.approx(np.mean(data == 0))
    events, _ = totals_of(blueprint_of(world, name="ones"), 1)
    assert_alike((events > 0).astype(np.float64), data)


# ---- relations


@given(st.floats(0.01, 1e4), st.floats(0.3, 30), st.floats(0, 0.95))
def test_laws_of_totals_have_the_moments_asked_for(mean: float, spread: float, zeros: float) -> None:
    # The variance of a total with this share of zeros and this coefficient of variation of the others.
    positive = mean / (1 - zeros)
    variance = (1 - zeros) * ((spread * positive) ** 2 + zeros * positive**2)
    rate, value = laws_of_totals(mean, variance, zeros)
    total = CompoundPoisson(MixedPoisson(rate), value)
    assert total.mean == pytest.approx(mean, rel=1e-9)
    assert total.variance == pytest.approx(variance, rel=1e-6)
    assert float(rate.laplace(1.0)) == pytest.approx(zeros, rel=1e-9, abs=1e-8)


def test_totals_that_hardly_vary_take_many_equal_events() -> None:
    rate, value = laws_of_totals(10.0, 1.0, 0.0)
    assert isinstance(value, Constant)
    assert rate.mean == pytest.approx(100)
    inflated, each = laws_of_totals(5.0, 25.4, 0.5)
    assert isinstance(inflated, ZeroInflated)
    assert CompoundPoisson(MixedPoisson(inflated), each).variance == pytest.approx(25.4)


def test_the_rate_behind_a_law() -> None:
    counts = np.array([0.0, 1.0, 2.0])
    assert rate_law(counts, Poisson(1.0)) == Constant(1.0)
    assert rate_law(counts, MixedPoisson(Gamma(2.0, 3.0))) == Gamma(2.0, 3.0)
    assert rate_law(counts, ZeroInflated(0.5, Poisson(2.0))) == ZeroInflated(0.5, Constant(2.0))
    odd = rate_law(counts, ZeroInflated(0.5, Constant(2.0)))
    assert isinstance(odd, Empirical)
    assert odd.mean == pytest.approx(1.0)


def test_rates_without_a_family_are_at_least_as_likely_as_any_family(visits: Array) -> None:
    values, times = np.unique(visits, return_counts=True)
    free = rate_law(visits, Empirical.of(visits))
    pmf = np.diff(MixedPoisson(free).cdf(np.arange(-1, values[-1] + 1)))
    gamma = MixedPoisson(Gamma(0.6800061276157735, 4.206470849713483))  # as statsmodels fits it, test_laws.py
    other = np.diff(gamma.cdf(np.arange(-1, values[-1] + 1)))
    at = values.astype(np.int64)
    assert times @ np.log(pmf[at]) > times @ np.log(other[at])


@pytest.mark.parametrize(
    "law", [Constant(2.0), Gamma(2.0, 3.0), ZeroInflated(0.5, Gamma(1.0, 2.0)), Empirical((1.0, 4.0), (1, 2))]
)
def test_scaling_multiplies(law: Distribution) -> None:
    found = scaled(law, 0.25)
    assert found.mean == pytest.approx(law.mean / 4)
    assert found.variance == pytest.approx(law.variance / 16)


def test_weeks_divide_the_rate_and_nothing_else() -> None:
    unit, value = brokerage(units=500)
    one, four = (world_of_events(unit, value, weeks=w) for w in (1, 4))
    assert four.rate.mean == pytest.approx(one.rate.mean / 4)
    assert (one.value, one.drawn) == (four.value, four.drawn)


def test_halves_correlate_as_units_differ() -> None:
    unit = np.array([0.0, 0, 1, 1, 2, 2])
    value = np.array([1.0, 2, 2, 4, 3, 6])
    late = np.array([False, True] * 3)
    assert halves_correlation(unit, value, late) == pytest.approx(1)
    first, second = [1, 2, 3, 0], [2, 4, 6, 0]
    expected = np.corrcoef(first, second)[0, 1]
    assert halves_correlation(unit, value, late, units=4) == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["events_per_unit", "value_per_unit", "active_units", "value_per_event"])
def test_the_truth_of_a_fitted_blueprint_is_known(metric: str, visits: Array, affairs: Array) -> None:
    for data in (visits, affairs):
        blueprint = blueprint_of(world_of_units(data, weeks=4), name="fitted")
        round_ = blueprint.round_of("example")
        arms = truth(blueprint, round_, metric, round_.end)
        assert arms["treatment"].relative >= -1e-12
        if metric == "value_per_unit":
            assert arms["treatment"].relative == pytest.approx(0.05)


# ---- edges


def test_rates_of_counts_far_apart() -> None:
    counts = np.array([0.0] * 50 + [1.0] * 50 + [90_000.0])
    law = rate_law(counts, Empirical.of(counts))
    assert law.mean == pytest.approx(np.mean(counts))
    assert math.sqrt(law.variance) == pytest.approx(np.std(counts), rel=0.1)


@pytest.mark.parametrize("law", [Normal(50.0, 5.0), Pareto(1.0, 1.5)])
def test_values_whose_law_cannot_be_drawn_stand_for_themselves(law: Distribution) -> None:
    value = law.draw(seeds.stream(4, "test.value"), 3000)
    world = world_of_events(THIRDS, value, weeks=1)
    assert isinstance(world.value, Empirical)
    assert world.value.mean == pytest.approx(np.mean(value))


def test_a_lognormal_value_is_kept() -> None:
    value = LogNormal(3.0, 1.0).draw(seeds.stream(4, "test.value"), 3000)
    assert isinstance(world_of_events(THIRDS, value, weeks=1).value, LogNormal)


def named(name: str) -> str:
    return blueprint_of(world_of_units(np.array([0.0, 1, 2, 5]), weeks=1), name=name).name


def test_any_name_becomes_a_blueprints_name() -> None:
    assert named("My Shop (2026)") == "my_shop_2026"
    assert named("2026") == "data_2026"
    assert named("---") == "data"


def test_the_file_is_yaml_with_its_comment() -> None:
    world: World = world_of_units(np.array([0.0, 1, 2, 5]), weeks=1)
    text = as_yaml(blueprint_of(world, name="shop"), comment="one\ntwo")
    assert text.startswith("# one\n# two\nname: shop\n")
    assert yaml.safe_load(text)["population"]["initial"] == 4


# ---- refusals


def test_refusals() -> None:
    def refusal(values: list[float], weeks: float = 1) -> str:
        with pytest.raises(InputError) as caught:
            world_of_units(np.array(values), weeks=weeks)
        return caught.value.message

    assert "the value -1 is negative" in refusal([1.0, -1.0])
    assert "no value is above 0" in refusal([0.0, 0.0])
    assert "every unit has the value 3" in refusal([3.0, 3.0])
    assert "weeks is 0; it must be above 0" in refusal([1.0, 2.0, 5.0], weeks=0)
    assert "units differ too little" in refusal([1000.0, 1000.5, 1001.0])
    with pytest.raises(InputError, match="units is 1, but 2 units have a row"):
        world_of_events(np.array([0.0, 1.0]), np.array([1.0, 2.0]), weeks=1, units=1)

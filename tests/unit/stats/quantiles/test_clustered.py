from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Alternative, Reason, Samples
from assay.stats.quantiles import clustered_quantile_interval, quantile_interval

RNG = np.random.default_rng(18)


def events(customers: int = 60, each: int = 4) -> Samples:
    names = np.repeat(np.arange(customers), each)
    y = np.exp(RNG.normal(size=customers)[names] + 0.3 * RNG.normal(size=len(names)))
    return Samples(y, cluster=names)


# relations


def test_repeating_every_event_changes_no_standard_error() -> None:
    control, treatment = events(), events()
    plain, twice = (
        METHODS["quantile_clustered"](
            *(Samples(np.repeat(a.y, k), cluster=np.repeat(a.cluster, k)) for a in (control, treatment))
        )
        for k in (1, 3)
    )
    assert float(twice.std_error) == pytest.approx(float(plain.std_error), rel=0.12)
    assert float(plain.df) == pytest.approx(float(twice.df), rel=0.2)


def test_names_of_customers_do_not_matter() -> None:
    control, treatment = events(), events()
    one = METHODS["quantile_clustered"](control, treatment, q=0.7)
    assert control.cluster is not None
    renamed = Samples(control.y, cluster=1000 - 7 * control.cluster)
    other = METHODS["quantile_clustered"](renamed, treatment, q=0.7)
    assert (float(one.lower), float(one.p_value)) == (float(other.lower), float(other.p_value))


def test_one_event_per_customer_gives_nearly_the_exact_interval() -> None:
    y = RNG.normal(size=4_000)
    clustered = clustered_quantile_interval(Samples(y, cluster=np.arange(4_000)), q=0.3)
    exact = quantile_interval(y, q=0.3)
    assert abs(float(clustered.lower_rank) - float(exact.lower_rank)) <= 2
    assert abs(float(clustered.upper_rank) - float(exact.upper_rank)) <= 2
    assert int(clustered.reason) == Reason.NOT_DEFINED


def test_dependent_events_widen_the_interval() -> None:
    arm = events(80, 10)
    clustered, naive = clustered_quantile_interval(arm), quantile_interval(arm.y)
    assert float(clustered.upper - clustered.lower) > 2 * float(naive.upper - naive.lower)


@pytest.mark.parametrize(("alternative", "side"), [("greater", "lower"), ("less", "upper")])
def test_one_side_is_that_of_twice_the_level(alternative: Alternative, side: str) -> None:
    arm = events()
    one = clustered_quantile_interval(arm, alpha=0.05, alternative=alternative)
    both = clustered_quantile_interval(arm, alpha=0.1)
    assert float(getattr(one, side)) == float(getattr(both, side))
    assert np.isinf(float(one.upper if side == "lower" else one.lower))
    assert int(one.reason) == Reason.NOT_DEFINED


def test_a_batch_gives_what_its_elements_give() -> None:
    arm = events()
    both = Samples(np.stack([arm.y, arm.y * 2]), cluster=arm.cluster)
    found = clustered_quantile_interval(both, q=[[0.4], [0.6], [0.5]], alpha=0.1)
    assert found.lower.shape == (3, 2)
    one = clustered_quantile_interval(arm, q=0.6, alpha=0.1)
    assert (found.lower[1, 0], found.upper[1, 1]) == (float(one.lower), 2 * float(one.upper))


# edges


def test_one_customer_is_too_few() -> None:
    one = Samples(np.arange(50.0), cluster=np.zeros(50))
    effect = METHODS["quantile_clustered"](one, events())
    assert int(effect.reason) & Reason.TOO_FEW_UNITS
    assert np.isnan(effect.p_value)
    found = clustered_quantile_interval(one)
    assert int(found.reason) == Reason.TOO_FEW_UNITS
    assert np.isnan(found.lower)
    assert float(found.estimate) == 24.5


def test_an_order_beyond_what_the_customers_tell_has_no_end() -> None:
    arm = events(12, 5)
    effect = METHODS["quantile_clustered"](arm, events(), q=0.97)
    assert int(effect.reason) & Reason.TOO_FEW_UNITS
    found = clustered_quantile_interval(arm, q=0.97)
    assert int(found.reason) == Reason.UNBOUNDED | Reason.NOT_DEFINED
    assert float(found.upper) == np.inf


def test_ties_leave_no_variance() -> None:
    flat = Samples(np.ones(60), cluster=np.arange(60) // 3)
    effect = METHODS["quantile_clustered"](flat, flat)
    assert int(effect.reason) & Reason.NO_VARIANCE


@pytest.mark.parametrize("bad", ["y", "cluster"])
def test_what_is_not_a_number_has_a_reason(bad: str) -> None:
    series = {"y": np.arange(6.0), "cluster": np.arange(6.0)}
    series[bad] = np.array([0, 1, np.nan, 2, 3, 4])
    effect = METHODS["quantile_clustered"](Samples(**series), events())
    assert int(effect.reason) == Reason.NOT_FINITE
    found = clustered_quantile_interval(Samples(**series))
    assert int(found.reason) == Reason.NOT_FINITE
    assert np.isnan(found.upper_rank)


# refusals


def test_samples_without_customers_are_refused() -> None:
    with pytest.raises(InputError, match="no series cluster"):
        METHODS["quantile_clustered"](Samples([1.0, 2.0]), Samples([1.0, 2.0]))
    with pytest.raises(InputError, match="samples has no series cluster"):
        clustered_quantile_interval(Samples([1.0, 2.0]))
    with pytest.raises(InputError, match="alternative is 'more'"):
        clustered_quantile_interval(events(), alternative="more")  # type: ignore[arg-type]

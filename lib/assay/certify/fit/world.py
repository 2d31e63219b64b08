"""From observed units to a synthetic world that draws such units: a law of rates and a law of values.

A unit has events at its own rate and each carries a value of its own, so the total per unit is a mixed
compound Poisson sum. From events both laws are read off. From totals alone (one value per unit) they are
chosen so that the mean, the variance and the share of zeros of the total are those of the data.

References:
    Klugman, Panjer and Willmot (2012), Loss Models, section 9.3 (moments of aggregate losses).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.fit.rates import rate_law, scaled
from assay.certify.fit.shape import Shape, correlation, shape
from assay.certify.fit.totals import laws_of_totals
from assay.distributions import Bernoulli, CompoundPoisson, Constant, Distribution, Empirical, MixedPoisson
from assay.errors import InputError

Array = NDArray[np.float64]
TOTAL, EVENTS, VALUE = "total per unit", "events per unit", "value per event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a unit's total over the time observed is like.

    Attributes:
        mean: In the value's unit.
        sd: Standard deviation (divided by the number of units), same unit.
        zero_share: Share of units whose total is 0.
    """

    mean: float
    sd: float
    zero_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A synthetic world beside the data that it comes from.

    Attributes:
        units: How many units there are, those without an event among them.
        weeks: How long they were observed, in weeks.
        rate: Law of a unit's events per week.
        value: Law of the value of an event.
        metric: Name of the blueprint's metric that the totals are: `value_per_unit`, `events_per_unit` for
            counts, `active_units` for zeros and ones.
        shapes: What the data are like: `TOTAL`, and from events also `EVENTS` and `VALUE`.
        observed: The totals of the data.
        drawn: That metric in as many weeks of the world, exact.
    """

    units: int
    weeks: float
    rate: Distribution
    value: Distribution
    metric: str
    shapes: dict[str, Shape]
    observed: Totals
    drawn: Totals


def world_of_events(
    unit: Array,
    value: Array,
    *,
    weeks: float,
    units: int | None = None,
    x: Array | None = None,
    seed: int = 0,
) -> World:
    """The world of a table of events.

    Args:
        unit: A code per event, whole numbers from 0 without a gap.
        value: The value of each event, 0 or greater, not all 0.
        weeks: How long the units were observed, above 0.
        units: How many units there are if some have no event; None for those that have one.
        x: A covariate per unit, one for each of `units`; None for none.
        seed: Of the goodness of fit.

    Raises:
        InputError: A negative value, no value above 0, fewer than two units, or more than `units`.
    """
    _refuse(value)
    counts = _per_unit(unit, np.ones(len(unit)), units)
    totals = _per_unit(unit, value, units)
    shapes = {
        TOTAL: shape(totals, x=x, seed=seed),
        EVENTS: shape(counts, seed=seed),
        VALUE: shape(value, cluster=unit, seed=seed),
    }
    rate = rate_law(counts, shapes[EVENTS].law)
    return _world(totals, weeks, rate, _value_law(value, shapes[VALUE].law), "value_per_unit", shapes)


def world_of_units(value: Array, *, weeks: float, x: Array | None = None, seed: int = 0) -> World:
    """The world of a table with one row per unit.

    Args:
        value: The total of each unit, 0 or greater, not all equal.
        weeks: How long the units were observed, above 0.
        x: A covariate per unit; None for none.
        seed: Of the goodness of fit.

    Raises:
        InputError: A negative value, fewer than two units, no unit that differs, or too little difference.
    """
    _refuse(value)
    found = shape(value, x=x, seed=seed)
    rate: Distribution
    one: Distribution
    metric, one = "events_per_unit", Constant(1.0)
    if found.kind == "constant":
        raise InputError(f"every unit has the value {value[0]:g}; there is nothing to fit")
    if found.kind == "binary":
        metric, rate = "active_units", Constant(-math.log(found.zero_share))
    elif found.kind == "count":
        rate = rate_law(value, found.law)
    else:
        metric = "value_per_unit"
        rate, one = laws_of_totals(found.mean, float(np.var(value)), found.zero_share)
    return _world(value, weeks, rate, one, metric, {TOTAL: found})


def halves_correlation(
    unit: Array, value: Array, late: NDArray[np.bool_], *, units: int | None = None
) -> float | None:
    """Correlation of a unit's total in the second half of the time with that in the first.

    Args:
        unit: A code per event, whole numbers from 0 without a gap.
        value: The value of each event.
        late: Whether an event is of the second half.
        units: How many units there are if some have no event.

    Returns:
        What a covariate of as long a time before an experiment would have; None if not defined.
    """
    first, second = (_per_unit(unit, np.where(half, value, 0.0), units) for half in (~late, late))
    return correlation(second, first)


def _per_unit(unit: Array, weights: Array, units: int | None) -> Array:
    sums = np.bincount(unit.astype(np.int64), weights=weights)
    if units is not None and units < len(sums):
        raise InputError(f"units is {units:,}, but {len(sums):,} units have a row; give the number of all")
    return np.concatenate([sums, np.zeros((units or len(sums)) - len(sums))])


def _refuse(value: Array) -> None:
    if np.any(value < 0):
        raise InputError(
            f"the value {np.min(value):g} is negative; a synthetic world draws amounts of 0 or greater only"
        )
    if not np.any(value > 0):
        raise InputError("no value is above 0; there is nothing to fit")


def _value_law(value: Array, fitted: Distribution) -> Distribution:
    """The fitted law, if it is one of amounts with a variance; else that of the data."""
    usable = fitted.support[0] >= 0 and math.isfinite(fitted.variance)
    return fitted if usable else Empirical.of(value)


def _world(
    totals: Array,
    weeks: float,
    rate: Distribution,
    value: Distribution,
    metric: str,
    shapes: dict[str, Shape],
) -> World:
    """The world, from the law of events in the whole time."""
    if not weeks > 0:
        raise InputError(f"weeks is {weeks:g}; it must be above 0")
    silent = float(rate.laplace(1 - value.cdf(0.0)))
    total: Distribution = CompoundPoisson(MixedPoisson(rate), value)
    if metric == "active_units":
        total = Bernoulli(1 - silent)
    return World(
        units=len(totals),
        weeks=weeks,
        rate=scaled(rate, 1 / weeks),
        value=value,
        metric=metric,
        shapes=shapes,
        observed=Totals(
            mean=float(np.mean(totals)), sd=float(np.std(totals)), zero_share=float(np.mean(totals == 0))
        ),
        drawn=Totals(mean=total.mean, sd=math.sqrt(total.variance), zero_share=silent),
    )

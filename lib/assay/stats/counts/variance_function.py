"""Score tests of two rates whose variance is a function of the rate: one inversion for every such law.

An arm's estimated rate has a variance V(r). A hypothesis on the difference δ or the ratio fixes the rates r_c
and r_t up to one number, which is chosen so that they expect as many events as there are. The pivot

    Z = (distance of the estimates from the hypothesis) / √(its variance at the restricted rates)

has at no effect the same value for both forms, that of the quasi-score test where the arms' V differ by their
exposure only; its inversion gives both intervals.

References:
    Breslow (1990), Tests of Hypotheses in Overdispersed Poisson Regression and Other Quasi-Likelihood Models.
    Krishnamoorthy and Thomson (2004), A More Powerful Test for Comparing Two Poisson Means, section 3 (the
    restricted rates). McCullagh and Nelder (1989), Generalized Linear Models, chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import elementwise

from assay.stats.counts.events import Array, Ends
from assay.stats.counts.score import swapped

# An arm without events counts as one with this rate: the limit of the ratio without a special case.
_NOTHING = 1e-60
# Logarithms of ratios and of differences are searched this far.
_FAR = 100.0


class Arm(NamedTuple):
    """One arm: estimated rate, its weight in proportion to the exposure, and a parameter of the variance."""

    rate: Array
    weight: Array
    shape: Array


Variance = Callable[[Array, Array, Array], Array]
"""V(rate, weight, shape): variance of an arm's rate; it rises with the rate, and is 0 at 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A score test and its inversion.

    Attributes:
        statistic: Z at no effect.
        std_error: Of the difference, at the estimates.
        difference: Ends of the interval of the difference.
        ratio: Ends of that of the ratio minus 1.
    """

    statistic: Array
    std_error: Array
    difference: Ends
    ratio: Ends


def score(variance: Variance, control: Arm, treatment: Arm, quantile: Array) -> Score:
    """Score test of two rates, and the intervals where |Z| <= quantile.

    Args:
        variance: The variance function.
        control: The control; arrays of the shape of `quantile`.
        treatment: The treatment.
        quantile: Of Z's distribution; below 0 (a one-sided level above a half) the ends are swapped.

    Returns:
        The score. An end of the difference that no hypothesis reaches is infinite.
    """
    none = (control.rate == 0) & (treatment.rate == 0)
    at_null = _ratio_score(variance, np.ones_like(control.rate), control, treatment)
    square = np.maximum(quantile**2, np.finfo(np.float64).tiny)
    sides = (-1.0, 1.0)
    apart = [_difference_end(variance, control, treatment, square, side) for side in sides]
    lifts = [_ratio_end(variance, control, treatment, square, side) for side in sides]
    return Score(
        statistic=np.where(none, 0.0, at_null),
        std_error=np.sqrt(variance(*control) + variance(*treatment)),
        difference=swapped(apart[0], apart[1], quantile),
        ratio=swapped(lifts[0], lifts[1], quantile),
    )


def _difference_score(variance: Variance, delta: Array, control: Arm, treatment: Arm) -> Array:
    whole = control.weight + treatment.weight
    rate = (control.weight * control.rate + treatment.weight * (treatment.rate - delta)) / whole
    # Where the hypothesis asks for more than there is, one rate is 0 and the other the whole difference.
    rate = np.maximum(rate, np.maximum(0.0, -delta))
    held = variance(rate, control.weight, control.shape)
    held = held + variance(np.maximum(rate + delta, 0.0), treatment.weight, treatment.shape)
    return np.asarray((treatment.rate - control.rate - delta) / np.sqrt(held))


def _ratio_score(variance: Variance, ratio: Array, control: Arm, treatment: Arm) -> Array:
    events = control.weight * control.rate + treatment.weight * treatment.rate
    rate = events / (control.weight + ratio * treatment.weight)
    held = variance(ratio * rate, treatment.weight, treatment.shape)
    held = held + ratio**2 * variance(rate, control.weight, control.shape)
    return np.asarray((treatment.rate - ratio * control.rate) / np.sqrt(held))


def _bounded(z: Array, square: Array) -> Array:
    """Z² against its limit, between -1 and 1: Z² itself overflows."""
    return np.asarray(1 - 2 / (z**2 / square + 1))


def _difference_end(variance: Variance, control: Arm, treatment: Arm, square: Array, side: float) -> Array:
    """The difference below (-1) or above (1) the estimate at which Z² is `square`."""
    difference = treatment.rate - control.rate

    def beyond(log_gap: Array, *args: Array) -> Array:
        delta = args[7] + side * np.exp(log_gap)
        return _bounded(_difference_score(variance, delta, Arm(*args[:3]), Arm(*args[3:6])), args[6])

    args = (*control, *treatment, square, difference)
    # A gap is some quantiles long: events per exposure, or fractions of one event.
    centre = np.log(np.maximum(control.rate, treatment.rate) + 1 / control.weight + 1 / treatment.weight)
    reached = beyond(centre + _FAR / 2, *args) > 0
    edge = centre + np.where(reached, _FAR / 2, 1 - _FAR)
    found = elementwise.find_root(beyond, (centre - _FAR, edge), args=args)
    return np.where(reached, difference + side * np.exp(found.x), side * np.inf)


def _ratio_end(variance: Variance, control: Arm, treatment: Arm, square: Array, side: float) -> Array:
    """The ratio, minus 1, below (-1) or above (1) the estimate at which Z² is `square`."""

    def beyond(log_ratio: Array, *args: Array) -> Array:
        z = _ratio_score(variance, np.exp(log_ratio), Arm(*args[:3]), Arm(*args[3:6]))
        return _bounded(z, args[6])

    some_c, some_t = (Arm(np.maximum(a.rate, _NOTHING), a.weight, a.shape) for a in (control, treatment))
    centre = np.log(some_t.rate / some_c.rate)
    edge = (np.minimum(centre, 0.0) if side < 0 else np.maximum(centre, 0.0)) + side * _FAR
    found = elementwise.find_root(beyond, (centre, edge), args=(*some_c, *some_t, square))
    empty = (treatment.rate if side < 0 else control.rate) == 0
    return np.where(empty, -1.0 if side < 0 else np.inf, np.expm1(found.x))

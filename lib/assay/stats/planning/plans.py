"""How many units, how small an effect, how great a chance: each from the other two.

References:
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 2.5. Fleiss, Levin and Paik
    (2003), Statistical Methods for Rates and Proportions, section 4.2. Julious (2004), Sample Sizes for
    Clinical Trials with Normal Data, section 6 (non-inferiority).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit, shared_shape
from assay.stats.planning.design import Design
from assay.stats.planning.outcomes import Outcome
from assay.stats.planning.rejection import errors, rejection
from assay.stats.result import Reason, flagged

Array = NDArray[np.float64]
# A variance needs two units in each arm.
_FEWEST = 2.0
# Doublings in the search for an upper end: from any start to beyond what double precision holds.
_DOUBLINGS = 120
# Steps of false position at most (about ten suffice), and how small the last is against the argument.
_STEPS, _FINE = 120, 1e-14
_SUPERIORITY = Design()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """A planned comparison: arrays of one shape, one element per metric.

    Attributes:
        effect: True treatment minus control, in the metric's unit.
        relative_effect: The same over the control's mean; NaN if that is unknown or 0.
        n: Units of both arms, as a real number.
        n_control: Whole units of the control, rounded up.
        n_treatment: Whole units of the treatment, rounded up.
        std_error: Standard error of the estimate with `n` units, in the metric's unit.
        power: Probability that the test rejects with `n` units.
        reason: `OUTSIDE_DOMAIN` where no effect that the metric can have (`effect` is NaN), or no number of
            units (`n` is infinite), has that power; `TOO_FEW_UNITS` with fewer than two units in an arm, at
            face value or by what they count for; `NOT_FINITE` where an argument is NaN.
    """

    effect: Array
    relative_effect: Array
    n: Array
    n_control: Array
    n_treatment: Array
    std_error: Array
    power: Array
    reason: NDArray[np.uint16]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array."""
        return self.effect.shape


def achieved_power(
    outcome: Outcome, *, effect: ArrayLike, n: ArrayLike, design: Design = _SUPERIORITY
) -> Plan:
    """Probability that the test finds a true effect with n units.

    Args:
        outcome: The metric.
        effect: True treatment minus control, in the metric's unit.
        n: Units of both arms, 0 or greater.
        design: Test, allocation and multipliers.

    Returns:
        The plan, shapes broadcast.

    Raises:
        InputError: An effect beyond what the metric can have, a negative n, a margin with a pooled standard
            error, or shapes that do not broadcast.

    Example:
        >>> from assay.stats.planning import mean_outcome
        >>> plan = achieved_power(mean_outcome(4.0), effect=0.5, n=400)
        >>> round(float(plan.power), 4)
        0.7033
    """
    size, units = _possible(outcome, effect), not_negative("n", n)
    outcome, design, (size, units) = _aligned(outcome, design, effect=size, n=units)
    return _plan(outcome, design, size, units)


def sample_size(
    outcome: Outcome, *, effect: ArrayLike, power: ArrayLike = 0.8, design: Design = _SUPERIORITY
) -> Plan:
    """Units that the test needs to find a true effect with the wanted power; at least two in each arm.

    Args:
        outcome: The metric.
        effect: True treatment minus control, in the metric's unit; 0 is usual for non-inferiority.
        power: Wanted probability to reject, strictly between `alpha` and 1.
        design: Test, allocation and multipliers.

    Returns:
        The plan; `n` is infinite for an effect that the test does not look for.

    Raises:
        InputError: An effect beyond what the metric can have, a power not above alpha, a margin with a pooled
            standard error, or shapes that do not broadcast.

    Example:
        >>> from assay.stats.planning import mean_outcome
        >>> plan = sample_size(mean_outcome(4.0), effect=0.5)
        >>> int(plan.n_control), int(plan.n_treatment)
        (253, 253)
    """
    size, wanted = _possible(outcome, effect), open_unit("power", power)
    outcome, design, (size, wanted) = _aligned(outcome, design, effect=size, power=wanted)
    _above_level(wanted, design)
    least = np.broadcast_to(_FEWEST * design.units / np.minimum(design.share, 1 - design.share), size.shape)
    gain = design.sign * (size - design.null)
    hopeless = gain == 0 if design.alternative == "two-sided" else gain <= 0
    target = np.where(hopeless, np.nan, size)
    units = _first(lambda n: rejection(outcome, target, n, design), least, 2 * least, wanted)
    units = np.where(np.isnan(units) & ~np.isnan(size + outcome.variance), np.inf, units)
    return _plan(outcome, design, size, units)


def minimum_effect(
    outcome: Outcome, *, n: ArrayLike, power: ArrayLike = 0.8, design: Design = _SUPERIORITY
) -> Plan:
    """The minimum detectable effect: the smallest true effect that n units find with the wanted power.

    Args:
        outcome: The metric.
        n: Units of both arms, 0 or greater.
        power: Wanted probability to reject, strictly between `alpha` and 1.
        design: Test, allocation and multipliers.

    Returns:
        The plan; `effect` is negative if the test looks for less (but see `margin`, which it counts from),
        and the increase if it looks both ways.

    Raises:
        InputError: A negative n, a power not above alpha, a margin with a pooled standard error, or shapes
            that do not broadcast.

    Example:
        >>> from assay.stats.planning import proportion_outcome
        >>> plan = minimum_effect(proportion_outcome(0.1), n=20_000)
        >>> round(float(plan.effect), 4), round(float(plan.relative_effect), 3)
        (0.0122, 0.122)
    """
    units, wanted = not_negative("n", n), open_unit("power", power)
    outcome, design, (units, wanted) = _aligned(outcome, design, n=units, power=wanted)
    _above_level(wanted, design)
    with np.errstate(all="ignore"):
        step = errors(outcome, design.null, units, design)[0]
    end = (outcome.greatest if design.sign > 0 else outcome.least) - outcome.mean
    limit = np.where(np.isnan(end), np.inf, design.sign * (end - design.null))

    def reached(gain: Array) -> Array:
        return rejection(outcome, design.null + design.sign * np.minimum(gain, limit), units, design)

    gain = _first(reached, np.zeros(units.shape), step, wanted, limit=limit)
    gain = np.where(step == 0, 0.0, np.minimum(gain, limit))
    return _plan(outcome, design, design.null + design.sign * gain, units)


def _first(
    reached: Callable[[Array], Array],
    lower: Array,
    upper: Array,
    wanted: Array,
    limit: Array | float = np.inf,
) -> Array:
    """The least argument from `lower` on whose power is the wanted one; NaN if none is."""
    with np.errstate(all="ignore"):
        for _ in range(_DOUBLINGS):
            short = (reached(upper) < wanted) & (upper < limit)
            if not np.any(short):
                break
            lower, upper = np.where(short, upper, lower), np.where(short, 2 * upper, upper)
        lost = ~(reached(upper) >= wanted)
        at_once = reached(lower) >= wanted
        found = _between(
            lambda x: special.ndtri(reached(x)) - special.ndtri(wanted), lower, upper, at_once | lost
        )
    return np.where(lost, np.nan, np.where(at_once, lower, found))


def _between(gap: Callable[[Array], Array], lower: Array, upper: Array, done: NDArray[np.bool_]) -> Array:
    """Where the gap, negative at `lower`, becomes positive, by false position with halved ends (Illinois).

    On the normal scale a power is nearly a straight line in the argument, so that a few steps do.
    """
    below, above, at, side = gap(lower), gap(upper), upper, np.zeros(upper.shape)
    for _ in range(_STEPS):
        middle = upper - above * ((upper - lower) / (above - below))
        middle = np.where((lower < middle) & (middle < upper), middle, lower + (upper - lower) / 2)
        found = gap(middle)
        enough = found >= 0
        below = np.where(enough, np.where(side > 0, below / 2, below), found)
        above = np.where(enough, found, np.where(side < 0, above / 2, above))
        side = np.where(enough, 1.0, -1.0)
        lower, upper = np.where(enough, lower, middle), np.where(enough, middle, upper)
        settled = (np.abs(middle - at) <= _FINE * middle) | (found == 0)
        at, done = np.where(done, at, middle), done | settled
        if np.all(done):
            break
    return at


def _possible(outcome: Outcome, effect: ArrayLike) -> Array:
    size = numbers("effect", effect)
    shared_shape(effect=size, outcome=outcome.mean)
    moved = outcome.mean + size
    bad = (moved < outcome.least) | (moved > outcome.greatest) | np.isinf(size)
    if np.any(bad):
        first = float(np.broadcast_to(size, bad.shape)[bad].ravel()[0])
        raise InputError(
            f"effect is {first:g}; with it the treatment's mean must be finite and lie between "
            f"{outcome.least:g} and {outcome.greatest:g}"
        )
    return size


def _aligned(outcome: Outcome, design: Design, **given: Array) -> tuple[Outcome, Design, list[Array]]:
    """Everything in one shape, so that each element is a plan of its own."""
    if outcome.pooled and np.any(np.asarray(design.margin) > 0):
        raise InputError(
            "margin is above 0, but a pooled standard error supposes no effect; use pooled=False"
        )
    shape = shared_shape(outcome=outcome.mean, design=np.empty(design.shape), **given)
    return (
        outcome.broadcast(shape),
        design.broadcast(shape),
        [np.broadcast_to(value, shape) for value in given.values()],
    )


def _above_level(wanted: Array, design: Design) -> None:
    if not np.all(wanted > numbers("alpha", design.alpha)):
        raise InputError(
            "power is not above alpha; choose a greater power: no effect at all is found with alpha"
        )


def _plan(outcome: Outcome, design: Design, effect: Array, n: Array) -> Plan:
    with np.errstate(all="ignore"):
        reached = rejection(outcome, effect, n, design)
        error = errors(outcome, effect, n, design)[0]
        relative = np.where(outcome.mean == 0, np.nan, effect / outcome.mean)
        units_c, units_t = n * (1 - design.share), n * design.share
        slim = np.minimum(units_c, units_t) / np.maximum(design.units, 1.0) < _FEWEST * (1 - 1e-9)
    known = ~np.isnan(outcome.variance) & ~np.isnan(outcome.treatment_variance) & ~np.isnan(n)
    reason = flagged(
        (slim, Reason.TOO_FEW_UNITS),
        (~known, Reason.NOT_FINITE),
        (known & ~slim & (np.isnan(effect) | np.isinf(n)), Reason.OUTSIDE_DOMAIN),
    )
    lost = np.isnan(effect) | slim | ~known
    return Plan(
        effect=np.where(slim, np.nan, effect),
        relative_effect=np.where(slim, np.nan, relative),
        n=n,
        n_control=np.ceil(units_c),
        n_treatment=np.ceil(units_t),
        std_error=np.where(lost, np.nan, error),
        power=np.where(lost, np.nan, reached),
        reason=reason,
    )

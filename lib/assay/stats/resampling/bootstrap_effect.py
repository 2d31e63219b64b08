"""From two arms and their resamples to an effect: any kind of bootstrap, difference and lift.

The arms are resampled apart, each with its own size. The estimate is an arm's mean, or its ratio of sums
Σy / Σd where the units carry a denominator.

References:
    Davison and Hinkley (1997), Bootstrap Methods and their Application, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.resampling.arms import Resampled, resampled, units
from assay.stats.resampling.contrast import Contrast, Kind, contrast, lift_interval
from assay.stats.resampling.weights import bootstrap_weights, checked_resamples
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, opened, p_value, per_tail

_WITH_T = ("studentised", "symmetric")
# Draws held at once, per array.
_HELD = 1 << 22
# What rounding alone can make of a variance of 0, relative to the square of the estimate.
_ROUNDING = 1e-30

Blocks = Callable[[str, int], Iterator[NDArray[np.float64]]]


def seeded(
    control: Samples,
    treatment: Samples,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    kind: Kind,
    resamples: int,
    seed: int,
) -> Effect:
    """The bootstrap with drawn resamples.

    Args:
        control: Units of the control.
        treatment: Units of the treatment.
        alpha: Level.
        alternative: What the test looks for.
        kind: Which interval.
        resamples: Resamples of each arm.
        seed: Of the draws.

    Returns:
        The effect.

    Raises:
        InputError: `resamples` or `seed` out of range, or d in one arm only.
    """
    count, start = checked_resamples(resamples, seed)

    def blocks(arm: str, n: int) -> Iterator[NDArray[np.float64]]:
        return bootstrap_weights(n, count, start, arm)

    return bootstrap_effect(control, treatment, alpha, alternative, kind, count, blocks)


def bootstrap_effect(
    control: Samples,
    treatment: Samples,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    kind: Kind,
    resamples: int,
    blocks: Blocks,
) -> Effect:
    """The bootstrap with resamples from anywhere.

    Args:
        control: Units of the control.
        treatment: Units of the treatment.
        alpha: Level.
        alternative: What the test looks for.
        kind: Which interval.
        resamples: Resamples of each arm.
        blocks: From an arm's name and size to the weights of its resamples.

    Returns:
        The effect; an arm with fewer than two units leaves at most the estimates.

    Raises:
        InputError: d in one arm only.
    """
    if (control.d is None) != (treatment.d is None):
        raise InputError("one arm has the series d and the other has not; a ratio needs it in both")
    shape = np.broadcast_shapes(control.shape, treatment.shape, alpha.shape)
    level = np.broadcast_to(alpha, shape).ravel()
    if min(control.n, treatment.n) < 2:  # noqa: PLR2004 - a variance needs two
        return _empty(control, treatment, shape, alpha, alternative)
    step = max(1, _HELD // resamples)
    parts = [slice(start, start + step) for start in range(0, level.size, step)]
    answers = []
    for part in parts:
        arms = [
            _arm(samples, shape, part, resamples, blocks(name, samples.n))
            for name, samples in (("control", control), ("treatment", treatment))
        ]
        answers.append(_answer(arms[0], arms[1], per_tail(level[part], alternative), alternative, kind))
    fields = {
        name: np.concatenate([a[name] for a in answers] or [np.empty(0)]).reshape(shape)
        for name in Effect.names()
        if name != "alpha"
    }
    return Effect(**fields, alpha=alpha, alternative=alternative)


def _arm(
    samples: Samples,
    shape: tuple[int, ...],
    part: slice,
    resamples: int,
    blocks: Iterator[NDArray[np.float64]],
) -> Resampled:
    d = None if samples.d is None else units(samples.d, shape)[part]
    return resampled(units(samples.y, shape)[part], d, blocks, resamples)


def _answer(
    control: Resampled,
    treatment: Resampled,
    tail: NDArray[np.float64],
    alternative: Alternative,
    kind: Kind,
) -> dict[str, NDArray[np.float64]]:
    """Every array of the effect, for the tests of one part."""
    one = np.ones(tail.shape)
    plain, negated = (contrast(control, treatment, sign, sign, kind) for sign in (one, -one))
    floor = _ROUNDING * (control.value**2 + treatment.value**2)
    fixed = control.square + treatment.square <= floor
    reason = control.reason | treatment.reason
    undefined = (reason != 0) | fixed
    reason = reason | flagged((fixed, Reason.NO_VARIANCE), (True, Reason.NOT_DEFINED))

    def known(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(undefined, np.nan, values)

    lower, upper = opened(known(plain.lower_end(tail)), known(-negated.lower_end(tail)), alternative)
    lift_lower, lift_upper = (known(end) for end in _lift(control, treatment, tail, alternative, kind))
    bounds = ((lower, upper, Reason.UNBOUNDED), (lift_lower, lift_upper, Reason.RELATIVE_UNBOUNDED))
    for low, high, code in bounds:
        count = np.isinf(low).astype(int) + np.isinf(high)
        reason = reason | flagged((count > (alternative != "two-sided"), code))
    difference = treatment.value - control.value
    return {
        "estimate": difference,
        "std_error": known(_std_error(plain)),
        "statistic": known(plain.value / plain.std_error if kind in _WITH_T else one * np.nan),
        "df": one * np.nan,
        "p_value": known(p_value(negated.tail(), plain.tail(), alternative)),
        "lower": lower,
        "upper": upper,
        "relative_estimate": np.where(control.value == 0, np.nan, difference / control.value),
        "relative_lower": lift_lower,
        "relative_upper": lift_upper,
        "reason": reason | flagged((control.value == 0, Reason.ZERO_CONTROL)),
    }


def _std_error(plain: Contrast) -> NDArray[np.float64]:
    if plain.kind in _WITH_T:
        return plain.std_error
    return np.asarray(np.std(plain.draws, axis=1, ddof=1))


def _lift(
    control: Resampled,
    treatment: Resampled,
    tail: NDArray[np.float64],
    alternative: Alternative,
    kind: Kind,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lift's interval; a negative control turns both arms, and with them the side of a one-sided test."""
    turned = control.value < 0
    sign = np.where(turned, -1.0, 1.0)
    low, high = lift_interval(control.times(sign), treatment.times(sign), tail, kind)
    if alternative == "two-sided":
        return low, high
    opens_above = turned ^ (alternative == "greater")
    return np.where(opens_above, low, -np.inf), np.where(opens_above, np.inf, high)


def _empty(
    control: Samples,
    treatment: Samples,
    shape: tuple[int, ...],
    alpha: NDArray[np.float64],
    alternative: Alternative,
) -> Effect:
    """An arm without units, or with one, leaves at most the estimates."""
    values = [_value(arm) for arm in (control, treatment)]
    fields = dict.fromkeys(Effect.names(), np.full(shape, np.nan))
    fields |= {
        "estimate": np.broadcast_to(values[1] - values[0], shape),
        "relative_estimate": np.broadcast_to((values[1] - values[0]) / values[0], shape),
        "alpha": alpha,
        "reason": flagged(
            (True, Reason.TOO_FEW_UNITS | Reason.NOT_DEFINED), (values[0] == 0, Reason.ZERO_CONTROL)
        ),
    }
    return Effect(**fields, alternative=alternative)


def _value(samples: Samples) -> NDArray[np.float64]:
    if samples.n == 0:
        return np.full(samples.shape, np.nan)
    bottom = 1.0 if samples.d is None else np.mean(samples.d, axis=-1)
    value = np.mean(samples.y, axis=-1) / bottom
    return np.where(np.isfinite(value), value, np.nan)

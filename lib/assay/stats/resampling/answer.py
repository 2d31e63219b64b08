"""From what a permutation test found to its effect: parts of bounded memory, sides, reasons.

References:
    DESIGN, decision 5: p-value and interval come from one inversion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from assay.stats.resampling.arms import units
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, opened, p_value, per_tail

# Numbers per array that a part of a batch holds at once.
HELD = 1 << 22
# What rounding alone can make of a standard error of 0, relative to the means.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a permutation test found, both sides, as arrays over tests.

    Attributes:
        control: Mean of the control.
        treatment: Mean of the treatment.
        std_error: Of their difference, at no effect.
        below: Share of assignments with a statistic as low as the real one.
        above: Share with one as high.
        lower: Least difference that is not rejected.
        upper: Greatest one.
        lift_lower: Least lift that is not rejected; NaN where no factor can be the effect.
        lift_upper: Greatest one.
    """

    control: NDArray[np.float64]
    treatment: NDArray[np.float64]
    std_error: NDArray[np.float64]
    below: NDArray[np.float64]
    above: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    lift_lower: NDArray[np.float64]
    lift_upper: NDArray[np.float64]


Finder = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], Found]


def by_parts(
    control: Samples,
    treatment: Samples,
    bad: NDArray[np.uint16],
    alpha: NDArray[np.float64],
    alternative: Alternative,
    resamples: int,
    find: Finder,
) -> tuple[Found, NDArray[np.uint16]]:
    """Ask for the answers of a batch in parts, so that memory does not grow with it.

    Args:
        control: Units of the control.
        treatment: Units of the treatment.
        bad: Codes of tests without an answer.
        alpha: Level.
        alternative: What the test looks for.
        resamples: Numbers held per test and array.
        find: From both arms as (m, n) and the level per side (m,) to what was found.

    Returns:
        What was found, in the batch's shape, and its codes.
    """
    shape = np.broadcast_shapes(bad.shape, alpha.shape)
    codes = np.broadcast_to(bad, shape)
    names = [field.name for field in fields(Found)]
    if np.all(codes != 0):
        return Found(*(np.full(shape, np.nan) for _ in names)), codes
    tail = per_tail(np.broadcast_to(alpha, shape).ravel(), alternative)
    y_c, y_t = (np.where(codes.ravel()[:, None] == 0, units(s.y, shape), 0.0) for s in (control, treatment))
    step = max(1, HELD // max(resamples, control.n + treatment.n))
    parts = [slice(at, at + step) for at in range(0, tail.size, step)]
    found = [find(y_c[part], y_t[part], tail[part]) for part in parts]
    joined = (np.concatenate([getattr(one, name) for one in found]).reshape(shape) for name in names)
    return Found(*joined), codes


def answer(
    parts: tuple[Found, NDArray[np.uint16]], *, alpha: NDArray[np.float64], alternative: Alternative
) -> Effect:
    """The effect of a permutation test.

    Args:
        parts: What was found and the codes of tests without an answer.
        alpha: Level.
        alternative: Opens the side that a one-sided test says nothing about.

    Returns:
        The effect. No variance leaves only the estimates.
    """
    found, bad = parts
    size = np.maximum(np.abs(found.control), np.abs(found.treatment))
    fixed = (bad == 0) & (found.std_error <= _ROUNDING * size)

    def known(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where((bad != 0) | fixed, np.nan, values)

    lower, upper = opened(known(found.lower), known(found.upper), alternative)
    lift = opened(known(found.lift_lower), known(found.lift_upper), alternative, least=-1.0)
    difference = np.where(bad == 0, found.treatment - found.control, np.nan)
    two = alternative == "two-sided"
    unbounded = (np.isinf(lower) & (two or alternative == "greater")) | (
        np.isinf(upper) & (two or alternative == "less")
    )
    lift_unbounded = np.isinf(lift[1]) & (two or alternative == "less")
    return Effect(
        estimate=difference,
        std_error=known(found.std_error),
        statistic=known(difference / found.std_error),
        df=np.asarray(np.nan),
        p_value=known(p_value(found.below, found.above, alternative)),
        lower=lower,
        upper=upper,
        relative_estimate=np.where(found.control == 0, np.nan, difference / found.control),
        relative_lower=lift[0],
        relative_upper=lift[1],
        alpha=alpha,
        reason=bad
        | flagged(
            (True, Reason.NOT_DEFINED),
            (fixed, Reason.NO_VARIANCE),
            (unbounded, Reason.UNBOUNDED),
            (lift_unbounded, Reason.RELATIVE_UNBOUNDED),
            ((found.control == 0) & (bad == 0), Reason.ZERO_CONTROL),
        ),
        alternative=alternative,
    )

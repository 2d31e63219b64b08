"""What all looks so far say together: running least p-values and running intersections of intervals.

Only always-valid methods allow it. The least of their p-values is again a p-value, because each bounds the
probability of ever falling below a level; and the intersection of their intervals covers the truth whenever
all of them do.

References:
    Johari, Koomen, Pekelis and Walsh (2022), Always Valid Inference, section 3. Howard, Ramdas, McAuliffe and
    Sekhon (2021), Time-Uniform, Nonparametric, Nonasymptotic Confidence Sequences, section 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from assay.errors import InputError
from assay.stats.result import Effect, Reason


def over_looks(effect: Effect, axis: int = -1) -> Effect:
    """The effect at each look, with the p-value and intervals of all looks up to it.

    Estimate, standard error and statistic stay those of the look. A look without an answer adds nothing.
    An intersection that is empty has its lower end above its upper: the looks contradict each other, as they
    do when the effect changes with time or the assumptions fail; it still leaves out 0 exactly where the
    p-value is below alpha.

    Args:
        effect: Answers of an always-valid method, looks in order of time along `axis`, each from all the
            units so far.
        axis: The axis of looks.

    Returns:
        The effect, of the same shape.

    Raises:
        InputError: There is no such axis, or alpha differs from look to look.
    """
    if not -len(effect.shape) <= axis < len(effect.shape):
        raise InputError(f"axis is {axis}; effects of shape {effect.shape} have {len(effect.shape)} axes")
    if np.any(np.diff(effect.alpha, axis=axis)):
        raise InputError("alpha differs from look to look; an intersection needs one level for all looks")
    ends: dict[str, Any] = {
        "p_value": np.fmin.accumulate(effect.p_value, axis=axis),
        "lower": np.fmax.accumulate(effect.lower, axis=axis),
        "upper": np.fmin.accumulate(effect.upper, axis=axis),
        "relative_lower": np.fmax.accumulate(effect.relative_lower, axis=axis),
        "relative_upper": np.fmin.accumulate(effect.relative_upper, axis=axis),
    }
    reason = effect.reason
    for flag, low, high in (
        (Reason.UNBOUNDED, "lower", "upper"),
        (Reason.RELATIVE_UNBOUNDED, "relative_lower", "relative_upper"),
    ):
        open_ends = np.isinf(ends[low]).astype(int) + np.isinf(ends[high])
        bounded = open_ends <= (effect.alternative != "two-sided")
        reason = np.where(bounded, reason & ~np.uint16(flag), reason)
    return replace(effect, reason=reason, **ends)

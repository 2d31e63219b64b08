"""Effects whose intervals show the corrected decision.

A corrected p-value beside an uncorrected interval contradicts it: the one says no difference, the other
leaves out 0. Here the interval of each test is at the level that the correction gave it.

References:
    Benjamini and Yekutieli (2005), False Discovery Rate-Adjusted Multiple Confidence Intervals for Selected
    Parameters, section 3 (intervals at the level of the rejections).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.stats.multiplicity.corrected import Corrected
from assay.stats.registry import Data, Method
from assay.stats.result import Effect

# The least level that a method is asked for; behind a closed gate the level is 0 and the interval everything.
_LEAST = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A family of tests with its correction.

    Attributes:
        effect: Effects, each interval at the corrected alpha of its test; `alpha` says which.
        corrected: The corrected p-values and levels.
    """

    effect: Effect
    corrected: Corrected


def family(
    method: Method,
    control: Data,
    treatment: Data,
    correction: Callable[..., Corrected],
    *,
    alpha: float = 0.05,
    **options: Any,
) -> Family:
    """Compare, correct, and give each interval the level that its decision was made at.

    Args:
        method: The method.
        control: Data of the control; one batch is one family unless `correction` was given an axis.
        treatment: Data of the treatment; broadcasts.
        correction: One of `CORRECTIONS`, or a function of `(p_values, alpha=...)` such as a partial of
            `gatekeeping`.
        alpha: Error rate of the family.
        **options: Options of the method.

    Returns:
        The family: an interval leaves out no effect exactly where the corrected p-value is below `alpha`.

    Raises:
        InputError: As the method and the correction do.
    """
    raw = method(control, treatment, alpha=alpha, **options)
    found = correction(raw.p_value, alpha=alpha)
    strict = method(control, treatment, alpha=np.maximum(found.alpha, _LEAST), **options)
    closed = found.alpha == 0
    if np.any(closed):
        ends: dict[str, Any] = {
            name: np.where(closed & ~np.isnan(getattr(strict, name)), side * np.inf, getattr(strict, name))
            for name, side in (("lower", -1), ("upper", 1), ("relative_lower", -1), ("relative_upper", 1))
        }
        strict = replace(strict, **ends)
    return Family(strict, found)

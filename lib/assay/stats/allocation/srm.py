"""Did users arrive in the planned shares? Pearson's chi-square test of goodness of fit.

References:
    Pearson (1900). Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.allocation.plan import checked_plan

SRM_LEVEL = 0.001
"""p-value below which a mismatch is certain enough to void an experiment's decision (Fabijan et al. 2019)."""


def srm(observed: ArrayLike, expected_shares: ArrayLike) -> NDArray[np.float64]:
    """The p-value of the planned allocation, given the units that arrived.

    Arms with share 0 take no part in the degrees of freedom; a unit in one of them contradicts the plan with
    certainty (p = 0). Where no unit arrived, or only one arm has a share, nothing can contradict it: p = 1.

    Args:
        observed: Units per arm along the last axis, 0 or greater.
        expected_shares: Planned shares or weights along the last axis; broadcasts with `observed`. They are
            divided by their sum.

    Returns:
        p-values, of the broadcast shape without the last axis.

    Raises:
        InputError: Negative or infinite counts or shares, shares that sum to 0, or shapes that do not fit.

    Example:
        >>> round(float(srm([5200, 5000, 0], [0.5, 0.5, 0.0])), 4)
        0.0477
    """
    return checked_plan(observed, expected_shares).p_value()

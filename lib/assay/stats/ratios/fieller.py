"""How large is a ratio of sums, and between which ends? Fieller's interval of one arm.

References:
    Fieller (1954), Some Problems in Interval Estimation, eq. 5. Cochran (1977), Sampling Techniques, section
    6.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import open_unit, shared_shape
from assay.stats.moments import Moments
from assay.stats.result import Reason, flagged


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A ratio of sums and its interval, arrays of one shape.

    Attributes:
        estimate: Σy / Σd, in the numerator's unit per the denominator's.
        lower: Lower end; -inf where the denominator is not told from 0.
        upper: Upper end; inf there.
        reason: Codes of `Reason`.
    """

    estimate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    reason: NDArray[np.uint16]


def fieller(moments: Moments, *, alpha: ArrayLike = 0.05) -> Ratio:
    """The ratio of sums of one arm with Fieller's interval.

    The interval is the set of R for which the mean of y - R·d is not told from 0 by a t-test at `alpha`.

    Args:
        moments: Moments with y and d.
        alpha: Level, strictly between 0 and 1; broadcasts.

    Returns:
        The ratio. Fewer than 2 units, or a denominator of mean 0, leave no interval; a denominator that is
        not told from 0 at `alpha` leaves an unbounded one.

    Raises:
        InputError: The moments carry no d, or alpha lies outside (0, 1).

    Example:
        >>> arm = Moments.of([2.0, 3.0, 7.0, 4.0], [1.0, 1.0, 3.0, 2.0])
        >>> found = fieller(arm)
        >>> round(float(found.estimate), 4), round(float(found.lower), 4), round(float(found.upper), 4)
        (2.2857, 1.5273, 3.6946)
    """
    level = open_unit("alpha", alpha)
    if moments.mean_d is None:
        raise InputError("the moments have no series d; a ratio needs a denominator")
    shared_shape(moments=moments.n, alpha=level)
    n, y, d = moments.n, moments.mean_y, moments.mean_d
    with np.errstate(all="ignore"):
        few = n < 2  # noqa: PLR2004 - a variance needs two units
        reason = flagged(
            (few, Reason.TOO_FEW_UNITS),
            ((d == 0) & (n > 0), Reason.ZERO_DENOMINATOR),
            (~np.isfinite(moments.m2_y + np.asarray(moments.m2_d)), Reason.NOT_FINITE),
        )
        square = special.stdtrit(np.where(few, np.nan, n - 1), level / 2) ** 2 / n
        a = d**2 - square * moments.var_d
        b = y * d - square * moments.cov_yd
        c = y**2 - square * moments.var_y
        root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
        usable = reason == 0
        bounded = usable & (a > 0)
        reason = reason | flagged((usable & ~bounded, Reason.UNBOUNDED))
        ends = [np.where(bounded, (b + sign * root) / a, sign * np.inf) for sign in (-1, 1)]
        lower, upper = (np.where(usable, end, np.nan) for end in ends)
        estimate = np.where((n > 0) & (d != 0), y / d, np.nan)
    estimate, lower, upper = np.broadcast_arrays(estimate, lower, upper)
    return Ratio(estimate, lower, upper, np.broadcast_to(reason, lower.shape))

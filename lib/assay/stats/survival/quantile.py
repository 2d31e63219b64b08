"""By when has it happened to half of them? Quantiles of the time to the event.

References:
    Brookmeyer and Crowley (1982), A Confidence Interval for the Median Survival Time. Klein and Moeschberger
    (2003), Survival Analysis, section 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.checks import open_unit, shared_shape
from assay.stats.result import Reason, flagged
from assay.stats.survival.curves import kaplan_meier, table_reason
from assay.stats.survival.lifetable import LifeTable

# Products of shares reach 1/2 up to rounding only.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalQuantile:
    """A quantile of the time to the event, in the table's unit of time.

    Attributes:
        value: The first time past which no more than 1 - q survive; NaN if the follow-up ends before.
        lower: Lower end of the 1 - `alpha` interval; NaN if the follow-up ends before.
        upper: Its upper end; infinite if the follow-up ends before.
        reason: `NOT_REACHED` if `value` or `lower` is not reached, `UNBOUNDED` if `upper` is not;
            `TOO_FEW_UNITS` if nobody was watched.
    """

    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    reason: NDArray[np.uint16]


def survival_quantile(
    table: LifeTable, *, q: ArrayLike = 0.5, alpha: ArrayLike = 0.05, interval: str = "log-log"
) -> SurvivalQuantile:
    """Quantile of the time to the event by Kaplan-Meier, with the interval of Brookmeyer and Crowley.

    The interval holds the times at which the pointwise interval of the curve holds 1 - q. Where the curve is
    exactly 1 - q between two times the first is the answer (some programs give their midpoint).

    Args:
        table: Life table, any batch.
        q: Share to whom it has happened, strictly between 0 and 1; broadcasts with the batch.
        alpha: Level, strictly between 0 and 1; broadcasts with the batch.
        interval: Scale of the curve's interval, as for `kaplan_meier`.

    Returns:
        The quantile.

    Raises:
        InputError: q or alpha outside (0, 1), no such interval, or shapes that do not broadcast.

    Example:
        >>> median = survival_quantile(LifeTable.of([2.0, 3.0, 3.0, 5.0], [1, 1, 0, 0]))
        >>> float(median.value), float(median.upper)
        (3.0, inf)
    """
    share, level = open_unit("q", q), open_unit("alpha", alpha)
    shared_shape(table=np.empty(table.shape), q=share, alpha=level)
    curve = kaplan_meier(table, alpha=level, interval=interval)
    left = 1 - share[..., None] + _ROUNDING
    never = table_reason(table)
    # Once nobody survives the lower end is 0, although the curve has no interval there.
    value = _first(curve.times, curve.value <= left)
    lower = _first(curve.times, (curve.lower <= left) | (curve.value == 0))
    upper = _first(curve.times, curve.upper <= left)
    usable = never == 0
    reason = never | flagged(
        (usable & np.isnan(value + lower), Reason.NOT_REACHED), (usable & np.isnan(upper), Reason.UNBOUNDED)
    )
    upper = np.where(usable & np.isnan(upper), np.inf, upper)
    value, lower, upper, codes = np.broadcast_arrays(value, lower, upper, reason)
    return SurvivalQuantile(value, lower, upper, codes)


def _first(times: NDArray[np.float64], reached: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(np.any(reached, axis=-1), times[np.argmax(reached, axis=-1)], np.nan)

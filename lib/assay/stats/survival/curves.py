"""How many survive past a time, when not all were watched for as long? Kaplan-Meier and Nelson-Aalen curves.

References:
    Kaplan and Meier (1958), Nonparametric Estimation from Incomplete Observations, eq. 2b. Greenwood (1926),
    The Natural Duration of Cancer. Nelson (1972); Aalen (1978), Nonparametric Inference for a Family of
    Counting Processes. Borgan and Liestøl (1990), A Note on Confidence Intervals and Bands for the Survival
    Function Based on Transformations. Klein and Moeschberger (2003), Survival Analysis, eq. 4.2.1 to 4.3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError, did_you_mean
from assay.stats.checks import open_unit, shared_shape
from assay.stats.result import Reason, flagged
from assay.stats.survival.lifetable import LifeTable

Array = NDArray[np.float64]
# From the estimate and its quantile times standard error to both ends of an interval.
_Scale = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve in time with its pointwise intervals.

    Attributes:
        times: The table's grid, shape (m,).
        value: Probability to survive past each time, or the cumulative hazard up to it; shape (..., m).
        std_error: Its standard error.
        lower: Lower end of the pointwise 1 - `alpha` interval.
        upper: Its upper end.
        reason: `NO_VARIANCE` where the standard error is 0 (before the first event, and once nobody
            survives), which leaves no interval; `NOT_REACHED` where nobody is watched any longer and
            `TOO_FEW_UNITS` where nobody ever was, which leave nothing.
    """

    times: Array
    value: Array
    std_error: Array
    lower: Array
    upper: Array
    reason: NDArray[np.uint16]


def kaplan_meier(table: LifeTable, *, alpha: ArrayLike = 0.05, interval: str = "log-log") -> Curve:
    """Probability to survive past each time: S(t) = Π (1 - d / n) over times up to t.

    Args:
        table: Life table, any batch.
        alpha: Level of the pointwise intervals, strictly between 0 and 1; broadcasts with the batch.
        interval: Scale on which the interval is symmetric: `log-log`, `log`, `logit`, `arcsine` or `plain`.
            `log-log` and `logit` stay within (0, 1) and keep their level at small counts; `plain` and `log`
            are cut off at 0 and 1.

    Returns:
        The curve with Greenwood's standard error.

    Raises:
        InputError: alpha outside (0, 1), no such interval, or shapes that do not broadcast.

    Example:
        >>> curve = kaplan_meier(LifeTable.of([2.0, 3.0, 3.0, 5.0], [1, 1, 0, 0]))
        >>> curve.value.tolist()
        [0.75, 0.5, 0.5]
    """
    scale = _chosen(interval, _SURVIVAL_SCALES)
    with np.errstate(all="ignore"):
        survival = np.asarray(np.cumprod(kept_share(table), axis=-1))
        relative = np.sqrt(np.cumsum(greenwood(table), axis=-1))  # of S: the standard error of log S
        std_error = np.where(survival == 0, 0.0, survival * relative)
        return _curve(table, survival, survival, std_error, _quantile(table, alpha), scale)


def nelson_aalen(table: LifeTable, *, alpha: ArrayLike = 0.05, interval: str = "log") -> Curve:
    """Cumulative hazard: H(t) = Σ d / n over times up to t, with Aalen's variance Σ d / n².

    Args:
        table: Life table, any batch.
        alpha: Level of the pointwise intervals, strictly between 0 and 1; broadcasts with the batch.
        interval: `log`, symmetric in log H, or `plain`, cut off at 0.

    Returns:
        The curve.

    Raises:
        InputError: alpha outside (0, 1), no such interval, or shapes that do not broadcast.

    Example:
        >>> nelson_aalen(LifeTable.of([2.0, 3.0, 3.0, 5.0], [1, 1, 0, 0])).value.round(4).tolist()
        [0.25, 0.5833, 0.5833]
    """
    scale = _chosen(interval, _HAZARD_SCALES)
    with np.errstate(all="ignore"):
        rate = 1 - kept_share(table)
        hazard = np.asarray(np.cumsum(rate, axis=-1))
        std_error = np.sqrt(np.cumsum(np.where(rate > 0, rate / table.at_risk, rate), axis=-1))
        survival = np.asarray(np.cumprod(1 - rate, axis=-1))
        return _curve(table, survival, hazard, std_error, _quantile(table, alpha), scale)


def survival_at(table: LifeTable, when: Array) -> tuple[Array, Array]:
    """Kaplan-Meier's estimate at one time per batch element, with Greenwood's variance.

    Args:
        table: Life table.
        when: The time; broadcasts with the batch.

    Returns:
        S(when) and its variance; the caller asks `watched` whether the follow-up gets that far.
    """
    past = table.times <= when[..., None]
    survival = np.prod(np.where(past, kept_share(table), 1.0), axis=-1)
    terms = np.sum(np.where(past, greenwood(table), 0.0), axis=-1)
    return survival, np.where(survival == 0, 0.0, survival**2 * terms)


def watched(table: LifeTable, when: Array) -> NDArray[np.bool_]:
    """Whether the curve is known at a time: somebody was watched up to it, or nobody was left to watch."""
    died_out = np.any((table.events == table.at_risk) & (table.at_risk > 0), axis=-1)
    return np.asarray((last_time(table) >= when) | died_out)


def last_time(table: LifeTable) -> Array:
    """The last time at which somebody was watched; 0 where nobody ever was."""
    return np.asarray(np.max(np.where(table.at_risk > 0, table.times, 0.0), axis=-1))


def greenwood(table: LifeTable) -> Array:
    """Greenwood's terms d / (n·(n - d)) per time; infinite where the event takes the last unit."""
    return np.where(table.events > 0, table.events / (table.at_risk * (table.at_risk - table.events)), 0.0)


def table_reason(table: LifeTable) -> NDArray[np.uint16]:
    """Codes that leave nothing of a batch element: nobody was watched, or the counts are NaN or infinite."""
    finite = np.all(np.isfinite(table.at_risk) & np.isfinite(table.events), axis=-1)
    return flagged((table.n == 0, Reason.TOO_FEW_UNITS), (~finite, Reason.NOT_FINITE))


def kept_share(table: LifeTable) -> Array:
    """1 - d / n per time: the share of those at risk to whom it did not happen; 1 where nobody is at risk."""
    share = np.where(table.at_risk == 0, 0.0, table.events / table.at_risk)
    return 1 - share


def _quantile(table: LifeTable, alpha: ArrayLike) -> Array:
    level = open_unit("alpha", alpha)
    shared_shape(table=np.empty(table.shape), alpha=level)
    return np.asarray(-special.ndtri(level / 2))[..., None]


def _curve(
    table: LifeTable,
    survival: Array,
    value: Array,
    std_error: Array,
    quantile: Array,
    scale: _Scale,
) -> Curve:
    never = table_reason(table)[..., None]
    unwatched = (table.at_risk == 0) & (survival > 0)
    lost = (never != 0) | unwatched
    fixed = ~lost & (std_error == 0)
    ends = scale(value, quantile * std_error)
    lower, upper = (np.where(lost | fixed, np.nan, end) for end in ends)
    value, std_error = (np.where(lost, np.nan, part) for part in (value, std_error))
    reason = never | flagged((unwatched & (never == 0), Reason.NOT_REACHED), (fixed, Reason.NO_VARIANCE))
    value, std_error, lower, upper, codes = np.broadcast_arrays(value, std_error, lower, upper, reason)
    return Curve(table.times, value, std_error, lower, upper, codes)


def _chosen(interval: str, scales: Mapping[str, _Scale]) -> _Scale:
    if interval not in scales:
        raise InputError(f"interval is {interval!r}; {did_you_mean(interval, scales)}")
    return scales[interval]


def _plain(value: Array, reach: Array) -> tuple[Array, Array]:
    return np.maximum(value - reach, 0.0), value + reach


def _plain_share(value: Array, reach: Array) -> tuple[Array, Array]:
    return np.maximum(value - reach, 0.0), np.minimum(value + reach, 1.0)


def _log(value: Array, reach: Array) -> tuple[Array, Array]:
    return value * np.exp(-reach / value), value * np.exp(reach / value)


def _log_share(value: Array, reach: Array) -> tuple[Array, Array]:
    lower, upper = _log(value, reach)
    return lower, np.minimum(upper, 1.0)


def _log_log(value: Array, reach: Array) -> tuple[Array, Array]:
    turn = reach / (value * np.log(value))  # negative
    return value ** np.exp(-turn), value ** np.exp(turn)


def _logit(value: Array, reach: Array) -> tuple[Array, Array]:
    centre, turn = special.logit(value), reach / (value * (1 - value))
    return special.expit(centre - turn), special.expit(centre + turn)


def _arcsine(value: Array, reach: Array) -> tuple[Array, Array]:
    centre, turn = np.arcsin(np.sqrt(value)), reach / (2 * np.sqrt(value * (1 - value)))
    lower, upper = np.maximum(centre - turn, 0.0), np.minimum(centre + turn, np.pi / 2)
    return np.sin(lower) ** 2, np.sin(upper) ** 2


_SURVIVAL_SCALES: Mapping[str, _Scale] = MappingProxyType(
    {"log-log": _log_log, "log": _log_share, "logit": _logit, "arcsine": _arcsine, "plain": _plain_share}
)
_HAZARD_SCALES: Mapping[str, _Scale] = MappingProxyType({"log": _log, "plain": _plain})

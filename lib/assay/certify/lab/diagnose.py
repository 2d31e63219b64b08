"""What do the rows say of the method? Error rates, coverage, bias, each with its Monte-Carlo interval.

Rows are first added up in a `Tally`; tallies of blocks merge, so that a diagnosis needs no row to be kept.

References:
    Morris, White and Crowther (2019), Using Simulation Studies to Evaluate Statistical Methods, table 6
    (performance measures and their Monte-Carlo standard errors). Gelman and Carlin (2014), Beyond Power
    Calculations (type S and type M). Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.certify.certificate import clopper_pearson
from assay.certify.lab.rows import ALPHA, Rows
from assay.errors import InputError

_Z = 1.959963984540054
_COLUMNS = tuple(field.name for field in fields(Rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number with its 95 % Monte-Carlo interval; all NaN where nothing was there to measure."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a method does in a scenario.

    Attributes:
        replicates: How many rows there were.
        undefined: Share of rows in which the method gave no estimate.
        rejection: Share that called the arms different: type I error without an effect, else power.
        coverage: Share of intervals that hold the estimand.
        miss_left: Share of intervals that lie above the estimand.
        miss_right: Share of intervals that lie below it.
        bias: Mean of estimate minus estimand, in the metric's unit.
        rmse: Root of the mean squared error, same unit.
        se_ratio: Mean standard error over the true standard deviation of the estimates.
        type_s: Share of significant estimates with the wrong sign.
        type_m: Mean of |estimate / estimand| among the significant ones: the exaggeration.
        stopped_at: Mean number of units when the method stopped.
    """

    replicates: int
    undefined: Figure
    rejection: Figure
    coverage: Figure
    miss_left: Figure
    miss_right: Figure
    bias: Figure
    rmse: Figure
    se_ratio: Figure
    type_s: Figure
    type_m: Figure
    stopped_at: Figure


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over rows, of which a diagnosis is made; `a + b` is the tally of both.

    Attributes:
        rows: How many.
        undefined: Without an estimate.
        rejected: Significant.
        judged: Significant, with an estimand other than 0.
        wrong_sign: Of those, with the other sign.
        factor: Sum of |estimate / estimand| over `judged`.
        factor_2: Sum of its squares.
        intervals: With an interval and an estimand.
        left: Intervals above the estimand.
        right: Intervals below it.
        errors: With an estimate and an estimand.
        error: Sum of estimate - estimand.
        error_2: Sum of its squares.
        error_4: Sum of its fourth powers.
        stated: With a standard error.
        std_error: Sum of standard errors.
        stopped: Sum of units at the stop.
        stopped_2: Sum of its squares.
    """

    rows: float = 0
    undefined: float = 0
    rejected: float = 0
    judged: float = 0
    wrong_sign: float = 0
    factor: float = 0
    factor_2: float = 0
    intervals: float = 0
    left: float = 0
    right: float = 0
    errors: float = 0
    error: float = 0
    error_2: float = 0
    error_4: float = 0
    stated: float = 0
    std_error: float = 0
    stopped: float = 0
    stopped_2: float = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*map(add, astuple(self), astuple(other)))

    @classmethod
    def of(cls, rows: Rows | Mapping[str, ArrayLike], *, alpha: float = ALPHA) -> Tally:
        """Add up rows.

        Args:
            rows: Rows, or a table with their columns, such as a data frame.
            alpha: A p-value below it is significant. Without p-values an interval without 0 is.

        Raises:
            InputError: A column is missing.
        """
        table = rows.table() if isinstance(rows, Rows) else rows
        missing = [name for name in _COLUMNS if name not in table]
        if missing:
            raise InputError(f"the table lacks {', '.join(missing)}; a diagnosis needs {', '.join(_COLUMNS)}")
        columns = {name: np.asarray(table[name], dtype=np.float64) for name in _COLUMNS}
        return _tally(alpha=alpha, **columns)

    @classmethod
    def total(cls, parts: Iterable[Tally]) -> Tally:
        """All parts together, added in their order."""
        return reduce(add, parts, cls())


def diagnose(rows: Rows | Mapping[str, ArrayLike] | Tally) -> Diagnosis:
    """What a method does, from its rows or their tally.

    Args:
        rows: Rows, a table with their columns, or a tally.

    Returns:
        The figures.

    Raises:
        InputError: No row, or a column is missing.
    """
    t = rows if isinstance(rows, Tally) else Tally.of(rows)
    if not t.rows >= 1:
        raise InputError("there is no row to diagnose; simulate at least one replicate")
    return Diagnosis(
        replicates=int(t.rows),
        undefined=_share(t.undefined, t.rows),
        rejection=_share(t.rejected, t.rows),
        coverage=_share(t.intervals - t.left - t.right, t.intervals),
        miss_left=_share(t.left, t.intervals),
        miss_right=_share(t.right, t.intervals),
        bias=_mean(t.error, t.error_2, t.errors),
        rmse=_rmse(t),
        se_ratio=_se_ratio(t),
        type_s=_share(t.wrong_sign, t.judged),
        type_m=_mean(t.factor, t.factor_2, t.judged),
        stopped_at=_mean(t.stopped, t.stopped_2, t.rows),
    )


def _tally(
    *,
    alpha: float,
    estimate: NDArray[np.float64],
    std_error: NDArray[np.float64],
    p_value: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    estimand: NDArray[np.float64],
    stopped_at: NDArray[np.float64],
) -> Tally:
    bounded = ~np.isnan(lower) & ~np.isnan(upper)
    testing = not np.all(np.isnan(p_value))
    rejected = p_value < alpha if testing else bounded & ((lower > 0) | (upper < 0))
    known = np.isfinite(estimate) & np.isfinite(estimand)
    error = np.where(known, estimate - estimand, 0.0)
    judged = rejected & known & (estimand != 0)
    factor = np.abs(np.divide(estimate, estimand, out=np.zeros_like(error), where=judged))
    covering = bounded & np.isfinite(estimand)
    stated = np.isfinite(std_error) & known
    return Tally(
        rows=float(estimate.size),
        undefined=float(np.sum(~np.isfinite(estimate))),
        rejected=float(np.sum(rejected)),
        judged=float(np.sum(judged)),
        wrong_sign=float(np.sum(judged & (np.sign(estimate) != np.sign(estimand)))),
        factor=float(np.sum(factor)),
        factor_2=float(np.sum(factor**2)),
        intervals=float(np.sum(covering)),
        left=float(np.sum(covering & (lower > estimand))),
        right=float(np.sum(covering & (upper < estimand))),
        errors=float(np.sum(known)),
        error=float(np.sum(error)),
        error_2=float(np.sum(error**2)),
        error_4=float(np.sum(error**4)),
        stated=float(np.sum(stated)),
        std_error=float(np.sum(std_error[stated])),
        stopped=float(np.sum(stopped_at)),
        stopped_2=float(np.sum(stopped_at**2)),
    )


def _share(successes: float, trials: float) -> Figure:
    if trials == 0:
        return Figure(value=math.nan, lower=math.nan, upper=math.nan)
    lower, upper = clopper_pearson(int(successes), int(trials))
    return Figure(value=successes / trials, lower=lower, upper=upper)


def _around(value: float, half: float) -> Figure:
    return Figure(value=value, lower=value - half, upper=value + half)


def _mean(total: float, squares: float, count: float) -> Figure:
    if count == 0:
        return Figure(value=math.nan, lower=math.nan, upper=math.nan)
    mean = total / count
    return _around(mean, _Z * math.sqrt(max(squares / count - mean**2, 0.0) / count))


def _rmse(t: Tally) -> Figure:
    """The delta method on the mean squared error."""
    square = _mean(t.error_2, t.error_4, t.errors)
    root = math.sqrt(square.value) if square.value >= 0 else math.nan
    return _around(root, (square.upper - square.value) / (2 * root) if root else 0.0)


def _se_ratio(t: Tally) -> Figure:
    """Mean standard error over the deviation of the estimates, of which only the latter counts as random."""
    if t.stated == 0 or t.errors == 0:
        return Figure(value=math.nan, lower=math.nan, upper=math.nan)
    mean = t.error / t.errors
    variance = t.error_2 / t.errors - mean**2
    if not variance > 0:
        return Figure(value=math.nan, lower=math.nan, upper=math.nan)
    value = t.std_error / t.stated / math.sqrt(variance)
    kurtosis = max(t.error_4 / t.errors / variance**2, 1.0)
    return _around(value, _Z * value * math.sqrt((kurtosis - 1) / (4 * t.errors)))

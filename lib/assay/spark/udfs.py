"""The Spark face of the statistics: every registered method as a vectorised function of columns and of SQL.

A method `m` that needs the series `y` becomes `assay_m(n_c, mean_c, m2_c, n_t, mean_t, m2_t [, alpha
[, alternative]])`: the moments of the control, then those of the treatment, then the level (0.05 if left out)
and what the test looks for (`'two-sided'` if left out). A method that also needs the denominator takes `n,
mean_y, m2_y, mean_d, m2_d, c_yd` of each. The answer is a struct with the arrays of the method's result
(`assay.stats.Effect`) and `mde`, the effect that the test finds with 80 % power at its level; a number that
does not exist is NULL, and `reason` says why. Methods that need the units themselves are in
`assay.spark.grouped`.

Rows go through NumPy in Arrow batches, never one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, SparkSession
from pyspark.sql.pandas.functions import pandas_udf

from assay.errors import InputError
from assay.spark import moments
from assay.stats import METHODS, Effect, Method, Moments, mde
from assay.stats.tails import ALTERNATIVES

PREFIX = "assay_"
DEFAULT_ALPHA = 0.05

ColumnFunction = Callable[..., Column]


def moment_names(method: Method) -> tuple[str, ...]:
    """The moments that a method reads of one arm, in the order of its SQL arguments.

    Example:
        >>> moment_names(METHODS["welch"])
        ('n', 'mean_y', 'm2_y')
    """
    return moments.names(method.needs)


def result_names(method: Method) -> tuple[str, ...]:
    """The fields of a method's answer in Spark: the arrays of its result, and `mde`."""
    return (*method.result.names(), "mde")


def schema(method: Method) -> str:
    """The answer's type, as Spark writes it."""
    return ", ".join(f"{name} {'int' if name == 'reason' else 'double'}" for name in result_names(method))


def effects(name: str, columns: Iterable[pd.Series], **options: Any) -> pd.DataFrame:
    """Apply a registered method to columns of moments: what runs inside a Spark worker.

    Args:
        name: The method's name in the registry.
        columns: The control's moments, the treatment's and, optionally, alpha and the alternative, in the
            order of `moment_names`. A NULL count stands for an arm without units.
        **options: Options of the method.

    Returns:
        One column per field of `result_names`, one row per test; NaN where a number does not exist.

    Raises:
        InputError: The number of columns is not that of the method's moments, an alpha is out of range, or
            there is no such alternative.
    """
    method = METHODS[name]
    names = moment_names(method)
    given = list(columns)
    arms, rest = given[: 2 * len(names)], given[2 * len(names) :]
    if len(arms) < 2 * len(names) or len(rest) > len(("alpha", "alternative")):
        raise InputError(
            f"{PREFIX}{name} was called with {len(given)} arguments; it takes {', '.join(names)} of the "
            "control, the same of the treatment, and optionally alpha and the alternative"
        )
    arrays = [np.asarray(column, dtype=np.float64) for column in arms]
    alpha = np.asarray(rest[0], dtype=np.float64) if rest else np.full(arrays[0].shape, DEFAULT_ALPHA)
    if len(rest) > 1:
        return _by_alternative(method, arrays, alpha, rest[1], options)
    return _table(method, arrays, alpha, options)


def _by_alternative(
    method: Method,
    arrays: list[NDArray[np.float64]],
    alpha: NDArray[np.float64],
    alternatives: pd.Series,
    options: dict[str, Any],
) -> pd.DataFrame:
    """A call has one alternative for all its tests; rows may differ, so each kind is one call."""
    asked = alternatives.to_numpy()
    parts = []
    for kind in (*ALTERNATIVES, *sorted({str(a) for a in asked} - set(ALTERNATIVES))):
        rows = np.flatnonzero(asked == kind)
        if rows.size:
            part = [array[rows] for array in arrays]
            table = _table(method, part, alpha[rows], {**options, "alternative": kind})
            parts.append(table.set_index(rows))
    return pd.concat(parts).sort_index()


def _table(
    method: Method,
    arrays: list[NDArray[np.float64]],
    alpha: NDArray[np.float64],
    options: dict[str, Any],
) -> pd.DataFrame:
    names = moment_names(method)
    control, treatment = (_moments(names, arrays[i * len(names) : (i + 1) * len(names)]) for i in (0, 1))
    return frame(method(control, treatment, alpha=alpha, **options))


def frame(effect: Effect) -> pd.DataFrame:
    """An effect as a table: one column per field of `result_names`, one row per test."""
    found = {name: np.atleast_1d(getattr(effect, name)) for name in effect.names()}
    smallest = mde(effect.std_error, np.where(effect.df > 0, effect.df, np.nan), alpha=effect.alpha)
    return pd.DataFrame({**found, "mde": np.atleast_1d(smallest)})


def _moments(names: tuple[str, ...], arrays: list[NDArray[np.float64]]) -> Moments:
    parts = dict(zip(names, arrays, strict=True))
    # An arm without units has no row to take moments from: its NULLs are the moments of nothing.
    parts["n"] = np.nan_to_num(parts["n"], nan=0.0)
    return Moments(**parts)


def column_function(name: str, **options: Any) -> ColumnFunction:
    """A registered method as a function of Spark columns.

    Args:
        name: The method's name in the registry.
        **options: Options of the method, the same for all rows; `alternative` among them.

    Returns:
        A vectorised user-defined function from columns of moments to a struct column.
    """

    def apply(*columns: pd.Series) -> pd.DataFrame:
        return effects(name, columns, **options)

    # PySpark 3.5 reads the types of the function from these, and they must be types, not their names.
    apply.__annotations__ = {"columns": pd.Series, "return": pd.DataFrame}
    apply.__name__ = f"{PREFIX}{name}"
    apply.__doc__ = METHODS[name].summary
    made: ColumnFunction = pandas_udf(apply, schema(METHODS[name]))  # type: ignore[call-overload]
    return made


def register(spark: SparkSession, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Register methods that read moments as SQL functions.

    Args:
        spark: The session; registering twice replaces the function by itself.
        names: Which; all if left out, which takes some seconds.

    Returns:
        The names of the functions.
    """
    chosen = [name for name, method in METHODS.items() if method.data is Moments] if names is None else names
    found = []
    for name in chosen:
        found.append(f"{PREFIX}{name}")
        spark.udf.register(found[-1], column_function(name))
    return tuple(found)

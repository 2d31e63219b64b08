"""The Spark face of the statistics: every registered method as a vectorised function of columns and of SQL.

A method `m` that needs the series `y` becomes `assay_m(n_c, mean_c, m2_c, n_t, mean_t, m2_t [, alpha])`: the
moments of the control, then those of the treatment, then the level (0.05 if left out). A method that also
needs the denominator takes `n, mean_y, m2_y, mean_d, m2_d, c_yd` of each. The answer is a struct with the
fields of `assay.stats.Effect` and `mde`, the effect that the test finds with 80 % power at its level; a
number that does not exist is NULL, and `reason` says why.

Rows go through NumPy in Arrow batches, never one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, SparkSession
from pyspark.sql.pandas.functions import pandas_udf

from assay.errors import InputError
from assay.stats import METHODS, Effect, Method, Moments, mde

PREFIX = "assay_"
RESULT = (*(field.name for field in fields(Effect)), "mde")
SCHEMA = ", ".join(f"{name} {'int' if name == 'reason' else 'double'}" for name in RESULT)
DEFAULT_ALPHA = 0.05

ColumnFunction = Callable[..., Column]


def moment_names(method: Method) -> tuple[str, ...]:
    """The moments that a method reads of one arm, in the order of its SQL arguments.

    Example:
        >>> moment_names(METHODS["welch"])
        ('n', 'mean_y', 'm2_y')
    """
    each = [f"{part}_{series}" for series in method.needs for part in ("mean", "m2")]
    return ("n", *each, *(f"c_{a}{b}" for a, b in combinations(method.needs, 2)))


def effects(name: str, columns: Iterable[pd.Series]) -> pd.DataFrame:
    """Apply a registered method to columns of moments: what runs inside a Spark worker.

    Args:
        name: The method's name in the registry.
        columns: The control's moments, the treatment's and, optionally, alpha, in the order of
            `moment_names`. A NULL count stands for an arm without units.

    Returns:
        One column per field of `Effect` and `mde`, one row per test; NaN where a number does not exist.

    Raises:
        InputError: The number of columns is not that of the method's moments, or an alpha is out of range.
    """
    method = METHODS[name]
    names = moment_names(method)
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    if len(arrays) not in (2 * len(names), 2 * len(names) + 1):
        raise InputError(
            f"{PREFIX}{name} was called with {len(arrays)} arguments; it takes {', '.join(names)} of the "
            "control, the same of the treatment, and optionally alpha"
        )
    control, treatment = (_moments(names, arrays[i * len(names) : (i + 1) * len(names)]) for i in (0, 1))
    alpha = arrays[-1] if len(arrays) % 2 else np.full(arrays[0].shape, DEFAULT_ALPHA)
    effect = method(control, treatment, alpha=alpha)
    columns_out = {field.name: getattr(effect, field.name) for field in fields(Effect)}
    return pd.DataFrame({**columns_out, "mde": mde(effect.std_error, effect.df, alpha=alpha)})


def _moments(names: tuple[str, ...], arrays: list[NDArray[np.float64]]) -> Moments:
    parts = dict(zip(names, arrays, strict=True))
    # An arm without units has no row to take moments from: its NULLs are the moments of nothing.
    parts["n"] = np.nan_to_num(parts["n"], nan=0.0)
    return Moments(**parts)


def column_function(name: str) -> ColumnFunction:
    """A registered method as a function of Spark columns.

    Args:
        name: The method's name in the registry.

    Returns:
        A vectorised user-defined function from columns of moments to a struct column.
    """

    def apply(*columns: pd.Series) -> pd.DataFrame:
        return effects(name, columns)

    # PySpark 3.5 reads the types of the function from these, and they must be types, not their names.
    apply.__annotations__ = {"columns": pd.Series, "return": pd.DataFrame}
    apply.__name__ = f"{PREFIX}{name}"
    apply.__doc__ = METHODS[name].summary
    made: ColumnFunction = pandas_udf(apply, SCHEMA)  # type: ignore[call-overload]
    return made


def register(spark: SparkSession) -> tuple[str, ...]:
    """Register every method that reads moments as an SQL function.

    Args:
        spark: The session; registering twice replaces the function by itself.

    Returns:
        The names of the functions.
    """
    names = [name for name, method in METHODS.items() if method.data is Moments]
    for name in names:
        spark.udf.register(f"{PREFIX}{name}", column_function(name))
    return tuple(f"{PREFIX}{name}" for name in names)

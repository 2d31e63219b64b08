"""Moments by Spark's native aggregates, and back into NumPy: no sum of squares is ever formed.

`avg`, `var_pop` and `covar_pop` merge centred moments over partitions by Chan's formula. Their last bits
depend on the order of rows and partitions; `assay.medallion.gold_moments` fixes it, where bits must repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from assay.errors import InputError
from assay.stats import Moments

SERIES = ("y", "d", "x")


def names(series: Iterable[str] = SERIES) -> tuple[str, ...]:
    """The moments of these series, in the order in which `Moments` and the SQL functions take them.

    Example:
        >>> names(("y", "d"))
        ('n', 'mean_y', 'm2_y', 'mean_d', 'm2_d', 'c_yd')
    """
    given = tuple(series)
    each = [f"{part}_{name}" for name in given for part in ("mean", "m2")]
    return ("n", *each, *(f"c_{a}{b}" for a, b in combinations(given, 2)))


def aggregates(series: Iterable[str] = SERIES) -> list[Column]:
    """The moments of columns named after the series, as aggregates for `groupBy(...).agg(*...)`.

    Args:
        series: Which of the columns `y`, `d` and `x` are there; rows hold no NULL in them.

    Returns:
        One column per name of `names(series)`.
    """
    given = tuple(series)
    return [
        F.count(F.lit(1)).alias("n"),
        *(column for name in given for column in (F.avg(name).alias(f"mean_{name}"), _square(name))),
        *(_centred(F.covar_pop(a, b)).alias(f"c_{a}{b}") for a, b in combinations(given, 2)),
    ]


def collected(table: pd.DataFrame | pa.Table) -> Moments:
    """Moments from a table with one row per test, as `toPandas()` or Arrow gives it.

    Args:
        table: Columns `n`, `mean_y`, `m2_y` and, for each further series, its moments; others are ignored.
            NULL or NaN in `n` stands for an arm without units.

    Returns:
        Moments of shape (rows,).

    Raises:
        InputError: A moment of `y` is not there, or a series is there in part.
    """
    frame = table.to_pandas() if isinstance(table, pa.Table) else table
    here = [name for name in names() if name in frame.columns]
    missing = sorted(set(names(("y",))) - set(here))
    if missing:
        raise InputError(f"the table has no column {missing[0]!r}; moments need {', '.join(names(('y',)))}")
    parts = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in here}
    parts["n"] = np.nan_to_num(parts["n"], nan=0.0)
    return Moments(**parts)


def _square(name: str) -> Column:
    return _centred(F.var_pop(name)).alias(f"m2_{name}")


def _centred(per_unit: Column) -> Column:
    return per_unit * F.count(F.lit(1))

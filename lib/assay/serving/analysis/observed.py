"""The columns of a file or frame that describe a metric, as arrays without missing values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis import arms, columns, files, requests, tables
from assay.serving.analysis.tables import Table

Array = NDArray[np.float64]
_WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Rows of a file; arrays of shape `(rows,)`, None for columns that were not named.

    Attributes:
        value: The value.
        denominator: What a ratio divides by.
        unit: A code per row, whole numbers from 0 without a gap; each row its own where no unit was named.
        at: Time, in weeks since 1970.
        x: The covariate.
        dropped: How many rows were left out because something was missing.
    """

    value: Array
    denominator: Array | None
    unit: Array
    at: Array | None
    x: Array | None
    dropped: int

    @property
    def units(self) -> int:
        """How many units have a row."""
        return int(self.unit.max()) + 1

    @property
    def weeks(self) -> float:
        """How long the time lasted of which the rows' times are a sample; 1 without times or with one."""
        if self.at is None:
            return 1.0
        n, span = len(self.at), float(np.ptp(self.at))
        return span * (n + 1) / (n - 1) if span > 0 else 1.0

    def total(self, series: Array, units: int | None = None) -> Array:
        """The sum of a series per unit, shape `(units,)`; 0 for those without a row.

        Raises:
            InputError: There are more units than `units`.
        """
        if units is not None and units < self.units:
            raise InputError(
                f"units is {units:,}, but {self.units:,} units have a row; give the number of all"
            )
        return np.bincount(self.unit.astype(np.int64), weights=series, minlength=units or 0).astype(
            np.float64
        )

    def series(self, units: int | None = None) -> tuple[Array, Array | None, Array | None]:
        """Value, denominator and covariate of each unit, shape `(units,)`; errors as for `total`."""
        below = None if self.denominator is None else self.total(self.denominator, units)
        return self.total(self.value, units), below, self.covariate

    @property
    def covariate(self) -> Array | None:
        """The mean of `x` per unit, shape `(units,)`."""
        return None if self.x is None else self.total(self.x) / self.total(np.ones(len(self.x)))


def observe(
    given: Path | Table,
    *,
    value: str,
    denominator: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    covariate: str | None = None,
    arm: str | None = None,
    control: str | None = None,
) -> Observed:
    """Read columns of a CSV or Parquet file, or of a frame.

    Args:
        given: The file, or a frame as `tables` says.
        value: Column of the value.
        denominator: Column that a ratio divides by.
        unit: Column that names the unit.
        time: Column of the time, dates or timestamps (UTC if they name no zone).
        covariate: Column of the covariate.
        arm: Column of the arm; with `control`, only the rows of that arm are read.
        control: The arm to read.

    Raises:
        InputError: A column is not there or not of the kind that it must be, arm and control are not given
            together, or no row is whole.
    """
    if (arm is None) != (control is None):
        raise InputError(
            "--arm and --control belong together; give the column and the arm to read, or neither"
        )
    numeric = {"value": value, "denominator": denominator, "covariate": covariate}
    wanted = {**numeric, "unit": unit, "time": time, "arm": arm}
    held = given if isinstance(given, Path) else tables.held(given)
    names = files.names(held) if isinstance(held, Path) else tables.names(held)
    asked = {role: requests.known(name, names, f"{role} column") for role, name in wanted.items() if name}
    chosen = list(dict.fromkeys(asked.values()))
    table = files.read(held, chosen) if isinstance(held, Path) else tables.arrow(held, chosen)
    read = {role: _numbers(table.column(name), name) for role, name in asked.items() if role in numeric}
    if unit is not None:
        read["unit"] = _codes(table.column(unit), unit)
    if time is not None:
        read["time"] = _weeks(table.column(time), time)
    mine = np.ones(table.num_rows, dtype=np.bool_)
    if arm is not None and control is not None:
        mine = np.equal(arms.group(table.column(arm), arm, control).codes, 0)
    whole = mine & ~np.any([np.isnan(series) for series in read.values()], axis=0)
    if not np.any(whole):
        what = given if isinstance(given, Path) else "the table"
        raise InputError(f"{what} has no row with {', '.join(read)}; there is nothing to fit")
    kept = {role: series[whole] for role, series in read.items()}
    return Observed(
        value=kept["value"],
        denominator=kept.get("denominator"),
        unit=np.unique(kept.get("unit", np.arange(np.sum(whole))), return_inverse=True)[1].astype(np.float64),
        at=kept.get("time"),
        x=kept.get("covariate"),
        dropped=int(np.sum(mine & ~whole)),
    )


def _numbers(column: pa.ChunkedArray[Any], name: str) -> Array:
    found = columns.numbers(column, name)
    return found.values  # noqa: PD011 - not a frame


def _codes(column: pa.ChunkedArray[Any], name: str) -> Array:
    """A number per label, NaN where it is missing."""
    found = pd.Series(column.to_pandas())
    try:
        codes, _ = pd.factorize(found.mask(found.isin(columns.MISSING)))
    except TypeError:
        raise InputError(
            f"unit column {name!r} holds {column.type}; units are named by text or numbers"
        ) from None
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def _weeks(column: pa.ChunkedArray[Any], name: str) -> Array:
    """Weeks since 1970, NaN where missing."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        raise InputError(f"time column {name!r} holds {column.type}; write times as 2026-01-31 10:00:00")
    found = pd.Series(column.to_pandas())
    try:
        times = pd.to_datetime(found.mask(found.isin(columns.MISSING)), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise InputError(
            f"time column {name!r} is not readable ({str(error).splitlines()[0]}); write 2026-01-31 10:00:00"
        ) from None
    seconds = (times - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(seconds / _WEEK, dtype=np.float64)

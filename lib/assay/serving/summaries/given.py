"""What a table of summary statistics gives: for each metric, the moments of each arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis import columns
from assay.stats import Moments

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Given:
    """One metric in one arm.

    Attributes:
        metric: Name of the metric.
        arm: Label of the arm.
        moments: Of its units, of shape ().
        digits: Digits of the variance that are left after sums of squares were subtracted; None where
            nothing was.
    """

    metric: str
    arm: str
    moments: Moments
    digits: float | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table whose cells are read by row, with messages that name the place.

    Attributes:
        table: The table.
        arms: Label of the arm of each row.
    """

    table: pa.Table
    arms: tuple[str, ...]

    @classmethod
    def of(cls, table: pa.Table, arm: str) -> Sheet:
        """A sheet.

        Args:
            table: One row per metric and arm.
            arm: Its column of the arm.

        Raises:
            InputError: A row has no arm.
        """
        found = columns.labels(table.column(arm), arm).to_pylist()
        if None in found:
            raise InputError(
                f"column {arm!r} is empty in row {found.index(None) + 1}; name the arm of each row"
            )
        return cls(table, tuple(found))

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return list(self.table.column_names)

    def texts(self, name: str) -> list[str]:
        """A column as texts; a missing one as an empty text."""
        return ["" if value is None else str(value) for value in self.table.column(name).to_pylist()]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as numbers, NaN where missing.

        Raises:
            InputError: A value is not a number.
        """
        return columns.numbers(self.table.column(name), name).values

    def rows(self, names: Sequence[str]) -> Iterator[tuple[int, dict[str, float]]]:
        """The rows' numbers by column; columns that the table lacks are left out.

        Raises:
            InputError: A value is not a number.
        """
        found = {name: self.numbers(name) for name in names if name in self.names}
        for row in range(self.table.num_rows):
            yield row, {name: float(values[row]) for name, values in found.items()}

    def where(self, row: int) -> str:
        """How messages name a row."""
        return f"row {row + 1} (arm {self.arms[row]!r})"


def single(sheet: Sheet, names: Sequence[str]) -> None:
    """Rows that differ in one of these columns would be compared as if they were other arms.

    Raises:
        InputError: They do.
    """
    for name in names:
        if name in sheet.names and len(found := sorted(set(sheet.texts(name)))) > 1:
            raise InputError(
                f"column {name!r} has {len(found)} values, {found[0]!r} and {found[1]!r} among them; keep "
                "the rows of one"
            )


def check(where: str, n: float, numbers: Mapping[str, float]) -> None:
    """Numbers of one row are there, and there are units to have a variance.

    Args:
        where: The row.
        n: Its number of units.
        numbers: Its other numbers, by their names.

    Raises:
        InputError: One is missing or infinite, or there are fewer than two units.
    """
    if not (n >= _FEWEST and n == np.floor(n)):
        raise InputError(
            f"{where}: the number of units is {n:g}; it must be a whole number, {_FEWEST} or more"
        )
    for name, value in numbers.items():
        if not np.isfinite(value):
            raise InputError(f"{where}: {name} is missing or infinite; give it in every row")


def moments_of(where: str, n: float, **parts: float) -> Moments:
    """Moments of one arm, or a sentence that names the row.

    Args:
        where: The row.
        n: Units.
        **parts: `mean_y`, `m2_y` and so on, as `Moments` has them.

    Raises:
        InputError: The numbers cannot be those of any data.
    """
    check(where, n, parts)
    try:
        return Moments(n=np.asarray(n), **{name: np.asarray(value) for name, value in parts.items()})
    except InputError as error:
        raise InputError(f"{where}: {error.message}") from None

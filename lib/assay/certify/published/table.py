"""One number of a publication beside ours, and the verdict.

A row agrees if our figure is within `WIDTH` Monte-Carlo standard errors of the published one, beyond what its
rounding explains, and of the exact one where that is computed; and if a printed figure is the exact one,
rounded. What cannot be compared (NaN) does not agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

WIDTH = 4.0
"""Monte-Carlo standard errors: a right figure falls outside once in 16,000 rows."""
# A figure computed to double precision may differ from a decimal one by this share.
_DIGITS = 1e-9

Kind = Literal["printed", "theory", "bound", "computed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure: theirs, the exact one, ours.

    Attributes:
        label: What the figure is of.
        kind: `printed`: the publication prints this number. `theory`: its formula gives it. `bound`: it is
            the greatest value that its theorem allows. `computed`: nothing is printed, ours is held to exact.
        published: The number; None if `computed`.
        decimals: Digits after the point in the publication, or shown of a number that it does not print.
        rounding: How far the published number may be from the truth because it is rounded, or because a
            constant that leads to it is.
        exact: The value by enumeration, quadrature or formula, without simulation; None if none is known.
        ours: By simulation.
        std_error: Monte-Carlo standard error of `ours`.
    """

    label: str
    kind: Kind
    published: float | None
    decimals: int
    rounding: float
    exact: float | None
    ours: float
    std_error: float

    @property
    def agrees(self) -> bool:
        """Whether published, exact and ours are one number as far as can be told."""
        noise = WIDTH * self.std_error
        known = self.published is not None or self.exact is not None
        near = self.published is None or self._beyond(self.ours, self.published) <= noise + self.rounding
        right = self.exact is None or abs(self.ours - self.exact) <= noise + _DIGITS
        return known and math.isfinite(noise) and near and right and self._well_printed()

    def _well_printed(self) -> bool:
        if self.published is None or self.exact is None or self.kind == "theory":
            return True
        return self._beyond(self.exact, self.published) <= self.rounding + _DIGITS

    def _beyond(self, value: float, published: float) -> float:
        gap = value - published
        return gap if self.kind == "bound" else abs(gap)

    def cells(self) -> tuple[str, str, str, str, str]:
        """Published, exact, ours, Monte-Carlo standard error and verdict, as they are shown."""
        theirs = "" if self.published is None else f"{self.published:.{self.decimals}f}"
        exact = "" if self.exact is None else f"{self.exact:.{self.decimals + 2}f}"
        digits = max(1 - math.floor(math.log10(self.std_error)), 0) if self.std_error > 0 else self.decimals
        return (
            f"≤ {theirs}" if self.kind == "bound" else theirs,
            exact,
            f"{self.ours:.{digits}f}",
            f"{self.std_error:.{digits}f}",
            "agrees" if self.agrees else "DISAGREES",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A publication's figures, made again.

    Attributes:
        name: What the command line calls it.
        title: What it is about.
        source: Authors, year, title and place.
        compares: What is compared and how ours is made.
        replicates: Simulated experiments behind each row.
        seed: Of the simulation.
        rows: The figures.
    """

    name: str
    title: str
    source: str
    compares: str
    replicates: int
    seed: int
    rows: tuple[Row, ...]

    @property
    def agrees(self) -> bool:
        """Whether every row agrees; a table without rows has shown nothing."""
        return bool(self.rows) and not self.disagreements

    @property
    def disagreements(self) -> tuple[Row, ...]:
        """The rows that do not agree."""
        return tuple(row for row in self.rows if not row.agrees)

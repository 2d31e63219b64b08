"""Rows from replicates: what was simulated, and what kind of number it is held against."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.certify.published.table import Kind, Row


class Measured(NamedTuple):
    """A simulated figure.

    Attributes:
        value: The figure.
        std_error: Its Monte-Carlo standard error, same unit.
    """

    value: float
    std_error: float


_NOTHING = Measured(math.nan, math.nan)


def printed(
    label: str,
    published: float,
    decimals: int,
    measured: Measured,
    *,
    exact: float | None = None,
    rounding: float | None = None,
) -> Row:
    """A row whose number stands in the publication; by default it is off by half a unit of its last digit."""
    half = 0.5 * 10.0**-decimals if rounding is None else rounding
    return _row(label, "printed", published, decimals, half, exact, measured)


def theory(
    label: str, published: float, decimals: int, measured: Measured, *, exact: float | None = None
) -> Row:
    """A row whose number a formula of the publication gives, to the digits shown."""
    return _row(label, "theory", published, decimals, 0.5 * 10.0**-decimals, exact, measured)


def bound(
    label: str, published: float, decimals: int, measured: Measured, *, exact: float | None = None
) -> Row:
    """A row whose number must not be exceeded."""
    return _row(label, "bound", published, decimals, 0.0, exact, measured)


def computed(label: str, exact: float, decimals: int, measured: Measured) -> Row:
    """A row that nobody printed: ours against exact arithmetic."""
    return _row(label, "computed", None, decimals, 0.0, exact, measured)


def rate(hits: NDArray[np.bool_] | NDArray[np.float64]) -> Measured:
    """How often something happened, or a mean of shares.

    The error is that of two more hits and misses, so that none among few is not certain. NaN without any.

    References:
        Agresti and Coull (1998), Approximate Is Better than "Exact" for Interval Estimation of Binomial
        Proportions.
    """
    if not hits.size:
        return _NOTHING
    more = np.append(hits.astype(np.float64), [0.0, 0.0, 1.0, 1.0])
    return Measured(float(np.mean(hits)), float(np.std(more)) / math.sqrt(more.size))


def mean(values: NDArray[np.float64]) -> Measured:
    """The mean over replicates; NaN of fewer than two."""
    if values.size < 2:  # noqa: PLR2004 - a variance needs two
        return _NOTHING
    return Measured(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(values.size))


def _row(
    label: str,
    kind: Kind,
    published: float | None,
    decimals: int,
    rounding: float,
    exact: float | None,
    measured: Measured,
) -> Row:
    return Row(
        label=label,
        kind=kind,
        published=published,
        decimals=decimals,
        rounding=rounding,
        exact=exact,
        ours=measured.value,
        std_error=measured.std_error,
    )

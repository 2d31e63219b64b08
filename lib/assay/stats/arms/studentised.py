"""The tail of a statistic M / S: M of normal variables with known variance, S² its estimate on df degrees.

P(M / S > q) is the mean of P(M > q·s) over the law of S. With log(s / a) = w - Ω·(exp(-w) - 1) the trapezoid
rule in w converges geometrically: both ends fall off doubly exponentially, and Ω = exp(-Ω) keeps s near a
exact for laws of many degrees, which are narrow. From 3,000 degrees on, log s is so nearly normal that ten
nodes of Gauss and Hermite do as well. The factor a = 1 / √(1 + q² / df) moves the nodes to where a tail that
falls like exp(-q²·s² / 2) has its mass, so that tails of 1e-100 keep their digits. Every term is positive and
nothing is subtracted from 1.

References:
    Takahasi and Mori (1974), Double Exponential Formulas for Numerical Integration. Dunnett (1955), A
    Multiple Comparison Procedure for Comparing Several Treatments with a Control (the mean over S). Dowell
    and Jarratt (1971), A Modified Regula Falsi Method for Computing the Root of an Equation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.polynomial.hermite import hermgauss
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers

Array = NDArray[np.float64]
NormalTail = Callable[[Array, NDArray[np.intp]], Array]
"""P(M > x) for each x, given the row of the batch that x belongs to; both of shape (points,)."""

FAR = 8.3
"""A normal density is 1e-15 of its greatest here: nodes end where one does."""
_OUTSIDE = 1e-17
_HERMITE = hermgauss(10)
# Degrees of freedom: from these on 40 nodes suffice, then 24, then Hermite's; in the end S is 1.
_WIDEST, _WIDE, _NARROW, _NEARLY_NORMAL = 15.0, 100.0, 3000.0, 1e18
_OMEGA = float(special.wrightomega(0.0))
_LEAST, _ROOM, _ROUNDS, _CLOSE = 1e-320, 1e-9, 40, 1e-13
_CELLS = 2**17
_STIRLING_FROM = 16.0


def studentised_tail(normal_tail: NormalTail, statistic: Array, df: Array) -> Array:
    """P(M / S > q), where P(M > x) falls like exp(-x² / 2) for large x.

    Args:
        normal_tail: Tail of M itself.
        statistic: q, shape (rows,); NaN stays NaN.
        df: Degrees of freedom of S, 1 or greater, infinite where S is 1; shape (rows,).

    Returns:
        Tails, shape (rows,).
    """
    found = np.where(np.isnan(statistic), np.nan, np.where(statistic > 0, 0.0, 1.0))
    half = np.minimum(df, _NEARLY_NORMAL) / 2
    for lowest, highest, nodes, count in (
        (0.0, _WIDEST, _broad_nodes, 80),
        (_WIDEST, _WIDE, _broad_nodes, 40),
        (_WIDE, _NARROW, _broad_nodes, 24),
        (_NARROW, 4 * _NEARLY_NORMAL, _narrow_nodes, _HERMITE[0].size),
    ):
        live = (lowest <= 2 * half) & (2 * half < highest) & np.isfinite(statistic)
        for rows in pieces(np.flatnonzero(live), count):
            s, weight = nodes(statistic[rows, None], half[rows, None], count)
            at = np.repeat(rows, count)
            tails = normal_tail((statistic[rows, None] * s).ravel(), at).reshape(s.shape)
            found[rows] = np.minimum(np.sum(weight * tails, axis=-1), 1.0)
    return found


def studentised_quantile(
    tail: Callable[[Array, NDArray[np.intp]], Array], alpha: Array, ends: Array
) -> Array:
    """Where a tail is alpha: the log of a tail is nearly straight, so a few secants find it.

    Args:
        tail: Falling function of statistics and rows, both of shape (points,).
        alpha: Levels, shape (rows,).
        ends: Statistics at which the tail is at least and at most alpha, shape (2, rows).

    Returns:
        Quantiles, shape (rows,).
    """

    def height(q: Array, row: NDArray[np.intp]) -> Array:
        return np.asarray(np.log(np.maximum(tail(q, row), _LEAST)) - np.log(alpha[row]))

    row = np.arange(alpha.size)
    # A little room for the rounding of the ends themselves.
    ends = ends + np.array([[-_ROOM], [_ROOM]]) * (1 + np.abs(ends))
    heights = np.stack([height(end, row) for end in ends])
    found, last = np.empty(alpha.shape), np.full(alpha.size, -1)
    for _ in range(_ROUNDS):
        if row.size == 0:
            break
        q = ends[0] + (ends[1] - ends[0]) * heights[0] / (heights[0] - heights[1])
        found[row], now = q, height(q, row)
        low = now > 0
        # An end that stays twice counts half: Illinois.
        heights = np.where(low == last, heights / 2, heights)
        ends, heights = (
            np.where(low, [q, ends[1]], [ends[0], q]),
            np.where(low, [now, heights[1]], [heights[0], now]),
        )
        open_still = np.abs(now) > _CLOSE
        row, last, ends, heights = (
            row[open_still],
            low[open_still],
            ends[:, open_still],
            heights[:, open_still],
        )
    return found


def pieces(index: NDArray[np.intp], width: int) -> Iterator[NDArray[np.intp]]:
    """Indices in parts, such that a part times `width` fits into the processor's cache and into memory."""
    length = max(_CELLS // width, 1)
    for start in range(0, index.size, length):
        yield index[start : start + length]


def checked_df(df: ArrayLike) -> Array:
    """Degrees of freedom.

    Raises:
        InputError: One is below 1 or NaN.
    """
    array = numbers("df", df)
    if not np.all(array >= 1):
        first = float(array[~(array >= 1)].ravel()[0])
        raise InputError(f"df is {first:g}; it must be 1 or greater, inf for a known variance")
    return array


def _broad_nodes(statistic: Array, half: Array, count: int) -> tuple[Array, Array]:
    """Nodes of s, and the probability that each stands for; statistic and half of df of shape (rows, 1)."""
    ends = np.concatenate([special.gammaincinv(half, _OUTSIDE), special.gammainccinv(half, _OUTSIDE)], axis=1)
    low, high = np.split(_folded(np.log(ends / half) / 2), 2, axis=1)
    w = low + (high - low) * np.linspace(0.0, 1.0, count)
    log_s = w - _OMEGA * np.expm1(-w) + _moved(statistic, half)
    slope = (1 + _OMEGA * np.exp(-w)) * (high - low) / (count - 1)
    return np.exp(log_s), slope * np.exp(_log_density(log_s, half))


def _narrow_nodes(statistic: Array, half: Array, _: int) -> tuple[Array, Array]:
    """The same by Gauss and Hermite: log s is nearly normal."""
    node, weight = _HERMITE
    log_s = node / np.sqrt(2 * half) + _moved(statistic, half)
    return np.exp(log_s), weight / np.sqrt(2 * half) * np.exp(_log_density(log_s, half) + node**2)


def _moved(statistic: Array, half: Array) -> Array:
    """Log a."""
    return np.asarray(-np.log1p(np.maximum(statistic, 0.0) ** 2 / (2 * half)) / 2)


def _log_density(log_s: Array, half: Array) -> Array:
    """Log of the density of log S, where df·S² is chi-squared."""
    return np.asarray(np.log(2) + half * _bent(2 * log_s) - _stirling(half))


def _folded(v: Array) -> Array:
    """The w at which w - Ω·(exp(-w) - 1) is v."""
    return np.asarray(v - _OMEGA + special.wrightomega(-v))


def _bent(t: Array) -> Array:
    """1 + t - exp(t), by its series near 0, where the difference would cancel."""
    series = -(t**2) / 2 * (1 + t / 3 * (1 + t / 4 * (1 + t / 5 * (1 + t / 6 * (1 + t / 7)))))
    return np.where(np.abs(t) < 0.01, series, t - np.expm1(t))  # noqa: PLR2004 - the next term is 1e-16


def _stirling(a: Array) -> Array:
    """Log Γ(a) - a·log a + a, by Stirling's series where the three would cancel."""
    far = np.maximum(a, _STIRLING_FROM)
    rest = (1 - (1 / 30 - (1 / 105 - 1 / 140 / far**2) / far**2) / far**2) / (12 * far)
    series = np.log(2 * np.pi / far) / 2 + rest
    return np.where(a < _STIRLING_FROM, special.gammaln(a) - a * np.log(a) + a, series)

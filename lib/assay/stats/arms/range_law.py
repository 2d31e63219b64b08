"""The law of the studentised range: the widest distance among k means, in units of their standard error.

P(range > w) = k·∫ φ(z)·[Q(z)^(k-1) - (Q(z) - Q(z + w))^(k-1)] dz over the least of k normal variables, Q the
upper tail: a sum of positive terms. The integrand is entire and grows off the real axis like exp(k·y² / 2),
so the trapezoid rule with step h errs by exp(-2π² / (h²·k)), which sets h.

References:
    Tukey (1953), The Problem of Multiple Comparisons. Hartley (1942), The Range in Random Samples (the
    integral). Trefethen and Weideman (2014), The Exponentially Convergent Trapezoidal Rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.errors import InputError
from assay.stats.arms.studentised import (
    FAR,
    Array,
    checked_df,
    pieces,
    studentised_quantile,
    studentised_tail,
)
from assay.stats.checks import not_negative, open_unit, shared_shape

_STEP = 0.76
_ROOT_TWO, _ROOT_TWO_PI = float(np.sqrt(2)), float(np.sqrt(2 * np.pi))


def studentised_range_tail(statistic: ArrayLike, means: int, df: ArrayLike) -> Array:
    """Probability that k equal means spread as far as this.

    Formula: P(Q >= q), Q = (greatest - least of k normal variables) / S, by quadrature.
    Assumes: normal means of one variance, and an independent estimate of it.
    Use when: the adjusted p-value of the difference of any two among k means is wanted: q is √2·|t|.
    Avoid when: only comparisons with one control matter: `dunnett_tail` asks for less then.

    Args:
        statistic: q, 0 or greater, any shape; NaN stays NaN.
        means: k, 2 or more.
        df: Degrees of freedom of the variance, 1 or greater, inf for a known one; broadcasts.

    Returns:
        Tails, right to about 1e-12 of themselves.

    Raises:
        InputError: A negative statistic, fewer than 2 means, df below 1, or shapes that do not broadcast.

    Example:
        >>> round(float(studentised_range_tail(3.4, 4, 40)), 6)
        0.092578
    """
    q, degrees = not_negative("statistic", statistic), checked_df(df)
    _check_means(means)
    shape = shared_shape(statistic=q, df=degrees)
    q, degrees = (np.broadcast_to(a, shape).ravel() for a in (q, degrees))
    return np.asarray(_tail(q, degrees, means).reshape(shape))


def studentised_range_quantile(alpha: ArrayLike, means: int, df: ArrayLike) -> Array:
    """The studentised range whose tail among k means is alpha: how far simultaneous intervals reach.

    Formula: the root of `studentised_range_tail` = alpha, between √2 times the quantiles of one t test at
        alpha and at alpha over the k·(k - 1) / 2 pairs.
    Assumes: normal means of one variance, and an independent estimate of it.
    Use when: intervals of all pairwise differences should hold together.
    Avoid when: only comparisons with one control matter: `dunnett_quantile` reaches less far.

    Args:
        alpha: Level of the family, strictly between 0 and 1, any shape.
        means: k, 2 or more.
        df: Degrees of freedom of the variance, 1 or greater, inf for a known one; broadcasts.

    Returns:
        Critical values of q; √2 times those of |t|.

    Raises:
        InputError: alpha outside (0, 1), fewer than 2 means, df below 1, or shapes that do not broadcast.

    Example:
        >>> round(float(studentised_range_quantile(0.05, 3, 10)), 3)
        3.877
    """
    level, degrees = open_unit("alpha", alpha), checked_df(df)
    _check_means(means)
    shape = shared_shape(alpha=level, df=degrees)
    # Equal designs at equal levels, the usual batch, are solved once.
    designs = np.column_stack([np.broadcast_to(a, shape).ravel() for a in (level, degrees)])
    rows, back = np.unique(designs, axis=0, return_inverse=True)
    return np.asarray(_quantile(rows[:, 0], rows[:, 1], means)[back.ravel()].reshape(shape))


def _check_means(means: int) -> None:
    if means < 2:  # noqa: PLR2004 - a range needs two
        raise InputError(f"means is {means}; a range needs 2 or more")


def _tail(q: Array, df: Array, means: int) -> Array:
    return studentised_tail(lambda x, _: _normal_tail(_ROOT_TWO * x, means), q / _ROOT_TWO, df)


def _quantile(alpha: Array, df: Array, means: int) -> Array:
    pairs = means * (means - 1) / 2
    ends = -_ROOT_TWO * special.stdtrit(np.minimum(df, 1e18), np.stack([alpha, alpha / pairs]) / 2)
    return studentised_quantile(lambda q, row: _tail(np.maximum(q, 0.0), df[row], means), alpha, ends)


def _normal_tail(w: Array, means: int) -> Array:
    """P(range > w) of k standard normal variables."""
    left, right = -FAR - w / 2, FAR * np.sqrt(2 / means)
    count = int(np.ceil(np.max(right - left) * np.sqrt(means) / _STEP)) + 1
    place = np.linspace(0.0, 1.0, count)
    found = np.empty(w.shape)
    for part in pieces(np.arange(w.size), count):
        width = (right - left[part])[:, None]
        z = left[part, None] + width * place
        above = special.ndtr(-z)
        share = np.minimum(special.ndtr(-z - w[part, None]) / above, 1.0)
        with np.errstate(divide="ignore"):  # a share of 1
            gone = -np.expm1((means - 1) * np.log1p(-share))
        height = np.exp(-(z**2) / 2) * above ** (means - 1) * gone
        found[part] = np.sum(height, axis=-1) * width[:, 0] / (count - 1)
    return means / _ROOT_TWO_PI * found

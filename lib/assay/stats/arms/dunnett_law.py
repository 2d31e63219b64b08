"""The law of the greatest of many t statistics that share one control and one estimate of variance.

With Z the control's noise and E_i those of the treatments, T_i = (λ_i·Z + κ_i·E_i) / S, where λ_i² = r_i /
(1 + r_i), κ_i² = 1 / (1 + r_i) and r_i = n_i / n_0. Given Z and S the statistics are independent, so the tail
is a mean over two variables whatever the number of treatments: deterministic quadrature, no simulation.

The inner integrand is entire and grows off the real axis like exp(y²·N / (2·n_0)), N all units; the trapezoid
rule with step h then errs by exp(-2π²·n_0 / (h²·N)), which sets h.

References:
    Dunnett (1955), A Multiple Comparison Procedure for Comparing Several Treatments with a Control. Dunnett
    and Sobel (1955), Approximations to the Probability Integral and Certain Percentage Points of a
    Multivariate Analogue of Student's t-Distribution (correlations of product form). Trefethen and Weideman
    (2014), The Exponentially Convergent Trapezoidal Rule.
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
from assay.stats.checks import numbers, open_unit, shared_shape
from assay.stats.tails import Alternative, checked, per_tail

_STEP = 0.76
_ROOT_TWO_PI = float(np.sqrt(2 * np.pi))


def dunnett_tail(
    statistic: ArrayLike, ratios: ArrayLike, df: ArrayLike, *, alternative: str = "two-sided"
) -> Array:
    """Probability that any of several treatments that do nothing looks as far from the control as this.

    Formula: P(max |T_i| >= |t|), P(max T_i >= t) for `greater` and P(min T_i <= t) for `less`, by quadrature.
    Assumes: normal units of one variance, and independent arms.
    Use when: a t statistic against a shared control is at hand and its adjusted p-value is wanted.
    Avoid when: variances differ much between arms: no pooled estimate serves all of them then.

    Args:
        statistic: t, any shape; NaN stays NaN.
        ratios: Units of each treatment over those of the control, above 0, treatments along the last axis;
            the axes before broadcast with `statistic`.
        df: Degrees of freedom of the variance, 1 or greater, inf for a known one; broadcasts.
        alternative: `two-sided`, `greater` or `less`.

    Returns:
        Adjusted p-values, right to about 1e-12 of themselves.

    Raises:
        InputError: A ratio that is not positive, df below 1, an unknown alternative, shapes that do not fit.

    Example:
        >>> round(float(dunnett_tail(2.3, [0.8, 1.2, 0.9], 35)), 6)
        0.070925
    """
    side = checked(alternative)
    t, share, degrees = _given(statistic=numbers("statistic", statistic), ratios=ratios, df=df)
    return np.asarray(_tail(_outward(t, side), share, degrees, side).reshape(t.shape))


def dunnett_quantile(
    alpha: ArrayLike, ratios: ArrayLike, df: ArrayLike, *, alternative: str = "two-sided"
) -> Array:
    """The t statistic whose tail among several treatments is alpha: how far simultaneous intervals reach.

    Formula: the root of `dunnett_tail` = alpha, between the quantiles of one t test at alpha and at alpha
        over the number of treatments.
    Assumes: normal units of one variance, and independent arms.
    Use when: intervals of several differences from one control should hold together.
    Avoid when: variances differ much between arms: no pooled estimate serves all of them then.

    Args:
        alpha: Level of the family, strictly between 0 and 1, any shape.
        ratios: Units of each treatment over those of the control, above 0, treatments along the last axis;
            the axes before broadcast with `alpha`.
        df: Degrees of freedom of the variance, 1 or greater, inf for a known one; broadcasts.
        alternative: `two-sided`, `greater` or `less`.

    Returns:
        Critical values; those of `less` are the negatives of those of `greater`.

    Raises:
        InputError: alpha outside (0, 1), a ratio that is not positive, df below 1, an unknown alternative,
            shapes that do not fit.

    Example:
        >>> round(float(dunnett_quantile(0.05, [1.0, 1.0], 20)), 3)
        2.379
    """
    side = checked(alternative)
    level, share, degrees = _given(alpha=open_unit("alpha", alpha), ratios=ratios, df=df)
    # Equal designs at equal levels, the usual batch, are solved once.
    designs = np.column_stack([level.ravel(), degrees, share])
    rows, back = np.unique(designs, axis=0, return_inverse=True)
    found = _quantile(rows[:, 0], rows[:, 2:], rows[:, 1], side)[back.ravel()].reshape(level.shape)
    return np.asarray(-found if side == "less" else found)


def _given(*, ratios: ArrayLike, df: ArrayLike, **first: Array) -> tuple[Array, Array, Array]:
    """The first argument in the broadcast shape, ratios as (rows, treatments), df as (rows,)."""
    share, degrees = numbers("ratios", ratios), checked_df(df)
    if share.ndim == 0 or share.shape[-1] == 0:
        raise InputError(f"ratios has shape {share.shape}; it needs an axis of at least one treatment")
    positive = np.isfinite(share) & (share > 0)
    if not np.all(positive):
        raise InputError(
            f"ratios holds {float(share[~positive].ravel()[0]):g}; each must be finite and above 0"
        )
    shape = shared_shape(**first, df=degrees, ratios=np.empty(share.shape[:-1]))
    (given,) = first.values()
    table = np.broadcast_to(share, (*shape, share.shape[-1])).reshape(-1, share.shape[-1])
    return np.broadcast_to(given, shape), table, np.broadcast_to(degrees, shape).ravel()


def _outward(t: Array, alternative: Alternative) -> Array:
    """The statistic on the side on which the tail lies above it."""
    return (
        np.abs(t).ravel() if alternative == "two-sided" else (t if alternative == "greater" else -t).ravel()
    )


def _tail(t: Array, ratios: Array, df: Array, alternative: Alternative) -> Array:
    two_sided = alternative == "two-sided"
    return studentised_tail(lambda x, row: _normal_tail(x, ratios[row], two_sided=two_sided), t, df)


def _quantile(alpha: Array, ratios: Array, df: Array, alternative: Alternative) -> Array:
    levels = per_tail(np.stack([alpha, alpha / ratios.shape[-1]]), alternative)
    ends = -special.stdtrit(np.minimum(df, 1e18), levels)
    return studentised_quantile(lambda q, row: _tail(q, ratios[row], df[row], alternative), alpha, ends)


def _normal_tail(x: Array, ratios: Array, *, two_sided: bool) -> Array:
    """P(max (λ_i·Z + κ_i·E_i) > x), or of their sizes; x of shape (points,), ratios (points, treatments)."""
    load, rest = np.sqrt(ratios / (1 + ratios)), np.sqrt(1 / (1 + ratios))
    out = np.maximum(x, 0.0)
    right = np.sqrt(out**2 + FAR**2)
    left = np.min(load, axis=-1) * out - FAR
    if two_sided:  # the integrand is even
        left = np.maximum(left, 0.0)
    count = np.ceil((right - left) * np.sqrt(1 + np.sum(ratios, axis=-1)) / _STEP).astype(np.intp)
    found = np.empty(x.shape)
    for part in pieces(np.arange(x.size), int(np.max(count))):
        place = np.linspace(0.0, 1.0, int(np.max(count[part])) + 1)
        width = (right - left)[part, None]
        z = left[part, None] + width * place
        any_beyond = _any_beyond(z, x[part, None], load[part], rest[part], two_sided=two_sided)
        height = np.exp(-(z**2) / 2) * any_beyond
        height[:, [0, -1]] /= 2
        found[part] = np.sum(height, axis=-1) * width[:, 0] / (place.size - 1) / _ROOT_TWO_PI
    return 2 * found if two_sided else found


def _any_beyond(z: Array, x: Array, load: Array, rest: Array, *, two_sided: bool) -> Array:
    """1 - Π P(|λ_i·z + κ_i·E_i| <= x), treatment by treatment, so that nothing cancels."""
    found = np.zeros(z.shape)
    for a, b in zip(load.T[..., None], rest.T[..., None], strict=True):
        beyond = special.ndtr((a * z - x) / b)
        if two_sided:
            beyond += special.ndtr((-a * z - x) / b)
        found += beyond * (1 - found)
    return found

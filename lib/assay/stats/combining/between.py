"""How much do the true effects of experiments differ? Estimators of the variance between experiments, tau².

With the weights w = 1 / (v + tau²), the weighted mean m and k experiments:

    DerSimonian-Laird   (Q - (k - 1)) / (Σw - Σw² / Σw), all at tau² = 0
    Paule-Mandel        the tau² at which Σ w·(y - m)² = k - 1
    REML                the tau² of greatest likelihood of the contrasts between experiments

each cut off at 0.

References:
    DerSimonian and Laird (1986), Meta-Analysis in Clinical Trials, eq. 8. Paule and Mandel (1982), Consensus
    Values and Weighting Factors. Viechtbauer (2005), Bias and Efficiency of Meta-Analytic Variance
    Estimators in the Random-Effects Model, eq. 12.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assay.errors import InputError, did_you_mean
from assay.stats.combining.experiments import Array, weighted

# Halvings that take a bracket to the last digit.
_HALVINGS = 60
# The restricted likelihood may have several peaks: the highest of this many points tells which to climb.
_POINTS = 32


def dersimonian_laird(y: Array, v: Array) -> Array:
    """Method of moments, in closed form; biased downwards where heterogeneity is large.

    Args:
        y: Estimates along the last axis.
        v: Their sampling variances.

    Returns:
        tau², one per row.
    """
    weight, total, _ = weighted(y, v)
    excess = _scatter(y, v, 0.0) - (y.shape[-1] - 1)
    return np.asarray(np.maximum(excess / spare(weight, total), 0.0))


def paule_mandel(y: Array, v: Array) -> Array:
    """The tau² at which the weighted scatter equals its expectation; makes no use of normality.

    Args:
        y: Estimates along the last axis.
        v: Their sampling variances.

    Returns:
        tau², one per row.
    """
    df = y.shape[-1] - 1
    # The scatter falls with tau², and at the plain variance of y it is below its expectation.
    top = np.var(y, axis=-1, ddof=1)
    found = _crossing(lambda t: _scatter(y, v, t) - df, np.zeros(top.shape), top)
    return np.where(_scatter(y, v, 0.0) <= df, 0.0, found)


def reml(y: Array, v: Array) -> Array:
    """Restricted maximum likelihood: nearly unbiased and efficient if true effects are normal.

    Args:
        y: Estimates along the last axis.
        v: Their sampling variances.

    Returns:
        tau², one per row: the highest peak, where there are several.
    """
    df = y.shape[-1] - 1
    least, greatest = np.min(v, axis=-1), np.max(v, axis=-1)
    spread = np.var(y, axis=-1, ddof=1)
    # Beyond it the slope is negative: Σw²(y - m)² <= max(w)²·Σ(y - ȳ)² and Σw - Σw²/Σw >= (k - 1)·min(w).
    top = (spread + np.sqrt(spread**2 + 4 * spread * greatest)) / 2
    step = np.log1p(top / least) / _POINTS
    best = np.zeros(top.shape)
    height = _log_likelihood(y, v, best)
    for point in range(1, _POINTS + 1):
        now = _log_likelihood(y, v, least * np.expm1(point * step))
        best, height = np.where(now > height, point, best), np.maximum(now, height)
    # The peak lies right of the best point if the likelihood still rises there, and left of it otherwise.
    rising = _slope(y, v, least * np.expm1(best * step)) > 0
    left = np.where(rising, best, best - 1)
    low, high = least * np.expm1(np.maximum(left, 0) * step), least * np.expm1((left + 1) * step)
    found = _crossing(lambda t: _slope(y, v, t) / df, low, high)
    # Where the best point is the first and the likelihood falls from it, the answer is the edge.
    return np.where(left < 0, 0.0, found)


ESTIMATORS: dict[str, Callable[[Array, Array], Array]] = {
    "dersimonian-laird": dersimonian_laird,
    "paule-mandel": paule_mandel,
    "reml": reml,
}
"""Estimators of tau² by name."""


def estimator(name: str) -> Callable[[Array, Array], Array]:
    """The estimator of that name.

    Raises:
        InputError: There is none.
    """
    if name not in ESTIMATORS:
        raise InputError(f"between is {name!r}; {did_you_mean(str(name), list(ESTIMATORS))}")
    return ESTIMATORS[name]


def _scatter(y: Array, v: Array, tau_squared: Array | float) -> Array:
    weight, _, mean = weighted(y, v, tau_squared)
    return np.asarray(np.sum(weight * (y - mean[..., None]) ** 2, axis=-1))


def spare(weight: Array, total: Array) -> Array:
    """Σw - Σw² / Σw as a sum of terms of one sign: a weight far above the others would cancel.

    Args:
        weight: Along the last axis.
        total: Their sum.

    Returns:
        One number per row.
    """
    others = total[..., None] - weight
    dominant = weight > total[..., None] / 2
    without = np.sum(np.where(dominant, 0.0, weight), axis=-1)[..., None]
    return np.asarray(np.sum(weight * np.where(dominant, without, others), axis=-1) / total)


def _log_likelihood(y: Array, v: Array, tau_squared: Array) -> Array:
    weight, total, mean = weighted(y, v, tau_squared)
    scatter = np.sum(weight * (y - mean[..., None]) ** 2, axis=-1)
    return np.asarray((np.sum(np.log(weight), axis=-1) - np.log(total) - scatter) / 2)


def _slope(y: Array, v: Array, tau_squared: Array) -> Array:
    """Twice the derivative of the restricted log-likelihood by tau²."""
    weight, total, mean = weighted(y, v, tau_squared)
    return np.asarray(np.sum((weight * (y - mean[..., None])) ** 2, axis=-1) - spare(weight, total))


def _crossing(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function that is positive at `low` and not at `high` comes down to 0."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = function(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)

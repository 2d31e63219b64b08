"""One effect out of many experiments: meta-analysis with one common effect, or with effects that differ.

References:
    Hedges and Olkin (1985), Statistical Methods for Meta-Analysis. DerSimonian and Laird (1986),
    Meta-Analysis in Clinical Trials. Hartung and Knapp (2001), A Refined Method for the Meta-Analysis of
    Controlled Clinical Trials with Binary Outcome. Röver, Knapp and Friede (2015),
    Hartung-Knapp-Sidik-Jonkman Approach and Its Modification for Random-Effects Meta-Analysis with Few
    Studies. Higgins, Thompson and Spiegelhalter (2009), A Re-Evaluation of Random-Effects Meta-Analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError, did_you_mean
from assay.stats.checks import open_unit, shared_shape
from assay.stats.combining.experiments import Array, Experiments, weighted
from assay.stats.combining.heterogeneity import Heterogeneity, heterogeneity_of
from assay.stats.pivot import t_p_value
from assay.stats.result import Reason, flagged
from assay.stats.tails import Alternative, checked, opened, per_tail

INTERVALS = ("hartung-knapp", "modified-hartung-knapp", "wald")
"""Intervals of the mean of random effects, by name."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pooled:
    """The effect of all experiments together; one element per combination.

    Attributes:
        estimate: Weighted mean, in the estimates' unit.
        std_error: Its standard error.
        statistic: `estimate` over `std_error`.
        df: Degrees of freedom; infinite for a normal statistic.
        p_value: Of no effect on the mean, against `alternative`; below `alpha` exactly where the interval
            leaves out 0.
        lower: Lower end of the 1 - `alpha` interval of the mean.
        upper: Its upper end.
        prediction_lower: Lower end of the interval for the true effect of one more experiment; with one
            common effect it is that of the mean.
        prediction_upper: Its upper end.
        share: Share of each experiment in the mean, experiments along the last axis; sums to 1.
        heterogeneity: How much the experiments differ.
        alpha: The level.
        reason: `TOO_FEW_UNITS` for too few experiments, `NO_VARIANCE` for a standard error of 0 (of an
            experiment, or of a Hartung-Knapp interval whose experiments all agree), `NOT_FINITE` for NaN or
            infinity; one experiment that cannot be combined leaves its whole combination undefined.
        alternative: What the test looked for.
    """

    estimate: Array
    std_error: Array
    statistic: Array
    df: Array
    p_value: Array
    lower: Array
    upper: Array
    prediction_lower: Array
    prediction_upper: Array
    share: Array
    heterogeneity: Heterogeneity
    alpha: Array
    reason: NDArray[np.uint16]
    alternative: Alternative = "two-sided"


def fixed_effect(
    estimate: ArrayLike,
    std_error: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    alternative: Alternative = "two-sided",
    axis: int = -1,
) -> Pooled:
    """Meta-analysis with one effect common to all experiments: the inverse-variance weighted mean.

    Formula: m = Σwy / Σw with w = 1 / v, standard error 1 / √Σw, normal.
    Assumes: independent, approximately normal estimates of one and the same effect.
    Use when: the experiments are repetitions: same change, same metric, same population.
    Avoid when: effects differ between markets, seasons or versions; the interval is then too narrow.

    Args:
        estimate: Estimates, the experiments along `axis`, batch axes elsewhere. Lifts are best given as logs.
        std_error: Standard errors, 0 or greater; broadcasts.
        alpha: Level, strictly between 0 and 1; broadcasts with the batch.
        alternative: What the test looks for.
        axis: The axis of the experiments.

    Returns:
        The pooled effect, heterogeneity by DerSimonian-Laird. One experiment is its own answer.

    Raises:
        InputError: A negative standard error, alpha outside (0, 1), no such alternative or axis, or shapes
            that do not broadcast.

    Example:
        >>> found = fixed_effect([0.1, 0.3], [0.1, 0.1])
        >>> round(float(found.estimate), 3), round(float(found.std_error), 4)
        (0.2, 0.0707)
    """
    data = Experiments.of(estimate, std_error, axis=axis, least=1)
    differ = heterogeneity_of(data, "dersimonian-laird")
    return _pooled(data, differ, np.zeros(data.center.shape), "wald", alpha, alternative)


def random_effects(
    estimate: ArrayLike,
    std_error: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    alternative: Alternative = "two-sided",
    between: str = "reml",
    interval: str = "hartung-knapp",
    axis: int = -1,
) -> Pooled:
    """Meta-analysis of effects that differ: their mean, and where the next one may lie.

    Formula: m = Σwy / Σw with w = 1 / (v + tau²). `wald`: standard error 1 / √Σw, normal. `hartung-knapp`:
        times s = √(Σw(y - m)² / (k - 1)), t with k - 1 degrees of freedom; `modified-hartung-knapp`:
        max(s, 1) in its place. Prediction interval: m ± the same quantile times √(tau² + standard error²).
    Assumes: independent, approximately normal estimates, true effects drawn from one normal law.
    Use when: similar but not identical experiments are pooled, or to say what to expect of the next.
    Avoid when: there are two or three experiments: tau² is hardly known then (take `modified-hartung-knapp`),
        and Wald intervals are too narrow below some twenty.

    Args:
        estimate: Estimates, the experiments along `axis`, batch axes elsewhere. Lifts are best given as logs.
        std_error: Standard errors, 0 or greater; broadcasts.
        alpha: Level, strictly between 0 and 1; broadcasts with the batch.
        alternative: What the test looks for.
        between: How tau² is estimated: `reml`, `paule-mandel` or `dersimonian-laird`.
        interval: One of `INTERVALS`.
        axis: The axis of the experiments.

    Returns:
        The pooled effect; undefined (`TOO_FEW_UNITS`) for one experiment.

    Raises:
        InputError: A negative standard error, alpha outside (0, 1), no such alternative, estimator, interval
            or axis, or shapes that do not broadcast.

    Example:
        >>> found = random_effects([0.1, 0.3, 0.8], [0.1, 0.1, 0.2], between="dersimonian-laird")
        >>> round(float(found.estimate), 3), float(found.df)
        (0.356, 2.0)
    """
    if interval not in INTERVALS:
        raise InputError(f"interval is {interval!r}; {did_you_mean(str(interval), INTERVALS)}")
    data = Experiments.of(estimate, std_error, axis=axis, least=2)
    differ = heterogeneity_of(data, between)
    tau_squared = differ.tau_squared / data.scale**2
    return _pooled(data, differ, tau_squared, interval, alpha, alternative)


def _pooled(
    data: Experiments,
    differ: Heterogeneity,
    tau_squared: Array,
    interval: str,
    alpha: ArrayLike,
    alternative: Alternative,
) -> Pooled:
    side, level = checked(alternative), open_unit("alpha", alpha)
    shared_shape(experiments=np.empty(data.center.shape), alpha=level)
    weight, total, mean = weighted(data.y, data.v, tau_squared)
    factor = _factor(data, weight, mean, interval)
    fixed = factor == 0
    square = factor / total
    estimate, std_error = data.center + mean * data.scale, np.sqrt(square) * data.scale
    known = np.where(interval == "wald", np.inf, data.count - 1.0)
    df = np.where((data.reason != 0) | fixed, np.nan, known)
    statistic = np.divide(estimate, std_error, out=np.full(fixed.shape, np.nan), where=~fixed)
    quantile = -special.stdtrit(df, per_tail(level, side))
    half, wide = quantile * std_error, quantile * np.sqrt(tau_squared + square) * data.scale
    lower, upper = opened(estimate - half, estimate + half, side)
    prediction_lower, prediction_upper = opened(estimate - wide, estimate + wide, side)
    arrays = {
        "estimate": estimate,
        "std_error": std_error,
        "statistic": statistic,
        "df": df,
        "p_value": t_p_value(statistic, df, side),
        "lower": lower,
        "upper": upper,
        "prediction_lower": prediction_lower,
        "prediction_upper": prediction_upper,
        "alpha": level,
    }
    reason = data.reason | flagged((fixed, Reason.NO_VARIANCE))
    *whole, codes = np.broadcast_arrays(*arrays.values(), reason)
    return Pooled(
        **dict(zip(arrays, whole, strict=True)),
        share=weight / total[..., None],
        heterogeneity=differ,
        reason=codes,
        alternative=side,
    )


def _factor(data: Experiments, weight: Array, mean: Array, interval: str) -> Array:
    """What the variance of the mean is multiplied by: Hartung and Knapp's s², or 1."""
    if interval == "wald":
        return np.where(data.reason == 0, 1.0, np.nan)
    scatter = np.sum(weight * (data.y - mean[..., None]) ** 2, axis=-1) / (max(data.count, 2) - 1)
    return np.maximum(scatter, 1.0) if interval == "modified-hartung-knapp" else np.asarray(scatter)

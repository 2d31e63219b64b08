"""Did the mean differ, at any look from the first units on? The mixture test with unknown variance.

The evidence is the Bayes factor of the t statistic (the maximal invariant to shift and scale), the effect
over σ having a normal law: exact for normal data, at any number of units.

References:
    Lai (1976), On Confidence Sequences. Lindon, Ham, Tingley and Bojinov (2022), Anytime-Valid Linear Models
    and Regression Adjusted Causal Inference in Randomized Experiments, theorem 2.2. Wang and Ramdas (2025),
    Anytime-Valid t-Tests and Confidence Sequences for Gaussian Means with Unknown Variance.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.optimize import elementwise

from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.sequential.normal_mixture import positive, sequence_effect
from assay.stats.tails import Alternative

_SLACK = 1e-6


@method(
    name="mixture_t",
    version="1",
    metric_types=("mean",),
    summary="Always-valid t-test of two means; exact for normal data of equal variance from the first look.",
    needs=("y",),
)
def mixture_t(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    mixture_sd: ArrayLike = 0.1,
) -> Effect:
    """Difference and lift of means from all units so far, without the variance being known.

    p-values and intervals mean what they mean for `mixture_sprt`.

    Formula: df = n_c + n_t - 2, s² = (m2_c + m2_t) / df, w = 1 / n_c + 1 / n_t, t = (mean_t - mean_c) /
        (s·√w), r = mixture_sd² / w; y = t²·r / (1 + r) / (df + t² / (1 + r)); p = √(1 + r) · (1 + y) to the
        power -(df + 1) / 2, at most 1. One-sided: divided by 2·P(T <= ±√((df + 1)·y)), T Student's t with
        df + 1 degrees of freedom.
    Assumes: Normal units, independent, of one variance in both arms (nearly normal means suffice with many
        units); shares of the arms do not change on the way.
    Use when: Looks begin early, with a handful of units.
    Avoid when: Variances differ between arms of different size: use `mixture_sprt` or `confidence_sequence`.
        The metric is heavy-tailed and arms are small.

    Args:
        control: Moments with y, of all units so far.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        mixture_sd: Standard deviation of the mixture, in standard deviations of a unit, above 0; broadcasts.

    Returns:
        The effect, n_c + n_t - 2 degrees of freedom, `std_error` from the pooled variance. With few units the
        interval is unbounded (`Reason.UNBOUNDED`). Fewer than 2 units in an arm, or no variance in both,
        leave only the estimate.

    Raises:
        InputError: `mixture_sd` is not above 0.
    """
    square = positive("mixture_sd", mixture_sd) ** 2
    df = control.n + treatment.n - 2
    variance = (control.m2_y + treatment.m2_y) / df
    arms = [replace(mean(arm), variance=variance / arm.n) for arm in (control, treatment)]
    ratio = square / (1 / control.n + 1 / treatment.n)
    effect = sequence_effect(
        *arms,
        reach=radius(ratio, df, alpha, alternative),
        evidence=lambda t: log_evidence(t, ratio, df, alternative),
        alpha=alpha,
        alternative=alternative,
    )
    return replace(effect, df=np.where(np.isnan(effect.df), np.nan, df))


def log_evidence(
    t: NDArray[np.float64], ratio: NDArray[np.float64], df: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """Logarithm of the evidence of a t statistic against no effect."""
    inner = t**2 * (ratio / (1 + ratio)) / (df + t**2 / (1 + ratio))
    two_sided = ((df + 1) * np.log1p(inner) - np.log1p(ratio)) / 2
    if alternative == "two-sided":
        return np.asarray(two_sided)
    towards = t if alternative == "greater" else -t
    side = special.stdtr(df + 1, np.copysign(np.sqrt((df + 1) * inner), towards))
    return np.asarray(two_sided + np.log(2 * side))


def radius(
    ratio: NDArray[np.float64], df: NDArray[np.float64], alpha: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """The t at which the evidence is 1 / alpha; infinite where no t is evidence enough."""
    inner = np.expm1((np.log1p(ratio) - 2 * np.log(alpha)) / (df + 1))
    if alternative != "two-sided":
        inner = _one_sided(ratio, df, alpha, inner)
    square = inner * df * (1 + ratio) / (ratio - inner)
    return np.where(inner < ratio, np.sqrt(square), np.where(np.isnan(inner), np.nan, np.inf))


def _one_sided(
    ratio: NDArray[np.float64],
    df: NDArray[np.float64],
    alpha: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The y at which the one-sided evidence is 1 / alpha; its tail, between 1/2 and 1, brackets it."""
    low = np.expm1(np.maximum((np.log1p(ratio) - 2 * np.log(2 * alpha)) / (df + 1), 0.0))
    known = np.isfinite(high) & np.isfinite(low)
    ratio, df, alpha, low, high = (
        np.where(known, a, b) for a, b in ((ratio, 1.0), (df, 2.0), (alpha, 0.05), (low, 0.0), (high, 40.0))
    )

    def short(inner: NDArray[np.float64], *args: NDArray[np.float64]) -> NDArray[np.float64]:
        spread, degrees, level = args
        side = special.stdtr(degrees, np.sqrt(degrees * inner))
        return np.asarray((degrees * np.log1p(inner) - spread) / 2 + np.log(2 * level * side))

    # The root may be an end to the last digit; a wider bracket keeps the signs at its ends apart.
    bracket = (low * (1 - _SLACK), high * (1 + _SLACK))
    found = elementwise.find_root(short, bracket, args=(np.log1p(ratio), df + 1, alpha))
    return np.where(known, found.x, np.nan)

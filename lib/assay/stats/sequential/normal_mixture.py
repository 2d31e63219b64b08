"""Evidence that stays valid however often one looks: the normal mixture, and its inversion.

Under no effect the likelihood ratio of an effect δ against none is a martingale of mean 1, and so is its
mean over a law of δ. Ville's inequality bounds the probability that it ever reaches 1 / alpha by alpha. Its
inverse, at most 1, is therefore a p-value at every look, and so is the least of the p-values seen so far;
all δ whose evidence stays below 1 / alpha form an interval that covers the truth at all looks at once.

The law is normal with mean 0 and variance τ² (half of it for one-sided tests). With V the sampling variance
of the estimate, z the estimate over √V and r = τ² / V,

    two-sided: log E = ½·u² - ½·log(1 + r), u = z·√(r / (1 + r));    greater: log E = that + log(2·Φ(u)).

References:
    Ville (1939). Robbins (1970), Statistical Methods Related to the Law of the Iterated Logarithm, eq. 17.
    Howard, Ramdas, McAuliffe and Sekhon (2021), Time-Uniform, Nonparametric, Nonasymptotic Confidence
    Sequences, propositions 5 (two-sided) and 6 (one-sided normal mixture).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit
from assay.stats.pivot import Estimate, pivotal_effect
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative

# The level at which a tuned interval is tightest; fixed, so that a p-value does not depend on alpha.
_TUNED = 0.05
_ROOT_HALF = float(np.sqrt(0.5))
_STEPS = 8


def tightest_ratio(alpha: ArrayLike = _TUNED) -> NDArray[np.float64]:
    """The ratio r of mixture variance to sampling variance at which the two-sided interval is tightest.

    Args:
        alpha: Level of the interval, strictly between 0 and 1.

    Returns:
        The root r of r = log(1 + r) - 2·log(alpha), of the shape of `alpha`.

    Raises:
        InputError: A level outside (0, 1).

    References:
        Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-Uniform Central Limit Theory and
        Asymptotic Confidence Sequences, appendix B.2.

    Example:
        >>> round(float(tightest_ratio(0.05)), 3)
        8.212
    """
    level = open_unit("alpha", alpha)
    # Newton falls on r = -W(-alpha²/e) - 1, lower branch, from a bound above it; W itself underflows.
    target = -2 * np.log(level)
    ratio = target + np.sqrt(2 * target)
    for _ in range(_STEPS):
        ratio = ratio - (ratio - np.log1p(ratio) - target) * (1 + ratio) / ratio
    return np.asarray(ratio)


def mixture_sd_for(std_error: ArrayLike, *, alpha: ArrayLike = _TUNED) -> NDArray[np.float64]:
    """The mixture's standard deviation whose interval is tightest at a planned standard error.

    Args:
        std_error: Standard error of the difference at the look that matters most, greater than 0.
        alpha: Level of the interval.

    Returns:
        Standard deviation of the mixture, in the unit of `std_error`; shapes broadcast.

    Raises:
        InputError: A standard error that is not above 0, or a level outside (0, 1).
    """
    error = positive("std_error", std_error)
    return np.asarray(error * np.sqrt(tightest_ratio(alpha)))


def log_evidence(
    z: NDArray[np.float64], ratio: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """Logarithm of the evidence against no effect.

    Args:
        z: Estimate over its standard error.
        ratio: Mixture variance over sampling variance, above 0.
        alternative: What the mixture puts its weight on.

    Returns:
        log E; shapes broadcast.
    """
    u = z * np.sqrt(ratio / (1 + ratio))
    spread = np.log1p(ratio) / 2
    if alternative == "two-sided":
        return np.asarray(u**2 / 2 - spread)
    u = u if alternative == "greater" else -u
    # Below 0 the two terms cancel; the scaled complementary error function is their sum.
    half = np.where(u < 0, np.log(special.erfcx(np.maximum(-u, 0) * _ROOT_HALF)), 0.0)
    return np.asarray(np.where(u < 0, half, u**2 / 2 + special.log_ndtr(u) + np.log(2)) - spread)


def radius(
    ratio: NDArray[np.float64], alpha: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """How many standard errors the interval reaches: the z at which the evidence is 1 / alpha.

    Args:
        ratio: Mixture variance over sampling variance, above 0.
        alpha: Level of the interval.
        alternative: One side or two.

    Returns:
        The radius, above 0; shapes broadcast.
    """
    shrink = np.sqrt(ratio / (1 + ratio))
    twice = np.log1p(ratio) - 2 * np.log(alpha)
    u = np.sqrt(twice)
    if alternative != "two-sided":
        # Solve u²/2 + log Φ(u) = twice/2 - log 2: convex and rising, so Newton falls on the root from above.
        for _ in range(_STEPS):
            tail = special.log_ndtr(u)
            slope = u + np.exp(-(u**2) / 2 - tail) / np.sqrt(2 * np.pi)
            u = u - (u**2 / 2 + tail - twice / 2 + np.log(2)) / slope
    return np.asarray(u / shrink)


def sequence_effect(
    control: Estimate,
    treatment: Estimate,
    *,
    reach: NDArray[np.float64],
    evidence: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    alpha: NDArray[np.float64],
    alternative: Alternative,
) -> Effect:
    """Difference and lift of two independent estimates at one look of a sequence.

    The lift L is where |t - (1 + L)·c| stays within the same radius times its own standard error, so that its
    interval and the difference's leave out no effect together.

    Args:
        control: Estimate of the control.
        treatment: Estimate of the treatment; broadcasts.
        reach: The boundary's radius in standard errors; infinite where nothing can be excluded.
        evidence: From the statistic to the logarithm of the evidence.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, its p-value the inverse of the evidence, at most 1.
    """
    usable = np.isfinite(reach) & (reach > 0)
    root = np.where(usable, reach, 1.0)
    # A boundary at `reach` standard errors is one at 1 standard error of estimates that vary reach² as much.
    tail = special.ndtr(-1.0) * (2 if alternative == "two-sided" else 1)
    effect = pivotal_effect(
        _widened(control, root),
        _widened(treatment, root),
        df=np.asarray(np.inf),
        alpha=np.asarray(tail),
        alternative=alternative,
    )
    # Neither may depend on alpha, not even in the last digit.
    std_error = np.where(
        effect.std_error > 0, np.sqrt(control.variance + treatment.variance), effect.std_error
    )
    statistic = np.where(np.isnan(effect.statistic), np.nan, effect.estimate / std_error)
    endless = np.isinf(reach) & ~np.isnan(statistic)
    lower, upper = _endless(effect.lower, effect.upper, endless)
    lift_lower, lift_upper = _endless(effect.relative_lower, effect.relative_upper, endless)
    return replace(
        effect,
        std_error=std_error,
        statistic=statistic,
        p_value=np.minimum(np.exp(-evidence(statistic)), 1.0),
        lower=lower,
        upper=upper,
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=alpha,
        reason=effect.reason | flagged((endless, Reason.UNBOUNDED), (endless, Reason.RELATIVE_UNBOUNDED)),
    )


def positive(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Values that must be finite and above 0, such as a tuning parameter.

    Raises:
        InputError: A value is not; the message names the first.
    """
    array = numbers(name, values)
    good = np.isfinite(array) & (array > 0)
    if not np.all(good):
        raise InputError(f"{name} is {float(array[~good].ravel()[0]):g}; it must be finite and above 0")
    return array


def _widened(estimate: Estimate, root: NDArray[np.float64]) -> Estimate:
    return replace(estimate, variance=estimate.variance * root**2, floor=estimate.floor * root**2)


def _endless(
    lower: NDArray[np.float64], upper: NDArray[np.float64], where: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.where(where, -np.inf, lower), np.where(where, np.inf, upper)

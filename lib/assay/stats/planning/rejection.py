"""The probability that the planned test rejects: the one formula that sample size, power and MDE invert.

With m = n / (design effect · inflation) the estimate has variance (V_c / m_c + V_t / m_t)·(1 - ρ²), and the
test rejects beyond a quantile times its own standard error, which is the same, or the pooled one.

References:
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 31 (noncentral t).
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, eq. 4.14 (pooled).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.planning.design import Design
from assay.stats.planning.outcomes import Outcome

Array = NDArray[np.float64]
# Beyond this many degrees of freedom the noncentral t is the normal to the last digit that the normal has.
_NORMAL = 1e12
# At this many (quantiles + 1) the probability to miss an effect is below 1e-300, for every df >= 1.
_CERTAIN = 40.0
# A rejection with the wrong sign has probability < 1e-15 beyond this many standard errors; SciPy gives NaN
# for some of these probabilities, also nearer by.
_WRONG = 8.0


def rejection(outcome: Outcome, effect: Array, n: Array, design: Design) -> Array:
    """Power at a true effect with n units in all; NaN where an arm has no degrees of freedom.

    Args:
        outcome: The metric.
        effect: True treatment minus control, in the metric's unit.
        n: Units of both arms, real.
        design: Test and allocation.
    """
    actual, assumed, df = errors(outcome, effect, n, design)
    distance = design.sign * (effect - design.null)
    distance = np.where((distance == 0) & (actual == 0), np.nan, distance / actual)
    ratio = np.where(assumed == actual, 1.0, assumed / actual)
    found = _beyond(distance, ratio, df, design.level)
    if design.alternative == "two-sided":
        found = found + _beyond(-distance, ratio, df, design.level)
    return np.asarray(np.minimum(found, 1.0))


def errors(outcome: Outcome, effect: Array, n: Array, design: Design) -> tuple[Array, Array, Array]:
    """The estimate's standard error, the one that the test uses, and the test's degrees of freedom."""
    m_c, m_t = n / design.units * (1 - design.share), n / design.units * design.share
    control = outcome.variance / m_c
    treated = treated_variance(outcome, effect) / m_t
    actual = np.sqrt((control + treated) * design.remainder)
    assumed = actual
    if outcome.pooled:
        middle = treated_variance(outcome, design.share * effect)
        assumed = np.sqrt(middle * (1 / m_c + 1 / m_t) * design.remainder)
    if outcome.student == "common":
        return actual, assumed, m_c + m_t - 2
    if outcome.student == "normal":
        return actual, assumed, np.full(np.shape(n), np.inf)
    squares = control**2 / (m_c - 1) + treated**2 / (m_t - 1)
    welch = np.where(squares > 0, (control + treated) ** 2 / squares, m_c + m_t - 2)
    return actual, assumed, np.where((m_c > 1) & (m_t > 1), welch, np.nan)


def treated_variance(outcome: Outcome, effect: Array) -> Array:
    """Variance of one treated unit; rounding must not take it below 0 at the end of the scale."""
    moved = outcome.treatment_variance + effect * (outcome.slope + effect * outcome.curve)
    return np.asarray(np.maximum(moved, 0.0))


def _beyond(distance: Array, ratio: Array, df: Array, level: Array) -> Array:
    """Probability that the pivot, so many standard errors off, exceeds its upper quantile."""
    normal = df > _NORMAL
    bell = special.ndtr(distance + ratio * special.ndtri(level))
    if np.all(normal):
        return np.asarray(bell)
    finite = np.where(normal, 1.0, np.where(df > 0, df, np.nan))
    t = -special.stdtrit(finite, level)
    near = np.clip(distance, -_WRONG, _CERTAIN * (np.abs(t) + 1))
    # P(T > t) as P(-T < -t): the complement of a probability near 1 has no digits.
    heavy = special.nctdtr(finite, -near, -t)
    lost = (distance < -_WRONG) | (np.isnan(heavy) & (distance < -1) & ~np.isnan(finite))
    return np.where(normal, bell, np.where(lost & ~np.isnan(finite), 0.0, heavy))

"""Equal-tailed ends of the difference and of the ratio of two posteriors.

An end is found on the normal scale, where a probability is nearly a straight line in its argument: two or
three of Newton's steps from Cornish and Fisher's start, inside a bracket.

References:
    Cornish and Fisher (1938), Moments and Cumulants in the Specification of Distributions.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.stats.bayes.laws import Law
from assay.stats.bayes.posterior import Array
from assay.stats.bayes.quadrature import Arm, Pair

# A step of this many standard deviations leaves an error of about its square.
_FINE, _STEPS = 1e-7, 200


def difference_ends(pair: Pair, c: Arm, t: Arm, tail: Array) -> tuple[Array, Array]:
    """Ends of T - C.

    Args:
        pair: The posteriors, for a slope of 1.
        c: Parameters of the control's, shape (tests,).
        t: Parameters of the treatment's.
        tail: Probability beyond each end, same shape.

    Returns:
        Lower and upper end.
    """
    (m_c, v_c, k_c), (m_t, v_t, k_t) = pair.law.cumulants(*c), pair.law.cumulants(*t)
    middle, variance, top = m_t - m_c, v_c + v_t, pair.law.top
    # Cantelli's inequality, beyond which no end lies.
    far, near = np.sqrt(variance * (1 - tail) / tail), np.sqrt(variance * tail / (1 - tail))
    reach = (middle - far, middle + near), (middle - near, middle + far)
    (low, high) = (
        _end(pair, tail, middle + move, (np.maximum(a, -top), np.minimum(b, top)), upper=upper, ratio=False)
        for upper, move, (a, b) in zip((False, True), _guess(variance, k_t - k_c, tail), reach, strict=True)
    )
    return low, high


def ratio_ends(law: Law, c: Arm, t: Arm, tail: Array) -> tuple[Array, Array]:
    """Ends of T / C.

    Args:
        law: Family of both posteriors.
        c: Parameters of the control's, shape (tests,).
        t: Parameters of the treatment's.
        tail: Probability beyond each end, same shape.

    Returns:
        Lower and upper end.
    """
    (m_c, v_c, _), (m_t, v_t, _) = law.cumulants(*c), law.cumulants(*t)
    # Cumulants of the logarithms, to the leading order.
    w_c, w_t = v_c / m_c**2, v_t / m_t**2
    guess = _guess(w_c + w_t, w_c**2 - w_t**2, tail)
    pair = Pair.of(law, c, t, m_t / m_c)
    middle = m_t / m_c * np.exp((w_c - w_t) / 2)
    (low, high) = (
        _end(
            pair,
            tail,
            middle * np.exp(move),
            (reach[0][0] / reach[0][1], reach[1][0] / reach[1][1]),
            upper=upper,
            ratio=True,
        )
        for upper, move, reach in zip((False, True), guess, _reach(law, c, t, tail), strict=True)
    )
    return low, high


def _guess(variance: Array, third: Array, tail: Array) -> tuple[Array, Array]:
    """Cornish and Fisher's quantiles around the mean, from the cumulants."""
    z, spread = -special.ndtri(tail), np.sqrt(variance)
    skew = (z**2 - 1) * third / variance / 6
    return skew - spread * z, skew + spread * z


def _reach(law: Law, c: Arm, t: Arm, tail: Array) -> list[tuple[Arm, Arm]]:
    """For the lower and the upper end, pairs (of treatment and control) that lie on either side of it."""
    far, near = tail / 2, (1 - tail) / 2
    down = [(law.low(*t, p), law.high(*c, p)) for p in (far, near)]
    up = [(law.high(*t, p), law.low(*c, p)) for p in (near, far)]
    return list(zip(down, up, strict=True))


def _end(pair: Pair, tail: Array, start: Array, bracket: Arm, *, upper: bool, ratio: bool) -> Array:
    """Where the difference, or the ratio (whose step is one of its logarithm), has `tail` beyond it."""
    pair, goal = pair.near(tail), special.ndtri(tail)
    (low, high), at = bracket, start
    at = np.where((low < at) & (at < high), at, _middle(low, high, ratio=ratio))
    found, active = at.copy(), np.arange(tail.size)
    for _ in range(_STEPS):
        one, none = np.ones_like(at), np.zeros_like(at)
        chance, rate = pair.chance(at if ratio else one, none if ratio else at, above=upper, ratio=ratio)
        z = special.ndtri(chance)
        error = goal - z if upper else z - goal
        low, high = np.where(error <= 0, at, low), np.where(error >= 0, at, high)
        step = -error * np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * rate)
        new = at * np.exp(step) if ratio else at + step
        settled = (np.abs(error) < _FINE) & np.isfinite(new)
        inside = (low < new) & (new < high)
        new = np.where(settled | inside, new, _middle(low, high, ratio=ratio))
        found[active] = new
        moving = ~settled & (new != at)
        active, low, high, at, goal = (part[moving] for part in (active, low, high, new, goal))
        if not active.size:
            break
        pair = pair.some(moving)
    return found


def _middle(low: Array, high: Array, *, ratio: bool) -> Array:
    return np.sqrt(low) * np.sqrt(high) if ratio else (low + high) / 2

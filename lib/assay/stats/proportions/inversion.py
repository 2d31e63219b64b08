"""Score intervals of two proportions: invert the test that estimates the variance under the hypothesis.

For the difference δ the statistic is Mee's, without Miettinen and Nurminen's factor N / (N - 1): at δ = 0
it is the pooled z, so its interval is the inverse of the customary p-value. For the risk ratio θ it is
Koopman's, which at θ = 1 is the same z. Both intervals therefore leave out no effect exactly where the
p-value is below alpha.

Each end solves |estimate - hypothesis| = z·s(hypothesis), s at the maximum likelihood under the hypothesis.
The roots are found for all elements at once, in a bounded parameter: δ in [-1, 1], φ = θ / (1 + θ) in [0, 1].

References:
    Mee (1984), Confidence Bounds for the Difference between Two Probabilities. Miettinen and Nurminen (1985),
    Comparative Analysis of Two Rates, appendix I (the cubic, the quadratic). Koopman (1984), Confidence
    Intervals for the Ratio of Two Binomial Proportions. Chandrupatla (1997), A New Hybrid Quadratic/Bisection
    Algorithm for Finding the Zero of a Nonlinear Function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Two by two tables of one shape: n units, share p of successes, in control (c) and treatment (t)."""

    n_c: Array
    p_c: Array
    n_t: Array
    p_t: Array


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The same n units in both arms: shares that succeed in both, in treatment only, in control only."""

    n: Array
    both: Array
    gained: Array
    lost: Array

    @property
    def apart(self) -> Array:
        """Share of units that differ."""
        return self.gained + self.lost


Table = TypeVar("Table", bound="Tables | Pairs")
Score = Callable[[Array, Tables], tuple[Array, Array]]


def difference_interval(tables: Tables, z: Array) -> tuple[Array, Array]:
    """Mee's score interval of p_t - p_c.

    Args:
        tables: Tables with at least one unit in each arm.
        z: Normal quantile of the level, of the tables' shape.

    Returns:
        Lower and upper ends, in [-1, 1].
    """
    # Count what is rarer: digits of a share near 1 are digits of its complement near 0.
    flip = tables.n_c * tables.p_c + tables.n_t * tables.p_t > (tables.n_c + tables.n_t) / 2
    p_c, p_t = np.where(flip, 1 - tables.p_c, tables.p_c), np.where(flip, 1 - tables.p_t, tables.p_t)
    rare = Tables(tables.n_c, p_c, tables.n_t, p_t)
    edge = np.ones_like(p_c)
    lower = solve(difference_score, rare, z, p_t - p_c, -edge)
    upper = solve(difference_score, rare, z, p_t - p_c, edge)
    return np.where(flip, -upper, lower), np.where(flip, -lower, upper)


def ratio_interval(tables: Tables, z: Array) -> tuple[Array, Array]:
    """Koopman's score interval of p_t / p_c.

    Args:
        tables: Tables with at least one unit in each arm.
        z: Normal quantile of the level, of the tables' shape.

    Returns:
        Lower and upper ends, in [0, inf]; upper is inf where the control has no success.
    """
    total = tables.p_t + tables.p_c
    none = total == 0
    centre = np.where(none, 0.5, tables.p_t / total)
    ends = []
    for edge in (np.zeros_like(centre), np.ones_like(centre)):
        share = np.where(none, edge, solve(ratio_score, tables, z, centre, edge))
        ends.append(share / (1 - share))
    return ends[0], ends[1]


def restricted_difference(n_c: Array, p_c: Array, n_t: Array, p_t: Array, delta: Array) -> Array:
    """Maximum likelihood of p_c when p_t = p_c + delta: a root of a cubic, which leaves both in [0, 1].

    Args:
        n_c: Units of the control.
        p_c: Its share of successes.
        n_t: Units of the treatment.
        p_t: Its share of successes.
        delta: The hypothesis, in [-1, 1].

    Returns:
        The estimate; shapes broadcast.
    """
    # Miettinen and Nurminen's L3..L0, divided by the number of units.
    w = n_c / (n_c + n_t)
    pooled = w * p_c + (1 - w) * p_t
    k2 = (1 + w) * delta - 1 - pooled
    k1 = (w * delta - 1 - 2 * w * p_c) * delta + pooled
    k0 = w * p_c * delta * (1 - delta)
    first, last = _outer_roots(k2, k1, k0)
    far = np.where(np.abs(first) > np.abs(last), first, last)
    low, high = np.maximum(0.0, -delta), np.minimum(1.0, 1 - delta)
    root: Array = np.clip(_middle_root(k1, k0, far, far == first), low, high)
    return root


def _outer_roots(k2: Array, k1: Array, k0: Array) -> tuple[Array, Array]:
    """Least and greatest root of p³ + k2·p² + k1·p + k0, all real, by Viète's cosines."""
    third = k2 / 3
    q = third**3 - third * k1 / 2 + k0 / 2
    size = np.sqrt(np.maximum(third**2 - k1 / 3, 0.0))
    cosine = np.where(size == 0, 1.0, -q / np.where(size == 0, 1.0, size**3))
    angle = np.arccos(np.clip(cosine, -1, 1)) / 3
    return 2 * size * np.cos(angle + 2 * np.pi / 3) - third, 2 * size * np.cos(angle) - third


def _middle_root(k1: Array, k0: Array, far: Array, far_is_least: Array) -> Array:
    """The root between the outer ones, after dividing out the outer one that is farthest from 0.

    The cosines give a root to a share of the greatest; divided out from the low coefficients, rare events
    (roots of 1e-9 beside one of 1) keep their digits.
    """
    c = -k0 / far
    b = (c - k1) / far
    s = -(b + np.copysign(np.sqrt(np.maximum(b**2 - 4 * c, 0.0)), b)) / 2
    other = np.where(s == 0, 0.0, c / np.where(s == 0, 1.0, s))
    return np.where(far_is_least, np.minimum(s, other), np.maximum(s, other))


def difference_score(delta: Array, tables: Tables) -> tuple[Array, Array]:
    """Distance from the hypothesis, and its standard error under it."""
    p_c = restricted_difference(tables.n_c, tables.p_c, tables.n_t, tables.p_t, delta)
    p_t = np.clip(p_c + delta, 0.0, 1.0)
    variance = p_c * (1 - p_c) / tables.n_c + p_t * (1 - p_t) / tables.n_t
    return tables.p_t - tables.p_c - delta, np.sqrt(variance)


def ratio_score(share: Array, tables: Tables) -> tuple[Array, Array]:
    """As `difference_score` for p_t·(1 - φ) - p_c·φ, the ratio's hypothesis without division by 0."""
    rest = 1 - share
    w = tables.n_c / (tables.n_c + tables.n_t)
    events = w * tables.p_c + (1 - w) * tables.p_t
    half = (share * (1 - w + w * tables.p_c) + rest * (w + (1 - w) * tables.p_t)) / 2
    # The discriminant half² - share·rest·events as a sum of squares: common events keep their digits too.
    k, m = w * (1 - tables.p_c) * share, (1 - w) * (1 - tables.p_t) * rest
    scale = half + np.sqrt((share - rest + m - k) ** 2 + 4 * m * k) / 2
    common = np.where(scale == 0, 0.0, events / scale)
    p_c, p_t = np.minimum(rest * common, 1.0), np.minimum(share * common, 1.0)
    variance = share**2 * p_c * (1 - p_c) / tables.n_c + rest**2 * p_t * (1 - p_t) / tables.n_t
    return tables.p_t * rest - tables.p_c * share, np.sqrt(variance)


def solve(
    score: Callable[[Array, Table], tuple[Array, Array]], table: Table, z: Array, centre: Array, edge: Array
) -> Array:
    """The hypothesis between the estimate and the parameter's edge at which the score reaches z.

    Args:
        score: Distance from the hypothesis and its standard error under it.
        table: The data, a dataclass of arrays.
        z: Normal quantile, above 0.
        centre: The estimate.
        edge: Where the parameter ends.

    Returns:
        The root; the edge where the estimate lies on it.
    """
    made = type(table)

    def beyond(hypothesis: Array, *args: Array) -> Array:
        *parts, level, middle = args
        distance, error = score(hypothesis, made(*parts))
        # Bounded in [-1, 1]: the score itself is infinite at the edge and 0/0 at an estimate on the edge.
        distance, reach = np.abs(distance), level * error
        whole = distance + reach
        value = np.where(whole == 0, 1.0, (distance - reach) / np.where(whole == 0, 1.0, whole))
        return np.where(hypothesis == middle, -1.0, value)

    at_edge = centre == edge
    parts = (getattr(table, field.name) for field in fields(table))
    found = elementwise.find_root(beyond, (centre, edge), args=(*parts, z, centre))
    return np.where(at_edge, edge, found.x)

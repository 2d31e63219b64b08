"""Two numbers of one unit that go together: a law and a log-normal scale, joined by a Gaussian copula.

Let Z be standard normal and L = Q(Phi(Z)), with Q the quantile function of the law. The scale is

    C = exp(sigma Y - sigma² / 2),    Y = correlation Z + sqrt(1 - correlation²) E,    E standard normal,

so that C has mean 1 and Spearman's correlation of L and C is (6 / pi) asin(correlation / 2) for a continuous
law. Conditioning on Z and completing the square gives, with d = b sigma correlation,

    E[L^a C^b] = exp(sigma² b (b - 1) / 2) E[Q(Phi(Z + d))^a],
    E[Q(Phi(Z + d))^a] = integral over l > 0 of a l^(a-1) Phi(d - z(l)),   z(l) = -Phi^-1(P(L > l)).

References:
    Nelsen (2006), An Introduction to Copulas, sections 2.3 and 5.1. Trefethen and Weideman (2014), SIAM
    Review 56 (the trapezoidal rule that the integral is done with).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from assay.distributions.base import Distribution, Floats
from assay.distributions.gamma import Gamma
from assay.distributions.hurdle import Hurdle
from assay.distributions.lognormal import LogNormal
from assay.distributions.mixture import Mixture
from assay.distributions.weibull import Weibull
from assay.distributions.zero_inflated import ZeroInflated

_REACH, _STEP = 60.0, 1 / 256
"""Of the trapezoidal rule over the logarithm of l around that of the mean."""


def joinable(law: Distribution) -> bool:
    """Whether a law may be joined: gamma, log-normal or Weibull, mixed with each other and with zeros."""
    if isinstance(law, ZeroInflated | Hurdle):
        return joinable(law.of) and law.mean > 0
    if isinstance(law, Mixture):
        return all(joinable(part) for _, part in law.parts())
    return isinstance(law, Gamma | LogNormal | Weibull)


def scores(law: Distribution, values: Floats, place: Floats) -> Floats:
    """The normal scores Z that belong to values of a law.

    Args:
        law: One that is `joinable`.
        values: Draws from it, shape `(n,)`.
        place: Uniform in [0, 1), shape `(n,)`: where in the zeros' part of the normal law a 0 lies.

    Returns:
        Standard normal where the values have the law; shape `(n,)`.
    """
    with np.errstate(divide="ignore"):
        above = -special.ndtri(_survival(law, values))
        zero = special.ndtri(np.maximum(place, 2.0**-54) * float(law.cdf(0.0)))
    return np.asarray(np.clip(np.where(values > 0, above, zero), -38.0, 38.0))


def moment(law: Distribution, *, of_law: int, of_scale: int, sigma: float, correlation: float) -> float:
    """E[L^a C^b], to a relative 1e-9.

    Args:
        law: One that is `joinable`.
        of_law: The power a, 1 or 2.
        of_scale: The power b, 0, 1 or 2.
        sigma: Standard deviation of the scale's logarithm.
        correlation: Of the normal scores.
    """
    logs = math.log(law.mean) + np.arange(-_REACH, _REACH, _STEP)
    shift = of_scale * sigma * correlation
    tail = special.ndtr(shift + special.ndtri(_survival(law, np.exp(logs))))
    tilted = float(of_law * _STEP * (np.exp(of_law * logs) @ tail))
    return math.exp(sigma**2 * of_scale * (of_scale - 1) / 2) * tilted


def _passed(law: ZeroInflated | Hurdle) -> float:
    """By what the other law's survival is divided: a hurdle conditions on values above 0."""
    return 1 - float(law.of.cdf(0.0)) if isinstance(law, Hurdle) else 1.0


def _survival(law: Distribution, x: Floats) -> Floats:
    """P(L > x) for x >= 0, exact in the tail where 1 - cdf would round to 0."""
    if isinstance(law, ZeroInflated | Hurdle):
        return np.asarray((1 - law.zeros) * _survival(law.of, x) / _passed(law))
    if isinstance(law, Mixture):
        return np.asarray(sum(share * _survival(part, x) for share, part in law.parts()))
    if isinstance(law, Gamma):
        return np.asarray(special.gammaincc(law.shape, x / law.scale))
    if isinstance(law, Weibull):
        return np.asarray(np.exp(-((x / law.scale) ** law.shape)))
    if isinstance(law, LogNormal):
        with np.errstate(divide="ignore"):
            return np.asarray(special.ndtr((law.mu - np.log(x)) / law.sigma))
    raise TypeError(f"{law.name} cannot be joined; ask `joinable` first")

"""The posteriors of a share and of a rate: beta and gamma laws, each with two parameters.

Densities are Stirling's formula times a deviance that is 0 at the mean, and keep their digits where the
logarithms of the gamma function, differences of numbers as large as the counts, would have lost them.

References:
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis. Loader (2000), Fast and
    Accurate Computation of Binomial Probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from assay.stats.bayes.posterior import Array

# From here on four terms of Stirling's series are exact to the last digit.
_SERIES = 32.0
# SciPy's complement of the incomplete beta function takes six times as long as its swapped twin, which would
# round shares below this one.
_COMMON = 0.05
# So near to 1 a logarithm is taken of the distance.
_NEAR = 0.5

_Function = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Law:
    """A family of laws; functions of both parameters and a point or a probability.

    Attributes:
        below: Distribution function.
        above: Its complement, in relative precision.
        mass: Density times `scale`, which at 0 and at the top stays finite.
        scale: x for a law on the positive numbers, x·(1 - x) for one on the shares.
        low: Quantile of a probability below it.
        high: Quantile of a probability above it.
        cumulants: The first three, from the parameters.
        per: What `mass` at x is divided by for the rest of an expected excess: E max(X - x, 0) =
            (mean - x)·above(x) + mass(x) / per.
        top: Greatest value.
    """

    below: _Function
    above: _Function
    mass: _Function
    scale: Callable[[Array], Array]
    low: _Function
    high: _Function
    cumulants: Callable[[Array, Array], tuple[Array, Array, Array]]
    per: Callable[[Array, Array], Array]
    top: float

    def density(self, a: Array, b: Array, x: Array) -> Array:
        """The density within the support, 0 at its ends."""
        return np.asarray(np.where((x > 0) & (x < self.top), self.mass(a, b, x) / self.scale(x), 0.0))


def _stirling(a: Array) -> Array:
    """Log of Γ(a + 1) less Stirling's (a + 1/2)·log a - a + log √(2π)."""
    small = np.minimum(a, _SERIES)
    exact = special.gammaln(small + 1) - (small + 0.5) * np.log(small) + small - np.log(2 * np.pi) / 2
    square = 1 / a**2
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / a
    return np.asarray(np.where(a < _SERIES, exact, series))


def _deviance(a: Array, ratio: Array, off: Array) -> Array:
    """a·(off - log(ratio)), 0 at the mean: `ratio` is the point over the mean, `off` is ratio - 1."""
    return np.asarray(a * (off - np.where(np.abs(off) < _NEAR, np.log1p(off), np.log(ratio))))


def _beta_mass(a: Array, b: Array, x: Array) -> Array:
    whole, rest = a + b, 1 - x
    size = np.sqrt(a * b / (2 * np.pi * whole)) * np.exp(_stirling(whole) - _stirling(a) - _stirling(b))
    # Near 1 the complement has the digits.
    off = np.where(a > b, b / whole - rest, x - a / whole)
    down, up = whole / a, whole / b
    return np.asarray(size * np.exp(-_deviance(a, x * down, off * down) - _deviance(b, rest * up, -off * up)))


def _gamma_mass(a: Array, b: Array, x: Array) -> Array:
    ratio = b * x / a
    return np.asarray(np.sqrt(a / (2 * np.pi)) * np.exp(-_stirling(a) - _deviance(a, ratio, (b * x - a) / a)))


def _beta_above(a: Array, b: Array, x: Array) -> Array:
    chance: Array = np.asarray(1 - special.betainc(a, b, x), dtype=np.float64)
    far = chance < 0.5  # noqa: PLR2004
    special.betainc(b, a, 1 - x, out=chance, where=far & (x >= _COMMON))
    special.betaincc(a, b, x, out=chance, where=far & (x < _COMMON))
    return chance


def _beta_cumulants(a: Array, b: Array) -> tuple[Array, Array, Array]:
    whole = a + b
    variance = a / whole * (b / whole) / (whole + 1)
    return a / whole, variance, 2 * variance * (b - a) / whole / (whole + 2)


BETA = Law(
    below=lambda a, b, x: np.asarray(special.betainc(a, b, x)),
    above=_beta_above,
    mass=_beta_mass,
    scale=lambda x: x * (1 - x),
    low=lambda a, b, p: np.asarray(special.betaincinv(a, b, p)),
    high=lambda a, b, p: np.asarray(special.betainccinv(a, b, p)),
    cumulants=_beta_cumulants,
    per=lambda a, b: a + b,
    top=1.0,
)
GAMMA = Law(
    below=lambda a, b, x: np.asarray(special.gammainc(a, b * x)),
    above=lambda a, b, x: np.asarray(special.gammaincc(a, b * x)),
    mass=_gamma_mass,
    scale=lambda x: x,
    low=lambda a, b, p: special.gammaincinv(a, p) / b,
    high=lambda a, b, p: special.gammainccinv(a, p) / b,
    cumulants=lambda a, b: (a / b, a / b**2, 2 * a / b**3),
    per=lambda _, b: b,
    top=np.inf,
)

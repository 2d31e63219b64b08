"""Moments of an arm, drawn by the shortest exact way that its law allows.

What a method reads of a thousand units is three numbers. Where their joint law is known they are drawn
themselves: the mean and the variance of normal values are independent, a count's values fall into cells by a
multinomial law, units that are 0 need no draw. Elsewhere units are drawn in blocks that stay in the cache.

References:
    Cochran (1934), The Distribution of Quadratic Forms in a Normal System (mean and variance).
    Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample Variance, eq. 1.7 (the corrected
    two-pass algorithm).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, singledispatch

import numpy as np
from numpy.typing import NDArray

from assay.distributions import (
    Bernoulli,
    CompoundPoisson,
    Distribution,
    Gamma,
    MixedPoisson,
    Normal,
    Poisson,
    ZeroInflated,
)
from assay.stats import Moments

Array = NDArray[np.float64]
_CACHED = 2**17
"""Values of a block of units: 1 MiB, which a core keeps near."""
_TAIL = 1e-16
"""Probability beyond the last cell of a count: below half a unit in the last place of the others."""


@singledispatch
def moments(law: Distribution, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    """Moments of `n` independent units, again and again.

    Args:
        law: Of one unit.
        rng: Where the randomness comes from.
        n: Units of an arm, 1 or more.
        replicates: How many arms.

    Returns:
        Moments with y, of shape (replicates,). A law that is not known here is drawn by its units.
    """
    return of_units(law, rng, n, replicates)


def of_units(law: Distribution, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    """The same from units, for any law; arguments as for `moments`."""
    parts = []
    for rows in blocks(n, replicates):
        values = law.draw(rng, rows * n).reshape(rows, n)
        mean = values.mean(axis=1)
        values -= mean[:, None]
        # The second pass takes back what rounding left in the first mean.
        left = values.mean(axis=1)
        parts.append((mean + left, np.einsum("ij,ij->i", values, values) - n * left**2))
    mean, m2 = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Moments(n=np.full(replicates, float(n)), mean_y=mean, m2_y=np.maximum(m2, 0.0))


def blocks(n: int, replicates: int) -> Iterator[int]:
    """Numbers of replicates whose units fit into the cache, adding up to all."""
    rows = max(1, _CACHED // n)
    for first in range(0, replicates, rows):
        yield min(rows, replicates - first)


@moments.register
def _(law: Normal, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    mean = rng.normal(law.location, law.deviation / np.sqrt(n), replicates)
    m2 = law.variance * rng.chisquare(n - 1, replicates) if n > 1 else np.zeros(replicates)
    return Moments(n=np.full(replicates, float(n)), mean_y=mean, m2_y=m2)


@moments.register
def _(law: Bernoulli, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    return Moments.of_counts(rng.binomial(n, law.mean, replicates), n)


@moments.register(Poisson)
@moments.register(MixedPoisson)
def _(law: Poisson | MixedPoisson, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    probabilities = _cells(law)
    counts = rng.multinomial(n, probabilities, size=replicates)
    # Deviations from the law's mean are small, so that nothing cancels when squares are subtracted.
    rest = np.arange(probabilities.size) - law.mean
    mean = np.einsum("ij,j->i", counts, rest) / n
    m2 = np.einsum("ij,j->i", counts, rest**2) - n * mean**2
    return Moments(n=np.full(replicates, float(n)), mean_y=law.mean + mean, m2_y=np.maximum(m2, 0.0))


@moments.register
def _(law: ZeroInflated, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    active = rng.binomial(n, 1 - law.zeros, replicates)
    return _with_zeros(active, law.of.draw(rng, int(active.sum())), n)


@moments.register
def _(law: CompoundPoisson, rng: np.random.Generator, n: int, replicates: int) -> Moments:
    if not isinstance(law.value, Gamma):
        return of_units(law, rng, n, replicates)
    # So many units with 0, 1, 2, ... events; k gamma values add up to one gamma value of k times the shape.
    counts = rng.multinomial(n, _cells(law.count), size=replicates)
    events = np.arange(1, counts.shape[1], dtype=np.float64)
    shapes = law.value.shape * np.repeat(np.tile(events, replicates), counts[:, 1:].ravel())
    return _with_zeros(n - counts[:, 0], law.value.scale * rng.standard_gamma(shapes), n)


def _with_zeros(active: NDArray[np.int64], values: Array, n: int) -> Moments:
    """Moments of arms of `n` units, of which `active` have the values and the others 0."""
    last = np.cumsum(active)
    first = last - active
    some = active > 0
    share = np.divide(1.0, active, out=np.zeros(active.size), where=some)
    mean, m2 = np.zeros(active.size), np.zeros(active.size)
    if np.any(some):
        mean[some] = np.add.reduceat(values, first[some]) * share[some]
        rest = values - np.repeat(mean, active)
        m2[some] = np.add.reduceat(rest * rest, first[some])
    m2 += mean**2 * active * (1 - active / n)  # between the active units and the others
    return Moments(n=np.full(active.size, float(n)), mean_y=mean * active / n, m2_y=m2)


@cache
def _cells(law: Poisson | MixedPoisson) -> Array:
    """Probabilities of 0, 1, 2, ... events, up to one beyond which double precision has nothing left."""
    last = 8
    while 1 - law.cdf(last) > _TAIL:
        last *= 2
    cdf = law.cdf(np.arange(last + 1))
    cells = np.diff(cdf, prepend=0.0)[: int(np.searchsorted(cdf, 1 - _TAIL)) + 1]
    return np.asarray(cells / cells.sum())

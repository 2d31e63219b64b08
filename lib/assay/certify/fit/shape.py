"""What are a metric's values like? Zeros, moments, tail, the nearest law, and what units have in common.

References:
    Schwarz (1978), Estimating the Dimension of a Model (BIC). Akaike (1974), A New Look at the Statistical
    Model Identification (AIC).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.certify.fit import words
from assay.certify.fit.candidates import Candidate, Kind, candidates, kind_of
from assay.certify.fit.tail import Tail, tail
from assay.distributions import Distribution, Empirical
from assay.errors import InputError
from assay.stats import Samples
from assay.stats.clusters import intraclass

Array = NDArray[np.float64]
LEVEL = 0.01
"""A law whose goodness of fit has a lower p-value is not used."""
FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the values of one metric are like.

    Attributes:
        kind: What sort of numbers they are.
        n: How many there are.
        zero_share: Share of zeros.
        mean: Their mean, in the metric's unit.
        sd: Their standard deviation (divided by n - 1).
        skewness: Third standardised moment, g1; NaN if all are equal.
        kurtosis: Fourth standardised moment minus 3, g2; NaN if all are equal.
        tail: How the upper tail falls; None unless it falls like a power.
        icc: Correlation of two units of one cluster; None without clusters or where it is not defined.
        covariate_correlation: Of the values with a covariate; None without one or where it is not defined.
        candidates: The laws that come into question, fitted, the one of least BIC first.
        law: The first of them that the data do not refute, else the empirical law.
    """

    kind: Kind
    n: int
    zero_share: float
    mean: float
    sd: float
    skewness: float
    kurtosis: float
    tail: Tail | None
    icc: float | None
    covariate_correlation: float | None
    candidates: tuple[Candidate, ...]
    law: Distribution

    @property
    def best(self) -> Candidate | None:
        """The candidate whose law is used; None if that is the empirical one."""
        return next((c for c in self.candidates if c.law == self.law), None)

    def sentence(self) -> str:
        """The shape in plain words."""
        return words.sentence(self)


def shape(
    y: ArrayLike, *, x: ArrayLike | None = None, cluster: ArrayLike | None = None, seed: int = 0
) -> Shape:
    """Describe the values of a metric, one per unit (or per event).

    Args:
        y: Finite numbers, one axis, two or more.
        x: A covariate of the same units, or None.
        cluster: A label per value (numbers or text), equal for values that belong together, or None.
        seed: Of the goodness of fit; equal seeds give equal digits.

    Returns:
        The shape.

    Raises:
        InputError: Fewer than two values, a number that is not finite, or series of different length.

    Example:
        >>> found = shape([0, 0, 0, 1, 0, 2, 1, 0, 3, 0])
        >>> found.kind, found.zero_share, found.best.name
        ('count', 0.6, 'Poisson')
    """
    values = _numbers("y", y)
    if len(values) < FEWEST:
        raise InputError(f"y has {len(values)} values; a shape needs {FEWEST} or more")
    kind = kind_of(values)
    found = candidates(values, kind, seed=seed)
    law = next((c.law for c in found if c.p_value >= LEVEL), None)
    skewness, kurtosis = _standardised(values)
    return Shape(
        kind=kind,
        n=len(values),
        zero_share=float(np.mean(values == 0)),
        mean=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)),
        skewness=skewness,
        kurtosis=kurtosis,
        tail=tail(values, seed=seed),
        icc=None if cluster is None else _icc(values, np.asarray(cluster)),
        covariate_correlation=None if x is None else correlation(values, _numbers("x", x)),
        candidates=found,
        law=Empirical.of(values) if law is None else law,
    )


def _numbers(name: str, given: ArrayLike) -> Array:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.isfinite(values)):
        raise InputError(f"{name} is not one axis of finite numbers; leave out what is missing")
    return values


def _standardised(y: Array) -> tuple[float, float]:
    """Skewness and excess kurtosis."""
    if np.all(y == y[0]):
        return math.nan, math.nan
    z = (y - np.mean(y)) / np.std(y)
    return float(np.mean(z**3)), float(np.mean(z**4) - 3)


def _icc(y: Array, labels: NDArray[np.generic]) -> float | None:
    if labels.shape != y.shape:
        raise InputError(f"cluster has shape {labels.shape} and y {y.shape}; give one label per value")
    codes = np.unique(labels, return_inverse=True)[1].astype(np.float64)
    found = float(intraclass(Samples(y, cluster=codes)).icc)
    return found if math.isfinite(found) else None


def correlation(y: Array, x: Array) -> float | None:
    """Pearson's correlation of two series; None if one does not vary.

    Args:
        y: Finite numbers, one axis.
        x: Of the shape of `y`.

    Raises:
        InputError: They differ in length.
    """
    if x.shape != y.shape:
        raise InputError(f"x has shape {x.shape} and y {y.shape}; give one covariate per value")
    if np.all(x == x[0]) or np.all(y == y[0]):
        return None
    return float(np.clip(np.corrcoef(y, x)[0, 1], -1, 1))

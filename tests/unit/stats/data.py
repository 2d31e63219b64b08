"""One small pair of arms for every method, by the type of its data: tests that walk the registry use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.seeds import stream
from assay.stats import METHODS, Moments, Samples
from assay.stats.adjustment import Comoments, Strata
from assay.stats.resampling import PoissonSums
from assay.stats.survival import LifeTable

PAIRED = {"paired", "mcnemar", "mcnemar_exact"}
"""Methods whose arms must be of one size."""


def arms(name: str, units: int = 24) -> tuple[Any, Any]:
    """Control and treatment of one test."""
    method = METHODS[name]
    rng = stream(20_261_123, f"test.data.{method.data.__name__}")
    d = rng.poisson(2.0, (2, units)) + 1.0
    y = rng.poisson(d).astype(float)
    if method.family == "proportions" or name in {"beta_binomial", "betting_sequence"}:
        y = (y > 2) * 1.0
    x = y + rng.normal(0.0, 1.0, y.shape)
    if name == "negative_binomial_ml":  # which takes units of equal exposure only
        return Samples(y[0]), Samples(y[1])
    return _arm(method.data, y[0], d[0], x[0]), _arm(method.data, y[1], d[1], x[1])


def empty(name: str) -> Any:
    """An arm without units."""
    nothing = np.empty(0)
    if name == "negative_binomial_ml":
        return Samples(nothing)
    if METHODS[name].data is LifeTable:
        return LifeTable.of_counts([1.0, 2.0], [0.0, 0.0], [0.0, 0.0])
    if METHODS[name].data is Strata:
        return Strata(Moments.of_counts([0, 0], [0, 0]))
    return _arm(METHODS[name].data, nothing, nothing, nothing)


def _arm(data: type, y: Any, d: Any, x: Any) -> Any:
    units = np.arange(y.size)
    if data is Moments:
        return Moments.of(y, d, x)
    if data is Samples:
        return Samples(y, d, x, np.ones(y.size), units // 3)
    if data is Comoments:
        return Comoments.of(y, {"x": x}, d)
    if data is PoissonSums:
        return PoissonSums.of(units, y, d, seed=1, replicates=50)
    if data is Strata:
        half = y.size // 2
        return Strata(Moments.of(y[: 2 * half].reshape(2, half)))
    if data is LifeTable:
        return LifeTable.of(np.ceil(3 * d), y > 1)
    raise AssertionError(f"no data for {data.__name__}: add it here")

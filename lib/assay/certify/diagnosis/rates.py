"""How often is a method wrong, and by how much? Rates over replicates with and without an effect.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits. Gelman and Carlin (2014), Beyond
    Power Calculations, Perspectives on Psychological Science 9 (the errors of type S and M).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.certificate import TOLERANCE, clopper_pearson, verdict
from assay.stats import Effect, Method, Posterior

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Error rates of one method; the fields are those of a `Certificate`, which explains them."""

    method: str
    method_version: str
    replicates: int
    alpha: float
    type_i_error: float
    lower: float
    upper: float
    tolerance: float
    verdict: str
    lift: float | None = None
    power: float | None = None
    power_lower: float | None = None
    power_upper: float | None = None
    coverage: float | None = None
    coverage_lower: float | None = None
    coverage_upper: float | None = None
    miss_left: float | None = None
    miss_right: float | None = None
    bias: float | None = None
    rmse: float | None = None
    se_ratio: float | None = None
    type_s: float | None = None
    type_m: float | None = None


def rates(method: Method, null: Effect, effect: Effect, *, lift: float, truth: float, alpha: float) -> Rates:
    """Rates from a method's answers.

    Args:
        method: The method.
        null: Its answers without an effect, shape (replicates,).
        effect: Its answers with the effect, shape (replicates,); at a lift of 0 the same.
        lift: The relative effect.
        truth: The same as a difference, in the metric's unit.
        alpha: The level asked of the method.

    Returns:
        The rates. A replicate without a p-value rejects nothing, and one without an interval misses nothing;
        of a method without p-values, as one with a posterior, an interval without 0 rejects.
        Where a method has an interval of the lift only, coverage is that of the lift.
    """
    count = null.p_value.size
    type_i_error, lower, upper = _share(_rejected(null, alpha))
    tolerance = TOLERANCE * alpha
    significant = _rejected(effect, alpha)
    power = _share(significant) if lift else (None, None, None)
    return Rates(
        method=method.name,
        method_version=method.version,
        replicates=count,
        alpha=alpha,
        type_i_error=type_i_error,
        lower=lower,
        upper=upper,
        tolerance=tolerance,
        verdict=verdict(lower, upper, alpha=alpha, tolerance=tolerance),
        lift=lift,
        power=power[0],
        power_lower=power[1],
        power_upper=power[2],
        **_coverage(effect, lift, truth),
        **_errors(effect, truth),
        **_exaggeration(effect.estimate[significant], truth),
    )


def _rejected(effect: Effect, alpha: float) -> NDArray[np.bool_]:
    if isinstance(effect, Posterior):
        return np.asarray((effect.lower > 0) | (effect.upper < 0))
    return np.asarray(effect.p_value < alpha)


def _share(hits: NDArray[np.bool_]) -> tuple[float, float, float]:
    successes = int(np.count_nonzero(hits))
    return (successes / hits.size, *clopper_pearson(successes, hits.size))


def _coverage(effect: Effect, lift: float, truth: float) -> dict[str, float]:
    lower, upper, target = effect.lower, effect.upper, truth
    if np.all(np.isnan(lower) & np.isnan(upper)):
        lower, upper, target = effect.relative_lower, effect.relative_upper, lift
    if np.all(np.isnan(lower) & np.isnan(upper)):
        return {}
    left, right = lower > target, upper < target
    coverage, least, most = _share(~(left | right))
    return {
        "coverage": coverage,
        "coverage_lower": least,
        "coverage_upper": most,
        "miss_left": float(np.mean(left)),
        "miss_right": float(np.mean(right)),
    }


def _errors(effect: Effect, truth: float) -> dict[str, float]:
    """Of the estimates that exist; no ratio where they do not vary or have no standard error."""
    found = effect.estimate[np.isfinite(effect.estimate)]
    if not found.size:
        return {}
    away = found - truth
    errors = {"bias": float(np.mean(away)), "rmse": math.sqrt(float(np.mean(away**2)))}
    stated = effect.std_error[np.isfinite(effect.std_error)]
    spread = float(np.std(found))
    return errors | ({"se_ratio": float(np.mean(stated)) / spread} if stated.size and spread > 0 else {})


def _exaggeration(significant: Array, truth: float) -> dict[str, float]:
    found = significant[np.isfinite(significant)]
    if not found.size or truth == 0:
        return {}
    return {
        "type_s": float(np.mean(np.sign(found) != np.sign(truth))),
        "type_m": float(np.mean(np.abs(found)) / abs(truth)),
    }

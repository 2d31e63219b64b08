"""What a method reads, made from what an outcome draws; and what its estimate is an estimate of."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.certify.lab.outcome import Outcome
from assay.stats import Method, Moments, Samples
from assay.stats.adjustment import Comoments, Strata
from assay.stats.survival import LifeTable

_WATCHED = 30.0
"""Days after which waiting units are no longer watched."""
_QUARTILES = (-0.6744897501960817, 0.0, 0.6744897501960817)
"""Of the standard normal covariate: bounds of its strata."""
_OTHER_ESTIMAND = frozenset({"quantiles", "ranks", "survival"})
"""Families whose estimate is not a difference of means."""
_OF_CHANGED_DATA = frozenset({"trimmed", "winsorised", "ratio_winsorised"})


def form_of(method: Method) -> str:
    """`moments` if they suffice, else `units`."""
    return "moments" if method.data is Moments else "units"


def as_data(method: Method, drawn: Moments | Samples) -> Any:
    """The drawn arms in the type that a method takes.

    Args:
        method: Of the registry.
        drawn: Moments, or units of shape (replicates, n).
    """
    if method.data in (Moments, Samples):
        return drawn
    if not isinstance(drawn, Samples):
        raise TypeError(f"{method.name} needs units, not {type(drawn).__name__}")
    if method.data is Comoments:
        return Comoments.of(drawn.y, {"x": np.asarray(drawn.x)}, drawn.d)
    if method.data is LifeTable:
        days = np.ceil(drawn.y)
        return LifeTable.of(np.minimum(days, _WATCHED), days <= _WATCHED)
    if method.data is Strata:
        return Strata(_by_quartile(drawn))
    raise TypeError(f"{method.name} takes {method.data.__name__}, which the laboratory does not make")


def planted_estimand(method: Method, outcome: Outcome, lift: float) -> float:
    """What the method's `estimate` would be with endless units; NaN where no closed form is known here.

    Args:
        method: Of the registry.
        outcome: The control's.
        lift: Planted in the treatment; without one every difference is 0.
    """
    if lift == 0:
        return 0.0
    if method.family in _OTHER_ESTIMAND or method.name in _OF_CHANGED_DATA:
        return np.nan
    return lift * outcome.truth


def _by_quartile(units: Samples) -> Moments:
    """Moments by quartile of the covariate, shape (replicates, 4)."""
    code = np.searchsorted(_QUARTILES, np.asarray(units.x))
    parts: list[list[np.ndarray[Any, Any]]] = []
    for stratum in range(len(_QUARTILES) + 1):
        here = (code == stratum).astype(np.float64)
        n = here.sum(axis=-1)
        mean = np.divide((units.y * here).sum(axis=-1), n, out=np.zeros_like(n), where=n > 0)
        m2 = ((units.y - mean[..., None]) ** 2 * here).sum(axis=-1)
        parts.append([n, mean, m2])
    n, mean, m2 = (np.stack(part, axis=-1) for part in zip(*parts, strict=True))
    return Moments(n=n, mean_y=mean, m2_y=m2)

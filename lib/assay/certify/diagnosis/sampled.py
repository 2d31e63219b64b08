"""Certificates of methods that need the units themselves: random halves of a few thousand of them.

`measure.certify` gets by with moments, and with all units; here each replicate holds its own copy of the
values, so there are fewer units and fewer replicates, which the certificate says. No effect is planted: power
and coverage of one are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.certify.certificate import RE_RANDOMISED, Certificate
from assay.certify.diagnosis.measure import identity, scenario
from assay.certify.diagnosis.rates import rates
from assay.certify.diagnosis.words import level
from assay.certify.rerandomise import Units
from assay.stats import Method, Samples
from assay.stats.survival.lifetable import LifeTable

UNITS, REPLICATES = 2_000, 500
RESAMPLED_UNITS, RESAMPLED_REPLICATES = 500, 200
"""For methods that draw a thousand samples of their own from each replicate."""
_RESAMPLING = "resampling"


def certify_sampled(
    method: Method,
    units: Units,
    *,
    metric: str,
    as_of: date,
    seed: int,
    week: int,
    alpha: float,
    total: int,
    options: Mapping[str, float] = MappingProxyType({}),
) -> Certificate:
    """The certificate of a method on the values of units without a difference.

    Args:
        method: A method of `Samples`, or of `LifeTable` (`y`: when a unit left, `d`: whether by the event).
        units: Their values, in a fixed order, of which the first ones are taken.
        metric: Name of the metric.
        as_of: The look at which the values stood.
        seed: The blueprint's seed; the halves are drawn from the stream `aa.<metric>.units` of `week`.
        week: Number of the week, 0 or greater.
        alpha: Level of the test.
        total: Units there were before they were cut.
        options: Of the method.

    Returns:
        Equal for equal arguments.
    """
    resamples = method.family == _RESAMPLING
    most, replicates = (RESAMPLED_UNITS, RESAMPLED_REPLICATES) if resamples else (UNITS, REPLICATES)
    series = {name: values[:most] for name, values in units.series.items()}
    size = len(series["y"])
    generator = seeds.stream(seed, f"aa.{metric}.units", week)
    order = generator.permuted(np.tile(np.arange(size), (replicates, 1)), axis=1)
    control, treatment = (_arm(method, series, half) for half in np.split(order, [size // 2], axis=1))
    null = method(control, treatment, alpha=alpha, **options)
    found = rates(method, null, null, lift=0.0, truth=0.0, alpha=alpha)
    return Certificate(
        certificate_id=identity(found, metric, as_of, seed),
        kind=RE_RANDOMISED,
        scenario=scenario(size, total),
        metric=metric,
        as_of=as_of,
        n_control=size // 2,
        n_treatment=size - size // 2,
        seed=seed,
        recommendation=level(found, units=size),
        **asdict(found),
    )


def _arm(
    method: Method, series: Mapping[str, NDArray[np.float64]], half: NDArray[np.int64]
) -> Samples | LifeTable:
    values = {name: column[half] for name, column in series.items()}
    if method.data is LifeTable:
        return LifeTable.of(values["y"], values["d"])
    return Samples(**values)

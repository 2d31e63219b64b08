"""Certificates of methods that need the units themselves: random halves of a few thousand of them.

`measure.certify` gets by with moments, and with all units; here each replicate holds its own copy of the
values, so there are fewer units and fewer replicates, which the certificate says. No effect is planted: power
and coverage of one are left out. Where clusters were assigned as wholes, so they are here: each half gets
half of the clusters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.certify.certificate import RE_RANDOMISED, Certificate
from assay.certify.diagnosis.measure import identity, scenario
from assay.certify.diagnosis.rates import rates
from assay.certify.diagnosis.words import level
from assay.certify.rerandomise import Units
from assay.stats import Effect, Method, Samples
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
    cluster: NDArray[np.int64] | None = None,
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
        cluster: The cluster of each unit, where clusters were assigned as wholes.

    Returns:
        Equal for equal arguments.
    """
    resamples = method.family == _RESAMPLING
    most, replicates = (RESAMPLED_UNITS, RESAMPLED_REPLICATES) if resamples else (UNITS, REPLICATES)
    series = {name: values[:most] for name, values in units.series.items()}
    size = len(series["y"])
    generator = seeds.stream(seed, f"aa.{metric}.units", week)
    if cluster is None:
        order = generator.permuted(np.tile(np.arange(size), (replicates, 1)), axis=1)
        control, treatment = (_arm(method, series, half) for half in np.split(order, [size // 2], axis=1))
        null = method(control, treatment, alpha=alpha, **options)
    else:
        halves = _halves(cluster[:most], generator, replicates)
        arms = (_arms(series, *half) for half in halves)
        null = _stacked([method(control, treatment, alpha=alpha, **options) for control, treatment in arms])
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


def _halves(
    cluster: NDArray[np.int64], generator: np.random.Generator, replicates: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """The number of each unit's cluster, and whether it is in the treatment, in every replicate."""
    clusters, numbers = np.unique(cluster, return_inverse=True)
    for _ in range(replicates):
        treated = generator.permutation(len(clusters)) < len(clusters) // 2
        yield numbers, treated[numbers]


def _arms(
    series: Mapping[str, NDArray[np.float64]], numbers: NDArray[np.int64], treated: NDArray[np.bool_]
) -> tuple[Samples, Samples]:
    whole = {"y": series["y"], "cluster": numbers.astype(np.float64)}
    control, treatment = (
        Samples(**{name: values[side] for name, values in whole.items()}) for side in (~treated, treated)
    )
    return control, treatment


def _stacked(effects: Sequence[Effect]) -> Effect:
    """The answers to single comparisons as one, of shape (comparisons,)."""
    named = [each.name for each in fields(effects[0]) if each.name != "alternative"]
    columns: dict[str, Any] = {
        name: np.stack([getattr(effect, name) for effect in effects]) for name in named
    }
    return replace(effects[0], **columns)


def _arm(
    method: Method, series: Mapping[str, NDArray[np.float64]], half: NDArray[np.int64]
) -> Samples | LifeTable:
    values = {name: column[half] for name, column in series.items()}
    if method.data is LifeTable:
        return LifeTable.of(values["y"], values["d"])
    return Samples(**values)

"""What an analysis of canaries says: as gold says it, or as the records that were drawn make it.

Both are arrays of shape `(rounds, experiments, metrics)`, so that they can be compared number by number, and
the same detector reads gold's and simulated ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.gate.records import Records
from assay.spec import Blueprint, Metric
from assay.spec.canaries import NAMES, world
from assay.spec.truth import truth
from assay.stats import Moments, named

Array = NDArray[np.float64]
Result = Mapping[str, object]
EFFECT = ("estimate", "std_error", "df", "lower", "upper", "p_value")
FIGURES = ("n_control", "n_treatment", "mean_control", "mean_treatment", *EFFECT)
_COUNT = "count"
_HUNDREDTHS = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Results of canaries.

    Attributes:
        experiments: Names, of the second axis.
        metrics: Names, of the third axis.
        figures: Each of `FIGURES` → its values, shape `(rounds, experiments, metrics)`; NaN where there is
            none.
    """

    experiments: tuple[str, ...]
    metrics: tuple[str, ...]
    figures: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        """A figure by its name."""
        return self.figures[name]

    def rounds(self, first: int, last: int) -> Outcomes:
        """Those of some rounds, from `first` up to `last` exclusive."""
        kept = {name: values[first:last] for name, values in self.figures.items()}
        return Outcomes(self.experiments, self.metrics, kept)


def truths(blueprint: Blueprint) -> Array:
    """The planted difference of every canary in every metric, shape `(experiments, metrics)`.

    It is that of any round: all weeks of canaries follow the same laws.

    Args:
        blueprint: One with canaries.
    """
    own = world(blueprint)
    rounds = [own.round_of(name) for name in sorted(own.experiments)]
    found = [[truth(own, r, m, r.end)[r.arms[1].name].difference for m in r.metrics] for r in rounds]
    return np.array(found)


def read(blueprint: Blueprint, finals: Mapping[tuple[str, str], Result], weeks: Iterable[int]) -> Outcomes:
    """What gold says.

    Args:
        blueprint: One with canaries.
        finals: (experiment, metric) → row of gold.experiment_results at the round's end; none is missing.
        weeks: Numbers of the weeks; each is a round.
    """
    experiments, metrics = _names(blueprint)
    own = world(blueprint)
    ids = [[planned.id for planned in own.planned(n)] for n in weeks]
    rows = [finals[experiment, metric] for each in ids for experiment in each for metric in metrics]
    shape = (len(ids), len(experiments), len(metrics))
    figures = {name: np.array([_number(row[name]) for row in rows]).reshape(shape) for name in FIGURES}
    return Outcomes(experiments, metrics, figures)


def analysed(blueprint: Blueprint, records: Records) -> Outcomes:
    """What a right analysis of these records says.

    Args:
        blueprint: Names metrics and methods.
        records: Of any number of rounds.
    """
    experiments, metrics = _names(blueprint)
    after, before = _totals(records)
    measured = world(blueprint).metrics
    each = [_compared(blueprint, measured[name], records, after, before) for name in metrics]
    figures = {name: np.stack([found[name] for found in each], axis=-1) for name in FIGURES}
    return Outcomes(experiments, metrics, figures)


def _names(blueprint: Blueprint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    own = world(blueprint)
    names = sorted(own.experiments)
    return tuple(names), tuple(own.experiments[names[0]].metrics)


def _number(value: object) -> float:
    return np.nan if value is None else float(str(value))


def _totals(records: Records) -> tuple[dict[str, Array], dict[str, Array]]:
    """Per unit the number and value of its trades since exposure, and of those before: the covariates."""
    units, seen = len(records.arm), records.at >= records.exposed[records.unit]
    sides = []
    for side in (seen, ~seen):
        unit = records.unit[side]
        cents = np.bincount(unit, records.cents[side].astype(np.float64), minlength=units)
        sides.append(
            {
                _COUNT: np.bincount(unit, minlength=units).astype(np.float64),
                # Whole cents add exactly and are divided once: the double nearest to the decimal sum.
                "notional": cents / _HUNDREDTHS,
            }
        )
    return sides[0], sides[1]


def _compared(
    blueprint: Blueprint,
    metric: Metric,
    records: Records,
    after: Mapping[str, Array],
    before: Mapping[str, Array],
) -> dict[str, Array]:
    method = named(metric.analysis)
    y, x = (_column(metric, side) for side in (after, before))
    d = np.ones_like(y) if metric.denominator is None else after[_of(metric.denominator)]
    series = {"y": y, "d": d, "x": x}
    arms = [_moments({name: series[name] for name in method.needs}, records, arm) for arm in (0, 1)]
    effect = method(*arms, alpha=blueprint.alpha)
    means = [_mean(series, records, arm) for arm in (0, 1)]
    return {
        "n_control": arms[0].n,
        "n_treatment": arms[1].n,
        "mean_control": means[0],
        "mean_treatment": means[1],
        **{name: getattr(effect, name) for name in EFFECT},
    }


def _column(metric: Metric, side: Mapping[str, Array]) -> Array:
    total = side[_of(metric.numerator)]
    return (total > 0).astype(np.float64) if metric.type == "proportion" else total


def _of(measure: str) -> str:
    return measure.partition(".")[2]


def _cells(records: Records, arm: int) -> tuple[NDArray[np.bool_], NDArray[np.int64], tuple[int, int]]:
    """Which units are of an arm, the cell of each in (rounds, experiments), and that shape."""
    mine = records.arm == arm
    shape = (records.rounds, len(NAMES))
    return mine, records.round[mine] * len(NAMES) + records.experiment[mine], shape


def _moments(series: Mapping[str, Array], records: Records, arm: int) -> Moments:
    """Moments of each cell, by two passes."""
    mine, cell, shape = _cells(records, arm)
    size = shape[0] * shape[1]
    n = np.bincount(cell, minlength=size).astype(np.float64)
    parts: dict[str, Array] = {"n": n}
    rest: dict[str, Array] = {}
    for name, values in series.items():
        mean = np.divide(np.bincount(cell, values[mine], size), n, out=np.zeros(size), where=n > 0)
        parts[f"mean_{name}"], rest[name] = mean, values[mine] - mean[cell]
    for a, b in (("y", "y"), ("d", "d"), ("x", "x"), ("y", "d"), ("y", "x"), ("d", "x")):
        if a in rest and b in rest:
            name = f"m2_{a}" if a == b else f"c_{a}{b}"
            parts[name] = np.bincount(cell, rest[a] * rest[b], size).astype(np.float64)
    return Moments(**{name: values.reshape(shape) for name, values in parts.items()})


def _mean(series: Mapping[str, Array], records: Records, arm: int) -> Array:
    """An arm's value of the metric, as gold states it: the mean of y over that of d."""
    mine, cell, shape = _cells(records, arm)
    y, d = (np.bincount(cell, series[name][mine], shape[0] * shape[1]).reshape(shape) for name in "yd")
    return np.asarray(np.divide(y, d, out=np.full(shape, np.nan), where=d > 0))

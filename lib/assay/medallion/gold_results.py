"""gold.experiment_results: one row per experiment, look, metric, segment and contrast.

Every treatment is compared with the control, the first arm of the blueprint. The method is the metric's own,
or that of its type and the experiment's plan. Moments are a few rows on the driver by now, so it runs there,
as the SQL function of the method would in a worker, but without Python processes that Spark would start for
a dozen rows; where it needs the units, it ran where they are (`gold_sampled`). Intervals are at `alpha`,
uncorrected. What the rows say together, by the plan, is added by `assay.medallion.decisions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from types import MappingProxyType
from typing import Any

import pandas as pd

from assay.medallion.decisions import Result, decide, explore, interval_level
from assay.medallion.gold_moments import PARTS
from assay.medallion.gold_sampled import EFFECT, FIELDS, Answers, Quantiles, is_sampled
from assay.medallion.gold_scope import Scope
from assay.spark import udfs
from assay.spec import Blueprint
from assay.spec.plan import method_of
from assay.spec.segment import ALL
from assay.stats import METHODS, SRM_LEVEL, Posterior

KEYS = ("experiment", "as_of", "metric", "segment", "contrast", "method")
_MOMENTS = ("n", *PARTS)
_ASKED = (*KEYS, "control", "treatment", "alpha", "srm", "final")
_COMPARED = (*_ASKED, *(f"{name}_{arm}" for arm in "ct" for name in _MOMENTS))
# Filled by calibration, which compares with a certificate and with the truth where it is planted.
CALIBRATED = {
    "certificate_id": "string",
    "type_i_error": "double",
    "type_i_lower": "double",
    "type_i_upper": "double",
    "truth": "double",
    "relative_truth": "double",
    "covered": "boolean",
    "error_kind": "string",
}
DECIDED = "alpha_corrected double, decision string, decided date"
SCHEMA = ", ".join(
    (
        "experiment string, as_of date, metric string, segment string, contrast string, method string",
        "control string, treatment string, n_control bigint, n_treatment bigint",
        "mean_control double, mean_treatment double",
        *(f"{name} double" for name in (*EFFECT, "alpha", "mde", "probability_greater")),
        "srm boolean, final boolean",
        *(f"{name} {kind}" for name, kind in CALIBRATED.items()),
        DECIDED,
    )
)
_NO_UNITS = (0, *(0.0 for _ in PARTS))
_UNANSWERED = dict.fromkeys(FIELDS)
Row = dict[str, Any]
"""Column → value."""


def results(
    moments: Iterable[tuple[object, ...]],
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    srm: Mapping[tuple[str, date], float | None],
    answers: Answers = MappingProxyType({}),
    quantiles: Quantiles = MappingProxyType({}),
) -> list[Row]:
    """Compare every treatment with the control, in every metric, at every look of the scopes.

    Args:
        moments: `gold_moments.merge_buckets` of these looks.
        blueprint: The blueprint in force.
        scopes: Whose looks.
        srm: p-value of the sample ratio test per experiment and look; None where there are no units.
        answers: `gold_sampled.answers`, for the metrics that need units.
        quantiles: `gold_sampled.quantiles`.

    Returns:
        Rows with the columns of `SCHEMA` but for those of `DECIDED`; those that calibration fills are None.
    """
    found = {tuple(row[:5]): row[5:] for row in moments}
    found = {key: _with_value(key, row, blueprint, quantiles) for key, row in found.items()}
    parts = _parts(found)
    asked: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for scope in scopes:
        for values in _comparisons(blueprint, scope, found, parts, srm):
            row: Row = dict(zip(_COMPARED, values, strict=True))
            # All that needed units are one group: their answers are there.
            needed_units = is_sampled(row["method"])
            asked[needed_units, "" if needed_units else row["method"]].append(row)
    return [
        _shown(row, effect)
        for (needed_units, method), rows in sorted(asked.items())
        for row, effect in zip(
            rows, _answered(rows, answers) if needed_units else _effects(method, rows), strict=True
        )
    ]


def _with_value(
    key: tuple[Any, ...], moments: tuple[Any, ...], blueprint: Blueprint, quantiles: Quantiles
) -> tuple[Any, ...]:
    """An arm's moments with what the metric is about in place of the mean, and nothing to divide it by."""
    experiment, arm, name, segment, as_of = key
    metric = blueprint.metrics[name]
    if metric.type not in {"quantile", "time_to_event"}:
        return moments
    n, mean_y, m2_y, _mean_d, *rest = moments
    value = quantiles.get((experiment, as_of, name, segment, arm)) if metric.type == "quantile" else mean_y
    return (n, value, m2_y, 1.0, *rest)


def _parts(found: Iterable[tuple[Any, ...]]) -> dict[tuple[object, ...], list[str]]:
    """(experiment, metric, as_of) → the segments that have a unit then, in order."""
    parts: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for experiment, _arm, metric, segment, as_of in found:
        if segment != ALL:
            parts[experiment, metric, as_of].add(segment)
    return {place: sorted(segments) for place, segments in parts.items()}


def _comparisons(
    blueprint: Blueprint,
    scope: Scope,
    found: Mapping[tuple[Any, ...], tuple[object, ...]],
    parts: Mapping[tuple[object, ...], Sequence[str]],
    srm: Mapping[tuple[str, date], float | None],
) -> Iterator[tuple[object, ...]]:
    planned = scope.planned
    control, *treatments = [arm.name for arm in planned.arms]
    metrics = blueprint.world_of(planned.id).metrics
    for as_of in scope.looks:
        p_value = srm.get((planned.id, as_of))
        mismatch = p_value is not None and p_value < SRM_LEVEL
        for name in planned.metrics:
            method = method_of(planned.plan, metrics[name], clustered=blueprint.clustered)
            alpha = interval_level(planned, planned.role(name), as_of, blueprint.alpha)
            segments = (ALL, *parts.get((planned.id, name, as_of), ()))
            for treatment, segment in product(treatments, segments):
                places = [(planned.id, arm, name, segment, as_of) for arm in (control, treatment)]
                if segment != ALL and not any(place in found for place in places):
                    continue
                arms = [found.get(place, _NO_UNITS) for place in places]
                yield (
                    planned.id, as_of, name, segment, contrast(control, treatment),
                    method, control, treatment, alpha, mismatch, as_of == planned.end, *arms[0], *arms[1],
                )  # fmt: skip


def contrast(control: str, treatment: str) -> str:
    """How results name a comparison.

    Example:
        >>> contrast("control", "blue")
        'blue vs control'
    """
    return f"{treatment} vs {control}"


def _effects(method: str, rows: Sequence[Row]) -> list[Row]:
    """The answers of a method to rows, all at once; None for a number that does not exist."""
    names = [f"{name}_{arm}" for arm in "ct" for name in udfs.moment_names(METHODS[method])]
    given = pd.DataFrame({name: [row[name] for row in rows] for name in (*names, "alpha")}, dtype="float64")
    found = udfs.effects(method, [given[name] for name in given.columns])
    return [
        {str(name): None if pd.isna(value) else value for name, value in effect.items()}
        for effect in found.to_dict("records")
    ]


def _answered(rows: Sequence[Row], answers: Answers) -> list[Row]:
    """The answers that were found for rows of metrics that need units."""
    places = (
        (row["experiment"], row["as_of"], row["metric"], row["segment"], row["treatment"]) for row in rows
    )
    found = (answers.get(place) for place in places)
    return [_UNANSWERED if each is None else dict(zip(FIELDS, each, strict=True)) for each in found]


def _shown(row: Row, effect: Row) -> Row:
    """The columns of gold.experiment_results, from what was compared and the answer to it."""
    return {
        **{name: row[name] for name in (*KEYS, "control", "treatment")},
        "n_control": row["n_c"],
        "n_treatment": row["n_t"],
        "mean_control": _mean(row, "c"),
        "mean_treatment": _mean(row, "t"),
        **{name: effect[name] for name in EFFECT},
        "alpha": row["alpha"],
        "mde": effect["mde"],
        "probability_greater": _greater(row["method"], effect),
        "srm": row["srm"],
        "final": row["final"],
        **dict.fromkeys(CALIBRATED),
    }


def _mean(row: Row, arm: str) -> float | None:
    """The arm's value of the metric: of a ratio the ratio; for others the denominator is 1."""
    value, per = row[f"mean_y_{arm}"], row[f"mean_d_{arm}"]
    return value / per if row[f"n_{arm}"] > 0 and per and value is not None else None


def _greater(method: str, effect: Row) -> float | None:
    """The posterior probability that the treatment is the greater; None for a method without a posterior."""
    posterior = issubclass(METHODS[method].result, Posterior)
    return effect["probability_better"] if posterior else None


def decided(rows: Iterable[Row], blueprint: Blueprint, scopes: Sequence[Scope]) -> list[tuple[object, ...]]:
    """The rows with what their looks say by the plans.

    Args:
        rows: `results`.
        blueprint: The blueprint in force.
        scopes: Whose looks.

    Returns:
        Rows of `SCHEMA`.
    """
    found: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["experiment"], row["segment"] == ALL].append(row)
    said: list[tuple[object, ...]] = []
    for scope in scopes:
        everyone, parts = (found[scope.planned.id, whole] for whole in (True, False))
        of_all = decide(scope.planned, blueprint.metrics, blueprint.alpha, _given(everyone))
        of_parts = explore(scope.planned, blueprint.alpha, _given(parts))
        each = zip((*everyone, *parts), (*of_all, *of_parts), strict=True)
        said += [(*row.values(), d.alpha_corrected, d.word, d.decided) for row, d in each]
    return said


def _given(rows: Iterable[Row]) -> list[Result]:
    return [Result(**{name: row[name] for name in Result.__dataclass_fields__}) for row in rows]

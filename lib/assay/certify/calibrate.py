"""Which results await calibration, what certifies them, and what stands in their columns afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.certify.certificate import Certificate
from assay.certify.compare import compare, planted
from assay.certify.diagnosis.measure import UNITS, certify
from assay.certify.diagnosis.sampled import certify_sampled
from assay.certify.rerandomise import FEWEST, Units
from assay.spec import Blueprint
from assay.spec.canaries import is_canary
from assay.spec.segment import ALL
from assay.stats import Moments, named

Row = dict[str, object]
Look = tuple[str, date]
Sample = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
THREADS = 2
FEWEST_CLUSTERS = 10
"""Clusters of the control arms that are needed for a certificate: five in each half."""


class _Where(TypedDict):
    """What certificates of one metric and look share."""

    metric: str
    as_of: date
    seed: int
    week: int
    alpha: float
    total: int


def of_plan(results: Iterable[Row], blueprint: Blueprint, until: date) -> list[Row]:
    """The results of experiments that a blueprint plans, and of its canaries.

    Args:
        results: Rows of gold.experiment_results.
        blueprint: The blueprint in force.
        until: End of the plan, exclusive.
    """
    known = {planned.id for planned in blueprint.rounds(until)}
    return [row for row in results if row["experiment"] in known]


def pending(results: Sequence[Row], blueprint: Blueprint) -> list[Row]:
    """The results that gold wrote and that are not calibrated yet.

    A result that gold computes anew loses its certificate and truth, so what is pending is read from the rows
    themselves. Looks with too few units to certify a method are left out, unless they are a canary's, which
    has its truth at least. Segments have no certificate, and wait for their truth where there is one.

    Args:
        results: All results of the plan.
        blueprint: Knows the truth where it is planted.
    """
    totals = controls(results)
    return [row for row in results if _waits(row, totals, blueprint)]


def _waits(row: Row, totals: Mapping[Look, int], blueprint: Blueprint) -> bool:
    if row["segment"] != ALL:
        return row["truth"] is None and planted(blueprint, *_place(row)) is not None
    lacks_truth = is_canary(str(row["experiment"])) and row["truth"] is None
    return row["certificate_id"] is None and (totals[look(row)] >= FEWEST or lacks_truth)


def samples(frame: pd.DataFrame) -> dict[Look, Sample]:
    """Values by metric and look.

    Args:
        frame: metric, as_of, order, y, d, x: one row per unit.
    """
    # pandas' stubs do not know the type of a group's key.
    parts: Iterable[tuple[tuple[str, date], pd.DataFrame]] = frame.groupby(["metric", "as_of"])  # type: ignore[assignment]
    return {
        (metric, as_of): (
            part["order"].to_numpy(),
            part["y"].to_numpy(),
            part["d"].to_numpy(),
            part["x"].to_numpy(),
        )
        for (metric, as_of), part in parts
    }


def looks(results: Iterable[Row], asked: Container[Look]) -> dict[str, tuple[date, ...]]:
    """Experiment → its looks at which one of the asked metrics was looked at, in order.

    Args:
        results: All results of the plan.
        asked: (metric, as_of).
    """
    found: dict[str, set[date]] = {}
    for row in declared(results):
        if look(row) in asked:
            found.setdefault(str(row["experiment"]), set()).add(look(row)[1])
    return {name: tuple(sorted(days)) for name, days in sorted(found.items())}


def controls(results: Iterable[Row]) -> Counter[Look]:
    """(metric, as_of) → units of the control arms of all declared experiments that were looked at then."""
    arms = {(row["experiment"], *look(row)): int(str(row["n_control"])) for row in declared(results)}
    totals: Counter[Look] = Counter()
    for (_, metric, as_of), units in arms.items():
        totals[metric, as_of] += units
    return totals


def everyone(results: Iterable[Row]) -> Iterator[Row]:
    """The results that are not of a segment."""
    return (row for row in results if row["segment"] == ALL)


def declared(results: Iterable[Row]) -> Iterator[Row]:
    """What declared experiments say of everyone: a certificate is about the user's data, not canaries'."""
    return (row for row in everyone(results) if not is_canary(str(row["experiment"])))


def certificates(
    waiting: Sequence[Row],
    values: Mapping[Look, Sample],
    blueprint: Blueprint,
    totals: Mapping[Look, int],
) -> list[Certificate]:
    """A certificate for each method, metric and look that waits and has values.

    Methods of one look share their splits.

    Args:
        waiting: `pending`.
        values: (metric, as_of) → order, y, d and x of control units, in any order and perhaps a few too many.
        blueprint: Gives the seed, the level, the number of the week and the metrics' smallest effects.
        totals: `controls` of all results.

    Returns:
        None for a look with fewer than `FEWEST_CLUSTERS` clusters, where clusters were assigned as wholes.
    """
    asked: dict[Look, set[str]] = {}
    for row in everyone(waiting):
        if look(row) in values:
            asked.setdefault(look(row), set()).add(str(row["method"]))

    def one(key: Look) -> list[Certificate]:
        metric, as_of = key
        methods = [named(name) for name in sorted(asked[key])]
        y, d, x = trim(*values[key])
        measured = blueprint.metrics[metric]
        units = Units(y, d, x if any("x" in method.needs for method in methods) else None)
        where = _Where(
            metric=metric,
            as_of=as_of,
            seed=blueprint.seed,
            week=max(blueprint.week_number(as_of), 0),
            alpha=blueprint.alpha,
            total=totals[key],
        )
        by_moments = [method for method in methods if method.data is Moments]
        others = [method for method in methods if method.data is not Moments]
        # Their order is by cluster where clusters were assigned: `control_sample`.
        cluster = np.sort(values[key][0])[:UNITS] if blueprint.clustered else None
        if cluster is not None and len(np.unique(cluster)) < FEWEST_CLUSTERS:
            return []
        found = [
            certify_sampled(each, units, **where, options=measured.options, cluster=cluster)
            for each in others
        ]
        if by_moments:
            found += certify(by_moments, units, **where, kind=measured.type, lift=measured.minimum_effect)
        return found

    with ThreadPoolExecutor(THREADS) as pool:  # NumPy lets go of the interpreter's lock
        return [certificate for found in pool.map(one, sorted(asked)) for certificate in found]


def trim(
    order: NDArray[np.int64],
    y: NDArray[np.float64],
    d: NDArray[np.float64],
    x: NDArray[np.float64],
    limit: int = UNITS,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The `limit` units that come first in an order of their own, so that the cluster's order has no say.

    Args:
        order: A number per unit, here a hash.
        y: Values.
        d: Denominators.
        x: Covariates.
        limit: Units to keep.
    """
    first = np.lexsort((x, d, y, order))[:limit]
    return y[first], d[first], x[first]


def calibrated(waiting: Iterable[Row], found: Iterable[Certificate], blueprint: Blueprint) -> list[Row]:
    """The waiting results with their certificate's figures, if any, and the comparison with the truth.

    Args:
        waiting: `pending`.
        found: `certificates`.
        blueprint: Knows the truth where it is planted.
    """
    held: dict[tuple[str, str | None, date | None], Certificate]
    held = {(c.method, c.metric, c.as_of): c for c in found}
    truths = {place: planted(blueprint, *place) for place in set(map(_place, waiting))}
    rows = []
    for row in waiting:
        certificate = held.get((str(row["method"]), *look(row))) if row["segment"] == ALL else None
        arms = truths[_place(row)]
        judged = compare(
            None if arms is None else arms[str(row["treatment"])],
            # A row of gold holds objects; the contract says that these are numbers.
            **{name: row[name] for name in ("estimate", "lower", "upper", "p_value", "alpha")},  # type: ignore[arg-type]
        )
        rows.append({**row, **_figures(certificate), **asdict(judged)})
    return rows


def _figures(certificate: Certificate | None) -> Row:
    if certificate is None:
        return {}
    return {
        "certificate_id": certificate.certificate_id,
        "type_i_error": certificate.type_i_error,
        "type_i_lower": certificate.lower,
        "type_i_upper": certificate.upper,
    }


def look(row: Row) -> Look:
    """A result's metric and look."""
    metric, as_of = row["metric"], row["as_of"]
    if not isinstance(metric, str) or not isinstance(as_of, date):
        raise TypeError(f"a result needs a metric and a date, not {metric!r} and {as_of!r}")
    return metric, as_of


def _place(row: Row) -> tuple[str, str, date, str]:
    """What a result is of: experiment, metric, look and segment."""
    return str(row["experiment"]), *look(row), str(row["segment"])

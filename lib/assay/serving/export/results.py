"""An experiment's comparisons from gold: the newest look, a look that is named, or all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NoReturn

import pyarrow as pa

from assay.errors import InputError, did_you_mean
from assay.serving.quoting import quoted

Query = Callable[[str], pa.Table]
"""SQL → answer; `assay.serving.queries.query`, or its like."""

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'gold'"
_LOOKS = "SELECT DISTINCT experiment, as_of FROM gold.experiment_results ORDER BY experiment, as_of"
_ROWS = (
    "SELECT * FROM gold.experiment_results WHERE experiment = {experiment} AND {looks} AND {units} "
    "ORDER BY as_of, metric, segment, contrast, method"
)
_RATIOS = (
    "SELECT as_of, p_value FROM gold.experiment_health WHERE experiment = {experiment} AND \"check\" = 'srm'"
)


def read(
    query: Query,
    experiment: str,
    *,
    as_of: date | None = None,
    every: bool = False,
    segments: bool = False,
) -> pa.Table:
    """The comparisons of an experiment.

    Args:
        query: Answers SQL.
        experiment: Its name; of a later round with its number, `checkout.2`.
        as_of: The look; the newest if not given.
        every: All looks.
        segments: Those of segments too, not of everyone only.

    Returns:
        The rows and columns of gold.experiment_results, and `srm_p_value` of each look from
        gold.experiment_health.

    Raises:
        InputError: Nothing was analysed yet, not that experiment, or not at that look.
        TransientError: The catalog or the object store does not answer.
    """
    tables = query(_TABLES).column("table_name").to_pylist()
    looks = _looks(query, experiment) if "experiment_results" in tables else _nothing()
    if as_of is not None and as_of not in looks:
        known = ", ".join(str(look) for look in looks)
        raise InputError(f"experiment {experiment!r} has no look as of {as_of}; its looks are {known}")
    chosen = "true" if every else f"as_of = DATE '{looks[-1] if as_of is None else as_of}'"
    name = quoted(experiment)
    units = "true" if segments else "segment = 'all'"
    rows = query(_ROWS.format(experiment=name, looks=chosen, units=units))
    if "experiment_health" not in tables:
        return rows
    ratios = {row["as_of"]: row["p_value"] for row in query(_RATIOS.format(experiment=name)).to_pylist()}
    values = [ratios.get(day) for day in rows.column("as_of").to_pylist()]
    return rows.append_column("srm_p_value", pa.array(values, pa.float64()))


def _looks(query: Query, experiment: str) -> list[date]:
    """The days of the experiment's looks, in order."""
    found: dict[str, list[date]] = {}
    for row in query(_LOOKS).to_pylist():
        found.setdefault(row["experiment"], []).append(row["as_of"])
    if not found:
        _nothing()
    if experiment not in found:
        raise InputError(
            f"there are no results of an experiment {experiment!r}; {did_you_mean(experiment, found)}"
        )
    return found[experiment]


def _nothing() -> NoReturn:
    raise InputError("gold.experiment_results has no results yet; `assay run` makes them")

"""What the lake knows of an experiment: looks, checks, certificates, blueprint, and the tables' states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from assay.errors import InputError, TransientError
from assay.serving.export import results
from assay.serving.quoting import quoted
from assay.spec import Blueprint

Row = Mapping[str, Any]
Query = Callable[[str], pa.Table]
"""SQL → answer; `assay.serving.queries.query`, or its like."""
States = Callable[[Iterable[str]], Mapping[str, str]]
"""Tables → the state that each has now; `assay.serving.queries.states.states`, or its like."""

TABLES = (
    "gold.experiment_results",
    "gold.experiment_health",
    "gold.certificates",
    "silver.blueprints",
    "silver.loads",
)
"""What a report is made of."""
_ATTEMPTS = 3
_HEALTH = (
    "SELECT * FROM gold.experiment_health WHERE experiment = {experiment} AND as_of <= DATE '{as_of}' "
    'ORDER BY as_of, "check"'
)
_CERTIFICATES = "SELECT * FROM gold.certificates WHERE certificate_id IN ({ids}) ORDER BY metric, method"
_LOADED = (
    "SELECT blueprint, max(week) AS week FROM silver.loads WHERE week < DATE '{as_of}' GROUP BY blueprint "
    "ORDER BY week DESC, blueprint"
)
_DOCUMENT = (
    "SELECT version, document FROM silver.blueprints WHERE blueprint = {blueprint} "
    "ORDER BY number DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment as gold has it.

    Attributes:
        experiment: Its id.
        results: Rows of gold.experiment_results of all looks up to `as_of`, by look.
        health: Rows of gold.experiment_health of the same looks.
        certificates: Rows of gold.certificates of the newest look, by id.
        blueprint: The one in force at that look; None where the lake has none that plans the experiment.
        document: Version of its stored document.
        states: Table → the snapshot that was read; tables that are not there are left out.
    """

    experiment: str
    results: tuple[Row, ...]
    health: tuple[Row, ...]
    certificates: Mapping[str, Row]
    blueprint: Blueprint | None
    document: str | None
    states: Mapping[str, str]

    @property
    def as_of(self) -> date:
        """The newest look."""
        day: date = self.results[-1]["as_of"]
        return day

    @property
    def looks(self) -> list[date]:
        """All looks, in order."""
        return sorted({row["as_of"] for row in self.results})

    @property
    def newest(self) -> list[Row]:
        """The results of the newest look."""
        return [row for row in self.results if row["as_of"] == self.as_of]


def read(query: Query, states: States, experiment: str, *, as_of: date | None = None) -> Found:
    """Ask for an experiment, from one state of all tables.

    Args:
        query: Answers SQL.
        states: Tells the states of tables.
        experiment: Its name; of a later round with its number, `checkout.2`.
        as_of: The newest look to tell of; the newest there is if not given.

    Raises:
        InputError: Nothing was analysed yet, not that experiment, or not at that look.
        TransientError: The catalog or the object store does not answer, or a run publishes all the while.
    """
    for _ in range(_ATTEMPTS):
        before = states(TABLES)
        found = _read(query, experiment, as_of, before)
        if states(TABLES) == before:
            return found
    raise TransientError("the tables changed while they were read; ask again when no run publishes")


def _read(query: Query, experiment: str, as_of: date | None, states: Mapping[str, str]) -> Found:
    rows = results.read(query, experiment, as_of=as_of, every=True).to_pylist()
    kept = tuple(row for row in rows if as_of is None or row["as_of"] <= as_of)
    newest = kept[-1]["as_of"]
    ids = {row["certificate_id"] for row in kept if row["as_of"] == newest and row.get("certificate_id")}
    blueprint, document = _blueprint(query, states, experiment, newest)
    checks = _HEALTH.format(experiment=quoted(experiment), as_of=newest)
    health = _rows(query, states, "gold.experiment_health", checks)
    listed = ", ".join(f"'{each}'" for each in sorted(ids)) or "''"
    measured = _rows(query, states, "gold.certificates", _CERTIFICATES.format(ids=listed))
    return Found(
        experiment=experiment,
        results=kept,
        health=tuple(health),
        certificates={row["certificate_id"]: row for row in measured},
        blueprint=blueprint,
        document=document,
        states=states,
    )


def _blueprint(
    query: Query, states: Mapping[str, str], experiment: str, as_of: date
) -> tuple[Blueprint | None, str | None]:
    """The blueprint whose week was loaded last, of those that plan the experiment."""
    if "silver.blueprints" not in states:
        return None, None
    for load in _rows(query, states, "silver.loads", _LOADED.format(as_of=as_of)):
        for row in query(_DOCUMENT.format(blueprint=quoted(load["blueprint"]))).to_pylist():
            blueprint = Blueprint.parse(row["document"], f"silver.blueprints, {load['blueprint']}")
            if _plans(blueprint, experiment):
                return blueprint, row["version"]
    return None, None


def _plans(blueprint: Blueprint, experiment: str) -> bool:
    try:
        blueprint.round_of(experiment)
    except InputError:
        return False
    return True


def _rows(query: Query, states: Mapping[str, str], table: str, sql: str) -> list[dict[str, Any]]:
    """The answer, or nothing where the table is not there yet."""
    return query(sql).to_pylist() if table in states else []

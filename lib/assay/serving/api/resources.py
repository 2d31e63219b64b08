"""What can be read: each resource is a question in Athena's SQL about one table of gold.

Nothing that a caller sends becomes SQL. Which conditions a question has is chosen among those that stand
here; their values are bound to the question marks, as texts that the SQL itself casts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from assay.client.records import Asset, Certificate, Experiment, Job, Price, Record, Result, Run

Given = Mapping[str, str]
"""Filter → its value, as text."""
CONDITIONS: Final[Given] = {
    **{
        name: f"{name} = ?"
        for name in (
            "experiment", "metric", "segment", "contrast", "method", "certificate_id", "verdict", "kind",
            "asset", "exchange", "run", "state",
        )
    },
    "as_of": "as_of = CAST(? AS date)",
    "week": "week = CAST(? AS date)",
    "since": "day >= CAST(? AS date)",
    "until": "day <= CAST(? AS date)",
    "final": "final = CAST(? AS boolean)",
    "canary": "(substr(experiment, 1, 7) = 'canary_') = CAST(? AS boolean)",
}  # fmt: skip
"""Filter → condition, with a question mark for its value."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A question with the values for its question marks.

    Attributes:
        table: The table of gold that it reads.
        sql: Athena's SQL; `{table}` stands for the table.
        values: In the order of the question marks.
    """

    table: str
    sql: str
    values: tuple[str, ...]

    def of(self, table: str) -> str:
        """The SQL with the table named.

        Args:
            table: How an engine names it.
        """
        return self.sql.replace("{table}", table)


@dataclass(frozen=True, slots=True)
class Resource:
    """A list of rows.

    Attributes:
        name: What it is called.
        record: What a row is.
        table: The table of gold.
        select: The rows without filters; `{table}` stands for the table.
        order: Columns that order them, no two alike.
        lists: Columns that hold several words, joined by commas.
    """

    name: str
    record: type[Record]
    table: str
    select: str
    order: str
    lists: tuple[str, ...] = ()

    def statement(self, given: Given, *, offset: int = 0, most: int) -> Statement:
        """Some of the rows.

        Args:
            given: Filters that are set.
            offset: How many rows to pass over.
            most: How many to give.
        """
        where = " AND ".join(CONDITIONS[name] for name in given)
        parts = [
            f"SELECT * FROM (\n{self.select}\n) AS found",  # noqa: S608 all of it stands in this module
            f"WHERE {where}" if where else "",
            # Numbers, and not bound: an engine may put OFFSET behind LIMIT, and values would not follow.
            f"ORDER BY {self.order} OFFSET {offset:d} LIMIT {most:d}",
        ]
        return Statement(self.table, "\n".join(part for part in parts if part), tuple(given.values()))

    def digest(self, given: Given) -> str:
        """A short name of the question, the same for the same filters."""
        text = json.dumps([self.name, sorted(given.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _columns(record: type[Record], **changed: str) -> str:
    """The columns of a record, some of them made otherwise than by their name."""
    names = [each.name for each in fields(record)]  # type: ignore[arg-type]
    made = {"run": "_run_id", **changed}
    columns = ", ".join(f"{made[name]} AS {name}" if name in made else name for name in names)
    return f"    SELECT {columns} FROM {{table}}"  # noqa: S608 names of fields, and what stands here


EXPERIMENTS = Resource(
    "experiments",
    Experiment,
    "experiment_results",
    """\
    SELECT
        experiment,
        max(as_of) AS as_of,
        min(as_of) AS first_as_of,
        count(DISTINCT as_of) AS looks,
        count_if(age = 1 AND final) > 0 AS final,
        count_if(age = 1 AND srm) > 0 AS srm,
        array_join(array_sort(array_agg(DISTINCT metric)), ',') AS metrics,
        count(DISTINCT contrast) AS contrasts
    FROM (
        SELECT
            experiment, as_of, metric, contrast, final, srm,
            rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
        FROM {table}
    ) AS looks
    GROUP BY experiment""",
    "experiment",
    ("metrics",),
)
RESULTS = Resource(
    "results",
    Result,
    "experiment_results",
    _columns(Result),
    "experiment, as_of, metric, segment, contrast, method",
)
CERTIFICATES = Resource(
    "certificates",
    Certificate,
    "certificates",
    _columns(Certificate),
    "certificate_id",
)
ASSETS = Resource(
    "assets",
    Asset,
    "asset_daily",
    """\
    SELECT
        asset,
        max(exchange) AS exchange,
        max(currency) AS currency,
        min(day) AS first_day,
        max(day) AS last_day,
        count(*) AS days,
        max_by(close, day) FILTER (WHERE close IS NOT NULL) AS close,
        sum(traded_value) AS traded_value
    FROM {table}
    GROUP BY asset""",
    "asset",
)
PRICES = Resource(
    "prices",
    Price,
    "asset_daily",
    _columns(Price, sources="array_join(sources, ',')", dissenting="array_join(dissenting, ',')"),
    "asset, day",
    ("sources", "dissenting"),
)
RUNS = Resource(
    "runs",
    Run,
    "runs",
    """\
    SELECT
        run_id AS run,
        max(week) AS week,
        CASE
            WHEN count_if(state = 'FAILED') > 0 THEN 'FAILED'
            WHEN count_if(state = 'STARTED') > 0 THEN 'STARTED'
            ELSE 'SUCCEEDED'
        END AS state,
        min(started_at) AS started_at,
        max(ended_at) AS ended_at,
        count(*) AS jobs,
        count_if(state = 'FAILED') AS failed,
        sum(rows_quarantined) AS rows_quarantined,
        sum(seconds) AS seconds,
        sum(dollars) AS dollars
    FROM {table}
    GROUP BY run_id""",
    "started_at DESC, run",
)
JOBS = Resource(
    "jobs",
    Job,
    "runs",
    "    SELECT run_id AS run, job, state, started_at, ended_at, seconds, error FROM {table}",
    "started_at, job",
)
EVERY: Final = (EXPERIMENTS, RESULTS, CERTIFICATES, ASSETS, PRICES, RUNS, JOBS)
TABLES: Final = tuple(dict.fromkeys(each.table for each in EVERY))
"""The tables of gold that the API reads, and no others."""

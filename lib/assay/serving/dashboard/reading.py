"""What the pages show, asked of gold in Athena's SQL."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa

Query = Callable[[str], pa.Table]
"""SQL → answer; `assay.serving.queries.query`, or its like."""

_RESULTS = """
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment, metric, contrast, method ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
    WHERE segment = 'all' AND decision <> 'running'
)
SELECT experiment, as_of, metric, contrast, method, n_control, n_treatment, estimate, lower, upper, p_value,
       alpha, decision, srm, type_i_error, truth, error_kind
FROM looks
WHERE age = 1
ORDER BY experiment, metric, contrast, method
"""
_RUNS = """
SELECT run_id, week, job, state, started_at, rows_in, rows_out, rows_quarantined, seconds, dollars, error
FROM gold.runs
ORDER BY started_at DESC, job
"""
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'gold'"


def results(query: Query) -> pd.DataFrame:
    """The newest look of every comparison that is decided, or has ended; no rows where there is none yet.

    Args:
        query: Answers SQL.

    Returns:
        One row per experiment, metric, contrast and method, sorted by these; a missing number is NaN.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return _rows(query, "experiment_results", _RESULTS)


def runs(query: Query) -> pd.DataFrame:
    """What every job of every run did, the newest first; no rows where nothing ran yet.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return _rows(query, "runs", _RUNS)


def _rows(query: Query, table: str, sql: str) -> pd.DataFrame:
    """A lake that no run has filled yet lacks the table, which is no error here."""
    if table not in query(_TABLES).column("table_name").to_pylist():
        return pd.DataFrame()
    found: pd.DataFrame = query(sql).to_pandas()
    return found

"""What the page *Pipeline* asks of gold: runs, and how old tables are."""

from __future__ import annotations

from typing import Final

RUNS: Final = """
SELECT run_id, week, job, state, started_at, rows_in, rows_out, rows_quarantined, seconds, dollars, error,
       warnings
FROM gold.runs
ORDER BY started_at DESC, job
"""
"""What every job of every run did, the newest first."""
_NEWEST = {
    "asset_daily": "max(day)",
    "certificates": "date_add('day', -1, max(as_of))",
    "experiment_health": "date_add('day', -1, max(as_of))",
    "experiment_results": "date_add('day', -1, max(as_of))",
    "metric_moments": "date_add('day', -1, max(as_of))",
    "portfolio_daily": "max(day)",
    "reconciliation": "date_add('day', 6, max(week))",
    "unit_metrics": "date_add('day', 6, max(period))",
}
"""Table of gold → the newest day that it tells of."""
_FRESHNESS = """
WITH newest AS (
    {newest}
),
worked AS (
    SELECT date_add('day', 6, max(week)) AS last_day FROM gold.runs
)
SELECT newest.table_name, newest.newest, date_diff('day', newest.newest, worked.last_day) AS days_behind
FROM newest
CROSS JOIN worked
ORDER BY days_behind DESC, table_name
"""


def freshness() -> str:
    """The newest day that each table of gold tells of, and how far it lies before the newest week's end.

    The view `gold.table_freshness` tells of silver as well, which the dashboard's role in AWS does not read.
    """
    parts = [f"SELECT 'gold.{t}' AS table_name, {day} AS newest FROM gold.{t}" for t, day in _NEWEST.items()]  # noqa: S608 - names are ours
    return _FRESHNESS.format(newest=" UNION ALL ".join(parts))

"""What the page *Calibration* shows: planted experiments beside their truth, and the measured methods."""

from __future__ import annotations

import pandas as pd

from assay.serving.dashboard.reading import Query, rows
from assay.serving.queries import saved

_P_VALUES = """
SELECT metric, method, p_value
FROM gold.experiment_results
WHERE experiment LIKE 'canary%' AND final AND segment = 'all' AND truth = 0e0 AND p_value IS NOT NULL
ORDER BY metric, method, p_value
"""
_RATES = """
SELECT metric, method, nulls, false_alarms, type_i_error, type_i_lower, type_i_upper,
       1e0 - coverage_promised AS promised
FROM gold.canary_rates
WHERE nulls > 0
ORDER BY metric, method
"""
_GATE = """
SELECT week, run_id, state, rows_in, seconds, error
FROM gold.runs
WHERE job LIKE '%-calibrate'
ORDER BY week, started_at
"""


def p_values(query: Query) -> pd.DataFrame:
    """The p-values of all canaries that have ended, in metrics that nothing is planted in.

    Args:
        query: Answers SQL.

    Returns:
        Sorted by metric, method and p-value.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _P_VALUES)


def rates(query: Query) -> pd.DataFrame:
    """How often each method called canaries different that are not, with the band of so many results.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _RATES)


def coverage(query: Query) -> pd.DataFrame:
    """How often the intervals of each look hold the planted truth, with the band of so many results.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, saved.text("coverage"))


def power(query: Query) -> pd.DataFrame:
    """How often an effect that is planted is found at the end, with the band of so many results.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, saved.text("power"))


def methods(query: Query) -> pd.DataFrame:
    """The newest certificate of each method on each metric.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, saved.text("methods"))


def gate(query: Query) -> pd.DataFrame:
    """What the gate said of every week.

    Args:
        query: Answers SQL.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    return rows(query, _GATE)

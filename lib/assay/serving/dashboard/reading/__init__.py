"""What the pages ask of gold, in Athena's SQL: a module per page, only the columns that it shows."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from assay.serving.queries.catalog import NoTableError

Query = Callable[[str], pa.Table]
"""SQL → answer; `assay.serving.queries.query`, or its like."""


def rows(query: Query, sql: str) -> pd.DataFrame:
    """The answer to a query.

    Args:
        query: Answers SQL.
        sql: The query.

    Returns:
        One row per row of the answer; a missing number is NaN. No rows where a table is not there: a lake
        that no run has filled yet lacks it, which is no error here.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    try:
        found: pd.DataFrame = query(sql).to_pandas()
    except NoTableError:
        return pd.DataFrame()
    return found

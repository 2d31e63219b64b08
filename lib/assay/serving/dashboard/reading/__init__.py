"""What the pages ask of gold, in Athena's SQL: a module per page, only the columns that it shows."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from assay.serving.queries.catalog import NoTableError

Query = Callable[[str], pd.DataFrame]
"""SQL → its rows, which others read as well: nobody changes them."""


def rows(sql: str, engine: Callable[[str], pa.Table]) -> pd.DataFrame:
    """The rows of a query.

    Args:
        sql: The query.
        engine: Answers it; `assay.serving.queries.query`, or its like.

    Returns:
        One row per row of the answer; a missing number is NaN. No rows where a table is not there: a lake
        that no run has filled yet lacks it, which is no error here.

    Raises:
        TransientError: The catalog or the object store does not answer.
    """
    try:
        found: pd.DataFrame = engine(sql).to_pandas()
    except NoTableError:
        return pd.DataFrame()
    return found

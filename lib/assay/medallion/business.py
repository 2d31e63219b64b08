"""What marts about the business read: silver without canaries, whose customers are nobody's."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def business(rows: DataFrame, unit: str = "customer_id") -> DataFrame:
    """The rows whose unit is not a canary's: canaries have the negative ids (`assay.spec.canaries`).

    Args:
        rows: A silver table or its changelog.
        unit: The column that names the unit.
    """
    return rows.where(F.col(unit) >= 0)

"""What silver takes from beside a bronze row: what fits exactly, and a reason for all else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pyspark.sql import SparkSession

from assay.medallion.silver_extra import recovered


def test_what_stands_beside_a_row_is_taken_exactly_or_is_a_reason(spark: SparkSession) -> None:
    extras = [
        None,
        '{"price": 1.5, "day": "2026-01-05", "note": "ok", "venue": "X"}',
        '{"price": 1.00005, "day": "12:30", "note": "base64:/w=="}',
        '{"price": "NaN"}',
    ]
    rows = spark.createDataFrame(
        [(n, None, None, None, extra, "f") for n, extra in enumerate(extras)],
        "id int, price decimal(18,4), day date, note string, _extra string, _source_file string",
    )
    found = recovered(rows, ("_source_file",), unknown=True).orderBy("id").collect()
    assert [(row["price"], row["day"], row["note"], row["_misfit"]) for row in found] == [
        (None, None, None, []),
        (Decimal("1.5"), date(2026, 1, 5), "ok", ["column venue is not in the contract"]),
        (None, None, None, ["price is decimal(18,4)", "day is date", "note is string"]),
        (None, None, None, ["price is decimal(18,4)"]),
    ]
    lenient = recovered(rows, ("_source_file",), unknown=False).orderBy("id").collect()
    assert lenient[1]["_misfit"] == []

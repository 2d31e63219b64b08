"""What fits a column's type, value by value, on real Spark: exact or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType, _parse_datatype_string

from assay.medallion.fitting import fitted, is_lossless, quoted, readable

HARD = "odd `name`"
# (a value as SQL, its type, the type that it shall have, the value as text or None where it does not fit)
CASES = [
    ("7", "int", "bigint", "7"),
    ("9223372036854775807", "bigint", "int", None),
    ("7", "bigint", "int", "7"),
    ("12", "int", "decimal(18,2)", "12.00"),
    ("99999999999999999", "bigint", "decimal(18,2)", None),
    ("1.5", "decimal(38,20)", "decimal(18,4)", "1.5000"),
    ("1.00005", "decimal(38,20)", "decimal(18,4)", None),
    ("123456789012345.5", "decimal(38,4)", "decimal(18,4)", None),
    ("10.1", "double", "decimal(18,4)", "10.1000"),
    ("0.1 + 0.2D", "double", "decimal(18,4)", None),
    ("'NaN'", "double", "decimal(18,4)", None),
    ("'-Infinity'", "double", "decimal(18,4)", None),
    ("'Infinity'", "double", "bigint", None),
    ("1.5", "double", "bigint", None),
    ("'NaN'", "double", "float", "NaN"),
    ("9007199254740993", "bigint", "double", None),
    ("1.5", "float", "double", "1.5"),
    ("'12.50'", "string", "decimal(18,4)", "12.5000"),
    ("'12.50005'", "string", "decimal(18,4)", None),
    ("'12.500000'", "string", "decimal(18,4)", "12.5000"),
    ("'1e3'", "string", "decimal(18,4)", "1000.0000"),
    ("'1.5E-4'", "string", "decimal(18,4)", None),
    ("'12 EUR'", "string", "decimal(18,4)", None),
    ("'12.0'", "string", "bigint", None),
    ("'99999999999999999999'", "string", "bigint", None),
    ("'2026-01-05'", "string", "date", "2026-01-05"),
    ("'2026'", "string", "date", None),
    ("'2026-02-30'", "string", "date", None),
    ("'12:30'", "string", "timestamp", None),
    ("'2026-01-05T12:30:00Z'", "string", "timestamp", "2026-01-05 12:30:00"),
    ("'yes'", "string", "boolean", "true"),
    ("'0001-01-01'", "date", "timestamp", "0001-01-01 00:00:00"),
    ("'9999-12-31 23:59:59.999999'", "timestamp_ntz", "timestamp", "9999-12-31 23:59:59.999999"),
    ("'2026-01-05 12:30:00'", "timestamp", "date", None),
    ("'2026-01-05 00:00:00'", "timestamp", "date", "2026-01-05"),
    ("5", "bigint", "string", "5"),
    ("'é'", "string", "string", "é"),
    ("x'ff'", "string", "string", None),
    ("x'c3a9'", "binary", "string", "é"),
    ("x'ff'", "binary", "string", None),
    ("'2026-01-05'", "date", "bigint", None),
    ("array(1)", "array<int>", "decimal(18,4)", None),
    ("true", "boolean", "double", None),
]


def kind(text: str) -> DataType:
    parsed = _parse_datatype_string(f"c {text}")
    assert isinstance(parsed, StructType)
    return parsed[0].dataType


def test_a_value_fits_exactly_or_not_at_all(spark: SparkSession) -> None:
    columns: list[Any] = []
    for n, (_, have, want, _) in enumerate(CASES):
        value, unfit = fitted(quoted(f"{n} {HARD}"), kind(have), kind(want))
        columns += [value.cast("string").alias(f"v{n}"), unfit.alias(f"u{n}")]
    source = spark.range(1).select(
        *(
            F.expr(f"cast({value} as {have})").alias(f"{n} {HARD}")
            for n, (value, have, _, _) in enumerate(CASES)
        )
    )
    (row,) = source.select(*columns).collect()
    found = [(row[f"v{n}"], row[f"u{n}"]) for n in range(len(CASES))]
    assert found == [(wanted, wanted is None) for _, _, _, wanted in CASES]


def test_null_fits_everything(spark: SparkSession) -> None:
    for have, want in (("string", "decimal(18,4)"), ("string", "string"), ("date", "bigint")):
        value, unfit = fitted("c", kind(have), kind(want))
        frame = spark.range(1).select(F.lit(None).cast(have).alias("c"))
        assert frame.select(value, unfit).collect()[0][:] == (None, False)


@pytest.mark.parametrize(
    ("have", "want", "lossless"),
    [
        ("int", "double", True),
        ("bigint", "double", False),
        ("smallint", "int", True),
        ("string", "int", False),
        ("string", "string", True),
        ("decimal(18,2)", "decimal(18,4)", False),
        ("decimal(10,2)", "decimal(18,4)", True),
        ("bigint", "decimal(18,2)", False),
        ("bigint", "decimal(38,2)", True),
    ],
)
@pytest.mark.usefixtures("spark")  # types are parsed by Spark
def test_which_types_widen(have: str, want: str, lossless: bool) -> None:
    assert is_lossless(kind(have), kind(want)) is lossless


def test_json_keeps_microseconds_and_bytes(spark: SparkSession) -> None:
    values = {
        "timestamp": ("'2026-01-05 12:00:00.000001'", "2026-01-05T12:00:00.000001Z"),
        "timestamp_ntz": ("'2026-01-05 12:00:00.000001'", "2026-01-05 12:00:00.000001"),
        "date": ("'0001-01-01'", "0001-01-01"),
        "string": ("x'ff00'", "base64:/wA="),
        "decimal(38,10)": ("12345678901234567890.0000000001", 12345678901234567890.0000000001),
        "double": ("'NaN'", "NaN"),
        "binary": ("x'00'", "base64:AA=="),
    }
    source = spark.range(1).select(*(F.expr(f"cast({v} as {t})").alias(t) for t, (v, _) in values.items()))
    text = source.select(
        F.to_json(F.struct(*(readable(quoted(t), kind(t)).alias(t) for t in values)))
    ).collect()[0][0]
    assert json.loads(text) == {t: wanted for t, (_, wanted) in values.items()}
    assert '"decimal(38,10)":12345678901234567890.0000000001' in text
    assert quoted("a`b") == "`a``b`"

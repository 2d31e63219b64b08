"""Names of the JVM are looked up once."""

from __future__ import annotations

from typing import Any

import pytest
from py4j.java_gateway import JavaPackage, JVMView
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay.lake import Lake
from assay.spark import names


def test_no_kept_name_is_asked_for_again(
    spark: SparkSession, catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names.keep(spark)
    names.keep(spark)
    asked: list[str] = []

    def counted(holder: type) -> None:
        lookup: Any = holder.__getattr__  # type: ignore[attr-defined]

        def find(self: Any, name: str) -> Any:
            asked.append(name)
            return lookup(self, name)

        monkeypatch.setattr(holder, "__getattr__", find)

    counted(JVMView)
    counted(JavaPackage)
    assert spark.range(3).where(F.col("id") > F.lit(1)).count() == 1
    assert not Lake(spark, "r-1", catalog).exists("silver.trades")
    assert not {part for name in names.NAMES for part in name.split(".")} & set(asked)
    assert str(spark._jvm.java.util.UUID(0, 1)).endswith("1")  # type: ignore[union-attr]
    assert {"util", "UUID"} <= set(asked)  # what is not kept is found as ever

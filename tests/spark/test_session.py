"""A job's session: settings come from outside, and what is missing is said before anything runs."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from assay.errors import InputError
from assay.spark import session as module
from assay.spark.session import session


def test_the_running_session_is_taken(spark: SparkSession) -> None:
    assert session("assay-silver").sparkContext is spark.sparkContext


def test_a_session_without_the_catalog_is_refused(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spark.version
    monkeypatch.setattr(module, "CATALOG", "another_catalog")
    with pytest.raises(InputError, match=r"no setting spark.sql.catalog.another_catalog; on Glue give it in"):
        session("assay-silver")


def test_a_session_in_another_time_zone_is_refused(spark: SparkSession) -> None:
    spark.conf.set("spark.sql.session.timeZone", "Europe/Madrid")
    try:
        with pytest.raises(InputError, match="timeZone is Europe/Madrid; it must be UTC"):
            session("assay-silver")
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")

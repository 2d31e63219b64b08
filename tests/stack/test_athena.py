"""Athena's calls against the emulator, whose Athena runs plain queries; it knows no Iceberg table."""

from __future__ import annotations

import boto3
import pytest

from assay.errors import AssayError
from assay.runtime import athena
from assay.serving.queries import athena as asked_athena


@pytest.fixture(autouse=True)
def workgroup(aws: str) -> None:
    """The workgroup that the stack `catalog` would make."""
    client = boto3.client("athena", endpoint_url=aws, region_name="eu-west-1")
    boto3.client("s3", endpoint_url=aws, region_name="eu-west-1").create_bucket(
        Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    client.create_work_group(
        Name=athena.WORKGROUP,
        Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/athena/"}},
    )


def test_a_query_is_started_awaited_and_read() -> None:
    sql = "SELECT 1 AS n, 'a' AS name, DATE '2026-01-05' AS day UNION ALL SELECT 2, NULL, NULL ORDER BY n"
    found = asked_athena.query(sql)
    assert found.column("n").to_pylist() == [1, 2]
    assert found.column("name").to_pylist() == ["a", None]
    assert [day and day.isoformat() for day in found.column("day").to_pylist()] == ["2026-01-05", None]
    with pytest.raises(AssayError, match="Athena refuses the query"):
        athena.ask("SELECT no_such_column")

"""Parquet tables of the Data Catalog, as DuckDB reads them: types, partitions, files of different ages."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import InputError
from assay.runtime import clients
from assay.runtime.data_catalog import DataCatalog
from assay.serving.queries import query, scan
from assay.serving.queries.plan import plan

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
COLUMNS = {
    "visitor": "varchar(20)", "seen_at": "timestamp", "seconds": "int", "price": "decimal(9,2)",
    "tags": "array<string>",
}  # fmt: skip
Make = Callable[..., str]


@pytest.fixture
def make(aws: str) -> Make:
    """Makes tables of a database of the test's own; returns the database's name."""
    assert aws
    database = f"clicks_{uuid.uuid4().hex[:8]}"
    clients.glue().create_database(DatabaseInput={"Name": database})
    clients.s3().create_bucket(
        Bucket=bucket(database), CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )

    def made(name: str, stored: Mapping[str, Any] = PARQUET, place: str = "", **more: Any) -> str:
        columns = [{"Name": each, "Type": kind} for each, kind in COLUMNS.items()]
        location = place or f"s3a://{bucket(database)}/{name}/"
        clients.glue().create_table(
            DatabaseName=database,
            TableInput={
                "Name": name, "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": {"Location": location, "Columns": columns, **stored}, **more,
            },
        )  # fmt: skip
        return database

    return made


def bucket(database: str) -> str:
    return database.replace("_", "-")


def put(database: str, key: str, **columns: Any) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    clients.s3().put_object(Bucket=bucket(database), Key=key, Body=file.getvalue())


def partition(database: str, table: str, values: list[str], folder: str) -> None:
    stored = {"Location": f"s3://{bucket(database)}/{folder}", **PARQUET}
    clients.glue().create_partition(
        DatabaseName=database, TableName=table,
        PartitionInput={"Values": values, "StorageDescriptor": stored},  # type: ignore[typeddict-item]
    )  # fmt: skip


def test_a_table_is_read_with_the_columns_and_partitions_of_the_catalog(make: Make) -> None:
    database = make("events", PartitionKeys=[{"Name": "day", "Type": "date"}, {"Name": "n", "Type": "int"}])
    at = datetime(2026, 1, 5, 10)  # noqa: DTZ001 a timestamp without zone
    put(database, "events/day=2026-01-05/n=1/new.parquet", Visitor=["a"], seen_at=[at], seconds=[7])
    put(database, "events/day=2026-01-05/n=1/_hidden.parquet", visitor=["no"], seconds=[1])
    put(database, "elsewhere/old.parquet", visitor=["b", "c"])
    put(database, "nobody/knows.parquet", visitor=["no"])
    partition(database, "events", ["2026-01-05", "1"], "events/day=2026-01-05/n=1/")
    partition(database, "events", ["2026-01-06", "__HIVE_DEFAULT_PARTITION__"], "elsewhere")
    sql = f"SELECT visitor, seen_at, seconds, price, day, n FROM {database}.events ORDER BY visitor"
    first, second, third = query(sql).to_pylist()
    assert (first["visitor"], first["seen_at"], first["seconds"], first["n"]) == ("a", at, 7, 1)
    assert [(row["visitor"], row["seconds"], row["n"]) for row in (second, third)] == [
        ("b", None, None),
        ("c", None, None),
    ]
    assert [f"{row['day']}" for row in (first, second)] == ["2026-01-05", "2026-01-06"]
    assert query(f"SELECT count(*) AS rows FROM {database}.events").to_pylist() == [{"rows": 3}]


def test_what_it_would_read_is_known_before(make: Make) -> None:
    database = make("events")
    put(database, "events/one.parquet", visitor=["a"] * 1000)
    planned = plan(f"SELECT visitor FROM {database}.events")
    (table,) = planned.tables.values()
    held = clients.s3().head_object(Bucket=bucket(database), Key="events/one.parquet")["ContentLength"]
    assert scan.size(table, ("visitor",), None) == held
    with pytest.raises(InputError, match=r"the query would read about .* from clicks_.*\.events; at most"):
        planned.bounded(held - 1)
    assert planned.types[database, "events"] == {
        "visitor": "VARCHAR", "seen_at": "TIMESTAMP", "seconds": "INTEGER", "price": "DECIMAL(9,2)",
    }  # fmt: skip


def test_a_table_without_files_is_empty(make: Make) -> None:
    database = make("events")
    assert query(f"SELECT * FROM {database}.events").num_rows == 0


def test_files_unlike_the_catalog_are_one_sentence(make: Make) -> None:
    database = make("events")
    put(database, "events/odd.parquet", seconds=["soon"])
    with pytest.raises(InputError, match=r"odd\.parquet has a column of another type"):
        query(f"SELECT seconds FROM {database}.events")


def test_tables_of_other_kinds_are_refused(make: Make) -> None:
    text = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "SerdeInfo": {}}
    database = make("lines", stored=text)
    make("computed", Parameters={"projection.enabled": "true"})
    with pytest.raises(InputError, match=r"lines is a table of kind CSV or text; Iceberg"):
        query(f"SELECT * FROM {database}.lines")
    with pytest.raises(InputError, match="computed is a table whose partitions only Athena computes"):
        query(f"SELECT * FROM {database}.computed")
    with pytest.raises(InputError, match=r"there is no table 'clicks_.*\.lost'"):
        query(f"SELECT * FROM {database}.lost")


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"Parameters": {"table_type": "ICEBERG"}}, "Iceberg"),
        ({"Parameters": {"table_type": "DELTA"}}, "DELTA"),
        ({"Parameters": {"spark.sql.sources.provider": "delta"}}, "delta"),
        ({"Parameters": {"spark.sql.sources.provider": "parquet"}}, "Parquet"),
        ({"TableType": "VIRTUAL_VIEW"}, "view"),
        (
            {"stored": {"SerdeInfo": {"SerializationLibrary": "hive.ql.io.orc.OrcSerde"}}},
            "ORC",
        ),
        ({"stored": {}}, "unknown"),
    ],
)
def test_what_a_table_is(make: Make, more: dict[str, Any], kind: str) -> None:
    database = make("t", **more)
    entry = DataCatalog().entry(f"{database}.t")
    assert entry is not None
    assert (entry.kind, entry.location) == (kind, f"s3://{bucket(database)}/t/")
    assert entry.columns["visitor"] == "string"


def test_columns_that_an_iceberg_table_had_once_are_none(make: Make) -> None:
    once = {"Name": "old", "Type": "integer", "Parameters": {"iceberg.field.current": "false"}}
    database = make("t", stored={"Columns": [once, {"Name": "Now", "Type": "integer"}]})
    entry = DataCatalog().entry(f"{database}.t")
    assert entry is not None
    assert entry.columns == {"now": "int"}
    assert DataCatalog().entry(f"{database}.nothing") is None

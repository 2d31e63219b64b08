"""Change files without a customer's rows, on a real S3 interface."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import TerminalError
from assay.lake.units import Unit
from assay.sources import erase_landing
from assay.sources.erase_landing import Erased
from assay.sources.landing import Landing, Position

UNIT = Unit.parse("4711")
FOLDER = "rds/brokerage/trades"
NAMES = ("LOAD00000001.parquet", "20260105-031500001.parquet", "20260105-031500002.parquet")
READ = Position(NAMES[0], NAMES[1])


@pytest.fixture
def landing(landing: Landing) -> Landing:
    """It keeps versions."""
    landing.client.put_bucket_versioning(Bucket=landing.bucket, VersioningConfiguration={"Status": "Enabled"})
    return landing


def parquet(ids: Any, column: str = "customer_id", **options: Any) -> bytes:
    table = pa.table({"trade_id": pa.array(range(len(ids))), column: ids})
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"made": "by hand"}), buffer, **options)
    return buffer.getvalue()


def put(landing: Landing, name: str, content: bytes) -> None:
    landing.client.put_object(
        Bucket=landing.bucket, Key=f"{FOLDER}/{name}", Body=content, Metadata={"source": "dms"}
    )


def ids(content: bytes) -> list[Any]:
    return list(pq.read_table(io.BytesIO(content))["trade_id"].to_pylist())


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 4711, None, 4711, 47110]),
        pa.array(["1", "4711", None, " 4711 ", "x"]),
        pa.array([1.0, 4711.0, None, 4711.0, 4711.5]),
        pa.array([1, 4711, None, 4711, 5], pa.decimal128(20, 2)),
    ],
)
def test_only_its_rows_go_whatever_type_the_source_gave_them(values: Any) -> None:
    content, rows = erase_landing.without(parquet(values, compression="gzip"), UNIT)
    assert rows == 2
    assert content is not None
    assert ids(content) == [0, 2, 4]
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.schema_arrow.field("customer_id").type == values.type
    assert (file.schema_arrow.metadata or {})[b"made"] == b"by hand"
    assert file.metadata.row_group(0).column(0).compression == "GZIP"


def test_a_file_without_it_stays_as_it_is() -> None:
    assert erase_landing.without(parquet(pa.array([1, 2])), UNIT) == (None, 0)
    assert erase_landing.without(parquet(pa.array([4711]), column="quantity"), UNIT) == (None, 0)
    assert erase_landing.without(parquet(pa.array([], pa.int64())), UNIT) == (None, 0)


def test_a_file_of_it_alone_becomes_one_without_rows() -> None:
    content, rows = erase_landing.without(parquet(pa.array([4711]), column="Customer_ID"), UNIT)
    assert content is not None
    assert (ids(content), rows) == ([], 1)
    assert erase_landing.without(content, UNIT) == (None, 0)


def test_earlier_versions_of_rows_that_became_its_go_as_well() -> None:
    table = pa.table(
        {"trade_id": [7, 7, 7, 8], "customer_id": [1, 4711, 2, 1], "change_seq": ["1", "2", "3", "1"]}
    )
    for kept, number in (([3, 1], "2"), ([1, 3, 1], "")):
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        content, _ = erase_landing.without(buffer.getvalue(), UNIT, "trade_id", {7: number})
        assert pq.read_table(io.BytesIO(content or b""))["change_seq"].to_pylist() == [str(n) for n in kept]
    buffer = io.BytesIO()
    pq.write_table(table.drop_columns("change_seq").slice(0, 1), buffer)  # of a full load
    content, rows = erase_landing.without(buffer.getvalue(), UNIT, "trade_id", {7: "2"})
    assert (ids(content or b""), rows) == ([], 1)


def test_old_timestamps_keep_their_kind() -> None:
    table = pa.table({"customer_id": [1, 4711], "at": pa.array([0, 0], pa.timestamp("us"))})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, use_deprecated_int96_timestamps=True)
    content, _ = erase_landing.without(buffer.getvalue(), UNIT)
    assert pq.ParquetFile(io.BytesIO(content or b"")).schema.column(1).physical_type == "INT96"


def test_files_that_bronze_has_read_are_written_anew_and_old_versions_go(landing: Landing) -> None:
    for name in NAMES:
        put(landing, name, parquet(pa.array([1, 4711])))
    put(landing, "20260105-031500000.parquet", parquet(pa.array([1, 2])))
    assert erase_landing.erase(landing, "trades", READ, UNIT, dry_run=True) == Erased(3, 3)
    assert erase_landing.purge(landing, "trades") == 0
    assert erase_landing.erase(landing, "trades", READ, UNIT) == Erased(2, 2)
    assert erase_landing.erase(landing, "trades", READ, UNIT) == Erased()
    assert erase_landing.erase(landing, "trades", READ, UNIT, dry_run=True) == Erased(1, 1)
    answer = landing.client.get_object(Bucket=landing.bucket, Key=f"{FOLDER}/{NAMES[0]}")
    assert answer["Metadata"] == {"source": "dms"}
    assert ids(answer["Body"].read()) == [0]
    landing.client.delete_object(Bucket=landing.bucket, Key=f"{FOLDER}/{NAMES[2]}")
    assert erase_landing.purge(landing, "trades") == 4  # two replaced, one deleted, and its marker
    found = landing.client.list_object_versions(Bucket=landing.bucket)
    assert [each["IsLatest"] for each in found["Versions"]] == [True] * 3
    assert "DeleteMarkers" not in found


def test_a_file_that_nobody_can_read_stops_it(landing: Landing) -> None:
    put(landing, NAMES[0], b"no Parquet at all")
    with pytest.raises(TerminalError, match=r"LOAD00000001\.parquet cannot be read, so that nobody knows"):
        erase_landing.erase(landing, "trades", READ, UNIT)


def test_the_tables_whose_files_identify_customers() -> None:
    assert erase_landing.captured_tables() == ("customers", "exposures", "trades")

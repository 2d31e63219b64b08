"""What arrived in the landing bucket, on a real S3 interface: only what is new, in order, all of it."""

from __future__ import annotations

import uuid

import boto3
import pytest
from botocore.stub import Stubber

from assay.errors import InputError, TerminalError
from assay.runtime import clients
from assay.sources.landing import Landing, Position

CHANGES = "rds/brokerage/trades"


@pytest.fixture
def landing(aws: str) -> Landing:
    assert aws
    bucket = f"landing-{uuid.uuid4().hex[:8]}"
    client = clients.s3()
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Landing(client, bucket)


def put(landing: Landing, *keys: str, body: bytes = b"{}") -> None:
    for key in keys:
        landing.client.put_object(Bucket=landing.bucket, Key=key, Body=body)


# -- change files --------------------------------------------------------------------------------
def test_full_load_then_changes_then_only_what_is_new(landing: Landing) -> None:
    first = "20260105-031500123.parquet"
    put(landing, f"{CHANGES}/{first}", f"{CHANGES}/LOAD00000001.parquet", f"{CHANGES}/LOAD0000000A.parquet")
    put(landing, f"{CHANGES}_old/20260101-000000000.parquet")
    files, position = landing.captured("trades", Position())
    names = ["LOAD00000001.parquet", "LOAD0000000A.parquet", first]
    assert files == [f"s3://{landing.bucket}/{CHANGES}/{name}" for name in names]
    assert position == Position("LOAD0000000A.parquet", first)
    assert landing.captured("trades", position) == ([], position)
    later = "20260112-031500000.parquet"
    put(landing, f"{CHANGES}/{later}")
    files, position = landing.captured("trades", position)
    assert (files, position.change) == ([f"s3://{landing.bucket}/{CHANGES}/{later}"], later)


def test_a_name_may_have_ten_digits(landing: Landing) -> None:
    name = "20260105-0315001230.parquet"
    put(landing, f"{CHANGES}/{name}")
    assert landing.captured("trades", Position()) == (
        [f"s3://{landing.bucket}/{CHANGES}/{name}"],
        Position("", name),
    )


def test_a_table_without_files(landing: Landing) -> None:
    assert landing.captured("trades", Position()) == ([], Position())


def test_a_position_survives_its_text() -> None:
    position = Position("LOAD00000001.parquet", "20260105-031500123.parquet")
    assert Position.parse(position.text()) == position
    assert Position.parse(None) == Position()


def test_listing_goes_on_over_pages() -> None:
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    request = {"Bucket": "b", "Prefix": f"{CHANGES}/", "StartAfter": f"{CHANGES}/"}
    names = ["20260105-000000001.parquet", "20260105-000000002.parquet"]
    with Stubber(client) as stub:
        page = {
            "IsTruncated": True,
            "NextContinuationToken": "t",
            "Contents": [{"Key": f"{CHANGES}/{names[0]}"}],
        }
        stub.add_response("list_objects_v2", page, request)
        stub.add_response(
            "list_objects_v2",
            {"Contents": [{"Key": f"{CHANGES}/{names[1]}"}]},
            {**request, "ContinuationToken": "t"},
        )
        files, _ = Landing(client, "b").captured("trades", Position())
    assert [file.rpartition("/")[2] for file in files] == names


def test_a_file_that_capture_does_not_write_is_refused(landing: Landing) -> None:
    put(landing, f"{CHANGES}/2026/01/05/20260105-031500123.parquet")
    with pytest.raises(TerminalError, match="change capture writes no such name; move it away"):
        landing.captured("trades", Position())


def test_a_bucket_that_is_not_there_is_named(landing: Landing) -> None:
    with pytest.raises(InputError, match="cannot list s3://no-such-bucket/rds/brokerage/trades/"):
        Landing(landing.client, "no-such-bucket").captured("trades", Position())


# -- documents -----------------------------------------------------------------------------------
def test_documents_of_every_blueprint_that_are_new(landing: Landing) -> None:
    put(landing, "parameters/shop/v000001.json", "parameters/shop/v000002.json", body='{"n": "é"}'.encode())
    put(landing, "parameters/bank/v000001.json", body=b"\xff")
    put(landing, "parameters/readme.txt")
    found = landing.documents({"shop": "v000001"})
    assert [(each.blueprint, each.version, each.text) for each in found] == [
        ("bank", "v000001", "�"),
        ("shop", "v000002", '{"n": "é"}'),
    ]
    assert found[1].uri == f"s3://{landing.bucket}/parameters/shop/v000002.json"
    assert landing.documents({"shop": "v000002", "bank": "v000001"}) == []

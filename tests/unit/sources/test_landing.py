"""What arrived in the landing bucket, on a real S3 interface: only what is new, in order, all of it."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from assay.errors import InputError
from assay.sources.landing import Arrivals, Landing, Position

CHANGES = "rds/brokerage/trades"


def put(landing: Landing, *keys: str, body: bytes = b"{}") -> None:
    for key in keys:
        landing.client.put_object(Bucket=landing.bucket, Key=key, Body=body)


# -- change files --------------------------------------------------------------------------------
def test_full_load_then_changes_then_only_what_is_new(landing: Landing) -> None:
    first = "20260105-031500123.parquet"
    put(landing, f"{CHANGES}/{first}", f"{CHANGES}/LOAD00000001.parquet", f"{CHANGES}/LOAD0000000A.parquet")
    put(landing, f"{CHANGES}_old/20260101-000000000.parquet")
    found = landing.captured("trades", Position())
    names = ["LOAD00000001.parquet", "LOAD0000000A.parquet", first]
    assert [file.uri for file in found.files] == [f"s3://{landing.bucket}/{CHANGES}/{name}" for name in names]
    assert [file.size for file in found.files] == [2, 2, 2]
    position = found.after
    assert (position.load, position.change) == ("LOAD0000000A.parquet", first)
    assert landing.captured("trades", position) == Arrivals([], [], [], position)
    assert landing.captured("trades", position, look_back=False) == Arrivals([], [], [], position)
    later = "20260112-031500000.parquet"
    put(landing, f"{CHANGES}/{later}")
    found = landing.captured("trades", position, look_back=False)
    assert ([file.name for file in found.files], found.after.change) == ([later], later)
    assert landing.captured("trades", found.after) == Arrivals([], [], [], found.after)


def test_what_is_behind_the_position_is_shown_when_it_is_not_what_was_read(landing: Landing) -> None:
    names = ["LOAD00000002.parquet", "20260105-000000002.parquet"]
    put(landing, *(f"{CHANGES}/{name}" for name in names))
    position = landing.captured("trades", Position()).after
    late = ["LOAD00000001.parquet", "20260105-000000001.parquet"]
    put(landing, *(f"{CHANGES}/{name}" for name in late))
    assert landing.captured("trades", position, look_back=False).behind == []
    found = landing.captured("trades", position)
    assert found.files == []
    assert {file.name for file in found.behind} == {*names, *late}
    assert landing.captured("trades", found.after).behind == []
    landing.client.delete_object(Bucket=landing.bucket, Key=f"{CHANGES}/{late[1]}")
    assert {file.name for file in landing.captured("trades", found.after).behind} == {*names, late[0]}


def test_a_position_of_an_older_release_knows_no_names(landing: Landing) -> None:
    name = "20260105-000000002.parquet"
    put(landing, f"{CHANGES}/{name}")
    found = landing.captured("trades", Position.parse(f'{{"load": "", "change": "{name}"}}'))
    assert [file.name for file in found.behind] == [name]


def test_a_name_may_have_ten_digits(landing: Landing) -> None:
    name = "20260105-0315001230.parquet"
    put(landing, f"{CHANGES}/{name}")
    assert landing.captured("trades", Position()).after.change == name


def test_a_table_without_files(landing: Landing) -> None:
    found = landing.captured("trades", Position())
    assert (found.files, found.behind, found.strange) == ([], [], [])


def test_a_position_survives_its_text() -> None:
    position = Position("LOAD00000001.parquet", "20260105-031500123.parquet", "00ff")
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
            "Contents": [{"Key": f"{CHANGES}/{names[0]}", "Size": 1}],
        }
        stub.add_response("list_objects_v2", page, request)
        stub.add_response(
            "list_objects_v2",
            {"Contents": [{"Key": f"{CHANGES}/{names[1]}", "Size": 1}]},
            {**request, "ContinuationToken": "t"},
        )
        found = Landing(client, "b").captured("trades", Position())
    assert [file.name for file in found.files] == names


def test_a_file_that_capture_does_not_write_is_told_apart(landing: Landing) -> None:
    strange = [f"{CHANGES}/2026/01/05/20260105-031500123.parquet", f"{CHANGES}/notes.txt"]
    put(landing, *strange, f"{CHANGES}/20260105-031500123.parquet")
    found = landing.captured("trades", Position())
    assert found.strange == [f"s3://{landing.bucket}/{key}" for key in strange]
    assert [file.name for file in found.files] == ["20260105-031500123.parquet"]


def test_a_bucket_that_is_not_there_is_named(landing: Landing) -> None:
    with pytest.raises(InputError, match="cannot list s3://no-such-bucket/rds/brokerage/trades/"):
        Landing(landing.client, "no-such-bucket").captured("trades", Position())


# -- documents -----------------------------------------------------------------------------------
def test_documents_of_every_blueprint_that_are_new(landing: Landing) -> None:
    put(landing, "parameters/shop/v000001.json", "parameters/shop/v000002.json", body='{"n": "é"}'.encode())
    put(landing, "parameters/bank/v000001.json", body=b"\xff")
    put(landing, "parameters/readme.txt")
    found = landing.documents({"shop": "v000001"})
    assert [(each.blueprint, each.version, each.size) for each in found] == [
        ("bank", "v000001", 1),
        ("shop", "v000002", 11),
    ]
    assert found[1].uri == f"s3://{landing.bucket}/parameters/shop/v000002.json"
    assert landing.read(found[1].uri, 2, 100).decode() == 'n": "é"}'
    assert landing.documents({"shop": "v000002", "bank": "v000001"}) == []


def test_bytes_of_what_is_gone_cannot_be_read(landing: Landing) -> None:
    uri = f"s3://{landing.bucket}/{CHANGES}/gone.parquet"
    with pytest.raises(InputError, match=f"cannot read {uri}"):
        landing.read(uri, 0, 1)

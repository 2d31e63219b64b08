"""What is written down: who, what, on what; and what of it is the same in every run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from assay.local.asgi import Message, Receive, Scope, Send, read_body, replay
from privileges.call import Call, call
from privileges.implied import KEY, implied
from privileges.record import calls, load, save
from privileges.recorder import Recorder

SIGNED = (
    b"AWS4-HMAC-SHA256 Credential=silver/20260105/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
LAKE = "arn:aws:s3:::assay-lake/warehouse/silver.db"


def recorded(log: Path, path: str, *, headers: tuple[tuple[bytes, bytes], ...], status: int = 200) -> bytes:
    """Send a request through the recorder; the body that the application received."""
    seen: list[bytes] = []

    async def application(_: Scope, receive: Receive, send: Send) -> None:
        seen.append(await read_body(receive))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(_: Message) -> None:
        pass

    scope = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(Recorder(application, log)(scope, replay(b"content"), send))
    return seen[0]


def test_a_signed_request_is_written_down_and_reaches_the_application(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = "/assay-lake/warehouse/silver.db/trades/data/00001-7.parquet"
    assert recorded(log, path, headers=((b"Authorization", SIGNED),)) == b"content"
    expected = Call("silver", "s3:PutObject", f"{LAKE}/<table>/data/<file>")
    assert calls(log, {"silver": "silver"}) == {expected: 1}
    assert calls(log, {"another": "silver"}) == {}  # whoever has no name sets the stack up


def test_an_unsigned_request_is_nobodys(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert recorded(log, "/assay-lake/x", headers=()) == b"content"
    assert log.read_text(encoding="utf-8") == ""


def test_a_request_without_a_name_fails_the_recording(tmp_path: Path) -> None:
    log = tmp_path / "log"
    recorded(log, "/assay-lake", headers=((b"authorization", SIGNED),))
    with pytest.raises(AssertionError, match="silver: s3: PUT /assay-lake"):
        calls(log, {"silver": "silver"})


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = {
        call("api", "s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": ("parameters/small/v",)}): 2,
        call("gold", "s3:GetObject", f"{LAKE}/trades/metadata/v1.json"): 40,
    }
    save(made, tmp_path / "recording.json", {"command": "x", "made": "2026-11-28"})
    assert load(tmp_path / "recording.json") == made
    assert json.loads((tmp_path / "recording.json").read_text())["how"]["made"] == "2026-11-28"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"{LAKE}/trades/data/week=2026-01-05/00001-7.parquet", f"{LAKE}/<table>/data/<file>"),
        (
            "arn:aws:s3:::b/rds/brokerage/trades/LOAD00000001.parquet",
            "arn:aws:s3:::b/rds/brokerage/<table>/<file>",
        ),
        (
            "arn:aws:s3:::b/parameters/small/v000002.json",
            "arn:aws:s3:::b/parameters/<blueprint>/<version>.json",
        ),
        ("arn:aws:s3:::b/_dms_state/x", "arn:aws:s3:::b/_dms_state/x"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b"),
        ("arn:aws:glue:r:1:table/gold/runs", "arn:aws:glue:r:1:table/gold/<table>"),
        ("arn:aws:glue:r:1:database/gold", "arn:aws:glue:r:1:database/gold"),
        ("arn:aws:secretsmanager:r:1:secret:a/b-AbCdEf", "arn:aws:secretsmanager:r:1:secret:a/b-<suffix>"),
    ],
)
def test_what_differs_from_run_to_run_becomes_a_word(given: str, kept: str) -> None:
    assert call("gold", "x:Y", given).resource == kept


def test_days_and_runs_become_words_in_conditions() -> None:
    keys = {"dynamodb:LeadingKeys": ("2026-01-05", "wr_0a1b")}
    assert call("gold", "dynamodb:Query", "t", keys).keys == {"dynamodb:LeadingKeys": ("<day>", "<run>")}


def test_encryption_needs_the_key_through_the_service() -> None:
    made = [
        call("gold", action, "x")
        for action in ("s3:PutObject", "s3:GetObject", "dynamodb:PutItem", "glue:GetTable")
    ]
    found = {(one.action, one.keys["kms:ViaService"][0]): origin for one, origin in implied(made).items()}
    assert found == {
        ("kms:GenerateDataKey", "s3.eu-west-1.amazonaws.com"): {"s3:PutObject"},
        ("kms:Decrypt", "s3.eu-west-1.amazonaws.com"): {"s3:PutObject", "s3:GetObject"},
        ("kms:Decrypt", "dynamodb.eu-west-1.amazonaws.com"): {"dynamodb:PutItem"},
    }
    assert {one.resource for one in implied(made)} == {KEY}

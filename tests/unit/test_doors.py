"""Names from outside never become SQL or paths unchecked: every door is tried with hostile ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay import upkeep
from assay.errors import InputError
from assay.lake.contracts import Contract, names
from assay.local.history import History, NoSuchRunError
from assay.local.job import shipped
from assay.runtime import objects
from assay.serving import queries
from assay.serving.api import store
from assay.serving.api.app import app
from assay.serving.queries import quarantine
from assay.sources.landing import Landing, Position
from assay.spec import Blueprint

HOSTILE = [
    "'", '"', "`", "';--", "'; DROP TABLE silver.trades; --", '"; DROP SCHEMA brokerage CASCADE; --',
    "a' OR '1'='1", "..", "../..", "../../etc/passwd", "..%2f..%2fetc", "/etc/passwd", "a/../b", "a\\..\\b",
    "a\0b", "\0", "a\nb", "a\r\nb", "", " ", ".", "silver.trades\n", "\u0455ilver.trades",
    "silver.tr\u0430des", "silver\u2024trades", "silver.trades\u200b", "\u202esedart.revlis", "{name}",
    "${HOME}", "$(id)", "%s", "x" * 10_000, "\ud800", "gold.runs; SELECT 1",
]  # fmt: skip
HOSTILE_NAMES = st.sampled_from(HOSTILE) | st.text() | st.text(alphabet="./\\'\"`;\0\n%", min_size=1)
PASSWD = "root:"


@given(HOSTILE_NAMES)
def test_a_table_is_one_that_has_a_contract(name: str) -> None:
    if name not in names():
        with pytest.raises(InputError, match="no contract for table") as refused:
            Contract.load(name)
        assert len(refused.value.message) < 2_000
        with pytest.raises(InputError):
            Contract.load(f"../contracts/{name}")


@given(HOSTILE_NAMES)
def test_a_script_is_one_that_is_shipped(name: str) -> None:
    for location in (
        name,
        f"s3://b/{name}",
        f"s3://b/jobs/{name}",
        f"s3://b/{name}/gold.py",
        f"s3://b/jobs/{name}.py",
    ):
        with pytest.raises(InputError, match="there is no file"):
            shipped(location)


def test_a_script_outside_of_the_jobs_is_none() -> None:
    for key in ("../pyproject.toml", "jobs/../pyproject.toml", ".ci/audit.py", "lib/assay/seeds.py"):
        with pytest.raises(InputError, match="there is no file"):
            shipped(f"s3://b/{key}")


@given(HOSTILE_NAMES)
@settings(deadline=None)
def test_a_blueprints_name_is_a_word(name: str) -> None:
    with pytest.raises(InputError):
        Blueprint.parse(json.dumps({"name": name, "start": "2026-01-05"}), "the request")


KEYS: list[str] = []


@pytest.fixture(autouse=True)
def no_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of objects that are asked for; there are none."""
    KEYS.clear()

    def newest(_: str, prefix: str, **__: object) -> None:
        KEYS.append(prefix)

    monkeypatch.setattr(objects, "newest", newest)
    monkeypatch.setenv("ASSAY_LANDING_BUCKET", "landing")


def answer(path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=("127.9.9.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_path_of_the_api_reaches_no_key(name: str) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in name.encode("utf-8", "surrogatepass"))
    for path in (f"/v1/parameters/{quoted}", f"/v1/parameters/{quoted}/1", f"/v1/parameters/shop/{quoted}"):
        assert answer(path).status_code in {404, 405, 422, 429}
    assert all(key == "parameters/shop/v" for key in KEYS)


def test_a_version_is_a_number_of_six_digits() -> None:
    for number in (0, -1, 10**6, 10**30):
        assert store.Store("landing").get("shop", number) is None
    assert KEYS == []


@given(HOSTILE_NAMES)
def test_a_place_of_a_blueprint_is_a_file_or_an_object(name: str) -> None:
    for address in (f"/nonexistent/{name}", f"/nonexistent\0{name}", f"s3:///{name}"):
        with pytest.raises(InputError):
            objects.read_text(address)


@given(HOSTILE_NAMES)
def test_an_action_and_its_options_are_known_ones(name: str) -> None:
    if name not in upkeep.ACTIONS:
        with pytest.raises(InputError):
            upkeep.find(name)
    for action in upkeep.ACTIONS.values():
        with pytest.raises(InputError):
            action.parse({f"no such {name}": 1})


@given(HOSTILE_NAMES)
@settings(deadline=None, max_examples=30)
def test_a_run_that_is_asked_for_is_only_a_value(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder, History(Path(folder)) as history:
        with pytest.raises((NoSuchRunError, UnicodeEncodeError)):
            history.job_run(name)
        assert history.running("assay-gold") == 0  # its tables are still there


# --- queries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["x'y", "0' OR '1'='1", "%", "_", "a" * 65, "", "A0", "0\n", "0\0", "\u0966"]
)
def test_a_row_of_quarantine_is_asked_for_by_its_digits(name: str) -> None:
    with pytest.raises(InputError, match="a quarantine_id has 64 digits"):
        quarantine.row(name)


@pytest.mark.long
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd', header = false)",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT content FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM parquet_scan('/etc/passwd')",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets()",
        "ATTACH '/tmp/x.db'",
        "COPY (SELECT 1) TO '/tmp/assay-door'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "EXPORT DATABASE '/tmp/x'",
        "SELECT 1; DROP SCHEMA gold",
        "SELECT 1\0; DROP SCHEMA gold",
        "EXPLAIN ANALYZE SELECT 1",
        "WITH x AS (DELETE FROM gold.runs) SELECT 1",
        "SELECT " + "(" * 5_000 + "1",
        "SELECT " + "(" * 60 + "1" + ")" * 60 + " + nothing",
        "SELECT " + " + ".join(["x"] * 3_000),
    ],
)
def test_a_query_reads_no_file_and_changes_nothing(sql: str) -> None:
    with pytest.raises(InputError) as refused:
        queries.query(sql)
    assert PASSWD not in refused.value.message
    assert not Path("/tmp/assay-door").exists()  # noqa: S108


@given(HOSTILE_NAMES)
@settings(deadline=None, max_examples=50)
def test_whatever_is_asked_is_answered_or_refused_in_a_sentence(text: str) -> None:
    for sql in (text, f"SELECT '{text}'", f'SELECT "{text}"', f'SELECT 1 AS "{text}"'):
        with contextlib.suppress(InputError):  # any other error is a finding
            assert queries.query(sql).num_rows <= 1


# --- names of files that arrive ------------------------------------------------------------------------


class Listing:
    """A bucket's list of names; nothing of it can be read."""

    def __init__(self, found: list[str]) -> None:
        self.found = found

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str) -> Any:  # noqa: N803 as boto3 names them
        assert Bucket == "landing"
        assert StartAfter is not None
        return [{"Contents": [{"Key": Prefix + name, "Size": 1} for name in self.found]}]


@given(st.lists(HOSTILE_NAMES.filter(bool), max_size=5))
def test_a_file_is_taken_by_the_names_of_change_capture_only(found: list[str]) -> None:
    landing = Landing(Listing(found), "landing")  # type: ignore[arg-type] # all of S3 that it asks
    documents = landing.documents({})
    assert documents == []
    arrived = landing.captured("trades", Position())
    assert not getattr(arrived, "files", [])


def test_options_are_validated_not_trusted() -> None:
    with pytest.raises((InputError, ValidationError)):
        upkeep.find("rollback").parse({"table": ["a"], "to": {"$gt": 1}})

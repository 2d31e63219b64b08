"""The shipped sources read the stand-in market: each its own form, all the same rows."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from assay.local.market import legacy, planted, replay, server
from assay.local.market.replay import LISTINGS, Replay
from assay.sources.fetch import Place, fetch, left_out
from assay.sources.landing import Landing, Position
from assay.spec import source as spec

SECRETS = "assay/shipped/"
WEEK = Place("", SECRETS, date(2026, 1, 19), date(2026, 1, 26))


@pytest.fixture(scope="module")
def market() -> Replay:
    return replay.made()


@pytest.fixture
def place(landing: Landing, market: Replay, tmp_path: Path) -> Iterator[Place]:
    """A market with both secrets."""
    found = server.server(market, 0)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    file = tmp_path / "legacy.sqlite"
    old_database(file, market)
    secrets = {"market": f"http://127.0.0.1:{found.server_port}", "legacy": f"sqlite:///{file}"}
    client = boto3.client("secretsmanager")
    for name, url in secrets.items():
        client.create_secret(Name=SECRETS + name, SecretString=json.dumps({"url": url}))
    yield Place(landing.bucket, SECRETS, WEEK.week, WEEK.as_of)
    for name in secrets:
        client.delete_secret(SecretId=SECRETS + name, ForceDeleteWithoutRecovery=True)
    found.shutdown()
    found.server_close()
    thread.join()


def old_database(file: Path, market: Replay) -> None:
    """The table of the old database, in a file."""
    rows = [
        (legacy.NUMBERS[asset], legacy.EXCHANGES[LISTINGS[asset].exchange], str(day),
         LISTINGS[asset].currency, int(close * 100))
        for asset, series in planted.legacy(market).items()
        for day, close in series.items()
    ]  # fmt: skip
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TABLE kurse (titel_nr int, boerse text, kursdatum date, waehrung text, kurs_cts int)"
        )
        connection.executemany("INSERT INTO kurse VALUES (?, ?, ?, ?, ?)", rows)


def brought(landing: Landing, source: str, table: str) -> list[dict[str, Any]]:
    files = landing.brought(source, table, Position()).files
    return [
        row
        for each in files
        for row in pq.read_table(io.BytesIO(landing.read(each.uri, 0, each.size))).to_pylist()
    ]


def quotes(rows: list[dict[str, Any]]) -> dict[tuple[str, date], tuple[Decimal, str, str]]:
    return {
        (row["asset"], date.fromisoformat(row["day"])): (
            Decimal(row["price"]),
            row["currency"],
            row["exchange"],
        )
        for row in rows
    }


def expected(said: planted.Said, first: date) -> dict[tuple[str, date], tuple[Decimal, str, str]]:
    assert WEEK.as_of is not None
    return {
        (asset, day): (close, LISTINGS[asset].currency, LISTINGS[asset].exchange)
        for asset, series in said.items()
        for day, close in series.items()
        if first <= day < WEEK.as_of
    }


SAYS: list[tuple[str, Any, date]] = [
    ("closes_api", planted.api, replay.FIRST),
    ("closes_page", planted.page, date(2026, 1, 12)),
    ("closes_legacy", planted.legacy, replay.FIRST),
]


@pytest.mark.parametrize(("name", "says", "first"), SAYS)
def test_each_source_brings_what_the_market_says_up_to_the_week_s_end(
    place: Place, landing: Landing, market: Replay, name: str, says: Any, first: date
) -> None:
    fetch(spec.named(name), place)
    rows = brought(landing, name, "market_quotes")
    assert quotes(rows) == expected(says(market), first)
    assert {row["source"] for row in rows} == {name}
    assert all(row["_from"] and row["_more"] is None for row in rows)


def test_rates_and_splits(place: Place, landing: Landing) -> None:
    rates = spec.named("fx_rates")
    fetch(rates, place)
    rows = brought(landing, "fx_rates", "fx_rates")
    assert len(rows) == 5 * 15
    assert [row["rate"] for row in rows if row["day"] == "2026-01-05"] == [
        "0.5861", "2.249", "0.8547", "0.004206", "0.6365",
    ]  # fmt: skip
    splits = spec.named("splits")
    fetch(splits, place)
    (split,) = brought(landing, "splits", "splits")
    assert (split["asset"], split["day"], split["ratio"]) == ("DAX", "2026-01-13", "10.0")
    assert fetch(splits, place).rows == 0  # none is new


@pytest.mark.long
def test_all_are_read_at_once_by_a_fresh_process(place: Place) -> None:
    """The job's threads are the first to import what reading takes."""
    script = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from datetime import date\n"
        "from assay.sources.fetch import Place, fetch\n"
        "from assay.spec.source import sources\n"
        f"place = Place({place.bucket!r}, {place.secrets!r}, date(2026, 1, 19), date(2026, 1, 26))\n"
        "with ThreadPoolExecutor(5) as pool:\n"
        "    print(sum(each.rows for each in pool.map(lambda s: fetch(s, place), sources().values())))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    quoted = sum(len(expected(says(replay.made()), first)) for _, says, first in SAYS)
    assert int(ran.stdout) == quoted + 5 * 15 + 1  # rates and the split


def test_without_their_secrets_they_are_left_out(aws: str) -> None:
    assert aws
    assert {name for name, each in spec.sources().items() if left_out(each, WEEK)} == {
        "closes_api", "closes_legacy", "closes_page", "fx_rates", "splits",
    }  # fmt: skip


@pytest.mark.long
def test_a_source_is_left_out_for_a_missing_secret_only(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = spec.named("splits")
    assert not left_out(source, place)
    assert not left_out(source.model_copy(update={"optional": False}), WEEK)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert not left_out(source, place)  # nobody says so: reading it tells why

"""What must stand nowhere: the database's password, credentials, and what rows hold.

A week on the real platform, with a process per job and everything logged, after one in which nothing
happened; between them rows with marks are put into the database, good and bad ones; at last errors are
provoked with the password in play. Then all that was written or could be seen is searched, that of the first
week too.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil  # type: ignore[import-untyped]  # it ships no types
import psycopg
import pyarrow.parquet as pq
import pytest

from assay.local import stack
from assay.runtime import clients
from faults.harness import FIRST, Ended, Place, Undisturbed

pytestmark = pytest.mark.slow

Survived = Callable[..., None]
NAME, MAIL = "Marker O'Leary", "marker@example.org"
ASSET = "MARKED.ASSET"
UNIT, TRADE = 918_273_645, 817_263_549
MARKS = ("Marker", "O'Leary", "example.org", ASSET, str(UNIT), str(TRADE))
TOKEN = "FwoGZXIvYXdzEMark3dSessionTok3n"
"""The token of a session's credentials, which every request to AWS carries."""
THIRD = "2026-01-19"


@dataclass
class Seen:
    """What was to be seen from outside while all this ran.

    Attributes:
        password: The database's.
        place: Where it ran.
        commands: Command lines of processes.
        ended: What was provoked → how the job ended.
    """

    password: str
    place: Place
    commands: set[str] = field(default_factory=set)
    ended: dict[str, Ended] = field(default_factory=dict)


@contextlib.contextmanager
def watching(seen: Seen) -> Iterator[None]:
    """Collect the command lines of this machine's processes."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error):
                    seen.commands.add("\0".join(process.cmdline()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def seen(undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    place = Place(tmp_path_factory.mktemp("secrets") / ".assay")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_LOG_LEVEL", "debug")
        patch.setenv("AWS_SESSION_TOKEN", TOKEN)
        try:
            undisturbed.first_week.copied(place)
            place.assay("up")
            with place.used():
                login = _login(patch)
            found = Seen(str(login["password"]), place)
            with watching(found):
                _plant(login)
                place.run("--weeks", "1", "--isolated")
                _provoke(found, login)
            yield found
        finally:
            place.assay("reset", "--yes")


def _login(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in stack.environment().items():
        patch.setenv(name, value)
    return dict(clients.secret("assay/database"))


def connection(login: dict[str, Any]) -> psycopg.Connection:
    given = {"user" if name == "username" else name: value for name, value in login.items()}
    return psycopg.connect(**given, autocommit=True)


def _plant(login: dict[str, Any]) -> None:
    """Rows with marks: good ones, ones that break their contract, and changes of them."""
    with connection(login) as database:
        database.execute(
            "INSERT INTO brokerage.customers VALUES (%s, now(), 'GB', %s), (%s, NULL, %s, %s)",
            [UNIT, NAME, UNIT + 1, MAIL, NAME],
        )
        trade = "INSERT INTO brokerage.trades VALUES (%s, %s, %s, %s, 1, 1, %s, '2026-01-13 10:00+00')"
        database.execute(trade, [TRADE, UNIT, ASSET, "buy", 1])
        database.execute(trade, [TRADE + 1, UNIT, NAME, MAIL, -5])  # no side, and a value below 0
        database.execute("UPDATE brokerage.customers SET tier = %s WHERE customer_id = %s", [MAIL, UNIT])
        database.execute("DELETE FROM brokerage.customers WHERE customer_id = %s", [UNIT + 1])


def _provoke(seen: Seen, login: dict[str, Any]) -> None:
    """Errors with the real password in play, and one that PostgreSQL tells with the row."""

    def ingest(fault: str, changed: dict[str, Any]) -> None:
        clients.secretsmanager().put_secret_value(
            SecretId="assay/database", SecretString=json.dumps({**login, **changed})
        )
        seen.ended[fault] = seen.place.job("assay-ingest", THIRD)

    ingest("a wrong password", {"password": f"{seen.password}x"})
    ingest("a server that is not there", {"port": 1})
    ingest("a host that no name server knows", {"host": "no-such-host.invalid"})
    ingest("a whole URL in place of the host", {"host": f"postgresql://assay:{seen.password}@h/assay"})
    ingest("a secret without its port", {"port": ""})
    with connection(login) as database:
        database.execute(  # the numbers that the next week draws are taken, by rows with marks
            "INSERT INTO brokerage.customers SELECT n, now(), 'GB', %s FROM "
            "generate_series((SELECT max(customer_id) + 1 FROM brokerage.customers WHERE customer_id < %s), "
            "(SELECT max(customer_id) + 200 FROM brokerage.customers WHERE customer_id < %s)) n",
            [NAME, UNIT, UNIT],
        )
    ingest("a row that is there already", {})


def texts(seen: Seen) -> Iterator[tuple[str, str]]:
    """Where → what was written or said, decoded as far as it is packed; rows of the lake are left out."""
    home = seen.place.home
    for file in (path for path in home.rglob("*") if path.is_file()):
        name = str(file.relative_to(home))
        if not name.startswith(("emulator", "postgres", "state.json")):
            yield name, file.read_bytes().decode("utf-8", "replace")
    for command in seen.commands:
        yield "a command line", command
    for fault, ended in seen.ended.items():
        yield fault, ended.said
    with seen.place.used():
        environment = stack.environment()
    dynamodb = boto3.client("dynamodb", endpoint_url=environment["AWS_ENDPOINT_URL"])
    for page in dynamodb.get_paginator("scan").paginate(TableName="assay-journal"):
        for item in page["Items"]:
            yield "the journal", json.dumps(item)


def landed(seen: Seen) -> Iterator[tuple[str, str]]:
    """Every stored object, unpacked: files of change capture, documents, the tables of the lake."""
    for file in (path for path in (seen.place.home / "emulator" / "s3").rglob("*") if path.is_file()):
        content = file.read_bytes()
        if content[:4] == content[-4:] == b"PAR1":
            yield str(file), json.dumps(pq.ParquetFile(file).read().to_pylist(), default=str)
        else:
            yield str(file), content.decode("utf-8", "replace")


def test_password_and_credentials_stand_nowhere(seen: Seen, survived: Survived) -> None:
    searched = [*texts(seen), *landed(seen)]
    found = {where for where, text in searched if seen.password in text or TOKEN in text}
    assert found == set()
    kinds = {where for where, _ in searched}
    assert {"a command line", "the journal", "workflow/history.db"} <= kinds
    assert any(where.startswith("spark/conf") for where in kinds)
    assert sum(where.startswith("logs/") for where in kinds) >= 10
    survived(
        "AWS", "password and session token looked for in logs, errors, journal, history, command lines, "
        "Spark's settings and stored objects",
        tried=len(searched), lost=len(found), saw="found nowhere",
    )  # fmt: skip


def test_where_the_password_is_kept_only_its_owner_reads(seen: Seen) -> None:
    home = seen.place.home
    kept = [path for path in home.rglob("*") if path.is_file() and _holds(path, seen.password)]
    assert home.joinpath("state.json") in kept  # the search finds it where it is
    assert home.stat().st_mode & 0o077 == 0
    assert {path.relative_to(home).parts[0] for path in kept} <= {"state.json", "emulator", "postgres"}


def _holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def test_every_provoked_error_is_one_sentence(seen: Seen, survived: Survived) -> None:
    for fault, ended in seen.ended.items():
        assert ended.code in {1, 2}, (fault, ended.said)
        line = json.loads(ended.last)
        assert line["level"] == "ERROR"
        assert line["job"] == "assay-ingest"
        assert line["run_id"].startswith("r-")
        assert "database" in line["message"], fault
        survived("AWS", fault, tried=1, lost=0, saw=line["message"])
    taken = seen.ended["a row that is there already"].sentence
    assert "UniqueViolation in customers, customers_pkey" in taken


def test_rows_are_in_the_lake_and_in_nothing_that_is_logged(seen: Seen, survived: Survived) -> None:
    where = f"customer_id = {UNIT}"
    trades = seen.place.query(f"SELECT asset FROM silver.trades WHERE {where}")
    assert [row["asset"] for row in trades] == [ASSET]  # the marks went all the way
    aside = seen.place.query('SELECT "row" AS held FROM silver.quarantine')
    assert sum(MAIL in row["held"] for row in aside) >= 1
    searched = [(where, text) for where, text in texts(seen) if not where.endswith("wal")]
    found = {(where, mark) for where, text in searched for mark in MARKS if mark in text}
    assert found == set()
    survived(
        "rows", "names, addresses and numbers of rows looked for in logs, errors, journal and history",
        tried=len(searched), lost=len(found), saw="they are in tables and quarantine only",
    )  # fmt: skip


def test_every_line_of_a_jobs_log_is_json_that_names_its_run(seen: Seen) -> None:
    lines = [
        json.loads(line)
        for file in (seen.place.home / "logs").glob("jr_*.log")
        for line in file.read_text().splitlines()
        if line.startswith("{")
    ]
    assert lines, FIRST
    assert all(line["run_id"].startswith("wr_") and line["job"].startswith("assay-") for line in lines)


def test_the_servers_listen_on_this_machine_only(seen: Seen) -> None:
    with seen.place.used():
        pids = {process.name: process.pid for process in stack.status() if process.running}
    assert set(pids) == {"emulator", "postgres", "market", "capture", "api"}
    for name, pid in pids.items():
        for each in psutil.Process(pid).net_connections("inet"):
            assert each.status != "LISTEN" or each.laddr.ip == "127.0.0.1", name

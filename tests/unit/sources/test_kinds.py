"""Web pages, databases and files: what is read of each, and how each tells what is wrong."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import boto3
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.sources.fetch import Place, fetch
from assay.sources.shape import scaled
from assay.spec.source import named

from .lab import Answer, Lab, Site
from .sftp import Server

TABLE = """
<html><body><h1>Closes</h1><table id="closes">
<thead><tr><th>Index</th><th>Date</th><th>Last price</th></tr></thead>
<tr><td> DAX </td><td>2026-01-05</td><td>1.628,75</td></tr>
<tr><td>SMI</td><td>2026-01-05</td><td>&minus;1 678,10</td></tr>
</table></body></html>
"""
CARDS = """
<div class="card" data-asset="DAX"><time>2026-01-05</time><b>1628.75</b></div>
<div class="card" data-asset="SMI"><time>2026-01-05</time></div>
"""
HEADINGS = {"asset": "Index", "day": "Date", "close": "Last price"}
FAST = {"per_second": 1000, "wait": 0.01, "attempts": 2}


def closes(lab: Lab) -> list[tuple[str, str, str]]:
    return [(row["asset"], row["day"], row["close"]) for row in lab.rows()]


# -- web pages -----------------------------------------------------------------------------------
def page(lab: Lab, site: Site, text: object, **fields: object) -> None:
    site.put("/closes", Answer(text))
    given = {"kind": "html", "url": site.url, "path": "/closes", "rows": "table#closes", "columns": HEADINGS}
    lab.declare(**{**given, "limits": FAST, **fields})


def test_a_table_is_read_by_its_headings(lab: Lab, site: Site) -> None:
    page(lab, site, TABLE, decimal=",", numbers=["close"])
    lab.fetch()
    assert closes(lab) == [("DAX", "2026-01-05", "1628.75"), ("SMI", "2026-01-05", "-1678.10")]
    assert "assay" in site.asked[0][2]["User-Agent"]


def test_things_that_repeat_are_read_by_selectors(lab: Lab, site: Site) -> None:
    columns = {"asset": "::attr(data-asset)", "day": "time::text", "close": "./b/text()"}
    page(lab, site, CARDS, rows="div.card", columns=columns)
    lab.fetch()
    assert closes(lab) == [("DAX", "2026-01-05", "1628.75"), ("SMI", "2026-01-05", None)]


@pytest.mark.parametrize(
    ("text", "fields", "sentence"),
    [
        ("<p>Maintenance</p>", {}, "/closes has nothing at 'table#closes'; the page has changed, or shows"),
        (
            TABLE.replace("Last price", "Price"),
            {},
            "has a table without the heading 'Last price'; its headings are 'Index', 'Date', 'Price'",
        ),
        (TABLE.replace("<td>SMI</td>", ""), {}, "has a row of 2 cells in a table of 3 columns"),
        ("<table id=closes><tr><th>Index<th>Date<th>Last price</table>", {}, "0 rows came, at_least is 1"),
        (TABLE, {"rows": "table["}, "'table[' is no selector"),
        (
            CARDS,
            {"rows": "div.card", "columns": {"asset": "h9::text", "day": "time::text", "close": "b::text"}},
            "none of 2 records has 'asset' (at 'h9::text')",
        ),
    ],
)
def test_a_page_that_changed_is_an_error(
    lab: Lab, site: Site, text: str, fields: dict[str, object], sentence: str
) -> None:
    page(lab, site, text, **fields)
    with pytest.raises(TerminalError if "selector" not in sentence else AssayError) as caught:
        lab.fetch()
    assert sentence in caught.value.message
    assert lab.rows() == []


def test_robots_are_obeyed(lab: Lab, site: Site) -> None:
    site.put("/robots.txt", Answer("User-agent: *\nDisallow: /closes"))
    page(lab, site, TABLE)
    with pytest.raises(TerminalError, match=r"robots.txt does not allow .*; ask its owner"):
        lab.fetch()
    assert [path for path, _, _ in site.asked] == ["/robots.txt"]
    page(lab, site, TABLE, robots=False)
    assert lab.fetch().rows == 2
    site.put("/robots.txt", Answer(status=500))
    page(lab, site, TABLE)
    with pytest.raises(
        TransientError, match="answers 500 after 2 attempts"
    ):  # it cannot say: nothing is allowed
        lab.fetch()


# -- databases -----------------------------------------------------------------------------------
@pytest.fixture
def legacy(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "legacy.db")) as connection:
        connection.execute("CREATE TABLE closes (Asset TEXT, day DATE, close NUMERIC(18,4), changed INTEGER)")
        connection.executemany(
            "INSERT INTO closes VALUES (?, ?, ?, ?)",
            [
                ("DAX", "2026-01-05", 1628.75, 1),
                ("DAX", "2026-01-06", 1613.63, 2),
                ("SMI", "2026-01-05", 1678.1, 2),
            ],
        )
        connection.commit()
        yield connection


def database(lab: Lab, tmp_path: Path, name: str, **fields: object) -> None:
    url = f"sqlite:///{tmp_path}/legacy.db"
    boto3.client("secretsmanager").create_secret(
        Name=f"assay/sources/{name}", SecretString=json.dumps({"url": url})
    )
    lab.declare(**{"kind": "sql", "secret": name, "relation": "closes", **fields})


def test_a_table_is_read_and_then_what_changed(lab: Lab, tmp_path: Path, legacy: sqlite3.Connection) -> None:
    database(lab, tmp_path, "legacy-1", since={"column": "day"}, batch=1)
    assert lab.fetch().rows == 3
    assert ("DAX", "2026-01-06", "1613.6300") in closes(lab)
    assert lab.rows()[0]["_from"] == f"sqlite:{tmp_path}/legacy.db/closes"
    legacy.execute("INSERT INTO closes VALUES ('SMI', '2026-01-06', 1688.5, 3)")
    legacy.commit()
    assert lab.fetch().rows == 2  # the last day again, for what came late on it
    assert lab.fetch(full=True).rows == 4


@pytest.mark.parametrize(
    ("fields", "kind", "sentence"),
    [
        ({"relation": "opens"}, TerminalError, "the database has no table 'opens'; it has closes"),
        (
            {"since": {"column": "close"}, "columns": {"close": "price"}},
            TerminalError,
            "has no column 'price'",
        ),
        (
            {"since": {"column": "day", "first": "soon"}},
            TerminalError,
            "'soon' is no date, which column 'day' is; correct 'since.first'",
        ),
    ],
)
def test_a_database_that_is_not_as_declared(
    lab: Lab,
    tmp_path: Path,
    legacy: sqlite3.Connection,
    fields: dict[str, object],
    kind: type[AssayError],
    sentence: str,
) -> None:
    del legacy
    database(lab, tmp_path, f"legacy-{abs(hash(sentence))}", **fields)
    with pytest.raises(kind) as caught:
        lab.fetch()
    assert sentence in caught.value.message
    assert lab.rows() == []


def test_what_is_later_than_the_week_waits(lab: Lab, tmp_path: Path, legacy: sqlite3.Connection) -> None:
    del legacy
    database(lab, tmp_path, "legacy-2", since={"column": "day"})
    place = Place(lab.landing.bucket, "assay/sources/", date(2025, 12, 29), date(2026, 1, 6))
    assert fetch(named("exchange"), place).rows == 2
    assert {row["day"] for row in lab.rows()} == {"2026-01-05"}
    assert fetch(named("exchange"), replace(place, as_of=date(2026, 1, 7))).rows == 3


@pytest.mark.parametrize(
    ("place", "first", "rows"),
    [("changed", "2", 2), ("at", "2026-01-05T12:00:00", 1), ("untyped", "b", 2), ("ratio", "0.5", 2)],
)
def test_a_column_is_compared_in_its_own_type(
    lab: Lab, tmp_path: Path, legacy: sqlite3.Connection, place: str, first: str, rows: int
) -> None:
    legacy.execute("ALTER TABLE closes ADD COLUMN at DATETIME")
    legacy.execute("ALTER TABLE closes ADD COLUMN untyped")
    legacy.execute("ALTER TABLE closes ADD COLUMN ratio FLOAT")
    legacy.execute("UPDATE closes SET at = '2026-01-05 09:00:00', untyped = 'c', ratio = 0.5")
    legacy.execute(
        "UPDATE closes SET at = '2026-01-05 13:00:00', untyped = 'a', ratio = 0.25 WHERE asset = 'SMI'"
    )
    legacy.commit()
    since = {"column": "close", "first": first}
    database(lab, tmp_path, f"legacy-{place}", since=since, columns={"close": place})
    if place in {"at", "untyped"}:  # the contract's column is a number; the texts that come are none
        with pytest.raises(TerminalError, match="is no decimal"):
            lab.fetch()
        database_rows = preview(lab)
        assert len(database_rows) == rows
    else:
        assert lab.fetch().rows == rows


def preview(lab: Lab) -> list[object]:
    from assay.lake.contracts import Contract
    from assay.sources.fetch import opened

    source = named("exchange")
    place = Place(lab.landing.bucket, "assay/sources/")
    read, shape, _ = opened(source, Contract.load("silver.closes"), place)
    with closing(read):
        (part,) = read.parts({})
        found = read.read(part, shape.begin(None))
        return [row for batch in found for row in shape.shaped(part, batch)]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nodb://host/x", "no driver for 'nodb' is installed; give the secret's url as postgresql"),
        ("no address", "the url in secret"),
    ],
)
def test_an_address_of_no_database(lab: Lab, url: str, sentence: str) -> None:
    name = f"legacy-{abs(hash(url))}"
    text = json.dumps({"url": url})
    boto3.client("secretsmanager").create_secret(Name=f"assay/sources/{name}", SecretString=text)
    lab.declare(kind="sql", secret=name, relation="closes")
    with pytest.raises(InputError) as caught:
        lab.fetch()
    assert sentence in caught.value.message


def test_a_database_that_is_down(lab: Lab) -> None:
    secret = {"host": "127.0.0.1", "port": 9, "dbname": "x", "username": "u", "password": "hush"}
    boto3.client("secretsmanager").create_secret(Name="assay/sources/down", SecretString=json.dumps(secret))
    lab.declare(kind="sql", secret="down", relation="closes")
    with pytest.raises(
        TransientError, match=r"the database at 127.0.0.1 does not answer: .*; is it up\?"
    ) as caught:
        lab.fetch()
    assert "hush" not in caught.value.message


# -- files ---------------------------------------------------------------------------------------
CSV = "\ufeffAsset;Day;Close\nDAX;2026-01-05;1628.75\nSMI;2026-01-05;\n".encode()
WANT = [("DAX", "2026-01-05", "1628.75"), ("SMI", "2026-01-05", None)]


def excel() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Asset", "Day", "Close"], ["DAX", "2026-01-05", 1628.75], ["SMI", "2026-01-05", None]):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet() -> bytes:
    table = pa.table(
        {
            "asset": ["DAX", "SMI"],
            "day": ["2026-01-05"] * 2,
            "close": pa.array([Decimal("1628.75"), None], pa.decimal128(18, 2)),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def records() -> list[dict[str, object]]:
    return [{"asset": a, "day": d, "close": c and float(c)} for a, d, c in WANT]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "body", "fields"),
    [
        ("a.csv", CSV, {"delimiter": ";"}),
        ("a.tsv", CSV.replace(b";", b"\t"), {}),
        ("a.json", json.dumps({"data": records()}).encode(), {"records": "data"}),
        ("a.jsonl", "\n\n".join(map(json.dumps, records())).encode(), {}),
        ("a.parquet", parquet(), {}),
        ("a.xlsx", excel(), {}),
        ("a.dat", CSV, {"format": "csv", "delimiter": ";"}),
    ],
)
def test_a_dropped_file_is_read_once(lab: Lab, name: str, body: bytes, fields: dict[str, object]) -> None:
    put(lab, f"dropped/prices/{name}", body)
    put(lab, "dropped/prices/other.txt", b"not ours")
    lab.declare(kind="files", at=f"dropped/prices/*.{name.rpartition('.')[2]}", **fields)
    assert lab.fetch().rows == 2
    assert closes(lab) == WANT
    assert lab.rows()[0]["_from"] == f"s3://{lab.landing.bucket}/dropped/prices/{name}"
    assert lab.fetch().parts == 0
    put(lab, f"dropped/prices/b{name}", body)
    assert lab.fetch().parts == 1


def put(lab: Lab, key: str, body: bytes) -> None:
    lab.landing.client.put_object(Bucket=lab.landing.bucket, Key=key, Body=body)


@pytest.mark.parametrize(
    ("name", "body", "fields", "sentence"),
    [
        ("a.csv", b"", {}, "is empty; a CSV file begins with its headings"),
        ("a.csv", b"asset,day,close\nDAX,2026-01-05\n", {}, "line 2 has 2 fields, the heading has 3"),
        ("a.csv", b"asset,asset\n", {}, "has the heading 'asset' twice"),
        ("a.csv", "asset,day,close\nDäx,,\n".encode("cp1252"), {}, "is not utf-8 at byte"),
        ("a.csv", b"a,b\n1,2\n", {"columns": {"asset": "name"}}, "has no column 'name'; it has a, b"),
        ("a.csv", b"a,b\n1,2\n", {}, "none of 1 records has 'asset'; beside known columns they have a, b"),
        ("a.json", b"[{", {}, "is no JSON"),
        ("a.json", b'{"x": 1}', {"records": "data"}, "has nothing at 'data'"),
        ("a.jsonl", b'{"asset": "DAX"}\n[1]\n', {}, "item 2 is a list, not an object with fields"),
        ("a.parquet", parquet()[:-9], {}, "is no whole Parquet file"),
        ("a.xlsx", b"PK nothing", {}, "is no Excel file"),
        ("a.xlsx", excel(), {"sheet": "Prices"}, "has no sheet 'Prices'; it has Sheet"),
        ("a.dat", CSV, {}, "'a.dat' does not say what it is; give 'format'"),
    ],
)
def test_a_file_that_is_not_as_declared_stops_its_source(
    lab: Lab, name: str, body: bytes, fields: dict[str, object], sentence: str
) -> None:
    put(lab, f"dropped/{name}", body)
    lab.declare(kind="files", at="dropped/*", **fields)
    with pytest.raises(TerminalError) as caught:
        lab.fetch()
    assert caught.value.message.startswith("source exchange: ")
    assert sentence in caught.value.message
    assert lab.rows() == []


def test_a_file_on_the_web_is_read_when_it_is_another(lab: Lab, site: Site) -> None:
    site.put("/a.csv", Answer(CSV))
    lab.declare(kind="files", at=f"{site.url}/a.csv", delimiter=";", limits=FAST)
    assert lab.fetch().rows == 2
    assert lab.fetch().rows == 0
    site.put("/a.csv", Answer(CSV + b"CAC;2026-01-05;1772.8\n"))
    assert lab.fetch().rows == 3


def test_records_are_numbered_and_codes_become_names(lab: Lab) -> None:
    put(lab, "dropped/a.csv", b"day,asset\n2026-01-05,1\n2026-01-05,2\n2026-01-05,3\n")
    put(lab, "dropped/b.csv", b"day,asset\n2026-01-06,1\n")
    lab.declare(
        kind="files",
        at="dropped/*.csv",
        codes={"asset": {"1": "DAX", "2": "SMI"}},
        add={"close": "{record}"},
    )
    lab.fetch()
    assert [(row["asset"], row["close"]) for row in lab.rows()] == [
        ("DAX", "1"),
        ("SMI", "2"),
        ("3", "3"),
        ("DAX", "1"),
    ]


# -- SFTP ----------------------------------------------------------------------------------------
@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.csv").write_bytes(CSV)
    with Server(tmp_path, "user", "pass") as server:
        yield server


def remote(lab: Lab, sftp: Server, name: str, *, folder: str = "/out", **changed: str) -> None:
    values = {"username": "user", "password": "pass", "host_key": sftp.host_key, **changed}
    boto3.client("secretsmanager").create_secret(
        Name=f"assay/sources/{name}", SecretString=json.dumps(values)
    )
    at = f"sftp://127.0.0.1:{sftp.port}{folder}/*.csv"
    lab.declare(kind="files", at=at, secret=name, delimiter=";", limits={"timeout": 10})


def test_files_are_fetched_from_a_host_that_is_known(lab: Lab, sftp: Server) -> None:
    remote(lab, sftp, "sftp-1")
    assert lab.fetch().rows == 2
    assert closes(lab) == WANT
    assert lab.fetch().parts == 0


@pytest.mark.parametrize(
    ("changed", "folder", "kind", "sentence"),
    [
        ({"password": "wrong"}, "/out", TerminalError, "does not let us in; put the username and password"),
        ({}, "/nowhere", TerminalError, "has no folder '/nowhere'; correct 'at'"),
        ({"host_key": "ssh-ed25519 nonsense"}, "/out", AssayError, "host_key in secret"),
    ],
)
def test_a_host_that_refuses(
    lab: Lab, sftp: Server, changed: dict[str, str], folder: str, kind: type[AssayError], sentence: str
) -> None:
    remote(lab, sftp, f"sftp-{abs(hash(sentence))}", folder=folder, **changed)
    with pytest.raises(kind) as caught:
        lab.fetch()
    assert sentence in caught.value.message


def test_another_host_key_is_refused(lab: Lab, sftp: Server, tmp_path: Path) -> None:
    with Server(tmp_path, "user", "pass") as other:
        remote(lab, sftp, "sftp-other", host_key=other.host_key)
    with pytest.raises(TerminalError, match="shows another host key than secret sftp-other has"):
        lab.fetch()


def test_numbers_are_scaled_exactly_and_other_texts_left_for_silver_to_judge() -> None:
    assert [scaled(each, 0.01) for each in ("162875", "-1", "0.1", "n/a", None)] == [
        "1628.75", "-0.01", "0.001", "n/a", None,
    ]  # fmt: skip

"""Files and documents that are broken, foreign, doubled or late, through the real jobs bronze and silver.

Every fault ends in silver as it is without the fault, or in a quarantine that says why; and where a job
fails, it says which file it was and what to do.
"""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from assay.errors import TerminalError, TransientError
from assay.lake.tables import Lake
from assay.local import postgres
from assay.local.names import SCHEMA
from assay.local.postgres import Postgres
from assay.local.replication import Capture
from assay.local.state import Home
from assay.runtime import clients
from assay.sources import tables
from faults.landed import AT, NAME, Place, bomb, not_text, parquet, row

Survived = Callable[..., None]
# Three files of each table: rows are inserted, then changed and moved, then deleted and added.
STORY = {
    "customers": (
        [("I", 1, row("customers")), ("I", 2, row("customers", 2))],
        [("U", 11, row("customers", tier="gold"))],
        [("D", 21, row("customers", 2))],
    ),
    "exposures": (
        [("I", 3, row("exposures"))],
        [("U", 12, row("exposures", arm="green"))],
        [("I", 22, row("exposures", 5, customer_id=1))],
    ),
    "trades": (
        [("I", 4, row("trades")), ("I", 5, row("trades", 2))],
        [("U", 13, row("trades", price=Decimal(7))), ("I", 14, row("trades", 3))],
        [("D", 23, row("trades", 2))],
    ),
    "quotes": (
        [("I", 6, row("quotes"))],
        [("U", 15, row("quotes", price=Decimal(6)))],
        [("I", 24, row("quotes", 3))],
    ),
}
PROMISED = {table: sum(map(len, files)) for table, files in STORY.items()}


@pytest.fixture
def place(aws: str, spark: SparkSession, glue_catalog: str) -> Place:
    assert glue_catalog
    made = Place(spark)
    made.make(aws)
    return made


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, list[str]]]:
    return {}


@pytest.fixture
def undisturbed(kept: dict[str, dict[str, list[str]]], place: Place) -> dict[str, list[str]]:
    """Silver after the story as it should be told; the lake is empty again."""
    if not kept:
        for n in (1, 2, 3):
            land(place, n)
        place.load(NAME.format(3), 30, PROMISED)
        place.run()
        kept["silver"] = place.silver()
        assert place.set_aside() == {}
        for layer in ("bronze", "silver"):
            for table in place.spark.sql(f"SHOW TABLES IN glue_catalog.{layer}").collect():
                place.spark.sql(f"DROP TABLE glue_catalog.{layer}.{table['tableName']} PURGE")
        place.bucket, place.journal = Place(place.spark).bucket, Place(place.spark).journal
        place.make(str(clients.s3().meta.endpoint_url))
    return kept["silver"]


def land(place: Place, n: int, name: str | None = None) -> None:
    """The n-th file of every table."""
    for table, files in STORY.items():
        place.put(table, name or NAME.format(n), parquet(table, files[n - 1]))


def cut_in_the_middle(content: bytes) -> bytes:
    return content[:40] + content[90:]


def overwritten(content: bytes) -> bytes:
    return content[:4] + b"\xff" * 60 + content[64:]


def said(error: BaseException) -> str:
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


# -- files ---------------------------------------------------------------------------------------
@pytest.mark.slow
def test_what_cannot_be_read_stops_its_table_until_it_is_put_right(
    place: Place, undisturbed: dict[str, list[str]], survived: Survived
) -> None:
    whole = {table: parquet(table, files[1]) for table, files in STORY.items()}
    rounds = [
        {
            "customers": ("a file of another table", whole["trades"], "is of another table"),
            "exposures": ("a bomb, 100 KB that unpack to 4 GB", bomb(), "would unpack to 4,"),
            "trades": ("a truncated file", whole["trades"][:-200], "is no Parquet file, or is cut off"),
            "quotes": ("an empty file", b"", "is empty (0 bytes)"),
        },
        {
            "customers": ("a text in place of Parquet", b"a,b\n" * 9, "is no Parquet file, or is cut off"),
            "exposures": ("a hole in the middle", cut_in_the_middle(whole["exposures"]), "is cut off: its"),
            "trades": (
                "bytes overwritten",
                overwritten(whole["trades"]),
                "is damaged: its columns cannot be",
            ),
            "quotes": (
                "a file without change numbers",
                _without(whole["quotes"]),
                "has no column change_seq",
            ),
        },
    ]
    for n in (1, 2, 3):
        land(place, n)
    place.load(NAME.format(3), 30, PROMISED)
    lake = Lake(place.spark, "reader")
    for faults in rounds:
        where = {
            table: place.put(table, NAME.format(2), content) for table, (_, content, _) in faults.items()
        }
        with pytest.raises(TerminalError) as caught:
            place.run("bronze")
        sentences = said(caught.value)
        assert lake.read("bronze.loads").count() == 1
        for table, (_, _, sentence) in faults.items():
            assert lake.read(f"bronze.{table}").isEmpty()
            assert f"{where[table]} {sentence}" in sentences
    assert sentences.count("run the job again; nothing of this table was taken in") == len(STORY)
    for table, content in whole.items():
        place.put(table, NAME.format(2), content)
    place.run()
    assert place.silver() == undisturbed
    assert place.set_aside() == {}
    for faults in rounds:
        for fault, _, sentence in faults.values():
            survived("files", fault, tried=1, lost=0, saw=f"bronze fails: `...parquet {sentence} ...`; the "
                     "other tables are taken in, and this one once the file is put right")  # fmt: skip


def _without(content: bytes) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(content)).drop_columns(["change_seq"]), buffer)
    return buffer.getvalue()


@pytest.mark.slow
def test_every_file_again_changes_nothing(
    place: Place, undisturbed: dict[str, list[str]], survived: Survived
) -> None:
    for n in (1, 2, 3):
        land(place, n)
    place.load(NAME.format(3), 30, PROMISED)
    place.run()
    for n in (1, 2, 3):
        land(place, n)  # the same names
        land(place, n, NAME.format(n + 5))  # after all others
        land(place, n, NAME.format(n).replace("2026", "2025"))  # before all others
    place.run()
    assert place.silver() == undisturbed
    assert place.set_aside() == {}
    survived("files", "every file delivered four times, under three names", tried=3 * 3 * len(STORY), lost=0,
             saw="a warning that files arrived behind others")  # fmt: skip


@pytest.mark.slow
def test_files_in_reverse_order_end_in_the_same_tables(
    place: Place, undisturbed: dict[str, list[str]], survived: Survived
) -> None:
    """The last file first, and a run after each: deletes before inserts, updates before inserts."""
    place.load(NAME.format(3), 30, PROMISED)
    for n in (3, 2, 1):
        land(place, n)
        if n > 1:
            with pytest.raises(TransientError, match="week 2026-01-05 has not arrived within 0 s"):
                place.run("bronze")
        else:
            place.run("bronze")
        place.run("silver")
    assert place.silver() == undisturbed
    assert place.set_aside() == {}
    fault = "files in reverse order, a run after each: deletes and updates before their inserts"
    saw = "the week has not arrived, until all of it is there"
    survived("files", fault, tried=3 * len(STORY), lost=0, saw=saw)


# -- values --------------------------------------------------------------------------------------
@pytest.mark.slow
def test_values_that_do_not_fit_are_set_aside_with_a_reason(place: Place, survived: Survived) -> None:
    old, late = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    double, text, wide = pa.float64(), pa.string(), pa.decimal128(38, 2)
    faults: list[tuple[str, str, Any, pa.DataType | None]] = [
        ("a price of NaN", "price", float("nan"), double),
        ("a price of infinity", "price", float("inf"), double),
        ("a price of 1e300", "price", 1e300, double),
        ("a notional of 10^30", "notional", Decimal(10) ** 30, wide),
        ("a time in year 1", "traded_at", old, None),
        ("a time in year 9999", "traded_at", late, None),
        ("a text that is no UTF-8", "asset", not_text(), None),
        ("a digit too many", "quantity", "2.0000001", text),
        ("a text for a time", "traded_at", "12:30", text),
    ]
    good = [("price", 5.25, double), ("notional", Decimal("10.5"), wide), ("traded_at", AT.isoformat(), text)]
    values = [(column, value, kind) for _, column, value, kind in faults] + good
    for n, (column, value, kind) in enumerate(values, 1):
        types = {column: kind} if kind else {}
        content = parquet("trades", [("I", n, row("trades", n, **{column: value}))], types)
        place.put("trades", f"20260112-0315001{n:02}", content)
    exposed = row("exposures", arm=not_text(b"blue"))
    place.put("exposures", NAME.format(1), parquet("exposures", [("I", 50, exposed)]))
    place.put("customers", NAME.format(1), parquet("customers", [("I", 51, row("customers"))]))
    changes = {"trades": len(values), "exposures": 1, "customers": 1}
    place.load(NAME.format(1), 60, changes)
    place.run()
    lake = Lake(place.spark, "reader")
    kept = lake.read("silver.trades").orderBy("trade_id").collect()
    assert [found["trade_id"] for found in kept] == [10, 11, 12]
    assert kept[0]["price"] == Decimal("5.25")
    assert kept[1]["notional"] == Decimal("10.5")
    assert kept[2]["traded_at"].isoformat() == "2026-01-06T10:00:00"
    aside = {}
    for found in lake.read("silver.quarantine").collect():
        key = json.loads(found["row"])
        aside[found["contract"], key.get("trade_id", key.get("exposure_id"))] = found["reasons"]
    assert len(aside) == len(faults) + 1
    for n, (_, column, _, _) in enumerate(faults, 1):
        assert {reason.split()[0] for reason in aside["silver.trades", n]} == {column}
    assert {reason.split()[0] for reason in aside["silver.exposures", 1]} == {"arm"}
    for n, (fault, *_) in enumerate(faults, 1):
        saw = "silver.quarantine: " + "; ".join(aside["silver.trades", n])
        survived("rows", fault, tried=1, lost=0, saw=saw)


@pytest.mark.slow
def test_documents_and_entries_that_cannot_be_read_are_set_aside(place: Place, survived: Survived) -> None:
    faults = {
        "JSON with 10 MB in one field": json.dumps({"document": "{}", "note": "x" * 10 * 2**20}).encode(),
        "a document that is no UTF-8": b'{"document": "{}", "note": "\xff"}',
        "100,000 nested lists": b'{"document": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "a key given twice": b'{"document": "{}", "document": "[]"}',
        "NaN in a document": b'{"document": "{\\"a\\": NaN}"}',
        "half a document": b'{"document": "{}',
    }
    place.put_key("parameters/shop/v000001.json", b'{"document": "{}"}')
    for n, body in enumerate(faults.values(), 2):
        place.put_key(f"parameters/shop/v{n:06}.json", body)
    item: dict[str, Any] = {
        "day": {"S": f"{datetime.now(UTC):%Y-%m-%d}"},
        "entry": {"S": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}#r#j#s"},
        "rows_in": {"N": "99999999999999999999"}, "state": {"N": "1"},
    }  # fmt: skip
    clients.dynamodb().put_item(TableName=place.journal, Item=item)
    place.load(NAME.format(1), 1, {})
    place.run()
    lake = Lake(place.spark, "reader")
    assert [found["version"] for found in lake.read("silver.blueprints").collect()] == ["v000001"]
    aside = {}
    for found in lake.read("silver.quarantine").collect():
        aside[json.loads(found["row"]).get("version", "entry")] = found["reasons"]
    assert set(aside) == {f"v{n:06}" for n in range(2, 2 + len(faults))} | {"entry"}
    assert all(aside.values())
    entry = lake.read("bronze.journal").where("_extra is not null").collect()
    assert json.loads(entry[0]["_extra"]) == {"rows_in": item["rows_in"], "state": item["state"]}
    sizes = (
        lake.read("bronze.parameters")
        .selectExpr("max(length(document)) n", "max(length(_extra)) e")
        .collect()
    )
    assert max(sizes[0]["n"], sizes[0]["e"]) < 2**20  # the 10 MB were never read
    for n, fault in enumerate(faults, 2):
        survived("rows", fault, tried=1, lost=0, saw="silver.quarantine: " + "; ".join(aside[f"v{n:06}"]))
    saw = "silver.quarantine: " + "; ".join(aside["entry"])
    survived("rows", "a journal entry of 20 digits", tried=1, lost=0, saw=saw)


# -- the source's own schema ---------------------------------------------------------------------
@pytest.fixture
def database(tmp_path: Any) -> Iterator[Postgres]:
    home = Home(tmp_path / ".assay")
    home.create()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Postgres(home, port, "secret")
    record = server.start()
    while not server.answers():
        time.sleep(0.05)
    server.prepare()
    yield server
    postgres.stop(record)
    postgres.remove(home)


@pytest.mark.slow
def test_a_schema_that_changes_between_two_runs_loses_nothing(
    place: Place, database: Postgres, survived: Survived
) -> None:
    capture = Capture(database.dsn, clients.s3(), place.bucket)
    with psycopg.connect(database.dsn, autocommit=True) as sql:
        run = sql.execute
        for table in tables.ALL:
            run(table.ddl().encode())
        capture.prepare()
        run(f"insert into {SCHEMA}.customers values (1, '2026-01-06 10:00Z', 'IE', 'basic')")
        trade = f"insert into {SCHEMA}.trades values (%s, 1, 'ABC', 'buy', 2, %s, 10, '2026-01-06 10:00Z')"
        run(trade, [1, 5])
        with sql.transaction():
            run(f"insert into {SCHEMA}.loads values ('2026-01-05', 'shop', 'abc', '{{}}', now())")
        capture.cycle()
        place.run()
        run(trade, [2, 5])  # still in the slot, in the old form
        run(f"alter table {SCHEMA}.trades add column venue text default 'X'")
        run(f"alter table {SCHEMA}.trades alter column price type numeric(30,8)")
        run(f"alter table {SCHEMA}.trades alter column trade_id type numeric(20,0)")
        run(f"alter table {SCHEMA}.customers rename column tier to level")
        run(trade[:-1] + ", 'Y')", [3, Decimal("5.5")])
        run(trade[:-1] + ", 'Y')", [4, Decimal("5.00000001")])
        run(f"update {SCHEMA}.customers set level = 'gold'")
        run(f"alter table {SCHEMA}.trades drop column venue")
        run(trade, [5, 5])
        capture.cycle()
        capture.close()
    place.run()
    lake = Lake(place.spark, "reader")
    prices = {found["trade_id"]: found["price"] for found in lake.read("silver.trades").collect()}
    assert prices == {1: 5, 2: 5, 3: Decimal("5.5"), 5: 5}
    extra = {found["trade_id"]: found["_extra"] for found in lake.read("bronze.trades").collect()}
    assert {key: json.loads(value) for key, value in extra.items() if value} == {
        3: {"venue": "Y"},
        4: {"venue": "Y", "price": 5.00000001},
    }
    (customer,) = lake.read("silver.customers").collect()
    assert customer["tier"] == "basic"
    aside = {found["contract"]: found["reasons"] for found in lake.read("silver.quarantine").collect()}
    assert {reason.split()[0] for reason in aside["silver.trades"]} == {"price"}
    assert aside["silver.customers"] == ["tier is not null"]
    assert lake.read("bronze.customers").where('_extra = \'{"level":"gold"}\'').count() == 1
    fault = "columns added, renamed, retyped and dropped at the source between two runs"
    survived("files", fault, tried=5, lost=0, saw="warnings; what does not fit waits in quarantine")

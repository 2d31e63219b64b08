# ruff: noqa: E501, ISC004 - a corpus reads best with one query per line
"""Athena's SQL over real Iceberg tables: a corpus with the results that Athena (Trino) documents."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from assay.errors import InputError
from assay.serving import queries
from assay.serving.queries import engine

if TYPE_CHECKING:
    from .conftest import FolderCatalog

T = "silver.trades"
# (query, rows). Trino's documentation and type rules; those marked ! are silently wrong without our rules.
CORPUS: list[tuple[str, list[tuple[object, ...]]]] = [
    ("SELECT 7/2, -7/2, 7 % 2", [(3, -3, 1)]),  # !
    ("SELECT 9007199254740993/1", [(9007199254740993,)]),  # ! 2^53 + 1
    (f"SELECT sum(trade_id)/count(*) FROM {T}", [(5,)]),  # ! 66 / 12
    ("SELECT try(1/0)", [(None,)]),  # !
    (f"SELECT trade_id, try(10/trade_id) FROM {T} WHERE trade_id < 3 ORDER BY 1", [(0, None), (1, 10), (2, 5)]),  # !
    ("SELECT 1/3.0, 7/2.0", [(Decimal("0.3"), Decimal("3.5"))]),  # ! decimals keep the larger scale
    ("SELECT 1/3e0", [(1 / 3,)]),
    ("SELECT 1e0/0", [(math.inf,)]),
    (f"SELECT notional/2 FROM {T} WHERE trade_id = 1", [(Decimal("0.15"),)]),  # ! 0.145, half up
    (f"SELECT sum(notional)/count(*), avg(notional) FROM {T}", [(Decimal("1.60"), Decimal("1.60"))]),  # ! 1.595
    (f"WITH s AS (SELECT sum(notional) AS v, count(*) AS n FROM {T}) SELECT v/n FROM s", [(Decimal("1.60"),)]),  # !
    (f"SELECT price*quantity/notional FROM {T} WHERE trade_id = 3", [(Decimal("12.9310"),)]),  # ! 11.25 / 0.87
    ("SELECT CAST(0.5e0 AS integer), CAST(2.5e0 AS bigint), CAST(-2.5e0 AS integer)", [(1, 3, -3)]),  # !
    ("SELECT CAST(2.5 AS integer), CAST('7' AS integer), TRY_CAST('x' AS integer)", [(3, 7, None)]),
    (
        "SELECT date_diff('day', TIMESTAMP '2026-01-05 23:00:00', TIMESTAMP '2026-01-06 01:00:00'), "
        "date_diff('hour', TIMESTAMP '2026-01-05 23:00:00', TIMESTAMP '2026-01-06 01:00:00')",
        [(0, 2)],
    ),  # !
    (f"SELECT date_diff('day', DATE '2026-01-05', day) FROM {T} WHERE trade_id = 4", [(4,)]),
    (
        f"SELECT day + INTERVAL '1' DAY, date_add('week', 1, day), date_trunc('month', day) FROM {T} WHERE trade_id = 0",
        [(date(2026, 1, 6), date(2026, 1, 12), date(2026, 1, 1))],
    ),  # ! dates stay dates
    (f"SELECT date_trunc('day', traded_at) FROM {T} WHERE trade_id = 1", [(datetime(2026, 1, 6),)]),  # noqa: DTZ001
    ("SELECT day_of_week(DATE '2026-01-04'), year(DATE '2026-01-04'), date_format(DATE '2026-01-04', '%d/%m/%Y')",
     [(7, 2026, "04/01/2026")]),
    ("SELECT concat('a', NULL), greatest(1, NULL), regexp_replace('aba', 'a', 'c')", [(None, None, "cbc")]),
    (f"SELECT asset, count(*), max_by(trade_id, notional) FROM {T} GROUP BY asset ORDER BY 1",
     [("gold", 4, 9), ("oil", 4, 10), ("tin", 4, 11)]),
    (f"SELECT asset, sum(quantity) FROM {T} GROUP BY ROLLUP (asset) ORDER BY asset",
     [("gold", 18), ("oil", 22), ("tin", 26), (None, 66)]),
    (f"SELECT tag FROM {T} CROSS JOIN UNNEST(tags) AS u(tag) WHERE trade_id = 3", [("a",), ("t3",)]),
    (f"SELECT json_extract_scalar(note, '$.k') FROM {T} WHERE trade_id IN (1, 4) ORDER BY trade_id", [("1",), (None,)]),
    (f"SELECT trade_id, sum(quantity) OVER (ORDER BY trade_id) FROM {T} ORDER BY 1 LIMIT 3", [(0, 0), (1, 1), (2, 3)]),
    (f"SELECT sum(quantity) FILTER (WHERE asset = 'oil'), count(note) FROM {T}", [(22, 9)]),
    (f"SELECT t.asset, unit FROM {T} t LEFT JOIN gold.assets g ON t.asset = g.asset WHERE trade_id < 3 ORDER BY 1",
     [("gold", "oz"), ("oil", "bbl"), ("tin", None)]),
    (f"SELECT t.trade_id FROM {T} t LEFT JOIN gold.assets g ON t.asset = g.asset WHERE g.unit = 'oz' AND trade_id > 5 "
     "ORDER BY 1", [(6,), (9,)]),
    (f"SELECT count(*) FROM {T} WHERE day BETWEEN DATE '2026-01-06' AND DATE '2026-01-08' OR note IS NULL", [(6,)]),
    (f"SELECT count(*) FROM {T} WHERE day >= DATE '2026-01-10' AND day < DATE '2026-01-12' AND asset = 'tin'", [(1,)]),
    (f"SELECT count(*) FROM {T} WHERE trade_id <= 4 AND weight > 2", [(3,)]),
    (f"SELECT a.trade_id FROM {T} a JOIN {T} b ON a.trade_id = b.trade_id + 1 WHERE a.trade_id = 3", [(3,)]),
    ("SELECT * FROM gold.assets UNION ALL SELECT 'x', 'y' ORDER BY 1", [("gold", "oz"), ("oil", "bbl"), ("x", "y")]),
    ("SELECT count(*) FROM gold.empty", [(0,)]),
    ('SELECT "ASSET" FROM AwsDataCatalog.Gold.ASSETS ORDER BY asset DESC', [("oil",), ("gold",)]),
    ("SELECT approx_percentile(x, 0.5) FROM UNNEST(sequence(1, 9)) AS t(x)", [(5,)]),
    ("SELECT settled_at FROM silver.trades WHERE settled_at = TIMESTAMP '2026-01-06 01:00:00 UTC' AND quantity = 0",
     [(datetime.fromisoformat("2026-01-06T01:00:00+00:00"),)]),
    ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'gold' ORDER BY 1", [("assets",), ("empty",)]),
    ("SELECT data_type FROM information_schema.columns WHERE column_name IN ('price', 'tags') ORDER BY ordinal_position",
     [("decimal(18, 4)",), ("array(varchar)",)]),
    ("SELECT CAST(5 AS DECIMAL(4, 1))/nullif(2, 0)", [(Decimal("2.5"),)]),
    ("SELECT * FROM (VALUES (1, 'a')) AS t(n, s)", [(1, "a")]),
    ("SELECT CASE WHEN trade_id = 0 THEN 1 ELSE 10/trade_id END FROM silver.trades WHERE trade_id < 2 ORDER BY 1",
     [(1,), (10,)]),
    (f"SELECT avg(notional) OVER (PARTITION BY asset) FROM {T} WHERE trade_id = 3", [(Decimal("0.87"),)]),
    (f"SELECT coalesce(notional, 0)/2, if(trade_id > 0, notional, 1)/4 FROM {T} WHERE trade_id = 1",
     [(Decimal("0.15"), Decimal("0.07"))]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), CORPUS, ids=[sql[:60] for sql, _ in CORPUS])
def test_athena_query_gives_athenas_result(
    lake: FolderCatalog, sql: str, rows: list[tuple[object, ...]]
) -> None:
    found = queries.query(sql, source=lake)
    assert [tuple(row.values()) for row in found.to_pylist()] == rows


def test_the_corpus_is_wide_enough() -> None:
    assert len(CORPUS) >= 25


def test_results_are_named_as_athena_names_them(lake: FolderCatalog) -> None:
    found = queries.query(f"SELECT count(*), asset, max(day) AS last, 1 FROM {T} GROUP BY asset", source=lake)
    assert found.column_names == ["_col0", "asset", "last", "_col3"]


def test_sums_of_integers_are_bigints(lake: FolderCatalog) -> None:
    assert (
        str(queries.query(f"SELECT sum(quantity) AS s FROM {T}", source=lake).schema.field("s").type)
        == "int64"
    )


def test_a_query_without_tables_needs_no_catalog() -> None:
    assert queries.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "the query is empty"),
        ("SELECT 1; SELECT 2", "2 statements; ask one query at a time"),
        ("SELEC 1", "not valid Athena SQL"),
        ("SELECT (", "not valid Athena SQL"),
        ("CREATE EXTERNAL TABLE x (a int) LOCATION 's3://b/x'", "CREATE is not a query"),
        ("CREATE TABLE x AS SELECT 1", "CREATE is not a query"),
        ("INSERT INTO silver.trades SELECT 1", "INSERT is not a query"),
        ("DELETE FROM silver.trades", "DELETE is not a query"),
        ("DROP TABLE silver.trades", "DROP is not a query"),
        ("UNLOAD (SELECT 1) TO 's3://b/x' WITH (format = 'PARQUET')", "UNLOAD is not a query"),
        ("SHOW TABLES IN gold", "SHOW is not a query"),
        ("SELECT * FROM trades", "table 'trades' names no database; write for example 'gold.trades'"),
        ("SELECT * FROM other.silver.trades", "there is no catalog 'other'"),
        ("SELECT * FROM silver.trade", "there is no table 'silver.trade'; did you mean 'silver.trades'?"),
        ("SELECT * FROM gold.trades", "there is no table 'gold.trades'; did you mean 'silver.trades'?"),
        ("SELECT * FROM sliver.trades", "there is no database 'sliver'; did you mean 'silver'?"),
        ("SELECT * FROM information_schema.views", "there is no table 'information_schema.views'"),
        ("SELECT notionl FROM silver.trades", "there is no column 'notionl'; did you mean 'notional'?"),
        ("SELECT x.asset FROM silver.trades t", "cannot be understood"),
        ("SELECT 1/0", "divides by zero; write try(...)"),
        ("SELECT 10 % quantity FROM silver.trades", "divides by zero"),
        ("SELECT 1.0/quantity FROM silver.trades", "divides by zero"),
        ("SELECT CAST(asset AS integer) FROM silver.trades", "the query fails: Could not convert string"),
        ("SELECT url_extract_host('http://a')", "function 'url_extract_host' of Athena is not translated"),
        (
            "SELECT * FROM silver.trades FOR TIMESTAMP AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'",
            "time travel",
        ),
        (
            "SELECT nosuch(asset)/2 FROM silver.trades",
            'the type of NOSUCH("trades"."asset") in a division cannot be told',
        ),
        ("SELECT * FROM '/etc/hostname'", "names no database"),
        ("SELECT * FROM read_text('/etc/hostname')", "file system operations are disabled"),
    ],
)
def test_refuses_in_one_sentence(lake: FolderCatalog, sql: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        queries.query(sql, source=lake)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_a_failing_query_leaves_nothing_open() -> None:
    for _ in range(3):
        with pytest.raises(InputError):
            engine.run("SELECT 1 // CAST('x' AS BIGINT)", {})

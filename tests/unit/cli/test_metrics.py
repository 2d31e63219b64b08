"""`assay metrics`: what metrics are made of, told before there is a lake."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from typer.testing import CliRunner

from assay.cli.main import app
from assay.local import stack
from assay.serving import queries

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  bought: {type: mean, numerator: trades.notional, where: {side: buy}, window: {to_day: 7}}
  unused: {type: mean, numerator: trades.count}
segments:
  country: {table: silver.customers, unit: customer_id, column: country}
  tier: {table: silver.customers, unit: customer_id, column: tier, values: [gold]}
experiments:
  button:
    weeks: 3
    metrics: [bought]
    segments: [country]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> str:
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENT)
    return str(file)


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two customers in a lake: one bought twice in her first week, and once after it; the other sold."""
    catalog = SqlCatalog("shop", uri="sqlite:///:memory:", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("silver")
    arms = [("1", "blue"), ("2", "control")]
    trades = [(1, 6, "10.00", "buy"), (1, 8, "5.50", "buy"), (1, 20, "99.00", "buy"), (2, 7, "7.00", "sell")]
    tables = {
        "exposures": [
            {"experiment": "button", "unit": unit, "arm": arm, "exposed_at": at(5), "multi_arm": False}
            for unit, arm in arms
        ],
        "customers": [{"customer_id": 1, "country": "DE", "tier": "basic"}],
        "trades": [
            {"customer_id": unit, "traded_at": at(day), "notional": Decimal(notional), "side": side}
            for unit, day, notional, side in trades
        ],
    }
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows)
        catalog.create_table(f"silver.{name}", schema=table.schema).append(table)
    monkeypatch.setattr(stack, "environment", dict)
    monkeypatch.setattr(queries, "query", partial(queries.query, source=catalog))


def run(*arguments: str, code: int = 0) -> str:
    ended = CliRunner().invoke(app, ["metrics", *arguments])
    assert ended.exit_code == code, ended.output
    return ended.output


def test_check_lists_what_there_is(shop: str) -> None:
    found = json.loads(run("check", shop, "--json"))
    assert found["problems"] == []
    assert found["metrics"][0] == {
        "metric": "bought", "type": "mean", "measures": "trades.notional[side=buy; day 0-7]",
        "method": "welch", "experiments": "button",
    }  # fmt: skip
    assert found["segments"] == [
        {
            "segment": "country",
            "column": "silver.customers.country",
            "values": "all",
            "experiments": "button",
        },
        {"segment": "tier", "column": "silver.customers.tier", "values": "gold, other", "experiments": ""},
    ]
    said = run("check", shop)
    assert "bought" in said
    assert "silver.customers.country" in said


def test_check_tells_every_problem(shop: str) -> None:
    wrong = Path(shop)
    wrong.write_text(wrong.read_text().replace("side: buy", "sied: buy"))
    assert "metrics.bought.where: silver.trades has no column 'sied'" in run("check", shop, code=2)
    assert len(json.loads(run("check", shop, "--json", code=2))["problems"]) == 1


def test_the_sql_needs_no_lake(shop: str) -> None:
    sql = run("explain", "bought", "-b", shop, "--sql")
    assert sql.startswith("WITH units AS (")
    assert "f.side = 'buy'" in sql
    assert "date_add('day', 7, exposed_at) <= TIMESTAMP '2026-01-26 00:00:00'" in sql


@pytest.mark.usefixtures("lake")
def test_a_metric_is_explained_by_what_it_comes_to(shop: str) -> None:
    found = json.loads(run("explain", "bought", "-b", shop, "--rows", "5", "--json"))
    assert (found["experiment"], found["as_of"]) == ("button", "2026-01-26")
    assert {row["arm"]: (row["units"], row["mean"]) for row in found["arms"]} == {
        "blue": (1, 15.5), "control": (1, 0.0),
    }  # fmt: skip
    assert [(row["unit"], float(row["notional"])) for row in found["events"]] == [("1", 10.0), ("1", 5.5)]
    said = run("explain", "bought", "-b", shop, "--rows", "1", "--as-of", "2026-01-19")
    assert "-- bought of button as of 2026-01-19; by --segment country" in said
    assert "15.5" in said
    assert len(json.loads(run("explain", "bought", "-b", shop, "--json"))) == 5  # no events are asked for


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(("segment", "value"), [("country", "DE"), ("tier", "other")])
def test_a_metric_is_explained_by_segment(shop: str, segment: str, value: str) -> None:
    """Of the second customer nothing is known."""
    found = json.loads(run("explain", "bought", "-b", shop, "--segment", segment, "--json"))
    assert [(row["segment"], row["arm"], row["units"], row["mean"]) for row in found["arms"]] == [
        (f"{segment}=(none)", "control", 1, 0.0),
        (f"{segment}={value}", "blue", 1, 15.5),
    ]
    assert "LEFT JOIN members" in found["sql"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bougt"], "blueprint shop has no metric 'bougt'; did you mean 'bought'?"),
        (["unused"], "no experiment of blueprint shop has metric 'unused'; add it to one"),
        (["unused", "-e", "button"], "experiment 'button' has no metric 'unused'"),
        (["bought", "--as-of", "2026-01-05"], "--as-of 2026-01-05 is no look at 'button': name a day after"),
        (
            ["bought", "--segment", "contry"],
            "blueprint shop has no segment 'contry'; did you mean 'country'?",
        ),
    ],
)
def test_what_cannot_be_explained(shop: str, arguments: list[str], sentence: str) -> None:
    said = run("explain", *arguments, "-b", shop, "--sql", code=2)
    assert sentence in " ".join(said.split())

"""`assay metrics`: what metrics are made of, told before there is a lake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.cli.main import app

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  bought: {type: mean, numerator: trades.notional, where: {side: buy}, window: {to_day: 7}}
  unused: {type: mean, numerator: trades.count}
experiments:
  button:
    weeks: 3
    metrics: [bought]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> str:
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENT)
    return str(file)


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
    assert "bought" in run("check", shop)


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bougt"], "blueprint shop has no metric 'bougt'; did you mean 'bought'?"),
        (["unused"], "no experiment of blueprint shop has metric 'unused'; add it to one"),
        (["unused", "-e", "button"], "experiment 'button' has no metric 'unused'"),
        (["bought", "--as-of", "2026-01-05"], "--as-of 2026-01-05 is no look at 'button': name a day after"),
    ],
)
def test_what_cannot_be_explained(shop: str, arguments: list[str], sentence: str) -> None:
    said = run("explain", *arguments, "-b", shop, "--sql", code=2)
    assert sentence in " ".join(said.split())

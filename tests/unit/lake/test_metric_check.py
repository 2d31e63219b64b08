"""A blueprint is held against the contracts of its tables before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import configs
from assay.errors import InputError
from assay.lake.metric_check import problems, refuse
from assay.spec import Blueprint, load_blueprint

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  m: {type: mean, numerator: trades.notional}
experiments:
  button: {weeks: 3, metrics: [m], arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]}
"""

EXPOSURES = "name: shop\nexposures: {table: silver.customers, unit: customer_id, arm: arm, time: tier}\n"
SEGMENTS = "name: shop\nsegments: {{s: {{table: {table}, unit: customer_id, column: {column}}}}}\n"


def of(old: str, new: str) -> list[str]:
    assert old in DOCUMENT
    return problems(Blueprint.parse(DOCUMENT.replace(old, new), "shop.yaml"))


@pytest.mark.parametrize(
    "path", ["glue_configs/blueprints/brokerage.yaml", "tests/data/blueprints/small.yaml"]
)
def test_what_is_shipped_fits(path: str) -> None:
    root = Path(__file__).parents[3]
    assert problems(load_blueprint(root / path)) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("silver.trades", "silver.trade",
         "facts.trades.table: is 'silver.trade', and no contract is of that name; did you mean"),
        ("customer_id", "customer", "facts.trades.unit: silver.trades has no column 'customer'"),
        ("traded_at", "side", "facts.trades.time: silver.trades.side is a string; a time must be"),
        ("[notional]", "[notional, side]", "facts.trades.values: silver.trades.side is a string; only"),
        ("[notional]", "[notional, cost]", "facts.trades.values: silver.trades has no column 'cost'"),
        ("trades.notional}", "distinct(trades.aset)}",
         "metrics.m.numerator: silver.trades has no column 'aset'; did you mean 'asset'?"),
        ("trades.notional}", "trades.notional, where: {sied: buy}}",
         "metrics.m.where: silver.trades has no column 'sied'; did you mean 'side'?"),
        ("trades.notional}", "trades.notional, where: {side: [buy, 5]}}",
         "metrics.m.where.side: silver.trades.side is a string, which 'buy' or 5 is not"),
        ("trades.notional}", "trades.notional, where: {side: {above: 3}}}",
         "metrics.m.where.side: silver.trades.side is a string, which a range of numbers is not"),
        ("trades.notional}", "trades.notional, where: {notional: true}}",
         "metrics.m.where.notional: silver.trades.notional is a decimal(18,2), which True is not"),
        ("name: shop\n", SEGMENTS.format(table="silver.customer", column="country"),
         "segments.s.table: is 'silver.customer', and no contract is of that name; did you mean"),
        ("name: shop\n", SEGMENTS.format(table="silver.customers", column="contry"),
         "segments.s.column: silver.customers has no column 'contry'; did you mean 'country'?"),
        ("name: shop\n", SEGMENTS.format(table="silver.trades", column="price"),
         "segments.s.column: silver.trades.price is a decimal(18,4); units are told apart by a text"),
        ("name: shop\n", EXPOSURES,
         "exposures.arm: silver.customers has no column 'arm'"),
    ],
)  # fmt: skip
def test_one_sentence_for_what_does_not_fit(old: str, new: str, sentence: str) -> None:
    found = of(old, new)
    assert found[0].startswith(sentence)
    assert len(found) == (2 if new == EXPOSURES else 1)


def test_what_fits() -> None:
    kept = "where: {side: [buy], notional: {above: 3, below: 10.5}, trade_id: 7}"
    assert of("trades.notional}", f"trades.notional, {kept}}}") == []
    assert of("trades.notional}", "distinct(trades.asset)}") == []


def test_the_first_problem_is_refused() -> None:
    wrong = Blueprint.parse(DOCUMENT.replace("traded_at", "trade_at"), "shop.yaml")
    with pytest.raises(InputError, match=r"shop\.yaml, facts\.trades\.time: silver\.trades has no"):
        refuse(wrong, "shop.yaml")
    refuse(load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml")), "x")


@pytest.mark.parametrize("column", ["country", "customer_id"])
def test_what_units_are_told_apart_by(column: str) -> None:
    assert of("name: shop\n", SEGMENTS.format(table="silver.customers", column=column)) == []

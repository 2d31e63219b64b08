"""Rules as columns: every reason of every row in one pass; absence is a rule of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assay.errors import ContractError
from assay.lake.audit import audit
from assay.lake.contracts import Contract, Field, Rule, names
from assay.lake.rules import violations

TRADE: dict[str, Any] = {
    "trade_id": "1", "customer_id": "7", "asset": "'BTC'", "side": "'buy'", "quantity": "1",
    "price": "2", "notional": "2",
    "traded_at": "timestamp'2026-01-05 00:00:00'", "_change_seq": "''", "_run_id": "'r'",
}  # fmt: skip


def reasons(spark: SparkSession, **changes: str) -> list[str]:
    contract = Contract.load("silver.trades")
    row = spark.sql(
        "select " + ", ".join(f"{value} `{name}`" for name, value in {**TRADE, **changes}.items())
    )
    return list(row.select(violations(contract)).collect()[0][0])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"notional": "-0.01"}, ["notional >= 0"]),
        ({"notional": "0"}, []),
        ({"price": "0"}, ["price > 0"]),
        ({"asset": "null"}, ["asset is not null"]),
        ({"asset": "'btc'"}, ["asset matches ^[A-Z][A-Z0-9.-]*$"]),
        ({"side": "'gift'", "quantity": "-1"}, ["side in ('buy', 'sell')", "quantity >= 0"]),
        ({"side": "null", "traded_at": "null"}, ["side is not null", "traded_at is not null"]),
    ],
)
def test_reasons_of_a_row(spark: SparkSession, changes: dict[str, str], expected: list[str]) -> None:
    assert reasons(spark, **changes) == expected


def test_a_backslash_in_a_pattern_is_the_patterns(spark: SparkSession) -> None:
    rule = Rule("x matches", r"`x` rlike r'^\d+$'")
    contract = _contract((rule,))
    found = spark.sql("select '12' x union all select 'd+'").select("x", violations(contract)).collect()
    assert {row[0]: row[1] for row in found} == {"12": [], "d+": ["x matches"]}


def test_a_contract_without_rules_is_kept_by_all(spark: SparkSession) -> None:
    contract = _contract(())
    assert spark.sql("select 'a' x").select(violations(contract)).collect()[0][0] == []
    assert audit(contract, spark.sql("select 'a' x")) == 1


def test_the_audit_names_the_three_most_broken_rules(spark: SparkSession) -> None:
    contract = _contract(tuple(Rule(f"x <> {n}", f"x % {n} <> 0") for n in (2, 3, 5, 7)))
    with pytest.raises(ContractError) as caught:
        audit(contract, spark.range(1, 211).withColumnRenamed("id", "x"))
    assert caught.value.message == (
        "silver.things: 105 of 210 rows break x <> 2; 70 of 210 rows break x <> 3; 42 of 210 rows break "
        "x <> 5; publish stopped, the table is unchanged"
    )


def test_keys_of_one_number_are_told_apart(spark: SparkSession) -> None:
    """Spark's hash leaves NULL out: both keys have one number, and each stands once."""
    fields = tuple(Field(name, "string", required=False, description="") for name in "xy")
    contract = replace(_contract(()), fields=fields, keys=("x", "y"))
    two = spark.sql("select 'a' x, cast(null as string) y union all select null, 'a'")
    assert two.selectExpr("count(distinct xxhash64(x, y))").collect()[0][0] == 1
    assert audit(contract, two) == 2
    with pytest.raises(ContractError, match=r"1 values of the key \(x, y\) stand in more than one of 3 rows"):
        audit(contract, two.union(two.limit(1)))


@pytest.mark.long
@pytest.mark.parametrize("name", names())
def test_the_rules_of_every_contract_are_expressions_on_its_columns(spark: SparkSession, name: str) -> None:
    contract = Contract.load(name)
    empty = spark.createDataFrame([], contract.schema)
    assert empty.columns == list(contract.columns)
    assert audit(contract, empty) == 0


def _contract(rules: tuple[Rule, ...]) -> Contract:
    trades = Contract.load("silver.trades")
    return replace(
        trades, name="silver.things", fields=(Field("x", "string", False, "X."),), keys=(), rules=rules
    )

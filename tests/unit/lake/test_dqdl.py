"""Contracts in DQDL: what the language can say, what is listed as unsaid, and that its grammar is kept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.lake.contracts import Contract, names
from assay.lake.dqdl import export
from assay.lake.terms import Rule

WARN, HALT = 'labels = ["severity"="warn"]', 'labels = ["severity"="halt"]'
SQL = 'CustomSql "select count(*) from primary where not coalesce'
STRING = r'"(?:\\.|[^"\\])*"'
NUMBER = r"-?\d+(?:\.\d+)?"
VALUE = rf"(?:{STRING}|{NUMBER}|NULL)"
CONDITION = (
    rf"(?: (?:>=|<=|>|<|=) (?:{VALUE}|\d+ (?:days|hours))"
    rf'| in \[{VALUE}(?:, {VALUE})*\]| matches "[^"\n]*")'
)
# Of SQL the grammar unescapes nothing: it must have no double quote.
SIMPLE = rf'[A-Z][A-Za-z]+(?: "[^"\n]*")+{CONDITION}?'
LABELS = rf"(?: labels = \[{STRING}={STRING}\])?"
RULE = re.compile(rf"(?:{SIMPLE}|\(?\({SIMPLE}\) or \({SIMPLE}\)\)?){LABELS}")


@pytest.mark.parametrize("name", names())
def test_every_contract_is_said_in_the_language(name: str) -> None:
    contract, found = Contract.load(name), export(Contract.load(name))
    assert all(RULE.fullmatch(rule) for rule in found.rules), [
        r for r in found.rules if not RULE.fullmatch(r)
    ]
    said = len(contract.rules) + len(contract.references) + (contract.newest is not None)
    lists = sum("<" in field.type for field in contract.fields)
    assert len(found.rules) == len(contract.columns) - lists + bool(contract.keys) + said
    assert all(line.startswith("#") for line in found.text.splitlines()[: 1 + len(found.unsaid)])


def test_a_table_with_everything() -> None:
    found = export(Contract.load("silver.trades"))
    assert found.sources == {"silver_customers": "silver.customers"}
    for rule in (
        'IsPrimaryKey "trade_id"',
        'IsComplete "notional"',
        'ColumnValues "side" in ["buy", "sell"]',
        'ColumnValues "price" > 0',
        'ColumnValues "asset" matches "^[A-Z][A-Z0-9.-]*$"',
        f'ReferentialIntegrity "customer_id" "silver_customers.customer_id" = 1.0 {WARN}',
        f'DataFreshness "traded_at" <= 8 days {WARN}',
    ):
        assert rule in found.rules
    assert [each.split()[1] for each in found.unsaid] == ["columns'", "schema", "growth", "distribution"]
    assert "# not in DQDL: the distribution of notional against the 4 weeks before" in found.text
    assert "# additional data source silver_customers: silver.customers" in found.text


def test_null_is_kept_where_our_rules_keep_it() -> None:
    rules = export(Contract.load("silver.journal")).rules
    assert '(ColumnValues "seconds" >= 0) or (ColumnValues "seconds" = NULL)' in rules


def test_a_list_is_asked_in_sql_because_the_language_has_no_lists() -> None:
    found = export(Contract.load("silver.quarantine"))
    assert 'ColumnExists "reasons"' not in found.rules
    assert (
        'CustomSql "select count(*) from primary where not coalesce((`reasons` is not null), true)" = 0'
        in found.rules
    )
    assert "how fresh the table is: no column tells it" in found.unsaid


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule('a = "b"', 'a = "b"', "halt"), None),
        (
            Rule("a matches b", "`a` rlike r'b'", "quarantine", "a", "pattern", "b"),
            f"{SQL}((`a` rlike r'b'), true)\" = 0",
        ),
        (
            Rule("a >= 1e+20", "`a` >= 1e+20", "warn", "a", "minimum", 1e20),
            f'{SQL}((`a` >= 1e+20), true)" = 0 {WARN}',
        ),
        (
            Rule("a in (1, 2)", "`a` in (1, 2)", "halt", "a", "enum", (1, 'say "2"')),
            f'((ColumnValues "a" in [1, "say \\"2\\""]) or (ColumnValues "a" = NULL)) {HALT}',
        ),
    ],
)
def test_what_is_special_is_said_or_listed(rule: Rule, said: str | None) -> None:
    contract = replace(
        Contract.load("silver.trades"), rules=(rule,), freshness=timedelta(hours=36), references=()
    )
    found = export(contract)
    if said is None:
        assert any('`a = "b"` (halt)' in each for each in found.unsaid)
    else:
        assert said in found.rules
    assert 'DataFreshness "traded_at" <= 36 hours labels = ["severity"="warn"]' in found.rules

"""What changed between contracts, and what of it breaks writers or readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.lake.contract_diff import compare
from assay.lake.contracts import Contract
from assay.lake.terms import Field, Kind, Reference, RowCountDrift, Rule

TRADES = Contract.load("silver.trades")
Edit = Callable[[Contract], Contract]


def found(edit: Edit, contract: Contract = TRADES) -> dict[str, bool]:
    """The changes of an edit, those about the version left out."""
    changes = compare({contract.name: contract}, {contract.name: edit(contract)})
    assert all(change.table == contract.name for change in changes)
    return {change.what: change.breaking for change in changes if "number" not in change.what}


def with_field(name: str, **changes: object) -> Edit:
    def edit(contract: Contract) -> Contract:
        fields = tuple(replace(f, **changes) if f.name == name else f for f in contract.fields)  # type: ignore[arg-type]
        return replace(contract, fields=fields)

    return edit


def with_rule(text: str, new: Rule | None) -> Edit:
    def edit(contract: Contract) -> Contract:
        rules = [new if rule.text == text else rule for rule in contract.rules]
        return replace(contract, rules=tuple(rule for rule in rules if rule is not None))

    return edit


def bound(text: str, kind: str, value: float, severity: str = "quarantine") -> Rule:
    return Rule(text, text, severity, "price", kind, value)  # type: ignore[arg-type]


def sides(*values: str, severity: str = "quarantine") -> Rule:
    return Rule(f"side in {values}", "x", severity, "side", "enum", values)  # type: ignore[arg-type]


ABOVE: Kind = "exclusiveMinimum"
ASSET = "asset matches ^[A-Z][A-Z0-9.-]*$"
SIDE = "side in ('buy', 'sell')"
GROWTH = "what the growth is compared with"


@pytest.mark.parametrize(
    ("edit", "what", "breaking"),
    [
        (lambda c: replace(c, fields=c.fields[1:]), "column trade_id is removed", True),
        (
            lambda c: replace(c, fields=(*c.fields, Field("venue", "string", True, "V."))),
            "column venue is new and required",
            True,
        ),
        (
            lambda c: replace(c, fields=(*c.fields, Field("venue", "string", False, "V."))),
            "column venue is new and optional",
            False,
        ),
        (
            with_field("price", type="decimal(20,4)"),
            "column price is decimal(20,4), was decimal(18,4): wider",
            False,
        ),
        (
            with_field("price", type="decimal(18,2)"),
            "column price is decimal(18,2), was decimal(18,4): narrower or another",
            True,
        ),
        (with_field("trade_id", type="int"), "column trade_id is int, was bigint: narrower or another", True),
        (
            lambda c: replace(c, keys=("trade_id", "asset")),
            "the key is (trade_id, asset) and was (trade_id)",
            True,
        ),
        (
            lambda c: replace(c, partitions=("asset",)),
            "partitioned by (asset), was (); a table that stands keeps its partitions",
            False,
        ),
        (with_rule("price is not null", None), "rule `price is not null` is gone", False),
        (
            lambda c: replace(c, rules=(*c.rules, Rule("a < b", "a < b"))),
            "rule `a < b` is new (quarantine)",
            True,
        ),
        (
            lambda c: replace(c, rules=(*c.rules, Rule("a < b", "a < b", "warn"))),
            "rule `a < b` is new (warn)",
            False,
        ),
        (
            with_rule("price > 0", bound("price >= 0", "minimum", 0)),
            "rule `price >= 0` was `price > 0`: wider",
            False,
        ),
        (
            with_rule("price > 0", bound("price > 1", "exclusiveMinimum", 1)),
            "rule `price > 1` was `price > 0`: narrower",
            True,
        ),
        (
            with_rule("notional >= 0", Rule("notional > 0", "x", "quarantine", "notional", ABOVE, 0)),
            "rule `notional > 0` was `notional >= 0`: narrower",
            True,
        ),
        (
            with_rule("price > 0", bound("price > 1", "exclusiveMinimum", 1, "warn")),
            "rule `price > 1` was `price > 0`: narrower",
            False,
        ),
        (with_rule(SIDE, sides("buy")), f"rule `side in ('buy',)` was `{SIDE}`: narrower", True),
        (
            with_rule(SIDE, sides("buy", "sell", "gift")),
            f"rule `side in ('buy', 'sell', 'gift')` was `{SIDE}`: wider",
            False,
        ),
        (
            with_rule(SIDE, sides("buy", "sell", severity="halt")),
            "rule `side in ('buy', 'sell')` is halt, was quarantine",
            True,
        ),
        (
            with_rule(SIDE, sides("buy", "sell", severity="warn")),
            "rule `side in ('buy', 'sell')` is warn, was quarantine",
            False,
        ),
        (
            with_rule(ASSET, Rule("asset matches ^A$", "x", "quarantine", "asset", "pattern", "^A$")),
            f"rule `asset matches ^A$` was `{ASSET}`: narrower",
            True,
        ),
        (lambda c: replace(c, schema_mode="evolve"), "schema mode evolve, was freeze", False),
        (lambda c: replace(c, owner="me"), "owner is 'me', was 'data-engineering'", False),
        (
            lambda c: replace(c, freshness=timedelta(days=1), stale="halt"),
            "data of traded_at may be 1 day, 0:00:00 old (halt), was traded_at, 8 days, 0:00:00 (warn)",
            True,
        ),
        (lambda c: replace(c, row_count=None), f"{GROWTH} is gone", False),
        (lambda c: replace(c, row_count=RowCountDrift(4, 2.0, "halt")), f"{GROWTH} has changed", True),
        (
            lambda c: replace(c, references=(*c.references, Reference("asset", "silver.quotes", "asset"))),
            "reference asset in silver.quotes.asset is new",
            False,
        ),
        (lambda c: replace(c, distributions=()), "the distribution of notional is gone", False),
    ],
)
def test_each_change_is_named_and_judged(edit: Edit, what: str, breaking: bool) -> None:
    changes = found(edit)
    assert changes[what] is breaking, changes
    # Only the removal of a column takes its own rules and references along.
    assert len(changes) == 1 or "removed" in what or "warn" in str(changes)


def test_a_stricter_schema_mode_breaks() -> None:
    bronze = Contract.load("bronze.trades")
    assert found(lambda c: replace(c, schema_mode="freeze"), bronze) == {
        "schema mode freeze, was evolve": True
    }


def test_tables_come_and_go() -> None:
    quotes = Contract.load("silver.quotes")
    changes = compare({TRADES.name: TRADES}, {quotes.name: quotes})
    assert [(c.table, c.what, c.breaking) for c in changes] == [
        ("silver.quotes", "the contract is new", False),
        ("silver.trades", "the contract is gone", True),
    ]
    assert compare({TRADES.name: TRADES}, {TRADES.name: TRADES}) == []


@pytest.mark.parametrize(
    ("version", "keys", "says"),
    [
        ("1.1.0", ("asset",), "raise its major number"),
        ("1.2.0", ("asset",), "raise its major number"),
        ("2.0.0", ("asset",), None),
        ("1.1.0", TRADES.keys, "raise its minor number"),
        ("1.2.0", TRADES.keys, None),
    ],
)
def test_the_version_must_say_that_the_contract_changed(
    version: str, keys: tuple[str, ...], says: str | None
) -> None:
    new = replace(TRADES, version=version, keys=keys, owner="me")
    told = [c.what for c in compare({"t": TRADES}, {"t": new}) if "version" in c.what]
    assert [text.rpartition(": ")[2] for text in told] == ([says] if says else [])

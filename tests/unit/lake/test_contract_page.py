"""docs/contracts.md is what the contract files say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.lake.contract_page import page
from assay.lake.contracts import Contract, names

COMMITTED = Path(__file__).parents[3] / "docs" / "contracts.md"


def test_the_committed_page_is_the_generated_one() -> None:
    made = page(Contract.load(name) for name in names())
    assert COMMITTED.read_text(encoding="utf-8") == made, "run `assay contracts docs`"


def test_a_section_has_columns_rules_and_checks() -> None:
    text = page([Contract.load("silver.trades")])
    assert (
        "| `side` | string | Direction of the trade, as the customer sees it. | required, `in ('buy'" in text
    )
    assert "- `year(traded_at) between 2000 and 2100` (warn)" in text
    assert "- every `customer_id` exists in `silver.customers.customer_id` (warn)" in text
    assert "within a factor of 3 of their median (warn)" in text
    assert "- `notional` of the newest week of `traded_at` lies as in the 4 before" in text
    bare = replace(
        Contract.load("gold.unit_metrics"), newest=None, rules=(), references=(), partitions=("period",)
    )
    section = page([bare])
    assert "partitioned by (period)" in section
    assert "Checks of the table" not in section

"""The text in which the source says what it changed: there and back, and what is no promise."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from assay.medallion.promise import Change, parse, text

MONEY = {("notional", "I"): Decimal("20.00"), ("notional", "U"): Decimal("30.10")}


def test_a_promise_comes_back_as_it_was() -> None:
    changes = {"quotes": Change(2), "trades": Change(3, MONEY)}
    assert parse(text(changes)) == changes
    assert json.loads(text(changes))["trades"] == {"changes": 3, "notional": {"I": "20.00", "U": "30.10"}}


def test_sums_stay_exact_beyond_what_a_double_holds() -> None:
    large = {("notional", "I"): Decimal("12345678901234567890123456789.01")}
    assert parse(text({"trades": Change(1, large)}))["trades"].money == large
    assert parse(text({"trades": Change(0, {("notional", "D"): Decimal("0E+3")})}))["trades"].rows == 0


def test_rows_of_before_money_was_promised_are_read() -> None:
    assert parse('{"quotes": 2, "trades": 3}') == {"quotes": Change(2), "trades": Change(3)}


def test_changes_add_up() -> None:
    total = Change(1, {("notional", "I"): Decimal(1)}) + Change(2, MONEY) + Change(4)
    assert total == Change(7, {("notional", "I"): Decimal("21.00"), ("notional", "U"): Decimal("30.10")})


@pytest.mark.parametrize(
    "wrong",
    [
        None, "", "many", "[]", '{"trades": "3"}', '{"trades": true}', '{"trades": {"notional": {"I": "1"}}}',
        '{"trades": {"changes": 1, "notional": {"I": "much"}}}', '{"trades": {"changes": 1, "notional": 5}}',
    ],
)  # fmt: skip
def test_what_is_no_promise_is_an_error(wrong: str | None) -> None:
    with pytest.raises((ValueError, AttributeError)):
        parse(wrong)

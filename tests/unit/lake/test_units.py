"""Who is to be forgotten, and how each way of holding a customer is recognised."""

from __future__ import annotations

import json
import re

import pytest

from assay.errors import InputError
from assay.lake import units
from assay.lake.contracts import Contract, names
from assay.lake.units import REMOVED, Unit

UNIT = Unit.parse("4711")


@pytest.mark.parametrize("text", ["0", "7", "4711", "9223372036854775807"])
def test_an_id_is_digits(text: str) -> None:
    assert (Unit.parse(text).digits, Unit.parse(text).number) == (text, int(text))


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "+1", "1e5", "1.0", " 1", "1\n", "007", "9223372036854775808", "1" * 20, "٣", "1;--"],
)
def test_what_is_no_id_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Unit.parse(text)
    assert refused.value.message == (
        "the unit is no id of a customer; give its digits alone, a whole number from 0 to 9223372036854775807"
    )


def test_a_unit_does_not_show_itself() -> None:
    held = units.held(Contract.load("silver.trades"), UNIT)
    assert "4711" not in f"{UNIT!r} {UNIT} {held!r}"


@pytest.mark.parametrize("text", ["4711", " 4711 ", "004711", "4711.0", "4711.000000", "+4711"])
def test_a_value_of_any_type_is_recognised(text: str) -> None:
    assert re.search(UNIT.alone, text)


@pytest.mark.parametrize("text", ["471", "47110", "14711", "4711.5", "-4711", "4711x", "", "4,711"])
def test_another_value_is_not(text: str) -> None:
    assert not re.search(UNIT.alone, text)


@pytest.mark.parametrize("value", [4711, "4711", 4711.0, "4711.00", " 4711"])
@pytest.mark.parametrize("column", ["customer_id", "unit", "Customer_ID"])
def test_a_row_as_json_is_recognised_also_within_json(value: object, column: str) -> None:
    row = {"a": 1, column: value, "b": None}
    for text in (json.dumps(row), json.dumps({"_extra": json.dumps(row)}), json.dumps(row, indent=1)):
        assert re.search(UNIT.inside, text), text


@pytest.mark.parametrize("value", [471, 47110, 4711.5, "47110", "x4711", None, [4711]])
def test_the_row_of_another_is_not(value: object) -> None:
    assert not re.search(UNIT.inside, json.dumps({"customer_id": value, "price": 4711, "trade_id": "4711"}))


@pytest.mark.parametrize("text", ["customer 4711", "4711", "(4711)", "id=4711, x", "customers/4711.json"])
def test_a_text_that_names_it_is_recognised(text: str) -> None:
    assert UNIT.is_mentioned(text)


@pytest.mark.parametrize("text", ["", "customer 47110", "14711", "four"])
def test_a_text_that_names_another_is_not(text: str) -> None:
    assert not UNIT.is_mentioned(text)
    assert not UNIT.is_mentioned(REMOVED)


def test_which_tables_and_columns_can_hold_a_unit() -> None:
    assert units.id_columns() == {"customer_id", "unit"}
    found = units.tables()
    assert {"bronze.trades", "silver.exposures", "silver.quarantine", "gold.unit_metrics", "gold.runs"} <= {
        *found
    }
    assert {*names()} - {*found} >= {"gold.asset_daily", "gold.metric_moments", "silver.loads"}
    for name in found:
        held = units.held(Contract.load(name), UNIT)
        assert held.rows or held.texts, name


def test_the_conditions_are_of_the_columns_types() -> None:
    assert units.held(Contract.load("silver.trades"), UNIT).rows == "`customer_id` = 4711L"
    assert units.held(Contract.load("silver.exposures"), UNIT).rows == "`unit` = '4711'"
    bronze = units.held(Contract.load("bronze.trades"), UNIT).rows or ""
    assert bronze.startswith("`customer_id` = 4711L OR `_extra` RLIKE '")
    assert set(units.held(Contract.load("bronze.journal"), UNIT).texts) == {"error", "warnings"}

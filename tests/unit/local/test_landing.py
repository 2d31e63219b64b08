from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import StackError
from assay.local import landing
from assay.local.landing import Captured
from assay.local.pgoutput import UNCHANGED, Relation

NUMERIC_18_6 = (18 << 16 | 6) + 4
TRADES = Relation("brokerage", "trades", ("id", "price"), (20, 1700), (-1, NUMERIC_18_6))


def named(name: str) -> Relation:
    return Relation("brokerage", name, ("id",), (20,), (-1,))


@settings(deadline=None)  # the first cast loads code
@given(st.decimals(min_value=-(10**12) + 1, max_value=10**12 - 1, places=6))
def test_decimals_are_exact(value: Decimal) -> None:
    array = landing.column([f"{value:f}"], 1700, NUMERIC_18_6)
    assert array.type == pa.decimal128(18, 6)
    assert array.to_pylist() == [value]


@pytest.mark.parametrize(
    ("text", "oid", "value"),
    [
        ("2026-01-05 00:00:00.000001+00", 1184, datetime(2026, 1, 5, 0, 0, 0, 1, UTC)),
        ("2026-01-05 00:00:00+00", 1184, datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-01-05 12:30:00.5", 1114, datetime(2026, 1, 5, 12, 30, 0, 500000)),  # noqa: DTZ001  # it has no zone
        ("2026-01-05", 1082, date(2026, 1, 5)),
        ("0001-01-01", 1082, date(1, 1, 1)),
        ("9999-12-31 23:59:59.999999+00", 1184, datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("9223372036854775807", 20, 2**63 - 1),
        ("-7", 21, -7),
        ("7", 23, 7),
        ("0.1", 701, 0.1),
        ("NaN", 701, pytest.approx(float("nan"), nan_ok=True)),
        ("t", 16, True),
        ("false", 16, False),
        ("", 25, ""),
        ("{1,2}", 1007, "{1,2}"),
    ],
)
def test_values_keep_their_meaning_and_null_is_not_empty(text: str, oid: int, value: object) -> None:
    assert landing.column([text, None], oid, -1).to_pylist() == [value, None]


@pytest.mark.parametrize(("modifier", "kept"), [(-1, "1.5"), ((60 << 16 | 2) + 4, "1.5")])
def test_numbers_without_an_exact_decimal_type_stay_text(modifier: int, kept: str) -> None:
    assert landing.column(["1.5"], 1700, modifier).to_pylist() == [kept]


@pytest.mark.parametrize(
    ("text", "oid", "modifier"),
    [
        ("NaN", 1700, NUMERIC_18_6),
        ("infinity", 1184, -1),
        ("0044-03-15 BC", 1082, -1),
        ("10000-01-01", 1082, -1),
    ],
)
def test_values_without_a_form_become_null_with_a_warning(
    text: str, oid: int, modifier: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert landing.column([text], oid, modifier).to_pylist() == [None]
    assert "1 values (NaN, infinity, or a year" in caplog.text


def test_a_change_file_is_what_dms_writes() -> None:
    commit = datetime(2026, 1, 5, 10, 0, 0, 42, UTC)
    changes = [
        Captured("I", ("1", "2.5"), int(commit.timestamp() * 1_000_000), landing.sequence(255, 0)),
        Captured("D", ("1", None), int(commit.timestamp() * 1_000_000), landing.sequence(255, 1)),
    ]
    table = landing.changes_table(TRADES, changes)
    assert table.column_names == ["Op", "id", "price", "dms_ts", "change_seq"]
    assert table.to_pylist()[0] == {
        "Op": "I",
        "id": 1,
        "price": Decimal("2.500000"),
        "dms_ts": "2026-01-05 10:00:00.000042",
        "change_seq": "00000000000000FF00000000",
    }
    assert table["Op"].to_pylist() == ["I", "D"]


def test_a_load_file_has_inserts_without_a_sequence() -> None:
    table = landing.load_table(TRADES, [("1", "2")], datetime(2026, 1, 5, tzinfo=UTC))
    assert table.to_pylist() == [
        {
            "Op": "I",
            "id": 1,
            "price": Decimal(2),
            "dms_ts": "2026-01-05 00:00:00.000000",
            "change_seq": None,
        }
    ]
    assert table.schema.equals(landing.changes_table(TRADES, [Captured("I", ("1", "2"), 0, "x")]).schema)


def test_a_value_that_was_not_sent_is_refused_with_the_remedy() -> None:
    with pytest.raises(StackError, match=r"alter table brokerage.trades replica identity full"):
        landing.changes_table(TRADES, [Captured("U", ("1", UNCHANGED), 0, "x")])


def test_loads_come_last() -> None:
    tables = [named(name) for name in ("loads", "trades", "customers", "quotes")]
    assert [each.name for each in landing.in_order(tables)] == ["customers", "quotes", "trades", "loads"]


@given(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1)), st.data())
def test_sequences_sort_as_positions_do(first: tuple[int, int], data: st.DataObject) -> None:
    second = data.draw(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1)))
    assert (landing.sequence(*first) < landing.sequence(*second)) == (first < second)


def test_file_names_are_dms_own() -> None:
    moment = int(datetime(2022, 10, 23, 1, 38, 30, 913000, UTC).timestamp() * 1000)
    assert landing.change_key(TRADES, moment) == "rds/brokerage/trades/20221023-013830913.parquet"
    assert landing.load_key(TRADES, 10) == "rds/brokerage/trades/LOAD0000000A.parquet"

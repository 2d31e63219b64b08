# ruff: noqa: DTZ001, E501 - moments without a zone, cases as a table
"""What engines send, read into Arrow."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, isnan

import pyarrow as pa
import pytest

from assay.serving.queries import wire


@pytest.mark.parametrize(
    ("signature", "sent", "wanted"),
    [
        ("bigint", 7, 7),
        ("integer", "7", 7),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("double", "Infinity", inf),
        ("real", 0.5, 0.5),
        ("decimal(38, 2)", "104571346.75", Decimal("104571346.75")),
        ("date", "2026-01-05", date(2026, 1, 5)),
        ("timestamp(6)", "2026-01-05 01:02:03.123456", datetime(2026, 1, 5, 1, 2, 3, 123456)),
        ("timestamp(9)", "2026-01-05 01:02:03.123456789", datetime(2026, 1, 5, 1, 2, 3, 123456)),
        ("timestamp", "2026-01-05 01:02:03", datetime(2026, 1, 5, 1, 2, 3)),
        ("timestamp(3) with time zone", "2026-01-05 01:02:03.500 UTC", datetime(2026, 1, 5, 1, 2, 3, 500_000, UTC)),
        ("timestamp with time zone", "2026-01-05 01:02:03 +02:30", datetime(2026, 1, 4, 22, 32, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-01-05 01:02:03 -02:00", datetime(2026, 1, 5, 3, 2, 3, tzinfo=UTC)),
        ("timestamp with time zone", "2026-07-05 01:02:03 Europe/Berlin", datetime(2026, 7, 4, 23, 2, 3, tzinfo=UTC)),
        ("varbinary", "AP8=", b"\x00\xff"),
        ("varchar(3)", "abc", "abc"),
        ("json", '{"a":1}', '{"a":1}'),
        ("unknown", None, None),
        ("array(decimal(3, 1))", ["1.5", None], [Decimal("1.5"), None]),
        ("map(varchar, integer)", {"a": 1}, [("a", 1)]),
        ('row(x integer, "a b" date)', [1, "2026-01-05"], {"x": 1, "a b": date(2026, 1, 5)}),
    ],
)  # fmt: skip
def test_values_come_through(signature: str, sent: object, wanted: object) -> None:
    found = wire.table(["c"], [wire.arrow_type(signature)], [[sent], [None]])
    assert found.column("c").to_pylist() == [wanted, None]


def test_not_a_number_stays_one() -> None:
    assert isnan(wire.value(pa.float64(), "NaN"))  # type: ignore[arg-type]


def test_what_arrow_has_no_like_of_is_a_text() -> None:
    assert wire.arrow_type("HyperLogLog") == pa.string()
    assert wire.arrow_type("no (such") == pa.string()


def test_no_rows_keep_their_types() -> None:
    found = wire.table(["a", "b"], [pa.int64(), pa.string()], [])
    assert found.schema == pa.schema([("a", pa.int64()), ("b", pa.string())])

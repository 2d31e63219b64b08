"""Which groups of moments have no unit left."""

from __future__ import annotations

from datetime import date

from assay.medallion.gold_moments import PARTS, SCHEMA, arm_counts, without_units
from assay.medallion.gold_scope import WEEK, Scope
from assay.spec import Blueprint

BLUEPRINT = Blueprint.parse(
    """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  value: {type: mean, numerator: trades.notional}
  active: {type: proportion, numerator: trades.count}
experiments:
  button: {first_week: 1, weeks: 2, metrics: [value, active],
           arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
""",
    "test",
)
FIRST, SECOND = (date(2026, 1, 5) + n * WEEK for n in (1, 2))


def test_every_group_is_either_found_or_without_units() -> None:
    (planned,) = BLUEPRINT.rounds(SECOND)
    scope = Scope(planned, (), (FIRST, SECOND))
    found = [("button", arm, metric, "all", SECOND, 7) for arm in "ab" for metric in ("value", "active")][:3]
    gone = without_units(found, [scope])
    assert {row[:5] for row in gone} == {
        ("button", "b", "active", "all", SECOND),
        *(("button", arm, metric, "all", FIRST) for arm in "ab" for metric in ("value", "active")),
    }
    assert all(row[5:] == (0, *(0.0 for _ in PARTS)) for row in gone)
    assert len(gone[0]) == len(SCHEMA.split(","))
    assert without_units(found, []) == []


def test_segments_neither_count_as_units_nor_stand_for_everyone() -> None:
    (planned,) = BLUEPRINT.rounds(SECOND)
    parts = [("button", arm, "value", "country=DE", SECOND, 9) for arm in "ab"]
    whole = [("button", "a", "value", "all", SECOND, 7), ("button", "a", "active", "all", SECOND, 8)]
    assert arm_counts([*parts, *whole]) == {("button", SECOND): {"a": 8}}
    gone = without_units([*parts, *whole], [Scope(planned, (), (SECOND,))])
    assert {row[:5] for row in gone} == {
        ("button", "b", metric, "all", SECOND) for metric in ("value", "active")
    }

"""What a changelog touches: net changes only, by week of a fact, by day of an exposure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from assay.medallion.gold_touched import additions, net_changes, sources, touched
from assay.spec import Blueprint

from .conftest import DOCUMENT

BLUEPRINT = Blueprint.parse(DOCUMENT, "test")


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def changelogs(
    spark: Any, trades: Sequence[Any], exposures: Sequence[Any] = (), quarantine: Sequence[Any] = ()
) -> dict[str, Any]:
    kind = "_change_type string"
    return {
        "silver.trades": spark.createDataFrame(
            list(trades),
            f"customer_id bigint, traded_at timestamp, notional decimal(18,2), asset string, {kind}",
        ),
        "silver.exposures": spark.createDataFrame(
            list(exposures),
            "experiment string, unit string, arm string, exposed_at timestamp, multi_arm boolean, n int, "
            + kind,
        ),
        "silver.quarantine": spark.createDataFrame(
            list(quarantine), f"quarantine_id string, contract string, row string, {kind}"
        ),
    }


def test_sources_are_the_tables_of_the_used_facts() -> None:
    assert sources(BLUEPRINT) == ("silver.exposures", "silver.quarantine", "silver.trades")


def test_both_ends_of_a_move_and_a_deletion_are_touched(spark: Any) -> None:
    rows = [
        (1, at(6), 5, "BTC", "DELETE"),
        (1, at(14), 5, "BTC", "INSERT"),
        (2, at(22), 5, "BTC", "DELETE"),
        (3, at(29), 5, "BTC", "DELETE"),  # only a column that no metric reads
        (3, at(29), 5, "ETH", "INSERT"),
    ]
    logs = changelogs(spark, [(a, b, Decimal(c), d, e) for a, b, c, d, e in rows])
    found = touched(BLUEPRINT, logs)
    assert found.facts == {"trades": {date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)}}
    assert found.exposures == {}
    assert net_changes(logs["silver.trades"], ["customer_id"]).count() == 1


def test_additions_are_what_came_or_is_now(spark: Any) -> None:
    rows = [
        (1, at(6), 5, "BTC", "DELETE"),
        (1, at(6), 7, "BTC", "INSERT"),
        (2, at(22), 5, "BTC", "DELETE"),
        (3, at(29), 5, "BTC", "DELETE"),  # copied into another file
        (3, at(29), 5, "BTC", "INSERT"),
        (4, at(30), 5, "BTC", "INSERT"),
    ]
    logs = changelogs(spark, [(a, b, Decimal(c), d, e) for a, b, c, d, e in rows])
    found = additions(logs["silver.trades"], ["customer_id", "notional"])
    assert sorted(map(tuple, found.collect())) == [(1, 7), (4, 5)]


def test_a_repeated_exposure_touches_nothing_and_a_changed_one_from_its_earlier_day(spark: Any) -> None:
    exposures = [
        ("button", "1", "blue", at(13), False, 1, "DELETE"),
        ("button", "1", "blue", at(13), False, 2, "INSERT"),
        ("button", "2", "blue", at(16), False, 1, "DELETE"),
        ("button", "2", "blue", at(15), False, 1, "INSERT"),
    ]
    assert touched(BLUEPRINT, changelogs(spark, [], exposures)).exposures == {"button": date(2026, 1, 15)}


def test_quarantined_rows_touch_the_looks_that_count_them(spark: Any) -> None:
    quarantine = [
        ("a", "silver.trades", '{"traded_at": "2026-01-14 00:00:00"}', "INSERT"),
        ("b", "silver.trades", '{"traded_at": null}', "INSERT"),
        ("c", "silver.exposures", '{"experiment": "button", "exposed_at": "2026-01-13T10:00:00"}', "INSERT"),
        ("d", "silver.exposures", '{"exposed_at": "2026-01-07T10:00:00"}', "INSERT"),
    ]
    found = touched(BLUEPRINT, changelogs(spark, [], [], quarantine))
    assert found.facts == {"trades": {date(2026, 1, 12)}}
    assert found.exposures == {"button": date(2026, 1, 13)}

"""What a changelog touches: net changes only, by week of a fact, by day of an exposure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from pyspark.sql import functions as F

from assay.medallion.gold_touched import additions, changed_groups, net_changes, sources, touched
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


def exposed(spark: Any, *rows: Any) -> Any:
    """Exposures as they are now."""
    return spark.createDataFrame(list(rows), "experiment string, unit string, exposed_at timestamp")


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
    found = touched(BLUEPRINT, logs, exposed(spark))
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


def test_groups_change_where_rows_do(spark: Any) -> None:
    """Random changelogs, most of whose rows cancel; values of two columns also swapped, or null."""
    draw = np.random.default_rng(5)
    values = [None, 0, 1, 2]
    rows = [
        (int(day), values[a], values[b], kind)
        for day, a, b in zip(draw.integers(0, 300, 400), *draw.integers(0, 4, (2, 400)), strict=True)
        for kind in draw.choice(["INSERT", "DELETE"], size=2, replace=bool(draw.random() < 0.3)).tolist()
    ]
    rows += [(500, None, 1, "DELETE"), (500, 1, None, "INSERT"), (501, 1, 1, "INSERT"), (501, 1, 1, "INSERT")]
    log = spark.createDataFrame(rows, "day int, a int, b int, _change_type string")
    by_rows = {row.day for row in net_changes(log, ["day", "a", "b"]).collect()}
    found = [row.day for row in changed_groups(log, ["day", "a", "b"], {"day": F.col("day")}).collect()]
    assert 50 < len(by_rows) < len({row[0] for row in rows})
    assert {500, 501} <= by_rows
    assert sorted(found) == sorted(by_rows)


def test_a_repeated_exposure_touches_nothing_and_a_changed_one_from_its_earlier_day(spark: Any) -> None:
    exposures = [
        ("button", "1", "blue", at(13), False, 1, "DELETE"),
        ("button", "1", "blue", at(13), False, 2, "INSERT"),
        ("button", "2", "blue", at(16), False, 1, "DELETE"),
        ("button", "2", "blue", at(15), False, 1, "INSERT"),
    ]
    assert touched(BLUEPRINT, changelogs(spark, [], exposures), exposed(spark)).exposures == {
        "button": date(2026, 1, 15)
    }


def test_quarantined_rows_touch_the_looks_that_count_them(spark: Any) -> None:
    quarantine = [
        ("a", "silver.trades", '{"traded_at": "2026-01-14 00:00:00"}', "INSERT"),
        ("b", "silver.trades", '{"traded_at": null}', "INSERT"),
        ("c", "silver.exposures", '{"experiment": "button", "exposed_at": "2026-01-13T10:00:00"}', "INSERT"),
        ("d", "silver.exposures", '{"exposed_at": "2026-01-07T10:00:00"}', "INSERT"),
    ]
    found = touched(BLUEPRINT, changelogs(spark, [], [], quarantine), exposed(spark))
    assert found.facts == {"trades": {date(2026, 1, 12)}}
    assert found.exposures == {"button": date(2026, 1, 13)}


SEGMENTS = """
segments:
  country: {table: silver.customers, unit: customer_id, column: country}
  tier: {table: silver.customers, unit: customer_id, column: tier}
"""


def shown_by(**segments: str) -> Blueprint:
    """The blueprint whose experiments are shown by segments."""
    text = DOCUMENT
    for experiment, names in segments.items():
        text = text.replace(f"  {experiment}:\n", f"  {experiment}:\n    segments: {names}\n")
    return Blueprint.parse(text + SEGMENTS, "test")


def test_the_tables_of_segments_are_sources_where_an_experiment_is_shown_by_them() -> None:
    assert "silver.customers" not in sources(shown_by())
    assert sources(shown_by(button="[tier]")) == (
        "silver.exposures", "silver.quarantine", "silver.customers", "silver.trades",
    )  # fmt: skip


def test_a_changed_value_touches_the_exposures_of_its_units_in_the_experiments_shown_by_it(
    spark: Any,
) -> None:
    blueprint = shown_by(button="[country]", layout="[country, tier]")
    logs = changelogs(spark, [])
    changes = [
        (1, "DE", "gold", "DELETE"),
        (1, "FR", "gold", "INSERT"),
        (2, "DE", "gold", "DELETE"),  # a tier, by which one experiment is not shown
        (2, "DE", "basic", "INSERT"),
        (3, "DE", "gold", "DELETE"),  # nothing
        (3, "DE", "gold", "INSERT"),
        (4, None, "gold", "INSERT"),
        (9, "DE", "gold", "DELETE"),  # never exposed
    ]
    logs["silver.customers"] = spark.createDataFrame(
        changes, "customer_id bigint, country string, tier string, _change_type string"
    )
    now = exposed(
        spark,
        ("button", "1", at(14)), ("button", "2", at(12)), ("button", "3", at(11)),
        ("layout", "2", at(20)), ("layout", "1", at(21)), ("button.2", "4", at(27)), ("other", "1", at(1)),
    )  # fmt: skip
    assert touched(blueprint, logs, now).exposures == {
        "button": date(2026, 1, 14), "button.2": date(2026, 1, 27), "layout": date(2026, 1, 20),
    }  # fmt: skip
    assert touched(shown_by(layout="[tier]"), logs, now).exposures == {"layout": date(2026, 1, 20)}
    assert touched(shown_by(), logs, now).exposures == {}

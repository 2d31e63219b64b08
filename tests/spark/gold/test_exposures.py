"""Exposures from a table of the user's own: the first one counts, and what changed is found."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import SparkSession

from assay import configs
from assay.errors import InputError
from assay.medallion.gold_exposures import exposures
from assay.medallion.gold_health import quarantined_days
from assay.medallion.gold_touched import sources, touched
from assay.spec import Blueprint

DOCUMENT = """
name: shop
start: 2026-01-05
exposures: {{table: silver.assignments, unit: user, arm: variant, time: at{column}}}
facts: {{orders: {{table: silver.orders, unit: user, time: on, values: [amount]}}}}
metrics: {{spent: {{type: mean, numerator: orders.amount}}}}
experiments:
  price:
    weeks: 2
    metrics: [spent]
    arms: [{{name: old, allocation: 0.5}}, {{name: new, allocation: 0.5}}]
"""
OTHER = """experiments:
  other: {weeks: 1, metrics: [spent], arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
"""


def blueprint(column: str = "") -> Blueprint:
    return Blueprint.parse(DOCUMENT.format(column=column), "shop.yaml")


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_the_first_exposure_of_a_unit_counts(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [("u1", "new", at(7)), ("u1", "old", at(6)), ("u2", "new", at(6)), ("u2", "new", at(8))],
        "user string, variant string, at timestamp",
    )
    found = exposures(rows, blueprint()).orderBy("unit").collect()
    assert [(r["experiment"], r["unit"], r["arm"], r["exposures"], r["multi_arm"]) for r in found] == [
        ("price", "u1", "old", 2, True),
        ("price", "u2", "new", 2, False),
    ]


def test_days_and_a_column_of_experiments(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [(1, "new", date(2026, 1, 6), "price"), (1, "new", date(2026, 1, 7), "other")],
        "user int, variant string, at date, test string",
    )
    found = exposures(rows, blueprint(", experiment: test")).orderBy("experiment").collect()
    assert [(r["experiment"], r["unit"]) for r in found] == [("other", "1"), ("price", "1")]


def test_what_changed_is_found(spark: SparkSession) -> None:
    schema = "user string, variant string, at timestamp, _change_type string"
    changed = spark.createDataFrame(
        [("u1", "new", at(14), "INSERT"), ("u2", "old", at(7), "DELETE"),
         ("u3", "old", at(6), "INSERT"), ("u3", "old", at(6), "DELETE")],
        schema,
    )  # fmt: skip
    orders = spark.createDataFrame([], "user string, `on` timestamp, amount double, _change_type string")
    aside = spark.createDataFrame(
        [("a", "silver.assignments", '{"user": 1, "at": "2026-01-06 10:00:00"}', "INSERT"),
         ("b", "silver.orders", '{"user": 1, "on": "2026-01-13 10:00:00"}', "INSERT")],
        "quarantine_id string, contract string, row string, _change_type string",
    )  # fmt: skip
    shop = blueprint()
    assert sources(shop) == ("silver.assignments", "silver.quarantine", "silver.orders")
    frames = {"silver.assignments": changed, "silver.orders": orders, "silver.quarantine": aside}
    now = spark.createDataFrame([], "experiment string, unit string, exposed_at timestamp")
    found = touched(shop, frames, now)
    assert found.exposures == {"price": date(2026, 1, 6)}
    assert found.facts == {"orders": frozenset({date(2026, 1, 12)})}
    days = quarantined_days(aside, shop).orderBy("contract").collect()
    assert [(r["contract"], r["experiment"]) for r in days] == [
        ("silver.assignments", "price"),
        ("silver.orders", None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("weeks: 2", "weeks: 2\n    repeat_every_weeks: 2", "exposures.experiment: is missing, and the"),
        ("experiments:\n", OTHER, "exposures.experiment: is missing, and there are 2 experiments"),
        ("silver.assignments", "bronze.assignments", "exposures.table: is 'bronze.assignments'"),
    ],
)
def test_what_does_not_fit_is_refused(old: str, new: str, sentence: str) -> None:
    document = DOCUMENT.format(column="").replace(old, new)
    with pytest.raises(InputError) as caught:
        Blueprint.parse(document, "shop.yaml")
    assert sentence in caught.value.message, caught.value.message


def test_a_blueprint_without_them_keeps_its_document() -> None:
    plain = "".join(line for line in DOCUMENT.splitlines(keepends=True) if "exposures:" not in line)
    assert "exposures" not in Blueprint.parse(plain.format(), "x").document()
    assert Blueprint.parse(plain.format(), "x").exposed.table == "silver.exposures"
    assert '"exposures":{"arm":"variant"' in blueprint().document()


def test_a_population_has_its_own() -> None:
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    own = "exposures: {table: silver.assignments, unit: user, arm: variant, time: at, experiment: test}\n"
    with pytest.raises(InputError, match="exposures: are drawn for a population; remove them, or remove"):
        Blueprint.parse(path.read_text() + own, "shop.yaml")

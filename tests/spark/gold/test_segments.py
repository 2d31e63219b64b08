"""Results by segments: equal to a loop over the rows of each part, whenever its units joined it."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import SparkSession

from assay.errors import InputError
from assay.lake import refresh
from assay.lake.certification import certify_waiting, planned
from assay.medallion import gold_segments
from assay.medallion.gold_scope import Scope
from assay.serving.queries import query
from assay.serving.queries.metric import MetricQuery
from assay.spec import Blueprint
from assay.stats import METHODS, Moments, Samples
from assay.stats.survival.lifetable import LifeTable

from .conftest import TABLES, World, moment, week
from .test_measures import METRICS, WAITS, Shop, Value, total

pytestmark = pytest.mark.long

PLAIN = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  first_days: {type: proportion, numerator: trades.count, window: {to_day: 5}}
  later: {type: mean, numerator: trades.count, window: {from_day: 3, to_day: 10}}
  capped: {type: mean, numerator: trades.notional, cap: 150, method: cuped}
  per_trade: {type: ratio, numerator: trades.notional, denominator: trades.count}
  largest: {type: mean, numerator: max(trades.notional), method: winsorised}
  median: {type: quantile, numerator: trades.notional, quantile: 0.5}
  waiting: {type: time_to_event, numerator: first(trades), horizon_days: 6}
experiments:
  button:
    first_week: 2
    weeks: 3
    enrol_weeks: 2
    metrics: [later, capped, per_trade, largest, median, waiting]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
  waits:
    first_week: 2
    weeks: 2
    enrol_weeks: 1
    metrics: [first_days]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""
SEGMENTS = """
segments:
  country: {table: silver.customers, unit: customer_id, column: country}
  tier: {table: silver.customers, unit: customer_id, column: tier, values: [gold]}
"""
DOCUMENT = (
    PLAIN.replace("  button:\n", "  button:\n    segments: [country, tier]\n").replace(
        "  waits:\n", "  waits:\n    segments: [tier]\n"
    )
    + SEGMENTS
)
NUMBERS = METRICS | {"per_trade": lambda u: (total(u.after), float(len(u.after)), total(u.before))}
SHOWN = {"button": ("country", "tier"), "waits": ("tier",)}
COUNTRIES = ("DE", "FR", "GB")
LOOKS = [
    ("button", week(3)),
    ("button", week(4)),
    ("button", week(5)),
    ("waits", week(3)),
    ("waits", week(4)),
]
IRISH, MOVED, LATE, STRANGER = 7, 6, 11, 999


class People(Shop):
    """A shop that knows its customers."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.customers: dict[int, tuple[str, str]] = {}
        self.stepwise: dict[str, list[str]] = {}

    def customer(self, number: int, country: str, tier: str) -> None:
        self.customers[number] = (country, tier)
        self.world.change(
            "silver.customers",
            customer_id=number, signed_up_at=moment(week(1)), country=country, tier=tier,
        )  # fmt: skip

    def labels(self, experiment: str, number: int) -> set[str]:
        """What a unit counts for."""
        known = self.customers.get(number)
        told = {
            "country": "(none)" if known is None else known[0],
            "tier": "(none)" if known is None else "gold" if known[1] == "gold" else "other",
        }
        return {"all", *(f"{name}={told[name]}" for name in SHOWN[experiment])}

    def part(self, experiment: str, segment: str) -> People:
        """The same with the units of a segment only."""
        mine = copy.copy(self)
        mine.exposed = {
            key: seen for key, seen in self.exposed.items() if segment in self.labels(experiment, key[1])
        }
        return mine

    def segments(self, experiment: str) -> list[str]:
        mine = [unit for name, unit in self.exposed if name == experiment]
        return sorted({label for unit in mine for label in self.labels(experiment, unit)})

    def values(self, experiment: str, metric: str, as_of: date) -> dict[str, list[Value]]:
        found: dict[str, list[Value]] = {"control": [], "blue": []}
        for unit in self.units(experiment, as_of):
            if unit.watched >= WAITS.get(metric, 0):
                found[unit.arm].append(NUMBERS[metric](unit))
        return found


@pytest.fixture(scope="module")
def shop(spark: SparkSession, new_catalog: Any, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Three weeks, taken to gold week by week, while customers come, move, and leave a country empty."""
    shop = People(World(spark, new_catalog(tmp_path_factory.mktemp("segments"))))
    shop.world.register(DOCUMENT)
    for unit in range(80):
        if unit % LATE:
            shop.customer(
                unit, COUNTRIES[unit % 3], "gold" if unit % 4 == 0 else "plus" if unit % 4 == 1 else "x"
            )
    shop.customer(IRISH, "IE", "gold")
    for n in (1, 2, 3, 4):
        shop.fill(n)
        shop.world.load(n)
        if n == 3:
            shop.customer(MOVED, "FR", "plus")
        if n == 4:
            shop.trade(1, MOVED, (moment(week(3), 30), "BTC", "buy", Decimal("33.10")))
            shop.customer(IRISH, "DE", "gold")
            shop.customer(LATE, "GB", "gold")
        shop.world.publish()
        refresh.experiments(shop.world.lake, week(n), week(n + 1))
        if n == 3:  # before the only one of a country moves
            early = shop.world.lake.read("gold.experiment_results").where("segment = 'country=IE'")
            assert early.count() > 0
    shop.stepwise = shop.world.gold()
    return shop


@pytest.mark.parametrize(("experiment", "as_of"), LOOKS)
def test_moments_equal_a_loop_over_the_units_of_each_segment(
    shop: People, experiment: str, as_of: date
) -> None:
    rows = shop.world.lake.read("gold.metric_moments").where(f"as_of = '{as_of}'").collect()
    found = {(r["metric"], r["segment"], r["arm"]): r for r in rows if r["experiment"] == experiment}
    metrics = Blueprint.parse(DOCUMENT, "").experiments[experiment].metrics
    expected = {
        (metric, segment, arm): values
        for segment in shop.segments(experiment)
        for metric in metrics
        for arm, values in shop.part(experiment, segment).values(experiment, metric, as_of).items()
        if values
    }
    assert set(found) == set(expected)
    assert len({segment for _, segment, _ in found}) == 8 or experiment == "waits"
    for key, values in expected.items():
        want = Moments.of(*np.array(values).T)
        assert found[key]["n"] == len(values)
        for part in ("mean_y", "m2_y", "mean_d", "c_yd", "mean_x", "m2_x", "c_yx"):
            assert found[key][part] == pytest.approx(float(getattr(want, part)), rel=1e-9, abs=1e-9), (
                key,
                part,
            )


def answer(metric: str, method: str, control: Any, blue: Any) -> Any:
    """What the library says of a metric's values."""
    if metric == "waiting":
        data = [LifeTable.of(arm[0], arm[1]) for arm in (control, blue)]
        return METHODS[method](*data, alpha=0.05, tau=6.0)
    if metric in {"largest", "median"}:
        options = {"q": 0.5} if metric == "median" else {}
        return METHODS[method](Samples(control[0]), Samples(blue[0]), alpha=0.05, **options)
    return METHODS[method](Moments.of(*control), Moments.of(*blue), alpha=0.05)


@pytest.mark.parametrize("metric", ["later", "capped", "per_trade", "largest", "median", "waiting"])
def test_results_are_the_methods_answers_in_each_segment(shop: People, metric: str) -> None:
    where = f"experiment = 'button' AND metric = '{metric}' AND as_of = '{week(5)}'"
    rows = shop.world.lake.read("gold.experiment_results").where(where).collect()
    parts = {row["segment"]: row for row in rows}
    assert sorted(parts) == shop.segments("button")
    assert len(rows) == len(parts) == 8
    for segment, row in parts.items():
        values = shop.part("button", segment).values("button", metric, week(5))
        control, blue = (np.array(arm).reshape(-1, 3).T for arm in values.values())
        assert (row["n_control"], row["n_treatment"]) == (control.shape[1], blue.shape[1])
        want = answer(metric, row["method"], control, blue)
        for field in ("estimate", "lower", "upper", "p_value"):
            number = float(getattr(want, field))
            shown = float("nan") if row[field] is None else row[field]
            assert shown == pytest.approx(number, rel=1e-9, abs=1e-9, nan_ok=True), (segment, field)
        if metric == "median" and min(row["n_control"], row["n_treatment"]):
            medians = [row["mean_control"], row["mean_treatment"]]
            assert medians == pytest.approx([float(np.median(arm[0])) for arm in (control, blue)])
        if segment == "all":
            assert row["decision"] in {"better", "worse", "no difference shown"}
            assert row["alpha_corrected"] == 0.05 / 6
        else:
            assert (row["decision"], row["decided"]) == ("exploratory", None)
            # country: DE, FR, GB, (none); tier: gold, other, (none)
            assert row["alpha_corrected"] == 0.05 / 7


def test_before_the_end_a_segment_is_exploratory_too_and_shares_the_level_of_its_look(shop: People) -> None:
    rows = shop.world.lake.read("gold.experiment_results").where("NOT final AND segment <> 'all'").collect()
    parts = Counter((row["experiment"], row["as_of"], row["metric"]) for row in rows)
    assert {row["experiment"] for row in rows} == {"button", "waits"}
    for row in rows:
        assert row["decision"] == "exploratory"
        assert row["alpha_corrected"] == 0.05 / parts[row["experiment"], row["as_of"], row["metric"]]
    assert min(row["n_control"] + row["n_treatment"] for row in rows) > 0


def test_health_is_of_all_units_once(shop: People) -> None:
    rows = shop.world.lake.read("gold.experiment_health").where("`check` = 'reconciliation'").collect()
    assert len(rows) == len(LOOKS)
    for row in rows:
        units = list(shop.units(row["experiment"], row["as_of"]))
        assert (row["status"], row["detail"]) == ("ok", f"{len(units)} units exposed = {len(units)} analysed")


@pytest.mark.parametrize(("metric", "segment"), [("capped", "country"), ("per_trade", "tier")])
def test_the_sql_of_a_segment_says_what_it_is(shop: People, metric: str, segment: str) -> None:
    """What `assay metrics explain --segment` shows, run by DuckDB, against the loop over the rows."""
    catalog = SqlCatalog("segments", uri="sqlite:///:memory:", warehouse="unused")
    catalog.create_namespace("silver")
    for name in ("trades", "exposures", "customers"):
        place = Path(shop.world.lake.table(f"silver.{name}").location.removeprefix("file:"))
        version = (place / "metadata" / "version-hint.text").read_text().strip()
        catalog.register_table(f"silver.{name}", str(place / "metadata" / f"v{version}.metadata.json"))
    blueprint = Blueprint.parse(DOCUMENT, "")
    asked = MetricQuery(blueprint, metric, blueprint.round_of("button"), week(5))
    found = {
        (row["segment"], row["arm"]): row for row in query(asked.by(segment), source=catalog).to_pylist()
    }
    expected = {
        (label, arm): np.array(values).T
        for label in shop.segments("button")
        if label.startswith(segment)
        for arm, values in shop.part("button", label).values("button", metric, week(5)).items()
    }
    assert set(found) == set(expected)
    for key, (y, d, _) in expected.items():
        assert found[key]["units"] == len(y)
        assert found[key]["mean"] == pytest.approx(y.sum() / d.sum(), rel=1e-9)


def test_who_is_in_no_experiment_costs_nothing(shop: People) -> None:
    shop.customer(STRANGER, "IT", "gold")
    shop.world.publish()
    before = {name: shop.world.lake.snapshot(name) for name in TABLES}
    assert refresh.experiments(shop.world.lake, week(4), week(5)) == 0
    assert {name: shop.world.lake.snapshot(name) for name in TABLES} == before


def test_certificates_are_of_everyone(shop: People) -> None:
    lake = shop.world.lake
    waiting, written, done = certify_waiting(lake, planned(lake, week(4), week(5)))
    assert waiting == len(done) == len([True for row in done if row["segment"] == "all"]) > 0
    assert written > 0
    rows = lake.read("gold.experiment_results").collect()
    whole = [row for row in rows if row["segment"] == "all" and row["n_control"] >= 4]
    assert all(row["certificate_id"] for row in whole)
    assert {row["certificate_id"] for row in rows if row["segment"] != "all"} == {None}
    assert certify_waiting(lake, planned(lake, week(4), week(5)))[0] == 0


def test_made_anew_gold_is_the_same_to_the_last_bit_and_without_segments_so_is_what_is_said_of_everyone(
    shop: People,
) -> None:
    shop.world.forget()
    refresh.experiments(shop.world.lake, week(4), week(5))
    assert shop.world.gold() == shop.stepwise
    shop.world.register(PLAIN, number=2)
    shop.world.publish()
    refresh.experiments(shop.world.lake, week(4), week(5))
    of_everyone = {
        name: [row for row in rows if "'segment'" not in row or "'segment': 'all'" in row]
        for name, rows in shop.stepwise.items()
    }
    assert shop.world.gold() == of_everyone
    assert sum(map(len, of_everyone.values())) < sum(map(len, shop.stepwise.values()))


def test_a_segment_of_too_many_values_is_refused_before_anything_is_written(shop: People) -> None:
    many = DOCUMENT.replace("column: country", "column: customer_id")
    shop.world.register(many, number=3)
    shop.world.publish()
    before = {name: shop.world.lake.snapshot(name) for name in TABLES}
    sentence = (
        "blueprint shop, segments.country: silver.customers.customer_id has 74 values, and a segment at most "
        "50; name those that matter in segments.country.values, and the others are 'other'"
    )
    with pytest.raises(InputError) as caught:
        refresh.experiments(shop.world.lake, week(4), week(5))
    assert caught.value.message == sentence
    assert {name: shop.world.lake.snapshot(name) for name in TABLES} == before
    assert len(shop.customers) == 74


# ---- on frames alone


OWN = """
name: shop
start: 2026-01-05
facts:
  orders: {table: silver.orders, unit: user, time: at}
metrics:
  orders: {type: mean, numerator: orders.count}
segments:
  band: {table: silver.people, unit: id, column: band}
  level: {table: silver.accounts, unit: owner, column: level, values: ["1", "3"]}
  unit: {table: silver.people, unit: id, column: id}
experiments:
  price: {weeks: 2, metrics: [orders], segments: [band, level, unit],
          arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
  plain: {weeks: 2, metrics: [orders], arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
"""


def scopes(document: str = OWN) -> tuple[Blueprint, list[Scope]]:
    blueprint = Blueprint.parse(document, "own")
    end = blueprint.start + timedelta(weeks=2)
    return blueprint, [Scope(each, (), (end,)) for each in blueprint.plan(end)]


def test_the_smallest_value_of_a_unit_counts_and_the_rest_has_a_name(spark: SparkSession) -> None:
    blueprint, asked = scopes()
    silver = {
        "silver.people": spark.createDataFrame(
            [("u1", "30-39"), ("u1", "20-29"), ("u1", None), ("u2", None), ("u4", "")],
            "id string, band string",
        ),
        "silver.accounts": spark.createDataFrame(
            [("u1", 3), ("u2", 10), ("u2", 2), ("u3", 1)], "owner string, level int"
        ),
    }
    members = gold_segments.members(silver, blueprint, asked)
    assert members is not None
    assert members.count() == 4
    units = spark.createDataFrame([(f"u{i}", e) for i in range(1, 6) for e in ("price", "plain")],
                                  "unit string, experiment string")  # fmt: skip
    told = units.join(members, "unit", "left").select(
        "unit", "experiment", gold_segments.labels(blueprint, asked).alias("found")
    )
    found = {(row["unit"], row["experiment"]): row["found"] for row in told.collect()}
    assert found == {
        ("u1", "price"): ["all", "band=20-29", "level=3", "unit=u1"],
        ("u2", "price"): ["all", "band=(none)", "level=other", "unit=u2"],
        ("u3", "price"): ["all", "band=(none)", "level=1", "unit=(none)"],
        ("u4", "price"): ["all", "band=", "level=(none)", "unit=u4"],
        ("u5", "price"): ["all", "band=(none)", "level=(none)", "unit=(none)"],
        **{(f"u{i}", "plain"): ["all"] for i in range(1, 6)},
    }
    assert gold_segments.members(silver, blueprint, asked[:1]) is None  # `plain` is the first by name


@pytest.mark.parametrize(("values", "refused"), [(50, False), (51, True)])
def test_fifty_values_are_told_apart(spark: SparkSession, values: int, *, refused: bool) -> None:
    blueprint, asked = scopes(OWN.replace(", unit]", "]"))
    people = [(f"u{i}", f"band {i % values}") for i in range(200)] + [("u", None)]
    silver = {
        "silver.people": spark.createDataFrame(people, "id string, band string"),
        # Any number of them, since it is said which ones are told apart.
        "silver.accounts": spark.createDataFrame([("u", i) for i in range(60)], "owner string, level int"),
    }
    if refused:
        with pytest.raises(InputError, match=r"segments\.band: silver\.people\.band has 51 values"):
            gold_segments.refuse_many(silver, blueprint, asked)
    else:
        gold_segments.refuse_many(silver, blueprint, asked)
    gold_segments.refuse_many({}, blueprint, asked[:1])

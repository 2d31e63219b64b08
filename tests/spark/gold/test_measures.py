"""Filters, windows, caps, distinct and largest values, quantiles, times: equal to a loop over the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import SparkSession

from assay.lake import refresh
from assay.lake.certification import certify_waiting, planned
from assay.lake.contracts import made_of
from assay.lake.reconciliation import QUARANTINE, account
from assay.medallion import accounts_gold
from assay.serving.queries import query
from assay.serving.queries.metric import MetricQuery
from assay.spec import Blueprint
from assay.stats import METHODS, Moments, Samples
from assay.stats.survival.lifetable import LifeTable

from .conftest import World, moment, week

pytestmark = pytest.mark.long

DOCUMENT = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  bought: {type: mean, numerator: trades.notional, where: {side: buy, notional: {at_least: 20, below: 200}}}
  first_days: {type: proportion, numerator: trades.count, window: {to_day: 5}}
  later: {type: mean, numerator: trades.count, window: {from_day: 3, to_day: 10}}
  assets: {type: mean, numerator: distinct(trades.asset)}
  largest: {type: mean, numerator: max(trades.notional), method: winsorised}
  capped: {type: mean, numerator: trades.notional, cap: 150, method: cuped}
  median: {type: quantile, numerator: trades.notional, quantile: 0.5}
  waiting: {type: time_to_event, numerator: first(trades), horizon_days: 6}
experiments:
  button:
    first_week: 2
    weeks: 3
    enrol_weeks: 2
    metrics: [bought, first_days, later, assets, largest, capped, median, waiting]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
  waits:
    first_week: 2
    weeks: 2
    enrol_weeks: 1
    metrics: [first_days]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""
ASSETS, SIDES = ("BTC", "ETH", "SOL"), ("buy", "sell")
DAY = timedelta(days=1)
Event = tuple[datetime, str, str, Decimal]
Value = tuple[float, float, float]
ENDS = {"button": week(5), "waits": week(4)}


class Shop:
    """Trades and exposures as plain Python keeps them, and what each metric is by definition."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trades: dict[int, tuple[int, Event]] = {}
        self.exposed: dict[tuple[str, int], tuple[str, datetime]] = {}

    def trade(self, number: int, customer: int, event: Event) -> None:
        at, asset, side, notional = event
        self.trades[number] = (customer, event)
        self.world.change(
            "silver.trades",
            trade_id=number, customer_id=customer, asset=asset, side=side, quantity=Decimal(1),
            price=notional, notional=notional, traded_at=at,
        )  # fmt: skip

    def drop(self, number: int) -> None:
        customer, (at, asset, side, notional) = self.trades.pop(number)
        self.world.change(
            "silver.trades",
            trade_id=number, customer_id=customer, asset=asset, side=side, quantity=Decimal(1),
            price=notional, notional=notional, traded_at=at, _deleted=True,
        )  # fmt: skip

    def fill(self, n: int, customers: int = 80) -> None:
        rng = np.random.default_rng(n)
        for i in range(160):
            at = moment(week(n), float(rng.uniform(0, 168)))
            asset, side = str(rng.choice(ASSETS)), str(rng.choice(SIDES))
            notional = Decimal(f"{rng.gamma(2, 50) + 0.01:.2f}")
            self.trade(n * 10_000 + i, int(rng.integers(customers)), (at, asset, side, notional))
        for unit in range(n % 2, customers, 2):
            for experiment in ("button", "waits") if n == 2 else ("button",) if n == 3 else ():
                arm, at = str(rng.choice(["control", "blue"])), moment(week(n), float(rng.uniform(0, 168)))
                self.exposed[experiment, unit] = (arm, at)
                self.world.expose(experiment, unit, arm, at)

    def units(self, experiment: str, as_of: date) -> Iterator[Unit]:
        """The units that were exposed before a look, in order of their names."""
        end = min(moment(as_of), moment(ENDS[experiment]))
        for (name, customer), (arm, exposed) in sorted(
            self.exposed.items(), key=lambda item: str(item[0][1])
        ):
            if name == experiment and exposed < moment(as_of):
                mine = [event for owner, event in self.trades.values() if owner == customer]
                after = [each for each in mine if exposed <= each[0] < end]
                before = [each for each in mine if exposed - 7 * DAY <= each[0] < exposed]
                yield Unit(arm, exposed, (moment(as_of) - exposed) / DAY, after, before)

    def values(self, experiment: str, metric: str, as_of: date) -> dict[str, list[Value]]:
        """Arm → y, d and x of its units, in order of the units' names."""
        found: dict[str, list[Value]] = {"control": [], "blue": []}
        for unit in self.units(experiment, as_of):
            if unit.watched >= WAITS.get(metric, 0):
                found[unit.arm].append(METRICS[metric](unit))
        return found


@dataclass
class Unit:
    """A unit at a look: its arm, exposure, days since then, and events since then and in the week before."""

    arm: str
    exposed: datetime
    watched: float
    after: list[Event]
    before: list[Event]

    def days(self) -> list[float]:
        return [(event[0] - self.exposed) / DAY for event in self.after]


def total(events: list[Event]) -> float:
    return float(sum(event[3] for event in events))


def bought(events: list[Event]) -> float:
    return total([each for each in events if each[2] == "buy" and 20 <= each[3] < 200])


def waiting(unit: Unit) -> Value:
    until = min(unit.watched, 6.0)
    first = min(unit.days(), default=np.inf)
    return min(first, until), float(first <= until), 0.0


WAITS = {"first_days": 5, "later": 10}
METRICS: dict[str, Callable[[Unit], Value]] = {
    "bought": lambda u: (bought(u.after), 1.0, bought(u.before)),
    "first_days": lambda u: (float(any(day < 5 for day in u.days())), 1.0, float(bool(u.before))),
    "later": lambda u: (float(sum(3 <= day < 10 for day in u.days())), 1.0, float(len(u.before))),
    "assets": lambda u: (float(len({e[1] for e in u.after})), 1.0, float(len({e[1] for e in u.before}))),
    "largest": lambda u: (float(max((e[3] for e in u.after), default=Decimal(0))), 1.0, 0.0),
    "capped": lambda u: (min(total(u.after), 150.0), 1.0, min(total(u.before), 150.0)),
    "median": lambda u: (total(u.after), 1.0, total(u.before)),
    "waiting": waiting,
}


@pytest.fixture(scope="module")
def shop(spark: SparkSession, new_catalog: Any, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Three weeks, taken to gold week by week, with late, corrected and deleted trades in the third."""
    shop = Shop(World(spark, new_catalog(tmp_path_factory.mktemp("measures"))))
    shop.world.register(DOCUMENT)
    for n in (1, 2, 3, 4):
        shop.fill(n)
        shop.world.load(n)
        if n == 4:
            _disturb(shop)
        shop.world.publish()
        refresh.experiments(shop.world.lake, week(n), week(n + 1))
    return shop


def _disturb(shop: Shop) -> None:
    """The first trade of an asset comes late, another goes, one changes its side and one its asset."""
    exposed = [(unit, at) for (name, unit), (_, at) in shop.exposed.items() if name == "button"]
    unit, at = exposed[0]
    shop.trade(1, unit, (at + timedelta(hours=1), "SOL", "buy", Decimal("33.10")))
    shop.drop(20_003)
    customer, (when, asset, _, notional) = shop.trades[20_004]
    shop.trade(20_004, customer, (when, asset, "buy", notional))
    customer, (when, _, side, notional) = shop.trades[30_005]
    shop.trade(30_005, customer, (when, "BTC", side, notional))


LOOKS = [
    ("button", week(3)),
    ("button", week(4)),
    ("button", week(5)),
    ("waits", week(3)),
    ("waits", week(4)),
]


@pytest.mark.parametrize(("experiment", "as_of"), LOOKS)
def test_moments_equal_a_loop_over_the_rows(shop: Shop, experiment: str, as_of: date) -> None:
    rows = shop.world.lake.read("gold.metric_moments").where(f"as_of = '{as_of}'").collect()
    found = {(r["metric"], r["arm"]): r for r in rows if r["experiment"] == experiment}
    metrics = Blueprint.parse(DOCUMENT, "").experiments[experiment].metrics
    expected = {
        (metric, arm): values
        for metric in metrics
        for arm, values in shop.values(experiment, metric, as_of).items()
        if values
    }
    assert set(found) == set(expected)
    for key, values in expected.items():
        want = Moments.of(*np.array(values).T)
        assert found[key]["n"] == len(values)
        for part in ("mean_y", "m2_y", "mean_d", "mean_x", "m2_x", "c_yx"):
            assert found[key][part] == pytest.approx(float(getattr(want, part)), rel=1e-9, abs=1e-9), (
                key,
                part,
            )


@pytest.mark.parametrize("metric", ["largest", "median", "waiting"])
def test_methods_that_need_units_answer_as_the_library(shop: Shop, metric: str) -> None:
    (row,) = (
        shop.world.lake.read("gold.experiment_results")
        .where(f"experiment = 'button' AND metric = '{metric}' AND as_of = '{week(5)}'")
        .collect()
    )
    control, blue = (np.array(values).T for values in shop.values("button", metric, week(5)).values())
    if metric == "waiting":
        data = [LifeTable.of(arm[0], arm[1]) for arm in (control, blue)]
        want = METHODS["restricted_mean"](*data, alpha=0.05, tau=6.0)
        shown = [float(arm[0].mean()) for arm in (control, blue)]
    else:
        options = {"q": 0.5} if metric == "median" else {}
        samples = [Samples(arm[0]) for arm in (control, blue)]
        want = METHODS[row["method"]](*samples, alpha=0.05, **options)
        shown = [float(np.median(a[0]) if metric == "median" else a[0].mean()) for a in (control, blue)]
    for field in ("estimate", "lower", "upper", "p_value"):
        assert row[field] == pytest.approx(float(getattr(want, field)), rel=1e-9, abs=1e-12), field
    assert [row["mean_control"], row["mean_treatment"]] == pytest.approx(shown)
    assert row["final"]
    assert row["decision"] in {"no difference shown", "better", "worse"}


@pytest.fixture(scope="module")
def lake_for_sql(shop: Shop) -> Catalog:
    """Silver as the queries read it."""
    found = SqlCatalog("measures", uri="sqlite:///:memory:", warehouse="unused")
    found.create_namespace("silver")
    for name in ("trades", "exposures"):
        place = Path(shop.world.lake.table(f"silver.{name}").location.removeprefix("file:"))
        version = (place / "metadata" / "version-hint.text").read_text().strip()
        found.register_table(f"silver.{name}", str(place / "metadata" / f"v{version}.metadata.json"))
    return found


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("as_of", [week(4), week(5)])
def test_the_sql_of_a_metric_says_what_it_is(
    shop: Shop, lake_for_sql: Catalog, metric: str, as_of: date
) -> None:
    """The text that `assay metrics explain` shows, run by DuckDB, against the loop over the rows."""
    blueprint = Blueprint.parse(DOCUMENT, "")
    asked = MetricQuery(blueprint, metric, blueprint.round_of("button"), as_of)
    units = query(asked.units, source=lake_for_sql).to_pylist()
    values = shop.values("button", metric, as_of)
    for arm in ("control", "blue"):
        mine = [row for row in units if row["arm"] == arm]
        # SQL counts whole milliseconds of a time to an event, given in days.
        expected = pytest.approx([y for y, _, _ in values[arm]], rel=1e-9, abs=1 / 86_400_000)
        assert [row["y"] for row in mine] == expected
        assert [row["d"] for row in mine] == [d for _, d, _ in values[arm]]
    arms = {row["arm"]: row for row in query(asked.arms, source=lake_for_sql).to_pylist()}
    assert {arm: row["units"] for arm, row in arms.items()} == {a: len(v) for a, v in values.items()}
    assert arms["blue"]["mean"] == pytest.approx(np.mean([y for y, _, _ in values["blue"]]))
    events = query(asked.events, source=lake_for_sql).to_pylist()
    assert all(row["exposed_at"].replace(tzinfo=None) <= row["at"].replace(tzinfo=None) for row in events)
    assert events


def test_units_that_wait_for_their_window_are_accounted_for(shop: Shop) -> None:
    health = shop.world.lake.read("gold.experiment_health").where("experiment = 'waits'").collect()
    states = {(row["as_of"], row["check"]): row["status"] for row in health}
    assert states[week(3), "reconciliation"] == states[week(4), "reconciliation"] == "ok"
    assert not [text for text in shop.world.gold()["gold.metric_moments"] if "'metric': ''" in text]


def test_what_silver_has_is_in_golds_sums_or_left_out_for_a_reason(shop: Shop) -> None:
    lake = shop.world.lake
    tables = (*made_of(), QUARANTINE, accounts_gold.DAYS, accounts_gold.UNITS)
    lines = account(lake, week(4), {name: lake.state(name) for name in tables})
    assert not [line for line in lines if line.broken]
    windowed = [line for line in lines if line.measure == "trades.count[day 3-10]" and line.scope == "button"]
    assert windowed[0].filtered["outside of the metric's window"] > 0
    assert windowed[0].went_out > 0
    assert {line.measure for line in lines if line.scope == "button"} == {
        "trades.notional", "trades.count[day 0-5]", "trades.count[day 3-10]",
        "trades.notional[notional>=20<200; side=buy]",
    }  # fmt: skip


def test_certificates_of_methods_that_need_units(shop: Shop) -> None:
    lake = shop.world.lake
    certify_waiting(lake, planned(lake, week(4), week(5)))
    rows = lake.read("gold.experiment_results").where(f"as_of = '{week(5)}'").collect()
    certificates = {row["certificate_id"]: row for row in lake.read("gold.certificates").collect()}
    found = {
        row["metric"]: certificates[row["certificate_id"]] for row in rows if row["experiment"] == "button"
    }
    assert set(found) == {*Blueprint.parse(DOCUMENT, "").experiments["button"].metrics}
    for metric in ("largest", "median", "waiting"):
        assert 0 <= found[metric]["lower"] <= found[metric]["type_i_error"] <= found[metric]["upper"] <= 1
        assert found[metric]["n_control"] + found[metric]["n_treatment"] == len(
            shop.values("button", metric, week(5))["control"]
        )


def test_made_anew_gold_is_the_same_to_the_last_bit(shop: Shop) -> None:
    """Week by week, with late and corrected trades, or from nothing."""
    names = ("gold.unit_metrics", "gold.metric_moments", "gold.experiment_health")
    stepwise = shop.world.gold(*names)
    shop.world.forget()
    refresh.experiments(shop.world.lake, week(4), week(5))
    assert shop.world.gold(*names) == stepwise

"""Unit metrics, moments, results and health, against a second, slow way to compute them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import functions as F

from assay.medallion import gold_health, gold_looks, gold_moments, gold_results, gold_scope
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.medallion.gold_values import control_sample, unit_values
from assay.spec import Blueprint
from assay.stats import METHODS, Moments, srm

from .conftest import DOCUMENT

BLUEPRINT = Blueprint.parse(DOCUMENT, "test")
UNTIL = date(2026, 2, 2)
START = datetime(2026, 1, 5, tzinfo=UTC)
ARMS = ("control", "blue", "green")


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def world() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """(exposures, trades): units of every kind that the analysis tells apart."""
    rng = np.random.default_rng(11)
    exposures: list[tuple[Any, ...]] = []
    for unit in range(300):
        arm = str(rng.choice(ARMS, p=[0.5, 0.25, 0.25]))
        exposures.append(("button", str(unit), arm, at(7 + float(rng.integers(0, 13 * 24)) / 24), False))
    exposures += [
        ("button", "multi", "blue", at(8), True),
        ("button", "alien", "purple", at(8), False),
        ("button", "early", "blue", at(6.9), False),
        ("button", "late", "blue", at(21), False),
        ("layout", "900", "control", at(15), False),
        ("other", "901", "control", at(15), False),
    ]
    units = [*range(300), "multi", "alien", "early", "late", 900]
    trades = [
        (
            str(rng.choice(np.array(units, dtype=object))),
            at(float(rng.integers(0, 28 * 24)) / 24),
            Decimal(int(rng.integers(1, 99_999))) / 100,
        )
        for _ in range(1500)
    ]
    return exposures, trades


def frames(spark: Any, *, partitions: int = 2, seed: int | None = None) -> tuple[Any, Any]:
    exposures, trades = world()
    if seed is not None:
        rng = np.random.default_rng(seed)
        rng.shuffle(exposures)
        rng.shuffle(trades)
    schema = "experiment string, unit string, arm string, exposed_at timestamp, multi_arm boolean"
    return (
        spark.createDataFrame(exposures, schema).repartition(partitions),
        spark.createDataFrame(
            trades, "customer_id string, traded_at timestamp, notional decimal(18,2)"
        ).repartition(partitions),
    )


def expected_totals() -> dict[tuple[str, str, date], tuple[Decimal, Decimal]]:
    """Of the measure trades.notional in the experiment button, by going through the lists."""
    exposures, trades = world()
    start, closes, end = at(7), at(21), at(28)
    found: dict[tuple[str, str, date], list[Decimal]] = {}
    for experiment, unit, arm, exposed, multi in exposures:
        if experiment != "button" or multi or arm not in ARMS or not start <= exposed < closes:
            continue
        for customer, when, notional in trades:
            if customer == unit and exposed - timedelta(days=7) <= when < end:
                cell = found.setdefault((unit, arm, gold_scope.monday(when.date())), [Decimal(0), Decimal(0)])
                cell[int(when < exposed)] += notional
    return {key: (total, before) for key, (total, before) in found.items()}


@pytest.fixture(scope="module")
def scopes() -> list[gold_scope.Scope]:
    return gold_scope.scopes(BLUEPRINT, None, since=None, until=UNTIL)


@pytest.fixture(scope="module")
def units(spark: Any, scopes: list[gold_scope.Scope]) -> Any:
    exposures, trades = frames(spark)
    return unit_metrics({"silver.trades": trades}, exposures, BLUEPRINT, scopes).cache()


def test_unit_metrics_equal_a_loop_over_the_rows(units: Any) -> None:
    got = {
        (row["unit"], row["arm"], row["period"]): (row["total"], row["covariate"])
        for row in units.where("experiment = 'button' and measure = 'trades.notional'").collect()
    }
    expected = {key: (float(a), float(b)) for key, (a, b) in expected_totals().items()}
    assert got == expected  # exact: sums of decimals


def test_only_the_measures_of_an_experiments_metrics_are_kept(units: Any) -> None:
    pairs = {tuple(row) for row in units.select("experiment", "measure").distinct().collect()}
    assert pairs <= {("button", "trades.count"), ("button", "trades.notional"), ("layout", "trades.notional")}


def test_doubles_are_summed_exactly_too(spark: Any, scopes: list[gold_scope.Scope], units: Any) -> None:
    exposures, trades = frames(spark)
    doubles = trades.withColumn("notional", F.col("notional").cast("double"))
    got = unit_metrics({"silver.trades": doubles}, exposures, BLUEPRINT, scopes)
    assert sorted(map(tuple, got.collect())) == sorted(map(tuple, units.collect()))


def test_moments_equal_those_of_the_units(spark: Any, scopes: list[gold_scope.Scope], units: Any) -> None:
    exposures, _ = frames(spark)
    rows = gold_moments.merge_buckets(
        gold_moments.bucket_moments(unit_values(units, exposures, BLUEPRINT, scopes)).collect()
    )
    totals = expected_totals()
    eligible = [
        (unit, arm, when)
        for experiment, unit, arm, when, multi in world()[0]
        if experiment == "button" and not multi and arm in ARMS and at(7) <= when < at(21)
    ]
    for as_of, arm in itertools.product((date(2026, 1, 19), UNTIL), ARMS):
        members = [unit for unit, a, when in eligible if a == arm and when.date() < as_of]
        sums = {
            unit: [
                float(sum(v[i] for (u, _, p), v in totals.items() if u == unit and p < as_of)) for i in (0, 1)
            ]
            for unit in members
        }
        y, x = (np.array([sums[unit][i] for unit in members]) for i in (0, 1))
        expected = Moments.of(y, np.ones_like(y), x)
        (row,) = [r for r in rows if r[:5] == ("button", arm, "value", "all", as_of)]
        assert row[5] == len(members)
        for name, value in zip(gold_moments.PARTS, row[6:], strict=True):
            assert value == pytest.approx(float(getattr(expected, name)), rel=1e-12, abs=1e-9), name
        (active,) = [r for r in rows if r[:5] == ("button", arm, "active", "all", as_of)]
        assert active[6] == pytest.approx(float(np.mean(y > 0)), rel=1e-12)


@pytest.mark.long
def test_the_same_bits_for_any_partitioning_and_order(spark: Any, scopes: list[gold_scope.Scope]) -> None:
    seen = set()
    for partitions, shuffles, seed in ((1, "1", None), (7, "5", 1), (3, "2", 2)):
        spark.conf.set("spark.sql.shuffle.partitions", shuffles)
        try:
            exposures, trades = frames(spark, partitions=partitions, seed=seed)
            measured = unit_metrics({"silver.trades": trades}, exposures, BLUEPRINT, scopes)
            values = unit_values(measured, exposures, BLUEPRINT, scopes)
            seen.add(repr(gold_moments.merge_buckets(gold_moments.bucket_moments(values).collect())))
        finally:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert len(seen) == 1


@pytest.fixture(scope="module")
def looks(spark: Any, scopes: list[gold_scope.Scope], units: Any) -> dict[str, list[Any]]:
    exposures, _ = frames(spark)
    quarantine = spark.createDataFrame(
        [
            ("1", "silver.exposures", '{"experiment":"button","exposed_at":"2026-01-13 00:00:00"}'),
            ("2", "silver.exposures", '{"experiment":"layout","exposed_at":"2026-01-20 00:00:00"}'),
            ("3", "silver.trades", '{"traded_at":"2026-01-14T00:00:00"}'),
            ("4", "silver.trades", '{"traded_at":null}'),
            ("5", "silver.quotes", "{}"),
        ],
        "quarantine_id string, contract string, row string",
    )
    found = gold_looks.looks(units, exposures, quarantine, BLUEPRINT, scopes)
    return {name: [row.asDict() for row in frame.collect()] for name, frame in found.tables().items()}


def test_results_are_the_methods_answers(looks: dict[str, list[Any]]) -> None:
    moments = {(m["experiment"], m["arm"], m["metric"], m["as_of"]): m for m in looks["gold.metric_moments"]}
    rows = looks["gold.experiment_results"]
    assert len(rows) == 3 * 4 * 2 + 2  # looks x metrics x contrasts, and the other experiment's two looks
    chosen = {row["metric"]: row["method"] for row in rows}
    assert chosen == {
        "trades": "cuped",  # named by the metric; the others are the defaults of their types
        "value": "welch",
        "active": "proportions_score",
        "value_per_trade": "ratio_delta",
    }
    for row in rows:
        if row["experiment"] != "button":
            continue
        arms = []
        for arm in (row["control"], row["treatment"]):
            m = moments["button", arm, row["metric"], row["as_of"]]
            arms.append(Moments(n=m["n"], **{part: m[part] for part in gold_moments.PARTS}))
        effect = METHODS[row["method"]](*arms, alpha=0.05)
        for name in ("estimate", "std_error", "p_value", "lower", "upper", "relative_upper"):
            assert row[name] == float(getattr(effect, name)), (row["metric"], name)
        assert row["contrast"] == f"{row['treatment']} vs control"
        assert row["alpha_corrected"] == 0.05 / 8
        if row["method"] != "cuped":  # whose estimate is adjusted, while the means are as they are
            assert row["mean_treatment"] - row["mean_control"] == pytest.approx(row["estimate"], abs=1e-12)
        assert row["final"] == (row["as_of"] == UNTIL)
        assert row["certificate_id"] is None


def test_an_arm_without_units_has_a_row_without_numbers(looks: dict[str, list[Any]]) -> None:
    rows = [row for row in looks["gold.experiment_results"] if row["experiment"] == "layout"]
    assert [
        (row["n_control"], row["n_treatment"], row["p_value"], row["mean_treatment"]) for row in rows
    ] == [(1, 0, None, None)] * 2
    moments = [row for row in looks["gold.metric_moments"] if row["experiment"] == "layout"]
    # Where an arm had units before, its moments go.
    assert [(row["arm"], row["n"], row["_deleted"]) for row in moments] == [
        *[("control", 1, False)] * 2,
        *[("treatment", 0, True)] * 2,
    ]


def test_health_counts_what_is_left_out_and_why(looks: dict[str, list[Any]]) -> None:
    checks = {(r["experiment"], r["as_of"], r["check"]): r for r in looks["gold.experiment_health"]}
    last = {
        check: checks["button", UNTIL, check]
        for check in ("srm", "multi_exposure", "quarantined", "reconciliation")
    }
    assert last["reconciliation"]["status"] == "ok"
    assert last["reconciliation"]["detail"] == (
        "304 units exposed = 300 analysed + 1 multi_arm + 1 unknown arm + 2 outside enrolment"
    )
    assert (last["multi_exposure"]["status"], last["multi_exposure"]["value"]) == ("warn", 1 / 304)
    assert (last["quarantined"]["status"], last["quarantined"]["detail"]) == (
        "warn",
        "silver.exposures 1, silver.trades 1",
    )
    assert checks["layout", UNTIL, "quarantined"]["value"] == 1.0
    counts = [
        m["n"]
        for m in looks["gold.metric_moments"]
        if (m["metric"], m["as_of"]) == ("value", UNTIL) and m["experiment"] == "button"
    ]
    by_arm = dict(zip(("blue", "control", "green"), counts, strict=True))
    assert last["srm"]["p_value"] == float(srm([by_arm[arm] for arm in ARMS], [0.5, 0.25, 0.25]))
    assert checks["layout", UNTIL, "srm"]["p_value"] == pytest.approx(0.3173, abs=1e-4)


def test_a_lost_unit_fails_reconciliation_and_no_unit_warns(scopes: list[gold_scope.Scope]) -> None:
    button = [scope for scope in scopes if scope.planned.id == "button"]
    analysed = {("button", UNTIL): {"control": 5000, "blue": 2000, "green": 2499}}
    rows = gold_health.health(BLUEPRINT, button, analysed, [("button", UNTIL, "eligible", 9500)], [])
    found = {(row[1], row[2]): row[3] for row in rows}
    assert found[UNTIL, "reconciliation"] == "fail"
    assert found[UNTIL, "srm"] == "fail"
    assert found[date(2026, 1, 19), "srm"] == "warn"


def decided(
    blueprint: Blueprint,
    moments: list[tuple[Any, ...]],
    scope: gold_scope.Scope,
    p_values: dict[tuple[str, date], float | None],
) -> list[dict[str, Any]]:
    found = gold_results.results(moments, blueprint, [scope], p_values)
    names = [column.partition(" ")[0] for column in gold_results.SCHEMA.split(", ")]
    rows = gold_results.decided(found, blueprint, [scope])
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("mean", "mismatch", "day", "decision"),
    [
        (1.0, False, UNTIL, "better"),
        (-1.0, False, UNTIL, "worse"),
        (0.0, False, UNTIL, "no difference shown"),
        (1.0, True, UNTIL, "invalid: sample ratio mismatch"),
        (1.0, True, date(2026, 1, 26), "running"),
    ],
)
def test_decisions(mean: float, mismatch: bool, day: date, decision: str) -> None:
    planned = BLUEPRINT.round_of("button")
    moments = [
        (
            "button",
            arm,
            "value",
            "all",
            day,
            1000,
            10.0 + (mean if arm == "blue" else 0.0),
            1000.0,
            1.0,
            *([0.0] * 6),
        )
        for arm in ARMS
    ]
    moments += [("button", arm, "value_per_trade", *row[3:]) for arm, row in zip(ARMS, moments, strict=True)]
    scope = gold_scope.Scope(planned, (), (day,))
    p_values = {("button", day): 1e-4 if mismatch else 0.5}
    found = {
        row["metric"]: row["decision"]
        for row in decided(BLUEPRINT, moments, scope, p_values)
        if row["treatment"] == "blue"
    }
    assert found["value"] == decision
    swapped = {"better": "worse", "worse": "better"}
    assert found["value_per_trade"] == swapped.get(decision, decision)  # its higher_is_better is false


PLANS = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at}
metrics:
  active: {type: proportion, numerator: trades.count}
  trades: {type: mean, numerator: trades.count}
  kept: {type: mean, numerator: trades.count, margin: 0.05}
experiments:
  early:
    weeks: 3
    metrics: [trades, active, kept]
    roles: {kept: guardrail}
    arms: &arms [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
    plan: {kind: sequential, looks: [2, 3]}
  watched: {weeks: 3, metrics: [trades, active], arms: *arms, plan: {kind: anytime}}
  believed: {weeks: 3, metrics: [trades, active], arms: *arms, plan: {kind: bayesian, threshold: 0.9}}
"""


def test_plans_choose_methods_levels_and_looks() -> None:
    """Half of 1,000 units active in control; of the treatment 60 % from the second week on."""
    blueprint = Blueprint.parse(PLANS, "test")
    found = {}
    for name in blueprint.experiments:
        planned = blueprint.round_of(name)
        looks = tuple(planned.start + timedelta(weeks=n) for n in (1, 2, 3))
        moments = [
            (name, arm, metric, "all", look, 1000, share, 1000 * share * (1 - share), 1.0, *([0.0] * 6))
            for metric in planned.metrics
            for look in looks
            for arm, share in (("control", 0.5), ("blue", 0.5 if look == looks[0] else 0.6))
        ]
        rows = decided(blueprint, moments, gold_scope.Scope(planned, (), looks), {})
        found |= {(name, r["metric"], 1 + looks.index(r["as_of"])): r for r in rows}
    assert {(name, metric): row["method"] for (name, metric, _), row in found.items()} == {
        ("early", "trades"): "welch",
        ("early", "active"): "proportions_score",
        ("early", "kept"): "welch",
        ("watched", "trades"): "confidence_sequence",
        ("watched", "active"): "confidence_sequence",
        ("believed", "trades"): "normal_normal",
        ("believed", "active"): "beta_binomial",
    }
    words = {key: row["decision"] for key, row in found.items()}
    for metric in ("trades", "active"):
        assert [words["early", metric, n] for n in (1, 2, 3)] == ["running", "better", "better"]
        assert [words["watched", metric, n] for n in (1, 2, 3)] == ["running", "better", "better"]
        assert [words["believed", metric, n] for n in (1, 2, 3)] == ["running", "running", "better"]
        assert found["believed", metric, 3]["probability_greater"] > 0.999
        assert found["believed", metric, 3]["p_value"] is None
        assert found["early", metric, 3]["decided"] == found["early", metric, 2]["as_of"]
    assert [words["early", "kept", n] for n in (1, 2, 3)] == ["running", "within margin", "within margin"]
    # The guardrail's interval is at the level of its look, the posterior's at that of the threshold.
    assert found["early", "kept", 2]["alpha"] == found["early", "kept", 2]["alpha_corrected"] < 0.05
    assert found["believed", "trades", 3]["alpha"] == pytest.approx(0.2)
    assert found["early", "trades", 2]["probability_greater"] is None


def test_control_samples_are_cut_by_hash(spark: Any, scopes: list[gold_scope.Scope], units: Any) -> None:
    exposures, _ = frames(spark)
    values = unit_values(units, exposures, BLUEPRINT, scopes)
    controls = (
        values.where("arm = 'control' and metric = 'value'").where(F.col("as_of") == F.lit(UNTIL)).count()
    )
    whole = control_sample(values, scopes, {("value", UNTIL): controls}, limit=10_000)
    assert whole.count() == controls  # of both experiments
    few = control_sample(values, scopes, {("value", UNTIL): controls}, limit=20).select("order").collect()
    assert 5 < len(few) < 60
    assert {row[0] for row in few} <= {row[0] for row in whole.select("order").collect()}


def test_no_look_gives_empty_tables(spark: Any, units: Any) -> None:
    exposures, _ = frames(spark)
    quarantine = spark.createDataFrame([], "quarantine_id string, contract string, row string")
    scope = gold_scope.Scope(BLUEPRINT.round_of("button"), (date(2026, 1, 5),), ())
    found = gold_looks.looks(units, exposures, quarantine, BLUEPRINT, [scope])
    assert [frame.count() for frame in found.tables().values()] == [0, 0, 0]

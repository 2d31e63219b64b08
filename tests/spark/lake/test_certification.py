"""Certification on real tables: certificates, truth, and the results that carry both."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml
from pyspark.sql import functions as F

from assay import configs, seeds
from assay.certify import calibrate
from assay.lake import Contract, Lake, certification
from assay.medallion import gold_looks, gold_scope, gold_segments
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.spec import Blueprint, load_blueprint

pytestmark = pytest.mark.long

UNTIL = date(2026, 1, 19)


def blueprint() -> Blueprint:
    return load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))


def filled(lake: Lake, name: str, frame: Any) -> None:
    columns = {c: frame[c] if c in frame.columns else None for c in Contract.load(name).columns}
    rows = frame.select(*(F.lit("x").alias(c) if v is None else v for c, v in columns.items()))
    lake.merge(name, rows, {})


def looked_at(spark: Any, catalog: str, plan: Blueprint, experiment: str) -> Lake:
    """A lake with 400 units of an experiment, half British, and its results after the week of 2026-01-12."""
    rng = seeds.stream(1, "calibrate")
    exposures = spark.createDataFrame(
        [
            (
                experiment,
                str(unit),
                "control" if rng.random() < 0.5 else "treatment",
                date(2026, 1, 12),
                1,
                1,
                False,
            )
            for unit in range(400)
        ],
        "experiment string, unit string, arm string, exposed_at date, exposures int, arms int, "
        "multi_arm boolean",
    ).selectExpr(
        "experiment",
        "unit",
        "arm",
        "cast(exposed_at as timestamp) exposed_at",
        "exposures",
        "arms",
        "multi_arm",
    )
    trades = spark.createDataFrame(
        [
            (int(rng.integers(400)), f"{rng.gamma(2, 50) + 0.01:.2f}", int(rng.integers(168)))
            for _ in range(600)
        ],
        "customer_id bigint, notional string, hours int",
    ).selectExpr(
        "customer_id", "cast(notional as decimal(18,2)) notional",
        "timestamp'2026-01-12 00:00:00' + make_dt_interval(0, hours) traded_at",
    )  # fmt: skip
    lake = Lake(spark, "r-1", catalog)
    scopes = [s for s in gold_scope.scopes(plan, None, since=None, until=UNTIL) if s.planned.id == experiment]
    filled(lake, "silver.exposures", exposures)
    filled(lake, "gold.unit_metrics", unit_metrics({"silver.trades": trades}, exposures, plan, scopes))
    quarantine = spark.createDataFrame([], "quarantine_id string, contract string, row string")
    customers = spark.createDataFrame(
        [(unit, "GB") for unit in range(200)], "customer_id bigint, country string"
    )
    members = gold_segments.members({"silver.customers": customers}, plan, scopes)
    measured = lake.read("gold.unit_metrics")
    found = gold_looks.looks(measured, exposures, quarantine, plan, scopes, members)
    filled(lake, "gold.experiment_results", found.results)
    return lake


def test_results_are_certified_and_compared(spark: Any, catalog: str) -> None:
    plan = blueprint()
    lake = looked_at(spark, catalog, plan, "button_colour")
    results = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    waiting = calibrate.pending(results, plan)
    assert len(waiting) == 4
    done = certification.certify(lake, plan, results, waiting)
    stored = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    assert calibrate.pending(stored, plan) == []
    certificates = {row["certificate_id"]: row for row in lake.read(certification.CERTIFICATES).collect()}
    assert len(certificates) == 4
    for row in stored:
        certificate = certificates[row["certificate_id"]]
        assert (certificate["metric"], certificate["as_of"]) == (row["metric"], UNTIL)
        assert certificate["n_control"] + certificate["n_treatment"] == row["n_control"]
        metric = plan.metrics[row["metric"]]
        assert certificate["kind"] == "re-randomised"
        assert certificate["lift"] == metric.minimum_effect
        assert certificate["power_lower"] <= certificate["power"] <= certificate["power_upper"]
        assert certificate["coverage"] == pytest.approx(0.95, abs=0.05)
        assert row["method"] in certificate["recommendation"]
        assert row["type_i_lower"] <= row["type_i_error"] <= row["type_i_upper"]
        assert row["truth"] == pytest.approx(0.0)
        assert row["covered"] == (row["lower"] <= 0.0 <= row["upper"])
        assert row["error_kind"] in ("none", "type I")
    again = certification.certify(lake, plan, results, waiting)
    assert [{**row} for row in again] == done  # the same splits give the same figures


def test_canaries_have_a_truth_and_lend_no_units_to_a_certificate(spark: Any, catalog: str) -> None:
    plan = blueprint()
    lake = looked_at(spark, catalog, plan, "canary_null.2")
    results = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    waiting = calibrate.pending(results, plan)
    assert len(waiting) == 4
    certification.certify(lake, plan, results, waiting)
    stored = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    assert calibrate.pending(stored, plan) == []
    assert certification.certified(lake) == set()
    for row in stored:
        assert row["final"]
        assert row["truth"] == pytest.approx(0.0)
        assert row["covered"] == (row["lower"] <= 0.0 <= row["upper"])
        assert row["certificate_id"] is None


def test_segments_have_the_truth_of_their_part_and_no_certificate(spark: Any, catalog: str) -> None:
    tree = yaml.safe_load(configs.path("glue_configs/blueprints/brokerage.yaml").read_text())
    tree["segments"] = {"country": {"table": "silver.customers", "unit": "customer_id", "column": "country"}}
    tree["experiments"]["one_click_trading"]["segments"] = ["country"]
    plan = Blueprint.parse(yaml.safe_dump(tree), "test")
    lake = looked_at(spark, catalog, plan, "one_click_trading")
    waiting, written, _ = certification.certify_waiting(lake, certification.Plan(plan, UNTIL, stored(lake)))
    assert waiting == 4 * 2  # everyone and the British; nothing is planted for those without a country
    assert written >= waiting
    rows = {(row["metric"], row["segment"]): row for row in stored(lake)}
    assert len(rows) == 4 * 3
    for (metric, segment), row in rows.items():
        if segment == "country=(none)":
            assert (row["truth"], row["covered"], row["error_kind"]) == (None, None, None)
        else:  # the world is the same everywhere
            assert row["truth"] == pytest.approx(rows[metric, "all"]["truth"])
            assert row["covered"] == (row["lower"] <= row["truth"] <= row["upper"])
            assert row["error_kind"]
        assert (row["certificate_id"] is None) == (segment != "all")
    assert certification.certify_waiting(lake, certification.Plan(plan, UNTIL, stored(lake)))[0] == 0


def stored(lake: Lake) -> list[dict[str, Any]]:
    return [row.asDict() for row in lake.read(certification.RESULTS).collect()]

"""Certification on real tables: certificates, truth, and the results that carry both."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import functions as F

from assay import configs, seeds
from assay.certify import calibrate
from assay.lake import Contract, Lake, certification
from assay.medallion import gold_looks, gold_scope
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.spec import Blueprint, load_blueprint

UNTIL = date(2026, 1, 19)


def blueprint() -> Blueprint:
    return load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))


def filled(lake: Lake, name: str, frame: Any) -> None:
    columns = {c: frame[c] if c in frame.columns else None for c in Contract.load(name).columns}
    rows = frame.select(*(F.lit("x").alias(c) if v is None else v for c, v in columns.items()))
    lake.merge(name, rows, {})


def looked_at(spark: Any, catalog: str, plan: Blueprint, experiment: str) -> Lake:
    """A lake with 400 units of an experiment and its results after the week of 2026-01-12."""
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
    found = gold_looks.looks(lake.read("gold.unit_metrics"), exposures, quarantine, plan, scopes)
    filled(lake, "gold.experiment_results", found.results)
    return lake


def test_results_are_certified_and_compared(spark: Any, catalog: str) -> None:
    plan = blueprint()
    lake = looked_at(spark, catalog, plan, "button_colour")
    results = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    waiting = calibrate.pending(results)
    assert len(waiting) == 4
    done = certification.certify(lake, plan, results, waiting)
    stored = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    assert calibrate.pending(stored) == []
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
    waiting = calibrate.pending(results)
    assert len(waiting) == 4
    certification.certify(lake, plan, results, waiting)
    stored = [row.asDict() for row in lake.read(certification.RESULTS).collect()]
    assert calibrate.pending(stored) == []
    assert certification.certified(lake) == set()
    for row in stored:
        assert row["final"]
        assert row["truth"] == pytest.approx(0.0)
        assert row["covered"] == (row["lower"] <= 0.0 <= row["upper"])
        assert row["certificate_id"] is None

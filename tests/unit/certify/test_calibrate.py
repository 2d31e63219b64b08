"""What waits for calibration, and what stands in its columns afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assay import configs, seeds
from assay.certify import calibrate
from assay.spec import Segment, load_blueprint

BLUEPRINT = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))
AS_OF = date(2026, 2, 2)
METRIC = "trades_per_customer"


def result(experiment: str, **changes: Any) -> calibrate.Row:
    return {
        "experiment": experiment, "metric": METRIC, "segment": "all", "as_of": AS_OF, "method": "welch",
        "treatment": "treatment",
        "n_control": 300, "n_treatment": 310, "estimate": 0.3, "lower": 0.1, "upper": 0.5, "p_value": 0.01,
        "alpha": 0.05, "certificate_id": None, "truth": None,
    } | changes  # fmt: skip


def frame(units: int = 600) -> pd.DataFrame:
    y = seeds.stream(1, "test").poisson(2.0, units).astype(float)
    x = y + seeds.stream(2, "test").normal(0.0, 0.5, units)
    return pd.DataFrame({"metric": METRIC, "as_of": AS_OF, "order": range(units), "y": y, "d": 1.0, "x": x})


def test_pending_is_what_has_no_certificate_and_enough_units() -> None:
    waiting, done = result("button_colour"), result("one_click_trading", certificate_id="aa-1")
    few = result("button_colour", metric="value_per_trade", n_control=3)
    assert calibrate.pending([waiting, done, few], BLUEPRINT) == [waiting]


def test_canaries_wait_for_their_truth_only() -> None:
    alone = result("canary_null.4")
    assert calibrate.pending([alone], BLUEPRINT) == [alone]
    assert calibrate.pending([result("canary_null.4", truth=0.0)], BLUEPRINT) == []
    beside = [result("button_colour"), result("canary_null.4", truth=0.0)]
    assert calibrate.pending(beside, BLUEPRINT) == beside  # a certificate of that look is about to be there


def test_canaries_lend_no_units_and_take_the_certificate_of_their_look() -> None:
    mine, canary = result("button_colour"), result("canary_rate.4", n_control=999)
    assert calibrate.controls([mine, canary]) == {(METRIC, AS_OF): 300}
    assert calibrate.looks([mine, canary], {(METRIC, AS_OF)}) == {"button_colour": (AS_OF,)}
    found = calibrate.certificates(
        [mine, canary], calibrate.samples(frame()), BLUEPRINT, calibrate.controls([mine, canary])
    )
    both = calibrate.calibrated([mine, canary], found, BLUEPRINT)
    assert [row["certificate_id"] for row in both] == [found[0].certificate_id] * 2
    assert both[1]["truth"] == pytest.approx(0.18)  # half a week at 1.2 a week, 30 % more
    (alone,) = calibrate.calibrated([canary], calibrate.certificates([canary], {}, BLUEPRINT, {}), BLUEPRINT)
    assert (alone["certificate_id"], alone["truth"]) == (None, pytest.approx(0.18))


def test_units_of_all_experiments_count_once_per_control() -> None:
    rows = [result("a"), result("a", treatment="other"), result("b", n_control=50)]
    assert calibrate.controls(rows) == {(METRIC, AS_OF): 350}


def test_results_outside_the_plan_are_left_alone() -> None:
    ours, gone = result("button_colour"), result("gone")
    assert calibrate.of_plan([ours, gone], BLUEPRINT, AS_OF) == [ours]
    assert calibrate.looks([ours, gone], {(METRIC, AS_OF)}) == {"button_colour": (AS_OF,), "gone": (AS_OF,)}
    assert calibrate.looks([ours], {}) == {}


def test_trim_follows_the_order_of_the_hash() -> None:
    order, y, d = np.array([3, -1, 2]), np.array([30.0, 10.0, 20.0]), np.array([3.0, 1.0, 2.0])
    kept = calibrate.trim(order, y, d, -y, limit=2)
    assert [part.tolist() for part in kept] == [[10.0, 20.0], [1.0, 2.0], [-10.0, -20.0]]


def test_the_order_of_the_rows_has_no_say() -> None:
    rows = [result("button_colour"), result("one_click_trading")]
    found = [
        calibrate.certificates(rows, calibrate.samples(values), BLUEPRINT, calibrate.controls(rows))
        for values in (frame(), frame().sample(frac=1.0, random_state=3))
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 1  # one for both experiments: the values are pooled


def test_a_method_with_a_covariate_is_certified_with_it() -> None:
    rows = [result("button_colour", method="cuped"), result("button_colour")]
    found = calibrate.certificates(rows, calibrate.samples(frame()), BLUEPRINT, calibrate.controls(rows))
    assert [c.method for c in found] == ["cuped", "welch"]
    assert all(0.03 < c.type_i_error < 0.07 for c in found)


def test_calibrated_rows_carry_certificate_and_truth() -> None:
    rows = [result("button_colour"), result("one_click_trading")]
    certificates = calibrate.certificates(
        rows, calibrate.samples(frame()), BLUEPRINT, calibrate.controls(rows)
    )
    null, lift = calibrate.calibrated(rows, certificates, BLUEPRINT)
    for row in (null, lift):
        assert row["certificate_id"] == certificates[0].certificate_id
        assert row["type_i_error"] == certificates[0].type_i_error
        assert (row["type_i_lower"], row["type_i_upper"]) == (certificates[0].lower, certificates[0].upper)
    assert (null["truth"], null["covered"], null["error_kind"]) == (0.0, False, "type I")
    assert lift["relative_truth"] == pytest.approx(0.1)
    assert lift["error_kind"] == "none"


def test_segments_have_the_truth_of_their_part_and_no_certificate() -> None:
    customers = {"table": "silver.customers", "unit": "customer_id"}
    segments = {
        "country": Segment(**customers, column="country"),
        "tier": Segment(**customers, column="tier"),
    }
    shown = BLUEPRINT.model_copy(update={"segments": segments})
    whole = result("one_click_trading")
    british = result("one_click_trading", segment="country=GB", n_control=90)
    tier = result("one_click_trading", segment="tier=gold")  # which is reviewed: nobody knows whose it was
    rows = [whole, british, tier]
    assert calibrate.pending(rows, shown) == [whole, british]
    assert calibrate.pending([british], BLUEPRINT) == []
    assert calibrate.controls(rows) == {(METRIC, AS_OF): 300}
    found = calibrate.certificates(
        [whole, british], calibrate.samples(frame()), shown, calibrate.controls(rows)
    )
    assert len(found) == 1
    assert calibrate.certificates([british], calibrate.samples(frame()), shown, {}) == []
    of_all, of_part = calibrate.calibrated([whole, british], found, shown)
    assert of_all["certificate_id"] == found[0].certificate_id
    assert of_part["certificate_id"] is None
    assert of_part["truth"] == pytest.approx(of_all["truth"])  # the world is the same in every country
    assert (of_part["covered"], of_part["error_kind"]) == (True, "none")
    assert calibrate.pending([of_all, of_part, tier], shown) == []


def test_real_results_get_a_certificate_and_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "planted", lambda *_: None)  # as for a metric on real data
    rows = [result("button_colour")]
    certificates = calibrate.certificates(
        rows, calibrate.samples(frame()), BLUEPRINT, calibrate.controls(rows)
    )
    (row,) = calibrate.calibrated(rows, certificates, BLUEPRINT)
    assert row["certificate_id"] is not None
    assert row["truth"] is None
    assert row["error_kind"] is None


def test_a_row_without_metric_or_date_is_a_defect() -> None:
    with pytest.raises(TypeError, match="a result needs a metric and a date"):
        calibrate.look({"metric": 1, "as_of": AS_OF})

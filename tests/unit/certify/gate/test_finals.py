"""Declared planted experiments at their ends: what is right passes, what is off is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from assay import configs
from assay.certify.compare import planted
from assay.certify.gate import check
from assay.certify.gate.finals import LEVEL
from assay.errors import TerminalError
from assay.spec import Blueprint, load_blueprint

BLUEPRINT = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml")).model_copy(
    update={"canaries": None}
)
END = BLUEPRINT.round_of("button_colour").end
ERRORS = {
    "trades_per_customer": 0.1,
    "traded_value_per_customer": 30.0,
    "active_customers": 0.008,
    "value_per_trade": 4.0,
}


def finals(seed: int = 0, blueprint: Blueprint = BLUEPRINT) -> list[dict[str, Any]]:
    """Final results as sampling theory draws them."""
    rng = np.random.default_rng(seed)
    rows = []
    for round_ in blueprint.plan(END):
        for metric in round_.metrics:
            arms = planted(blueprint, round_.id, metric, END)
            assert arms is not None
            truth, error = arms["treatment"].difference, ERRORS[metric]
            estimate = float(rng.normal(truth, error))
            rows.append(
                {
                    "experiment": round_.id, "metric": metric, "segment": "all",
                    "contrast": "treatment vs control",
                    "as_of": END,
                    "control": "control", "treatment": "treatment", "n_control": 5000, "n_treatment": 5000,
                    "estimate": estimate, "std_error": error, "truth": truth, "alpha": 0.05, "final": True,
                    "covered": abs(estimate - truth) < 1.96 * error, "certificate_id": f"aa-{metric}",
                    "srm": round_.id == "new_onboarding",
                }
            )  # fmt: skip
    return rows


CERTIFICATES = [f"aa-{metric}" for metric in ERRORS]


def judge(
    rows: list[dict[str, Any]], certificates: list[str] = CERTIFICATES, blueprint: Blueprint = BLUEPRINT
) -> int:
    return check(blueprint, rows, certificates, until=END).results


# Relations.
def test_sound_results_pass_as_often_as_promised() -> None:
    # False alarms at most LEVEL: of 30 worlds one would already be rare (0.006).
    assert [judge(finals(seed)) for seed in range(30)] == [16] * 30
    assert LEVEL <= 2e-4


def test_before_the_first_end_there_is_nothing_to_judge() -> None:
    assert check(BLUEPRINT, [], [], until=BLUEPRINT.week_start(3)).results == 0


def test_looks_before_the_end_do_not_count() -> None:
    rows = finals()
    early = {**rows[0], "final": False, "estimate": 1e9}
    assert judge([*rows, early]) == 16


def test_segments_do_not_count() -> None:
    rows = finals()
    parts = [{**row, "segment": "country=DE", "estimate": 1e9, "certificate_id": None} for row in rows]
    assert judge([*rows, *parts]) == judge([*parts, *rows]) == 16
    with pytest.raises(TerminalError, match="has no final result"):
        judge(parts)


# Findings.
def test_an_estimate_far_from_the_truth_is_found() -> None:
    rows = finals()
    rows[5]["estimate"] = rows[5]["truth"] + 6 * rows[5]["std_error"]
    with pytest.raises(
        TerminalError, match=r"new_onboarding traded_value_per_customer .* standard errors apart"
    ):
        judge(rows)


def test_intervals_that_miss_together_are_found() -> None:
    rows = finals()
    for row in rows:
        row["covered"] = row["metric"] != "active_customers"
    with pytest.raises(TerminalError, match="4 of 4 intervals of active_customers miss"):
        judge(rows)


def test_a_planted_mismatch_that_is_not_found_is_found() -> None:
    rows = finals()
    for row in rows:
        row["srm"] = False
        row["n_control"] = row["n_treatment"] = 25_000
    with pytest.raises(TerminalError, match="new_onboarding loses exposures by plan"):
        judge(rows)
    for row in rows:  # with few units nobody could have found it
        row["n_control"] = row["n_treatment"] = 100
    assert judge(rows) == 16


def test_mismatches_that_nobody_planted_are_found() -> None:
    rows = finals()
    for row in rows:
        row["srm"] = row["experiment"] in ("new_onboarding", "button_colour")
    assert judge(rows) == 16  # one of three by chance: 0.3 %
    for row in rows:
        row["srm"] = True
    with pytest.raises(TerminalError, match="3 of 3 experiments without a planted loss"):
        judge(rows)


# It fails closed.
@pytest.mark.parametrize("column", ["estimate", "std_error", "truth", "covered", "certificate_id"])
def test_a_missing_figure_closes_the_gate(column: str) -> None:
    rows = finals()
    rows[0][column] = None
    with pytest.raises(TerminalError, match=f"has no {column}"):
        judge(rows)


def test_a_missing_result_closes_the_gate() -> None:
    with pytest.raises(TerminalError, match=r"button_colour trades_per_customer .* has no final result"):
        judge(finals()[1:])


def test_a_missing_certificate_closes_the_gate() -> None:
    with pytest.raises(TerminalError, match="aa-value_per_trade, which does not exist"):
        judge(finals(), CERTIFICATES[:-1])


def test_a_number_that_is_none_closes_the_gate() -> None:
    rows = finals()
    rows[0]["estimate"] = float("nan")
    with pytest.raises(TerminalError, match="standard errors apart"):
        judge(rows)


def test_real_experiments_are_not_judged() -> None:
    tree = yaml.safe_load(configs.path("glue_configs/blueprints/brokerage.yaml").read_text())
    tree.pop("population")
    tree.pop("canaries")
    tree["facts"]["trades"].pop("generate")
    for experiment in tree["experiments"].values():
        experiment.pop("planted")
        for arm in experiment["arms"]:
            arm.pop("effects", None)
    assert judge([], [], Blueprint.parse(yaml.safe_dump(tree), "test")) == 0

"""Every verdict, and which rows are judged."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from assay import configs
from assay.cli import verdicts
from assay.spec import Metric, load_blueprint

BLUEPRINT = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))


def row(**changes: object) -> dict[str, Any]:
    return {
        "experiment": "button_colour", "as_of": date(2026, 3, 2), "metric": "trades_per_customer",
        "contrast": "treatment vs control", "method": "welch", "estimate": 0.1, "lower": 0.05, "upper": 0.15,
        "relative_estimate": 0.1, "relative_lower": 0.05, "relative_upper": 0.15, "p_value": 0.01,
        "decision": "better", "srm": False, "final": True, "truth": 0.1, "relative_truth": 0.1,
        "type_i_error": 0.048, **changes,
    }  # fmt: skip


def metric(**changes: object) -> Metric:
    return Metric.model_validate({"type": "mean", "numerator": "trades.count", **changes})


@pytest.mark.parametrize(
    ("changes", "planted", "wanted"),
    [
        ({"final": False, "decision": "running"}, False, verdicts.RUNNING),
        ({"final": False}, False, verdicts.FOUND),  # a plan may decide before the end
        ({}, False, verdicts.FOUND),
        ({"truth": -0.1}, False, verdicts.WRONG_SIGN),
        ({"truth": -0.1, "estimate": -0.2, "decision": "worse"}, False, verdicts.FOUND),
        ({"decision": "no difference shown"}, False, verdicts.MISSED),
        ({"truth": 0.0, "decision": "no difference shown"}, False, verdicts.NOTHING),
        ({"truth": 1e-15}, False, verdicts.FALSE_ALARM),
        ({"truth": None}, False, verdicts.REAL),
        ({"srm": True}, True, verdicts.CAUGHT),
        ({"srm": True}, False, verdicts.FALSE_SRM),
        ({"srm": False}, True, verdicts.UNCAUGHT),
    ],
)
def test_word(changes: dict[str, object], planted: bool, wanted: str) -> None:
    assert verdicts.word(row(**changes), mismatch_planted=planted, metric=metric()) == wanted


@pytest.mark.parametrize(
    ("lift", "minimum", "wanted"),
    [(0.01, 0.02, verdicts.TOO_SMALL), (-0.01, 0.02, verdicts.TOO_SMALL), (0.02, 0.02, verdicts.MISSED),
     (None, 0.02, verdicts.MISSED), (0.01, 0.0, verdicts.MISSED)],
)  # fmt: skip
def test_an_effect_below_the_minimum_may_stay_unseen(lift: float | None, minimum: float, wanted: str) -> None:
    unseen = row(truth=0.3, relative_truth=lift, decision="no difference shown")
    effect = metric(minimum_effect=minimum or None)
    assert verdicts.word(unseen, mismatch_planted=False, metric=effect) == wanted


@pytest.mark.parametrize(
    ("decision", "lift", "wanted"),
    [
        ("within margin", -0.01, verdicts.SAFE),
        ("within margin", -0.03, verdicts.UNSAFE),
        ("harmed", -0.01, verdicts.FOUND),
        ("harmed", 0.0, verdicts.FALSE_ALARM),
        ("margin not shown", -0.03, verdicts.UNSHOWN),
        ("margin not shown", -0.01, verdicts.MISSED),
        ("within margin", None, verdicts.REAL),
    ],
)
def test_a_guardrail_is_right_about_its_margin(decision: str, lift: float | None, wanted: str) -> None:
    for higher_is_better in (True, False):
        truth = lift if lift is None or higher_is_better else -lift
        found = row(decision=decision, relative_truth=truth)
        guard = metric(margin=0.02, higher_is_better=higher_is_better)
        assert verdicts.word(found, mismatch_planted=False, metric=guard) == wanted


def test_words_are_good_bad_or_neither() -> None:
    assert not verdicts.GOOD & verdicts.BAD


def test_the_latest_look_of_the_blueprints_own_experiments_is_judged() -> None:
    rows = [
        row(as_of=date(2026, 2, 2), final=False, decision="running"),
        row(),
        row(experiment="new_onboarding", srm=True, decision="invalid: sample ratio mismatch"),
        row(experiment="somebody_elses"),
    ]
    found = verdicts.judge(rows, BLUEPRINT, BLUEPRINT.week_start(9))
    assert [(v.experiment, v.final, v.verdict) for v in found] == [
        ("button_colour", True, verdicts.FOUND),
        ("new_onboarding", True, verdicts.CAUGHT),
    ]


def test_canaries_are_counted_and_are_no_verdicts() -> None:
    rows = [row(), row(experiment="canary_null.2"), row(experiment="canary_rate", final=False)]
    assert verdicts.canaries(rows) == 1
    assert {each.experiment for each in verdicts.judge(rows, BLUEPRINT, BLUEPRINT.week_start(9))} == {
        row()["experiment"]
    }

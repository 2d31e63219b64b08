"""Roles, margins and plans of experiments: what is read, and one sentence for what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import configs
from assay.errors import InputError
from assay.spec import Anytime, Bayesian, Blueprint, Fixed, Sequential, load_blueprint
from assay.spec.plan import Plan, fitting, method_of
from assay.stats import METHODS, Posterior

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}}
metrics:
  trades: {{type: mean, numerator: trades.count{metric}}}
  active: {{type: proportion, numerator: trades.count}}
  rate: {{type: ratio, numerator: trades.notional, denominator: trades.count}}
experiments:
  button:
    weeks: 7
    repeat_every_weeks: 7
    metrics: {metrics}
    arms: [{{name: control, allocation: 0.5}}, {{name: blue, allocation: 0.5}}]
    {rest}
"""
PLANS: dict[str, Plan] = {
    "fixed": Fixed(multiplicity="holm"),
    "sequential": Sequential(looks=[2, 4, 7]),
    "anytime": Anytime(),
    "bayesian": Bayesian(rope=0.01),
}


def parse(rest: str = "", metric: str = "", metrics: str = "[trades, active]") -> Blueprint:
    return Blueprint.parse(DOCUMENT.format(rest=rest, metric=metric, metrics=metrics), "shop.yaml")


# ---- known values


def test_without_a_word_all_metrics_are_primary_and_the_end_decides() -> None:
    planned = parse().round_of("button.2")
    assert planned.plan == Fixed()
    assert {planned.role(name) for name in planned.metrics} == {"primary"}


@pytest.mark.parametrize(
    ("written", "plan"),
    [
        ("{kind: fixed, multiplicity: holm}", PLANS["fixed"]),
        ("{kind: sequential, looks: [2, 4, 7]}", PLANS["sequential"]),
        ("{kind: anytime}", PLANS["anytime"]),
        ("{kind: bayesian, rope: 0.01}", PLANS["bayesian"]),
    ],
)
def test_plans_are_read_and_reach_every_round(written: str, plan: Plan) -> None:
    blueprint = parse(f"plan: {written}\n    roles: {{active: secondary}}")
    assert blueprint.round_of("button.3").plan == plan
    assert blueprint.round_of("button").role("active") == "secondary"
    assert Blueprint.parse(blueprint.document(), "document") == blueprint


def test_each_plan_has_a_method_for_each_type_that_fits_it() -> None:
    chosen = {
        kind: [method_of(plan, parse().metrics[name]) for name in ("trades", "active", "rate")]
        for kind, plan in PLANS.items()
    }
    assert chosen == {
        "fixed": ["welch", "proportions_score", "ratio_delta"],
        "sequential": ["welch", "proportions_score", "ratio_delta"],
        "anytime": ["confidence_sequence", "confidence_sequence", "confidence_sequence_ratio"],
        "bayesian": ["normal_normal", "beta_binomial", None],
    }
    for kind, plan in PLANS.items():
        for name, metric in parse().metrics.items():
            method = method_of(plan, metric)
            assert method is None or method in fitting(plan, metric.type), (kind, name)
    assert method_of(Anytime(), parse(metric=", method: mixture_t").metrics["trades"]) == "mixture_t"


def test_what_fits_a_plan_is_told_by_how_the_method_answers() -> None:
    assert set(fitting(PLANS["bayesian"], "mean")) == {"normal_normal", "gamma_poisson"}
    always = {"betting_sequence", "confidence_sequence", "mixture_sprt", "mixture_t"}
    assert set(fitting(PLANS["anytime"], "mean")) == always
    fixed, sequential = (set(fitting(PLANS[kind], "mean")) for kind in ("fixed", "sequential"))
    assert fixed - sequential == set(fitting(PLANS["anytime"], "mean"))
    assert not any(issubclass(METHODS[name].result, Posterior) for name in fixed)


def test_the_blueprint_of_the_page_is_valid_and_uses_every_kind_and_role() -> None:
    page = Path(configs.path("docs/plans.md")).read_text()
    blueprint = Blueprint.parse(page.split("```yaml")[1].split("```")[0], "docs/plans.md")
    experiments = blueprint.experiments.values()
    assert [each.plan.kind for each in experiments] == ["fixed", "sequential", "anytime", "bayesian"]
    roles = {role for each in experiments for role in each.roles.values()}
    assert roles == {"secondary", "guardrail"}
    for word in ("bonferroni", "holm", "hochberg", "benjamini_hochberg", "none"):
        assert f"`{word}`" in page


# ---- relations


def test_what_is_not_used_changes_no_version() -> None:
    """The versions are those from before roles, margins and plans."""
    default = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))
    assert default.version == "1ed40027d36f"
    assert parse("plan: {kind: fixed}\n    roles: {}").version == parse().version
    for rest in ("plan: {kind: anytime}", "roles: {active: secondary}"):
        assert parse(rest).version != parse().version
    assert parse(metric=", margin: 0.02").version != parse().version


# ---- refusals


@pytest.mark.parametrize(
    ("rest", "sentence"),
    [
        ("roles: {activ: secondary}", "roles: names no metric 'activ'; did you mean 'active'?"),
        ("roles: {active: guard}", ("roles.active: is 'guard'; it must be 'primary', "
         "'secondary' or 'guardrail'")),
        ("roles: {active: guardrail}",
         ("roles.active: is 'guardrail', but the metric has no margin; add "
         "metrics.active.margin, such as 0.02")),
        ("plan: {kind: sequential, looks: [2, 4, 8]}",
         "plan.looks: ends at 8; the last look must be that of weeks, 7"),
        ("plan: {kind: sequential, looks: [4, 2, 7]}",
         "plan.looks: is [4, 2, 7]; the weeks must rise, each named once"),
        ("plan: {kind: sequential, looks: [0, 7]}",
         "plan.looks.0: is 0; it must be greater than or equal to 1"),
        ("plan: {kind: sequential}", "plan: the field 'looks' is missing; add it"),
        ("plan: {kind: sequentia, looks: [7]}", "plan.kind: is 'sequentia'; did you mean 'sequential'?"),
        ("plan: {looks: [7]}",
         "plan: the field 'kind' is missing; add it, one of fixed, sequential, anytime, bayesian"),
        ("plan: 7", "plan: is 7; it must be a mapping of fields"),
        ("plan: {kind: fixed, rope: 0.01}", "plan: no field 'rope'; allowed: 'kind', 'multiplicity'"),
        ("plan: {kind: sequential, looks: [7], spendin: pocock}",
         "plan: no field 'spendin'; did you mean 'spending'?"),
        ("plan: {kind: fixed, multiplicity: hom}",
         ("plan.multiplicity: is 'hom'; it must be 'bonferroni', "
         "'holm', 'hochberg', 'benjamini_hochberg' or 'none'")),
        ("plan: {kind: bayesian, threshold: 0.5}", "plan.threshold: is 0.5; it must be greater than 0.5"),
        ("plan: {kind: bayesian, rope: 1}", "plan.rope: is 1; it must be less than 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(rest: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse(rest)
    assert str(error.value) == f"shop.yaml, experiments.button.{sentence}"


def test_a_margin_is_a_share_above_0() -> None:
    with pytest.raises(InputError, match=r"metrics\.trades\.margin: is 0; it must be greater than 0"):
        parse(metric=", margin: 0")


@pytest.mark.parametrize(
    ("plan", "method", "named"),
    [
        ("{kind: anytime}", "cuped", "betting_sequence, confidence_sequence"),
        ("{kind: sequential, looks: [7]}", "mixture_t", "welch"),
        ("{kind: fixed}", "normal_normal", "welch"),
        ("{kind: bayesian}", "welch", "gamma_poisson, normal_normal"),
    ],
)
def test_a_method_that_does_not_fit_the_plan_is_refused(plan: str, method: str, named: str) -> None:
    with pytest.raises(InputError) as error:
        parse(f"plan: {plan}", metric=f", method: {method}")
    said = str(error.value)
    assert f"which cannot decide by '{method}', the method of 'trades'; name one of {named}" in said


def test_a_type_without_an_always_valid_method_is_refused() -> None:
    said = r"is 'anytime', but no method holds at every look for 'trades', a quantile; take another plan"
    text = DOCUMENT.format(rest="plan: {kind: anytime}", metric=", quantile: 0.5", metrics="[trades]")
    with pytest.raises(InputError, match=said):
        Blueprint.parse(text.replace("type: mean", "type: quantile"), "shop.yaml")


def test_a_type_without_a_posterior_is_refused() -> None:
    with pytest.raises(InputError, match=r"no method has a posterior for 'rate', a ratio; take another plan"):
        parse("plan: {kind: bayesian}", metrics="[rate]")

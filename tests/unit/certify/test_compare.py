"""Results beside the planted truth: every kind of error, and no truth where none is known."""

from __future__ import annotations

import math
from datetime import date

import pytest
import yaml

from assay import configs
from assay.certify.compare import NONE, TYPE_I, TYPE_II, TYPE_S, Comparison, compare, planted
from assay.errors import InputError
from assay.spec import Blueprint, load_blueprint
from assay.spec.truth import ArmTruth

AS_OF = date(2026, 2, 2)


def truth(difference: float, mean: float = 10.0) -> ArmTruth:
    control = mean - difference
    return ArmTruth(mean, 1.0, difference, difference / control if control else math.nan, 100.0)


def judged(
    known: ArmTruth | None, estimate: float | None, half: float | None, p_value: float | None
) -> Comparison:
    ends = (None, None) if estimate is None or half is None else (estimate - half, estimate + half)
    return compare(known, estimate=estimate, lower=ends[0], upper=ends[1], p_value=p_value, alpha=0.05)


@pytest.mark.parametrize(
    ("difference", "estimate", "p_value", "kind"),
    [
        (0.0, 0.1, 0.04, TYPE_I),
        (0.0, 0.1, 0.05, NONE),
        (1.0, 0.9, 0.20, TYPE_II),
        (1.0, 0.4, None, TYPE_II),  # as of a posterior: the interval decides, here it holds 0
        (1.0, 0.9, None, NONE),
        (0.0, 0.9, None, TYPE_I),
        (-1.0, 0.9, None, TYPE_S),
        (1.0, 0.9, 0.01, NONE),
        (1.0, -0.9, 0.01, TYPE_S),
        (-1.0, 0.9, 0.01, TYPE_S),
        (1.0, None, 0.01, TYPE_II),
    ],
)
def test_error_kinds(difference: float, estimate: float | None, p_value: float | None, kind: str) -> None:
    assert judged(truth(difference), estimate, 0.5, p_value).error_kind == kind


def test_without_p_value_and_interval_nothing_is_shown() -> None:
    assert judged(truth(1.0), 0.9, None, None).error_kind == TYPE_II


def test_coverage_includes_the_ends() -> None:
    known = truth(1.0)
    assert compare(known, estimate=1.5, lower=1.0, upper=2.0, p_value=0.1, alpha=0.05).covered is True
    assert compare(known, estimate=1.5, lower=1.1, upper=2.0, p_value=0.1, alpha=0.05).covered is False
    assert judged(known, 1.0, None, 0.1).covered is None


def test_rounding_is_no_effect() -> None:
    got = judged(truth(2.8e-14), 0.2, 0.1, 0.01)
    assert (got.truth, got.relative_truth, got.error_kind, got.covered) == (0.0, 0.0, TYPE_I, False)


def test_without_a_control_mean_there_is_no_relative_truth() -> None:
    got = judged(truth(10.0), 9.0, 2.0, 0.01)
    assert (got.truth, got.relative_truth, got.covered) == (10.0, None, True)
    assert judged(truth(0.0, mean=0.0), 0.0, 1.0, 0.9).error_kind == NONE


def test_real_data_have_no_truth() -> None:
    assert judged(None, 1.0, 0.5, 0.01) == Comparison(None, None, None, None)


def test_the_default_blueprint_is_planted() -> None:
    blueprint = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))
    arms = planted(blueprint, "one_click_trading", "trades_per_customer", AS_OF)
    assert arms is not None
    assert arms["treatment"].relative == pytest.approx(0.10)
    assert judged(arms["treatment"], 0.0, 0.01, 0.9).error_kind == TYPE_II
    with pytest.raises(InputError, match="no experiment 'one_click'"):
        planted(blueprint, "one_click", "trades_per_customer", AS_OF)


def test_what_has_no_closed_form_counts_as_unknown() -> None:
    tree = yaml.safe_load(configs.path("glue_configs/blueprints/brokerage.yaml").read_text())
    tree["experiments"]["button_colour"]["layer"] = "elsewhere"
    blueprint = Blueprint.parse(yaml.safe_dump(tree), "test")
    assert planted(blueprint, "button_colour", "trades_per_customer", AS_OF) is None


def test_metrics_of_real_facts_are_not_planted() -> None:
    tree = yaml.safe_load(configs.path("glue_configs/blueprints/brokerage.yaml").read_text())
    del tree["population"], tree["canaries"]
    del tree["facts"]["trades"]["generate"]
    for experiment in tree["experiments"].values():
        del experiment["planted"]
        for arm in experiment["arms"]:
            arm.pop("effects", None)
    blueprint = Blueprint.parse(yaml.safe_dump(tree), "test")
    assert planted(blueprint, "button_colour", "trades_per_customer", AS_OF) is None


def with_segments(**segments: object) -> Blueprint:
    """The default world; with one click the British trade more often than others, and no tier changes."""
    tree = yaml.safe_load(configs.path("glue_configs/blueprints/brokerage.yaml").read_text())
    tree["segments"] = segments
    arm = tree["experiments"]["one_click_trading"]["arms"][1]
    arm["effects_by"] = {"country": {"trades.rate": {"GB": 1.2}}}
    tree["population"]["tier_review_weeks"] = None
    return Blueprint.parse(yaml.safe_dump(tree), "test")


CUSTOMERS = {"table": "silver.customers", "unit": "customer_id"}


def lift(blueprint: Blueprint, segment: str) -> float | None:
    arms = planted(blueprint, "one_click_trading", "trades_per_customer", AS_OF, segment)
    return None if arms is None else arms["treatment"].relative


def test_a_segment_of_the_population_has_the_truth_of_its_part() -> None:
    blueprint = with_segments(
        country={**CUSTOMERS, "column": "country"}, level={**CUSTOMERS, "column": "tier", "values": ["gold"]}
    )
    assert lift(blueprint, "country=GB") == pytest.approx(1.1 * 1.2 - 1)
    assert lift(blueprint, "country=DE") == pytest.approx(0.1)
    whole = 1.1 * (1 + 0.35 * 0.2) - 1
    assert lift(blueprint, "all") == lift(blueprint, "level=gold") == pytest.approx(whole)


@pytest.mark.parametrize(
    "segment", ["country=(none)", "country=XX", "level=other", "level=plus", "age=GB", "GB"]
)
def test_what_is_no_part_of_the_population_has_no_truth(segment: str) -> None:
    blueprint = with_segments(
        country={**CUSTOMERS, "column": "country"}, level={**CUSTOMERS, "column": "tier", "values": ["gold"]}
    )
    assert lift(blueprint, segment) is None


@pytest.mark.parametrize(
    "elsewhere",
    [{"table": "silver.visits"}, {"unit": "other_id"}, {"column": "signed_up_at"}],
)
def test_other_columns_are_not_the_populations(elsewhere: dict[str, str]) -> None:
    blueprint = with_segments(country={**CUSTOMERS, "column": "country", **elsewhere})
    assert lift(blueprint, "country=GB") is None


def test_a_tier_that_is_reviewed_may_have_been_another() -> None:
    blueprint = with_segments(tier={**CUSTOMERS, "column": "tier"})
    assert blueprint.population is not None
    reviewed = blueprint.population.model_copy(update={"tier_review_weeks": 50})
    assert lift(blueprint, "tier=gold") is not None
    assert lift(blueprint.model_copy(update={"population": reviewed}), "tier=gold") is None

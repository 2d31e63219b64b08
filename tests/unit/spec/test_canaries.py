"""Canaries in a blueprint: their world, their rounds on the calendar, their truth, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from assay.errors import InputError
from assay.spec import Blueprint, load_blueprint
from assay.spec.canaries import is_canary, metrics, world
from assay.spec.plan import method_of
from assay.spec.truth import truth

PATH = Path(__file__).parents[2] / "data/blueprints/canaries.yaml"
BLUEPRINT = load_blueprint(PATH)
REAL_FACT = {"table": "silver.visits", "unit": "patient_id", "time": "visited_at"}


def changed(**parts: object) -> Blueprint:
    """The blueprint with top-level parts replaced; None removes one."""
    tree = yaml.safe_load(PATH.read_text()) | parts
    return Blueprint.parse(yaml.safe_dump({k: v for k, v in tree.items() if v is not None}), "changed")


# ---- known values


def test_each_week_has_three_rounds_of_one_week() -> None:
    rounds = [planned for planned in BLUEPRINT.rounds(date(2026, 1, 20)) if is_canary(planned.id)]
    assert [planned.id for planned in rounds[:3]] == ["canary_null", "canary_null.2", "canary_null.3"]
    assert {planned.experiment for planned in rounds} == {"canary_null", "canary_rate", "canary_value"}
    assert [(planned.start, planned.end) for planned in rounds[1:2]] == [
        (date(2026, 1, 12), date(2026, 1, 19))
    ]
    assert rounds[0].metrics == sorted(BLUEPRINT.metrics)
    assert BLUEPRINT.rounds(date(2026, 1, 20))[0].id == "button_colour"


def test_the_truth_is_that_of_half_a_week_of_exposure() -> None:
    """Exposed at a uniform time of the week: 1.2 trades a week become 0.6; the lift is 1.5."""
    own = BLUEPRINT.world_of("canary_rate")
    round_ = BLUEPRINT.round_of("canary_rate.40")
    found = truth(own, round_, "trades_per_customer", round_.end)
    assert found["control"].mean == pytest.approx(0.6)
    assert found["treatment"].difference == pytest.approx(0.3)
    assert found["control"].units == pytest.approx(1500 / 3 / 2)


@pytest.mark.parametrize(
    ("method", "kept"),
    [("cuped", "cuped"), ("mixture_sprt", "welch"), ("normal_normal", "welch"), (None, "welch")],
)
def test_canaries_are_measured_by_methods_whose_p_values_are_of_one_look(
    method: str | None, kept: str
) -> None:
    """Whatever plan the declared experiments have: canaries end after their only look."""
    tree = yaml.safe_load(PATH.read_text())
    named = tree["metrics"] | {
        "trades_per_customer": {"type": "mean", "numerator": "trades.count", "method": method}
    }
    plan = {"cuped": "fixed", "mixture_sprt": "anytime", "normal_normal": "bayesian"}.get(
        str(method), "anytime"
    )
    experiments = {
        name: each | {"metrics": ["trades_per_customer"], "plan": {"kind": plan}}
        for name, each in tree["experiments"].items()
    }
    blueprint = changed(metrics=named, experiments=experiments)
    canary = blueprint.round_of("canary_null")
    assert canary.plan.kind == "fixed"
    measured = blueprint.world_of("canary_null").metrics["trades_per_customer"]
    assert method_of(canary.plan, measured) == kept


# ---- relations


def test_worlds_differ_by_their_seed_only() -> None:
    one, other = world(BLUEPRINT, 1), world(BLUEPRINT, 2)
    assert one.seed != other.seed
    assert one.model_copy(update={"seed": 0}) == other.model_copy(update={"seed": 0})


def test_declared_experiments_do_not_see_canaries() -> None:
    bare = changed(canaries=None)
    assert bare.plan(date(2026, 6, 1)) == BLUEPRINT.plan(date(2026, 6, 1)) == bare.rounds(date(2026, 6, 1))
    assert bare.world_of("button_colour") is bare
    assert all(not is_canary(planned.id) for planned in BLUEPRINT.planned(3))


def test_every_round_is_found_by_its_id() -> None:
    for planned in BLUEPRINT.rounds(date(2026, 4, 1)):
        assert BLUEPRINT.round_of(planned.id) == planned


def test_canaries_may_start_later() -> None:
    later = changed(canaries={"first_week": 5})
    assert [p.start for p in later.rounds(date(2026, 2, 3)) if is_canary(p.id)] == [date(2026, 2, 2)] * 3
    assert later.round_of("canary_null").start == date(2026, 2, 2)


def test_metrics_are_those_of_generated_facts() -> None:
    facts = yaml.safe_load(PATH.read_text())["facts"] | {"visits": REAL_FACT}
    declared = yaml.safe_load(PATH.read_text())["metrics"] | {
        "visits": {"type": "mean", "numerator": "visits.count"}
    }
    mixed = changed(facts=facts, metrics=declared)
    assert metrics(mixed) == sorted(BLUEPRINT.metrics)


# ---- refusals


def test_what_is_wrong_is_one_sentence() -> None:
    declared = yaml.safe_load(PATH.read_text())["experiments"]
    with pytest.raises(InputError, match=r"experiments\.canary_mine.*kept for canaries; choose another"):
        changed(experiments={"canary_mine": declared["button_colour"]})
    with pytest.raises(InputError, match=r"canaries\.customers"):
        changed(canaries={"customers": 10})
    with pytest.raises(InputError, match="no field 'lft'; did you mean 'lift'"):
        changed(canaries={"lft": 1.2})
    plain = {**declared["button_colour"], "planted": None, "metrics": ["visits"]}
    real = {
        "facts": {"visits": REAL_FACT},
        "metrics": {"visits": {"type": "mean", "numerator": "visits.count"}},
        "experiments": {"button_colour": plain},
    }
    with pytest.raises(InputError, match=r"canaries.*need a population"):
        changed(population=None, **real)
    facts = yaml.safe_load(PATH.read_text())["facts"] | {"visits": REAL_FACT}
    with pytest.raises(InputError, match=r"canaries.*have nothing to measure"):
        changed(**real | {"facts": facts})
    with pytest.raises(ValueError, match="has no canaries"):
        world(changed(canaries=None))

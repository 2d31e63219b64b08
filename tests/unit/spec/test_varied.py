"""What can be planted beyond multipliers: documents that stay, truths by hand, relations, refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from assay.distributions import Constant
from assay.errors import InputError
from assay.spec import Arm, Blueprint, Generate, Planted, load_blueprint
from assay.spec.canaries import world
from assay.spec.duration import population_of
from assay.spec.truth import ArmTruth, truth
from assay.spec.varied import is_varied, varied_moments

HERE = Path(__file__).parents[2]
SMALL = load_blueprint(HERE / "data/blueprints/small.yaml")
BROKERAGE = load_blueprint(HERE.parent / "glue_configs/blueprints/brokerage.yaml")
END = date(2026, 3, 2)
METRICS = list(SMALL.metrics)
TREATED = {"effects": {"trades.rate": 1.5, "trades.notional": 1.5}}


def planted(
    *,
    generate: Mapping[str, object] | None = None,
    arm: Mapping[str, object] | None = None,
    faults: Mapping[str, object] | None = None,
    population: Mapping[str, object] | None = None,
    name: str = "one_click_trading",
    **experiment: object,
) -> Blueprint:
    """The small blueprint with one experiment, which has all of these."""
    tree = json.loads(SMALL.document())
    tree["population"] |= population or {}
    tree["facts"]["trades"]["generate"] |= generate or {}
    mine = tree["experiments"][name] | {"repeat_every_weeks": None} | experiment
    mine["arms"][1] |= arm or {}
    mine["planted"] = {**mine["planted"], **(faults or {})}
    tree["experiments"] = {name: mine}
    return Blueprint.parse(json.dumps(tree), "planted")


def of(
    blueprint: Blueprint, metric: str = "trades_per_customer", as_of: date = END, **segment: object
) -> dict[str, ArmTruth]:
    (name,) = blueprint.experiments
    return truth(blueprint, blueprint.round_of(name), metric, as_of, **segment)  # type: ignore[arg-type]


# ---- known values


def test_documents_that_use_nothing_new_are_as_they_were() -> None:
    """Their versions name what lakes hold: no later field may appear in them."""
    for blueprint in (SMALL, BROKERAGE):
        tree = json.loads(blueprint.document())
        assert set(tree["facts"]["trades"]["generate"]) == {"rate", "values"}
        for experiment in tree["experiments"].values():
            assert set(experiment["planted"]) == {"lost_exposures", "repeats_per_week", "multi_arm"}
            assert all(set(arm) == {"name", "allocation", "effects"} for arm in experiment["arms"])


def test_a_document_with_everything_reads_as_an_equal_blueprint() -> None:
    full = planted(
        generate={
            "day_of_week": [1, 1, 1, 1, 1, 2, 2],
            "trend": 0.01,
            "unit_scales": {"notional": {"sigma": 0.5, "correlation": 0.4}},
        },
        arm={
            **TREATED,
            "effects_by": {"country": {"trades.rate": {"GB": 1.2}}},
            "fades": {"trades.rate": {"kind": "novelty", "half_life": 2}},
        },
        faults={
            "non_compliance": 0.1,
            "attrition": 0.1,
            "late_events": 0.1,
            "duplicated_events": 0.1,
            "bots": {"share": 0.01, "factor": 20},
            "interference": {"size": 16, "spill": 0.1},
        },
    )
    again = Blueprint.parse(full.document(), "document")
    assert again == full
    assert again.document() == full.document()
    assert full.version != planted().version


def test_what_is_set_to_its_default_is_left_out() -> None:
    assert Arm(name="a", allocation=0.5, effects_by={}).model_dump() == {
        "name": "a",
        "allocation": 0.5,
        "effects": {},
    }
    assert "attrition" not in Planted(attrition=0.0).model_dump()
    assert "trend" not in Generate(rate=Constant(1), trend=0.0).model_dump()


def test_weekdays_by_hand() -> None:
    """All events on Mondays: of the first week only those exposed on Monday have some, on average half."""
    blueprint = planted(
        generate={
            "rate": {"distribution": "constant", "value": 2},
            "day_of_week": [5, 0, 0, 0, 0, 0, 0],
        },
        population={"signups_per_week": 0.0},
    )
    found = of(blueprint)["control"]
    assert found.mean == pytest.approx(2 * (6 + 1 / 14), rel=1e-12)
    # M is 6 + V on Monday (V uniform), else 6.
    spread = 4 * (1 / 3 / 7 - 1 / 14**2)
    assert found.variance == pytest.approx(found.mean + spread, rel=1e-12)


def test_a_trend_by_hand() -> None:
    """Week n has 1.1^(n-1) times the rate; the round has the weeks 2 to 8, the first by half."""
    blueprint = planted(generate={"trend": 0.1}, population={"signups_per_week": 0.0})
    weeks = 0.5 * 1.1 + sum(1.1 ** (n - 1) for n in range(3, 9))
    assert of(blueprint)["control"].mean == pytest.approx(1.2 * weeks, rel=1e-12)


def test_non_compliance_dilutes_the_lift() -> None:
    blueprint = planted(arm=TREATED, faults={"non_compliance": 0.4})
    assert of(blueprint)["treatment"].relative == pytest.approx(0.5 * 0.6, rel=1e-12)
    value = of(blueprint, "traded_value_per_customer")["treatment"]
    assert value.relative == pytest.approx((1.5**2 - 1) * 0.6, rel=1e-12)
    assert of(blueprint)["control"].mean == pytest.approx(of(planted())["control"].mean, rel=1e-12)


def test_effects_by_segment_are_weighed_by_their_shares() -> None:
    by = {"country": {"trades.rate": {"GB": 2.0}}, "tier": {"trades.rate": {"gold": 3.0, "plus": 0.5}}}
    blueprint = planted(arm={"effects": {}, "effects_by": by})
    lift = (0.35 * 2 + 0.65) * (0.70 + 0.25 * 0.5 + 0.05 * 3) - 1
    assert of(blueprint)["treatment"].relative == pytest.approx(lift, rel=1e-12)
    british = of(blueprint, segment=("country", "GB"))
    assert british["treatment"].relative == pytest.approx(2 * 0.975 - 1, rel=1e-12)
    assert british["control"].units == pytest.approx(0.35 * of(blueprint)["control"].units)
    gold = of(blueprint, segment=("tier", "gold"))
    assert gold["treatment"].relative == pytest.approx(3 * 1.35 - 1, rel=1e-12)


def test_bots_by_hand() -> None:
    blueprint = planted(faults={"bots": {"share": 0.01, "factor": 50}})
    assert of(blueprint)["control"].mean == pytest.approx(of(planted())["control"].mean * 1.49, rel=1e-12)


def test_interference_by_hand() -> None:
    """One neighbour, treated with probability 1/4 * 1/2; the lift is that of the direct effect."""
    blueprint = planted(arm=TREATED, faults={"interference": {"size": 2, "spill": 0.4}})
    plain = of(planted(arm=TREATED))
    found = of(blueprint)
    assert found["control"].mean == pytest.approx(plain["control"].mean * (1 + 0.4 / 8), rel=1e-12)
    assert found["treatment"].relative == pytest.approx(0.5, rel=1e-12)
    # Var = E[N] + E[F²] (Var[L D] + E[L D]²) - E[N]² with F² on average 7/8 + 1.4² / 8.
    mean = plain["control"].mean
    second = (7 / 8 + 1.96 / 8) * (plain["control"].variance - mean + mean**2)
    expected = found["control"].mean + second - found["control"].mean ** 2
    assert found["control"].variance == pytest.approx(expected, rel=1e-11)


def test_a_scale_that_is_independent_widens_values_only() -> None:
    plain, scaled = planted(), planted(generate={"unit_scales": {"notional": {"sigma": 0.5}}})
    for metric in ("trades_per_customer", "active_customers"):
        assert of(scaled, metric)["control"].variance == pytest.approx(of(plain, metric)["control"].variance)
    value, before = (of(b, "traded_value_per_customer")["control"] for b in (scaled, plain))
    assert value.mean == pytest.approx(before.mean)
    # E[C²] = exp(sigma²) times the second moment.
    second = math.exp(0.25) * (before.variance + before.mean**2)
    assert value.variance == pytest.approx(second - value.mean**2, rel=1e-9)


# ---- relations


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("look", [date(2026, 1, 19), date(2026, 2, 2), END])
def test_without_anything_planted_both_ways_give_one_truth(metric: str, look: date) -> None:
    blueprint = planted(arm=TREATED)
    (name,) = blueprint.experiments
    round_ = blueprint.round_of(name)
    assert not is_varied(blueprint, round_, "trades")
    for arm, known in of(blueprint, metric, look).items():
        declared = next(a for a in round_.arms if a.name == arm)
        mean, variance = varied_moments(blueprint, round_, blueprint.metrics[metric], declared, look)
        assert mean == pytest.approx(known.mean, rel=1e-12)
        assert variance == pytest.approx(known.variance, rel=1e-11)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_weekdays_and_fades_of_no_effect_change_nothing(metric: str) -> None:
    plain = of(planted(arm=TREATED), metric)
    same = planted(generate={"day_of_week": [3, 3, 3, 3, 3, 3, 3]}, arm=TREATED)
    slow = planted(
        arm={**TREATED, "fades": {"trades.rate": {"kind": "novelty", "half_life": 1e9}}},
    )
    for blueprint in (same, slow):
        for arm, expected in of(blueprint, metric).items():
            assert expected.mean == pytest.approx(plain[arm].mean, rel=1e-7)
            assert expected.variance == pytest.approx(plain[arm].variance, rel=1e-7)


def test_segments_of_a_plain_world_differ_in_size_only() -> None:
    whole, british = of(planted(arm=TREATED)), of(planted(arm=TREATED), segment=("country", "GB"))
    for arm, expected in whole.items():
        assert british[arm].mean == expected.mean
        assert british[arm].units == pytest.approx(0.35 * expected.units)


@pytest.mark.parametrize("metric", ["trades_per_customer", "traded_value_per_customer"])
def test_the_whole_is_the_mixture_of_its_segments(metric: str) -> None:
    blueprint = planted(arm={**TREATED, "effects_by": {"tier": {"trades.rate": {"gold": 3.0, "plus": 0.5}}}})
    shares = population_of(blueprint).tier
    whole = of(blueprint, metric)["treatment"]
    parts = {tier: of(blueprint, metric, segment=("tier", tier))["treatment"] for tier in shares}
    mean = sum(shares[tier] * part.mean for tier, part in parts.items())
    second = sum(shares[tier] * (part.variance + part.mean**2) for tier, part in parts.items())
    assert whole.mean == pytest.approx(mean, rel=1e-12)
    assert whole.variance == pytest.approx(second - mean**2, rel=1e-11)


def test_late_and_doubled_events_do_not_change_the_truth() -> None:
    faulty = planted(arm=TREATED, faults={"late_events": 0.3, "duplicated_events": 0.3})
    assert not is_varied(faulty, faulty.round_of("one_click_trading"), "trades")
    assert of(faulty) == of(planted(arm=TREATED))


def test_canaries_keep_the_weekdays_and_have_no_trend() -> None:
    tree = json.loads(BROKERAGE.document())
    tree["facts"]["trades"]["generate"] |= {"trend": 0.05, "day_of_week": [1, 1, 1, 1, 1, 3, 3]}
    own = world(Blueprint.parse(json.dumps(tree), "x"))
    assert own.generated("trades").trend == 0
    assert own.generated("trades").day_of_week == [1, 1, 1, 1, 1, 3, 3]
    first, ninth = (own.round_of(f"canary_rate{number}") for number in ("", ".9"))
    for metric in METRICS:
        assert truth(own, first, metric, first.end) == truth(own, ninth, metric, ninth.end)


# ---- edges


def test_a_denominator_of_zero() -> None:
    nobody = planted(
        generate={"rate": {"distribution": "constant", "value": 0}, "day_of_week": [1, 1, 1, 1, 1, 1, 2]}
    )
    with pytest.raises(InputError, match=r"'trades\.count' is always 0; a ratio needs a denominator above 0"):
        of(nobody, "value_per_trade")


def test_values_that_may_be_zero_do_not_count_as_active() -> None:
    value = {"distribution": "zero_inflated", "zeros": 0.9, "of": {"distribution": "constant", "value": 5}}
    blueprint = planted(generate={"values": {"notional": value}}, arm=TREATED)
    metric = {"type": "proportion", "numerator": "trades.notional"}
    tree = json.loads(blueprint.document())
    tree["metrics"]["active_customers"] = metric
    plain = Blueprint.parse(json.dumps(tree), "x")
    tree["facts"]["trades"]["generate"]["day_of_week"] = [2, 2, 2, 2, 2, 2, 2]
    flat = Blueprint.parse(json.dumps(tree), "x")
    for arm, expected in of(plain, "active_customers").items():
        assert of(flat, "active_customers")[arm].mean == pytest.approx(expected.mean, rel=1e-9)


# ---- refusals


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"generate": {"day_of_week": [1, 2]}}, "generate.day_of_week: is [1, 2]; it must have at least 7"),
        ({"generate": {"day_of_week": [0] * 7}}, "the weights must be 0 or greater, one above 0"),
        ({"generate": {"day_of_week": [1, 1, 1, 1, 1, 1, -1]}}, "the weights must be 0 or greater"),
        ({"generate": {"trend": 0.5}}, "generate.trend: is 0.5; it must be less than or equal to 0.2"),
        (
            {"generate": {"unit_scales": {"price": {"sigma": 0.5}}}},
            "generate.unit_scales: names 'price'; only values ['notional'] have scales",
        ),
        (
            {
                "generate": {
                    "rate": {"distribution": "poisson", "rate": 2},
                    "unit_scales": {"notional": {"sigma": 0.5}},
                }
            },
            "unit_scales: need a rate of gamma, lognormal or weibull, or those with zeros or mixed",
        ),
        (
            {"arm": {"fades": {"trades.notional": {"kind": "novelty", "half_life": 1}}}},
            "fades.trades.notional: has no effect that could fade; plant one, or remove it",
        ),
        (
            {"arm": {"effects_by": {"country": {"trades.rate": {"GB": 0}}}}},
            "effects_by.country.trades.rate.GB: is 0; a multiplier must be above 0 and at most 100",
        ),
        (
            {"arm": {"effects_by": {"country": {"trades.rat": {"GB": 2}}}}},
            "effects_by.country: there is nothing to multiply at 'trades.rat'; did you mean 'trades.rate'",
        ),
        (
            {"arm": {"effects_by": {"tier": {"trades.rate": {"gld": 2}}}}},
            "effects_by.tier.trades.rate: there is no segment 'gld'; did you mean 'gold'",
        ),
        ({"faults": {"attrition": 1.0}}, "planted.attrition: is 1.0; it must be less than 1"),
        (
            {"faults": {"attrition": 0.1}, "repeat_every_weeks": 8},
            "planted.attrition: takes units away for good, so that later rounds have no known truth",
        ),
        ({"faults": {"bots": {"share": 0.1, "factor": 1}}}, "bots.factor: is 1; it must be greater than 1"),
        (
            {"faults": {"interference": {"size": 3, "spill": 0.1}}},
            "interference.size: is 3; it must be 2, 4, 8, 16, 32 or 64",
        ),
    ],
)
def test_one_sentence_for_what_is_wrong(parts: dict[str, dict[str, object]], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        planted(**parts)  # type: ignore[arg-type]
    assert sentence in caught.value.message


def test_an_unknown_segment() -> None:
    with pytest.raises(InputError, match="no segment 'GR' of country; allowed: 'DE', 'ES'"):
        of(planted(), segment=("country", "GR"))


@pytest.mark.parametrize(
    ("faults", "kind"),
    [({"bots": {"share": 0.1, "factor": 9}}, "bots"), ({"attrition": 0.1}, "attrition")],
)
def test_bots_and_attrition_of_another_layer(faults: dict[str, object], kind: str) -> None:
    """They reach the units of all other layers, also when the experiment is over."""
    tree = json.loads(SMALL.document())
    for name in ("suggested_amounts", "new_onboarding"):
        del tree["experiments"][name]
    other = tree["experiments"]["one_click_trading"]
    other |= {"layer": "web", "first_week": 1, "weeks": 1, "enrol_weeks": 1, "repeat_every_weeks": None}
    other["planted"] = faults
    blueprint = Blueprint.parse(json.dumps(tree), "x")
    mine = blueprint.round_of("button_colour")
    with pytest.raises(InputError, match=f"'one_click_trading' has {kind} and is not in the layer of"):
        truth(blueprint, mine, "trades_per_customer", END)
    other["layer"] = "app"
    one_layer = Blueprint.parse(json.dumps(tree), "x")
    assert truth(one_layer, mine, "trades_per_customer", END)["control"].mean > 0


def test_interference_in_another_layer_is_an_effect() -> None:
    tree = json.loads(SMALL.document())
    tree["experiments"]["button_colour"] |= {"layer": "web"}
    tree["experiments"]["button_colour"]["planted"] = {"interference": {"size": 2, "spill": 0.1}}
    blueprint = Blueprint.parse(json.dumps(tree), "x")
    with pytest.raises(InputError, match="overlap in different layers, and the second has an effect on fact"):
        truth(blueprint, blueprint.round_of("new_onboarding"), "trades_per_customer", END)


def test_attrition_that_has_not_begun_reaches_nobody() -> None:
    tree = json.loads(SMALL.document())
    tree["experiments"]["one_click_trading"] |= {
        "layer": "web",
        "first_week": 9,
        "repeat_every_weeks": None,
        "planted": {"attrition": 0.1},
    }
    blueprint = Blueprint.parse(json.dumps(tree), "x")
    found = truth(blueprint, blueprint.round_of("button_colour"), "trades_per_customer", END)
    assert found["control"].mean > 0

"""The analytic truth: hand-computed values, relations between measures, and refusals."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from assay.errors import InputError
from assay.spec import Blueprint, load_blueprint
from assay.spec.duration import exposure_durations
from assay.spec.truth import ArmTruth, is_planted, truth

SMALL = load_blueprint(Path(__file__).parents[2] / "data/blueprints/small.yaml")
END = date(2026, 3, 2)


def changed(**parts: object) -> Blueprint:
    """The small blueprint with some values replaced; keys are dotted paths with two underscores for a dot."""
    tree = json.loads(SMALL.document())
    for path, value in parts.items():
        *above, last = path.split("__")
        node = tree
        for step in above:
            node = node[step]
        node[last] = value
    return Blueprint.parse(json.dumps(tree), "changed")


def of(
    blueprint: Blueprint, metric: str, experiment: str = "one_click_trading", as_of: date = END
) -> dict[str, ArmTruth]:
    return truth(blueprint, blueprint.round_of(experiment), metric, as_of)


# ---- known values


def test_by_hand_without_signups_and_with_constant_rates() -> None:
    """D = 6 + U, so E[D] = 6.5 and Var[D] = 1/12; N given D is Poisson(2 D); values are 10 exactly."""
    blueprint = changed(
        population__signups_per_week=0.0,
        facts__trades__generate={
            "rate": {"distribution": "constant", "value": 2},
            "values": {"notional": {"distribution": "constant", "value": 10}},
        },
    )
    control = of(blueprint, "trades_per_customer")["control"]
    assert control.mean == pytest.approx(13)
    assert control.variance == pytest.approx(13 + 4 / 12)
    assert control.units == pytest.approx(3000 * 0.25 / 2)
    value = of(blueprint, "traded_value_per_customer")["control"]
    assert value.mean == pytest.approx(130)
    assert value.variance == pytest.approx(100 * (13 + 4 / 12))
    active = of(blueprint, "active_customers")["control"]
    silent = (math.exp(-12) - math.exp(-14)) / 2  # the integral of exp(-2 (6 + u)) over u
    assert active.mean == pytest.approx(1 - silent, rel=1e-12)
    assert active.variance == pytest.approx(silent * (1 - silent), rel=1e-6)
    ratio = of(blueprint, "value_per_trade")["control"]
    assert ratio.mean == pytest.approx(10)
    assert ratio.variance == pytest.approx(0, abs=1e-9)


def test_the_lifts_are_those_planted() -> None:
    lifted = of(SMALL, "trades_per_customer")
    assert lifted["treatment"].relative == pytest.approx(0.5)
    assert lifted["treatment"].difference == pytest.approx(0.5 * lifted["control"].mean)
    assert (lifted["control"].difference, lifted["control"].relative) == (0, 0)
    assert of(SMALL, "value_per_trade")["treatment"].relative == pytest.approx(0, abs=1e-12)
    worth = of(SMALL, "value_per_trade", "suggested_amounts")
    assert worth["treatment"].relative == pytest.approx(0.5)
    assert of(SMALL, "active_customers", "suggested_amounts")["treatment"].difference == 0
    assert of(SMALL, "trades_per_customer", "button_colour")["treatment"].relative == 0


def test_lost_exposures_change_the_number_of_units_only() -> None:
    lost = of(SMALL, "trades_per_customer", "new_onboarding")
    assert lost["treatment"].units == pytest.approx(lost["control"].units / 2)
    assert lost["treatment"].mean == lost["control"].mean


def test_the_entry_law_against_its_integrals() -> None:
    """The rest W of the week after a late sign-up is a product of two uniforms: density -log(w), mean 1/4."""
    blueprint = changed(population__initial=1, population__signups_per_week=1e6)
    planned = blueprint.round_of("button_colour")
    first = exposure_durations(blueprint, planned, date(2026, 1, 19))
    assert first.mean == pytest.approx((1_000_001 * 0.5 + 1e6 * 0.25) / 2_000_001)
    rate = 0.75
    late = integrate.quad(lambda w: -math.log(w) * (1 + rate * w) ** -2, 0, 1)[0]
    early = integrate.quad(lambda w: (1 + rate * w) ** -2, 0, 1)[0]
    found = first.weights @ (1 + rate * first.weeks) ** -2
    assert found == pytest.approx((1_000_001 * early + 1e6 * late) / 2_000_001, rel=1e-12)
    assert first.units == pytest.approx(2_000_001 / 4)


def test_after_the_end_nothing_is_added() -> None:
    assert of(SMALL, "trades_per_customer", as_of=date(2026, 6, 1)) == of(SMALL, "trades_per_customer")


# ---- relations


@settings(deadline=None, max_examples=50)
@given(st.floats(0.1, 5), st.floats(0, 0.9), st.floats(0.2, 50))
def test_a_proportion_is_one_minus_the_zero_class(shape: float, zeros: float, scale: float) -> None:
    """Against the mixture written out: E over D uniform of zeros + (1 - zeros)(1 + scale D)^-shape."""
    gamma = {"distribution": "gamma", "shape": shape, "scale": scale}
    rate = {"distribution": "zero_inflated", "zeros": zeros, "of": gamma}
    blueprint = changed(facts__trades__generate__rate=rate, population__signups_per_week=0.0)
    silent = integrate.quad(lambda u: zeros + (1 - zeros) * (1 + scale * u) ** -shape, 0, 1)[0]
    active = of(blueprint, "active_customers", as_of=date(2026, 1, 19))["control"].mean
    assert active == pytest.approx(1 - silent, rel=1e-8)


def test_the_variance_of_a_ratio_is_that_of_its_linearisation() -> None:
    """For value per trade: Var(X) / E[N], as the counts' own variance cancels."""
    count = of(SMALL, "trades_per_customer")["treatment"]
    ratio = of(SMALL, "value_per_trade")["treatment"]
    assert ratio.variance == pytest.approx(1.5 * 160**2 / count.mean, rel=1e-9)


def test_an_inverted_ratio_is_the_inverse() -> None:
    inverted = changed(
        metrics__value_per_trade={
            "type": "ratio",
            "numerator": "trades.count",
            "denominator": "trades.notional",
        }
    )
    ratio, inverse = (of(b, "value_per_trade")["treatment"] for b in (SMALL, inverted))
    assert inverse.mean == pytest.approx(1 / ratio.mean)
    assert inverse.variance == pytest.approx(ratio.variance / ratio.mean**4)


def test_exposure_grows_week_by_week() -> None:
    planned = SMALL.round_of("button_colour")
    looks = [date.fromordinal(planned.start.toordinal() + 7 * k) for k in range(1, 8)]
    means = [exposure_durations(SMALL, planned, look).mean for look in looks]
    assert np.all(np.diff(means) > 0)
    assert means[0] < 0.5


def test_values_that_may_be_zero_do_not_count_as_active() -> None:
    value = {"distribution": "zero_inflated", "zeros": 0.9, "of": {"distribution": "constant", "value": 5}}
    metric = {"type": "proportion", "numerator": "trades.notional"}
    blueprint = changed(facts__trades__generate__values__notional=value, metrics__active_customers=metric)
    thinned = changed(facts__trades__generate__rate__of__scale=0.075)
    ours = of(blueprint, "active_customers")["control"].mean
    assert ours == pytest.approx(of(thinned, "active_customers")["control"].mean)


# ---- edges


def test_a_control_of_zero_has_no_relative_lift() -> None:
    nobody = changed(facts__trades__generate__rate={"distribution": "constant", "value": 0})
    assert math.isnan(of(nobody, "trades_per_customer")["treatment"].relative)
    with pytest.raises(InputError, match=r"'trades\.count' is always 0; a ratio needs a denominator above 0"):
        of(nobody, "value_per_trade")


def test_two_facts_share_only_the_time_of_exposure() -> None:
    """No blueprint can generate two facts yet, so the totals are built by hand."""
    from assay.spec.truth import _covariance, _Total

    durations = exposure_durations(SMALL, SMALL.round_of("button_colour"), END)
    a = _Total("trades", "count", 2.0, 1.0, 0.0, (1.0, 1.0))
    b = _Total("visits", "count", 3.0, 1.0, 0.0, (1.0, 1.0))
    assert _covariance(a, b, durations) == pytest.approx(6 * durations.variance)


# ---- refusals


@pytest.mark.parametrize("as_of", [date(2026, 1, 12), date(2026, 1, 20)])
def test_dates_that_are_no_look(as_of: date) -> None:
    with pytest.raises(InputError, match=rf"as_of is {as_of} \(.*\); it must be a Monday after 2026-01-12"):
        of(SMALL, "trades_per_customer", as_of=as_of)


def test_an_unknown_metric() -> None:
    with pytest.raises(InputError, match="no metric 'active_customer'; did you mean 'active_customers'"):
        of(SMALL, "active_customer")


def test_real_data_have_no_known_truth() -> None:
    text = """
        name: clinic
        start: 2026-01-05
        facts: {visits: {table: silver.visits, unit: patient_id, time: visited_at}}
        metrics: {visits: {type: mean, numerator: visits.count}}
        experiments:
          letter:
            weeks: 4
            metrics: [visits]
            arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]
        """
    blueprint = Blueprint.parse(text, "clinic.yaml")
    assert not is_planted(blueprint, "visits")
    assert is_planted(SMALL, "value_per_trade")
    with pytest.raises(
        InputError, match="metric 'visits' of blueprint clinic is not planted; its truth is unknown"
    ):
        of(blueprint, "visits", "letter")
    with pytest.raises(InputError, match="has no population; only planted experiments have a known truth"):
        exposure_durations(blueprint, blueprint.round_of("letter"), END)


def test_a_fact_that_is_not_generated_has_no_known_truth() -> None:
    tree = json.loads(SMALL.document())
    tree["facts"]["visits"] = {"table": "silver.visits", "unit": "customer_id", "time": "visited_at"}
    tree["metrics"]["visits"] = {"type": "mean", "numerator": "visits.count"}
    blueprint = Blueprint.parse(json.dumps(tree), "x")
    with pytest.raises(InputError, match="metric 'visits' of blueprint small is not planted"):
        of(blueprint, "visits")
    with pytest.raises(
        InputError, match="blueprint small does not generate a fact 'visits'; its truth is unknown"
    ):
        blueprint.generated("visits")


@pytest.mark.parametrize(("layer", "other"), [("web", "app"), (None, None), ("web", None)])
def test_effects_of_another_layer_in_the_same_weeks(layer: str | None, other: str | None) -> None:
    blueprint = changed(
        experiments__button_colour__layer=layer,
        experiments__one_click_trading__layer=other,
        experiments__suggested_amounts__layer=other,
    )
    with pytest.raises(
        InputError, match=r"'button_colour' and 'one_click_trading' overlap in diff.*'trades'"
    ):
        of(blueprint, "trades_per_customer", "button_colour")


def test_layers_apart_in_time_are_fine() -> None:
    blueprint = changed(
        experiments__button_colour__layer="web",
        experiments__button_colour__first_week=9,
        experiments__button_colour__weeks=1,
        experiments__button_colour__enrol_weeks=1,
    )
    assert of(blueprint, "trades_per_customer", "button_colour", date(2026, 3, 9))["control"].mean > 0

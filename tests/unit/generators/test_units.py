"""What units, weeks and segments do differently: rates, multipliers, scales, late and doubled rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.certify.gate import records
from assay.distributions import Gamma
from assay.generators import BLOCK, Week, arrivals, week
from assay.generators.assignment import arms_of, assign, in_slot
from assay.generators.canaries import canaries
from assay.generators.customers import customers_of, head_counts, segments, week_begin
from assay.generators.intensity import at, effects, highest
from assay.generators.rates import rates
from assay.generators.units import acting, scales
from assay.spec import Blueprint, load_blueprint

SMALL = load_blueprint(Path(__file__).parents[2] / "data/blueprints/small.yaml")
DAY = 24 * 3600 * 1_000_000
SECOND_ARM = {"effects": {"trades.rate": 2.0}}


def world(
    *,
    generate: Mapping[str, object] | None = None,
    arm: Mapping[str, object] | None = None,
    faults: Mapping[str, object] | None = None,
    canary: bool = False,
    **population: object,
) -> Blueprint:
    """20,000 customers, one experiment without layer in the weeks 2 to 4, and these plants."""
    tree = json.loads(SMALL.document())
    tree["population"] |= {"initial": 20_000, "signups_per_week": 500.0, "faults": {}} | population
    tree["facts"]["trades"]["generate"] |= generate or {}
    tree["experiments"] = {
        "trial": {
            "first_week": 2,
            "weeks": 3,
            "metrics": ["trades_per_customer"],
            "traffic": 0.8,
            "arms": [
                {"name": "control", "allocation": 0.5},
                {"name": "treatment", "allocation": 0.5, **(arm or {})},
            ],
            "planted": faults or {},
        }
    }
    tree["canaries"] = {"customers": 3000} if canary else None
    return Blueprint.parse(json.dumps(tree), "world")


def ids(drawn: Week, name: str = "trades") -> NDArray[np.int64]:
    return np.asarray(getattr(drawn, name)["trade_id"].to_numpy())


def times(drawn: Week) -> NDArray[np.int64]:
    return np.asarray(drawn.trades["traded_at"].cast("int64").to_numpy())


# ---- the calendar


def test_events_fall_on_weekdays_by_their_weights() -> None:
    weights = np.array([4, 2, 1, 1, 0.5, 0.5, 0])
    blueprint = world(generate={"day_of_week": weights.tolist()})
    drawn = week(blueprint, 1)
    days = np.bincount((times(drawn) - week_begin(blueprint, 1)) // DAY, minlength=7)
    expected = len(drawn.trades) * weights / weights.sum()
    assert (np.abs(days - expected) <= 4.5 * np.sqrt(expected)).all()


def test_a_trend_changes_the_number_of_events_week_by_week() -> None:
    blueprint = world(generate={"trend": 0.1}, signups_per_week=0.0)
    counts = np.array([len(week(blueprint, n).trades) for n in (1, 2, 6)])
    expected = counts[0] * 1.1 ** np.array([0, 1, 5])
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(2 * expected * 1.1**5)).all()


def test_what_is_not_planted_draws_the_same_rows() -> None:
    """Weights and scales that are set and say nothing, and new fields at their defaults."""
    plain, flat = world(), world(generate={"day_of_week": [2] * 7})
    quiet = world(faults={"late_events": 0.0, "non_compliance": 0.0}, arm={"effects_by": {}})
    for n in (1, 3):
        assert week(flat, n).trades.equals(week(plain, n).trades)
        assert week(quiet, n).trades.equals(week(plain, n).trades)


# ---- multipliers


def test_segments_are_those_of_the_rows() -> None:
    blueprint = world(tier_review_weeks=3)
    customers = customers_of(blueprint, head_counts(blueprint, 1), 0)
    for dimension in ("country", "tier"):
        weeks = np.ones(len(customers.ids), dtype=np.int64)
        names = np.array(sorted(getattr(blueprint.population, dimension)))
        found = names[segments(blueprint, customers, dimension, weeks)]
        assert found.tolist() == week(blueprint, 1).customers[dimension].to_pylist()[: len(found)]


def test_a_unit_has_the_multiplier_of_its_arm_and_segments() -> None:
    by = {"country": {"trades.rate": {"GB": 1.5, "DE": 0.5}}, "tier": {"trades.rate": {"gold": 3.0}}}
    blueprint = world(arm={**SECOND_ARM, "effects_by": by}, tier_review_weeks=None)
    customers = customers_of(blueprint, head_counts(blueprint, 3), 0)
    (effect,) = effects(blueprint, customers, 3, "trades.rate")
    planned = blueprint.round_of("trial")
    entered = assign(blueprint, planned, customers, 3)
    people = week(blueprint, 1).customers.to_pylist()
    expected = {"GB": 3.0, "DE": 1.0}
    for row, arm in zip(entered.rows[:400], entered.arms[:400], strict=True):
        if row < 20_000:
            person = people[row]
            factor = expected.get(person["country"], 2.0) * (3.0 if person["tier"] == "gold" else 1.0)
            assert effect.factors[row] == (factor if arm else 1.0)
    assert effects(blueprint, customers, 3, "trades.notional") == []


def test_non_compliance_takes_a_share_of_the_treated_only() -> None:
    both = world(arm=SECOND_ARM, faults={"non_compliance": 0.3})
    customers = customers_of(both, head_counts(both, 3), 1)
    (effect,) = effects(both, customers, 3, "trades.rate")
    entered = assign(both, both.round_of("trial"), customers, 3)
    treated = effect.factors[entered.rows[entered.arms == 1]]
    assert set(treated) == {1.0, 2.0}
    assert abs((treated == 1).mean() - 0.3) <= 4.5 * np.sqrt(0.3 * 0.7 / len(treated))


def test_fades_follow_the_time_since_exposure() -> None:
    fade = {"fades": {"trades.rate": {"kind": "novelty", "half_life": 1}}}
    blueprint = world(arm={**SECOND_ARM, **fade})
    customers = customers_of(blueprint, head_counts(blueprint, 4), 0)
    found = effects(blueprint, customers, 4, "trades.rate")
    treated = np.flatnonzero(found[0].factors == 2)[:50]
    since = found[0].since[treated]
    np.testing.assert_allclose(at(found, treated, since), 2)
    np.testing.assert_allclose(at(found, treated, since + 7 * DAY), 1.5)
    np.testing.assert_allclose(at(found, treated, since + 14 * DAY), 1.25)
    np.testing.assert_allclose(at(found, treated, since - 1), 1)
    assert (highest(found, len(customers.ids))[treated] == 2).all()


def test_interference_counts_the_treated_neighbours() -> None:
    blueprint = world(faults={"interference": {"size": 4, "spill": 0.3}})
    customers = customers_of(blueprint, head_counts(blueprint, 3), 1)
    planned = blueprint.round_of("trial")
    (effect,) = effects(blueprint, customers, 3, "trades.rate")
    assert effects(blueprint, customers, 3, "trades.notional") == []
    inside = in_slot(blueprint, planned, customers.ids)
    treated = inside & (arms_of(blueprint, planned, customers.ids) == 1)
    for row in assign(blueprint, planned, customers, 3).rows[:200]:
        first = row // 4 * 4
        neighbours = [other for other in range(first, first + 4) if other != row]
        assert effect.factors[row] == pytest.approx(1 + 0.3 * treated[neighbours].mean())
    assert (effect.factors[~inside] == 1).all()


# ---- units


def test_bots_keep_their_factor_in_every_week() -> None:
    blueprint = world(faults={"bots": {"share": 0.05, "factor": 30}})
    for n in (1, 3, 6):
        customers = customers_of(blueprint, head_counts(blueprint, n), 0)
        bots = acting(blueprint, customers, np.ones(len(customers.ids)), n)
        assert set(bots) == {1.0, 30.0}
        share = (bots == 30).mean()
        assert abs(share - 0.8 * 0.05) <= 4.5 * np.sqrt(0.04 / len(bots))
    early, late = (
        acting(blueprint, customers_of(blueprint, head_counts(blueprint, n), 0), np.ones(BLOCK), n)
        for n in (1, 6)
    )
    assert (early == late).all()


def test_units_leave_for_good_on_the_mondays_after_their_exposure() -> None:
    blueprint = world(faults={"attrition": 0.2}, signups_per_week=0.0)
    customers = customers_of(blueprint, head_counts(blueprint, 8), 0)
    there = [acting(blueprint, customers, np.ones(BLOCK), n) > 0 for n in range(1, 9)]
    assert there[0].all()
    assert there[1].all()  # the week of the exposure
    units = assign(blueprint, blueprint.round_of("trial"), customers, 8).rows
    assert np.delete(there[7], units).all()
    for n in range(3, 9):  # also when the experiment is over
        stays = 0.8 ** (n - 2)
        share = there[n - 1][units].mean()
        assert abs(share - stays) <= 4.5 * np.sqrt(stays * (1 - stays) / len(units))
        assert not (there[n - 1] & ~there[n - 2]).any()
    gone = week(blueprint, 8).trades["customer_id"].to_numpy()
    assert not np.isin(gone, customers.ids[~there[7]]).any()


def test_scales_are_kept_for_good_and_go_with_the_rate() -> None:
    blueprint = world(
        generate={
            "rate": {"distribution": "gamma", "shape": 2, "scale": 1},
            "unit_scales": {"notional": {"sigma": 0.5, "correlation": 0.8}},
        }
    )
    scale = scales(blueprint, "trades", "notional", 1, BLOCK)
    again = scales(blueprint, "trades", "notional", 1, 100)
    assert scale is not None
    assert again is not None
    assert (scale[:100] == again).all()
    rate = rates(blueprint, "trades", Gamma(2, 1), 1, BLOCK)
    ranks = np.argsort(np.argsort(np.column_stack([rate, scale]), axis=0), axis=0)
    spearman = np.corrcoef(ranks.T)[0, 1]
    assert abs(spearman - 6 / np.pi * np.arcsin(0.4)) <= 4.5 / np.sqrt(BLOCK)
    assert abs(scale.mean() - 1) <= 4.5 * scale.std() / np.sqrt(BLOCK)
    assert scales(world(), "trades", "notional", 1, BLOCK) is None


# ---- rows


def test_late_events_come_with_the_week_after_and_nothing_is_lost() -> None:
    tree = json.loads(world(faults={"late_events": 0.25}).document())
    tree["population"]["faults"] = {"bad_trades": 0.05, "corrected_trades": 0.05, "duplicated_trades": 0.05}
    late = Blueprint.parse(json.dumps(tree), "late")
    whole, arrived = ([draw(late, n) for n in range(1, 6)] for draw in (week, arrivals))
    for name in ("trades", "trade_corrections", "trade_deletes"):
        parts = [np.sort(np.concatenate([ids(w, name) for w in weeks])) for weeks in (whole, arrived)]
        assert (parts[0] == parts[1]).all()
    for n in (2, 3, 4):
        mine, now, next_ = whole[n - 1], arrived[n - 1], arrived[n]
        moved = ~np.isin(ids(mine), ids(now))
        assert np.isin(ids(mine)[moved], ids(next_)).all()
        assert abs(moved.mean() - 0.25 * 0.8) < 0.02
        for name in ("trade_corrections", "trade_deletes"):  # they come with their row
            assert np.isin(ids(now, name), ids(now)).all()
    assert arrived[0].trades.equals(whole[0].trades)
    assert sum(w.bad_trades for w in arrived) == sum(w.bad_trades for w in whole)
    assert all(a.exposures.equals(b.exposures) for a, b in zip(arrived, whole, strict=True))


def test_doubled_events_are_copies_that_are_deleted_again() -> None:
    plain, doubled = week(world(), 3), week(world(faults={"duplicated_events": 0.3}), 3)
    kept = doubled.trades.filter(~np.isin(ids(doubled), ids(doubled, "trade_deletes")))
    assert kept.equals(plain.trades)
    copies = ids(doubled, "trade_deletes")
    assert abs(len(copies) / len(plain.trades) - 0.3 * 0.8) < 0.02
    assert len(week(world(faults={"duplicated_events": 0.3}), 1).trade_deletes) == 0  # before it starts


def test_canaries_follow_the_new_laws_too() -> None:
    """The gate draws canaries anew from the seeds: the same trades as arrive, to the cent."""
    blueprint = world(
        generate={
            "day_of_week": [1, 1, 1, 1, 1, 3, 3],
            "trend": 0.1,
            "unit_scales": {"notional": {"sigma": 0.5, "correlation": 0.8}},
        },
        faults={"bots": {"share": 0.05, "factor": 30}},
        canary=True,
    )
    found = records.drawn(blueprint, [2])
    trades = canaries(blueprint, 2).trades
    assert len(found.cents) == len(trades)
    cents = np.rint(trades["notional"].cast("float64").to_numpy() * 100).astype(np.int64)
    assert np.sort(cents).tolist() == np.sort(found.cents).tolist()


def test_arms_do_not_depend_on_what_is_planted() -> None:
    plain, other = world(), world(faults={"non_compliance": 0.5, "attrition": 0.1}, arm=SECOND_ARM)
    some = np.arange(1, 1000, dtype=np.int64)
    one, two = (arms_of(b, b.round_of("trial"), some) for b in (plain, other))
    assert (one == two).all()


@pytest.mark.parametrize("n", [2, 4])
def test_any_partition_gives_the_same_rows(n: int) -> None:
    blueprint = world(
        generate={"day_of_week": [1, 2, 1, 2, 1, 2, 1], "unit_scales": {"notional": {"sigma": 0.5}}},
        arm={**SECOND_ARM, "effects_by": {"tier": {"trades.notional": {"gold": 3.0}}}},
        faults={
            "attrition": 0.1,
            "bots": {"share": 0.01, "factor": 20},
            "duplicated_events": 0.1,
            "interference": {"size": 64, "spill": 0.5},
        },
    )
    whole = week(blueprint, n)
    parts = [week(blueprint, n, blocks=range(block, block + 1)) for block in (2, 0, 1)]
    found = np.concatenate([ids(part) for part in parts])
    assert np.sort(found).tolist() == np.sort(ids(whole)).tolist()
    total = sum(float(part.trades["notional"].cast("float64").to_numpy().sum()) for part in parts)
    assert total == pytest.approx(float(whole.trades["notional"].cast("float64").to_numpy().sum()))

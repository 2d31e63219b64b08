"""The truth of what differs between weekdays, weeks, segments and units, against a simulation.

Each comparison is a z test with the critical value 4.5: a right truth fails one with probability 6.8e-6 as
far as the normal approximation goes (40,000 units and more per arm, 2,000 and more in segments), and all
together with probability 4e-3. Seeds are fixed. Interference makes units of a cluster dependent; that widens
standard errors by less than 3 %, which is not counted. Every world is also held against the truth of the
world without what is planted in it, which must be rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from assay.generators import arrivals
from assay.spec import Blueprint, load_blueprint
from assay.spec.arm import Dimension
from assay.spec.truth import truth

pytestmark = pytest.mark.long

CRITICAL = 4.5
SEEDS = (1, 2, 3)
METRICS = ("trades_per_customer", "traded_value_per_customer", "active_customers", "value_per_trade")
LOOKS = (date(2026, 1, 26), date(2026, 2, 9))  # in the middle of enrolment, and the planned end
LIFT: dict[str, object] = {"effects": {"trades.rate": 1.4, "trades.notional": 1.3}}
NOVELTY, PRIMACY = ({"kind": kind, "half_life": 0.8} for kind in ("novelty", "primacy"))

WORLDS: dict[str, dict[str, dict[str, object]]] = {
    "day_of_week": {"generate": {"day_of_week": [3, 2, 1, 1, 0.5, 0.2, 0]}},
    "trend": {"generate": {"trend": 0.15}},
    "effects_by": {
        "arm": {
            "effects": {"trades.rate": 1.2},
            "effects_by": {
                "country": {"trades.rate": {"GB": 1.5, "DE": 0.7}, "trades.notional": {"FR": 2.0}},
                "tier": {"trades.rate": {"gold": 2.0, "plus": 0.8}},
            },
        }
    },
    "novelty": {"arm": {"effects": {"trades.rate": 2.0}, "fades": {"trades.rate": NOVELTY}}},
    "primacy": {"arm": {"effects": {"trades.rate": 0.5}, "fades": {"trades.rate": PRIMACY}}},
    "fading_values": {"arm": {"effects": {"trades.notional": 2.0}, "fades": {"trades.notional": PRIMACY}}},
    "non_compliance": {"arm": LIFT, "planted": {"non_compliance": 0.35}},
    "attrition": {"arm": LIFT, "planted": {"attrition": 0.2}},
    "bots": {"arm": LIFT, "planted": {"bots": {"share": 0.02, "factor": 15.0}}},
    "interference": {"arm": LIFT, "planted": {"interference": {"size": 4, "spill": 0.6}}},
    "unit_scales": {
        "generate": {"unit_scales": {"notional": {"sigma": 0.6, "correlation": 0.7}}},
        "arm": LIFT,
    },
    "everything": {
        "generate": {
            "day_of_week": [1, 1, 1, 1, 2, 3, 0.5],
            "trend": -0.1,
            "unit_scales": {"notional": {"sigma": 0.4, "correlation": -0.8}},
        },
        "arm": {
            "effects": {"trades.rate": 1.5, "trades.notional": 1.4},
            "effects_by": {"country": {"trades.rate": {"GB": 0.8}, "trades.notional": {"ES": 3.0}}},
            "fades": {"trades.rate": NOVELTY, "trades.notional": PRIMACY},
        },
        "planted": {
            "non_compliance": 0.2,
            "attrition": 0.1,
            "bots": {"share": 0.01, "factor": 10.0},
            "interference": {"size": 8, "spill": -0.5},
            "late_events": 0.1,
            "duplicated_events": 0.1,
        },
    },
}


SMALL = load_blueprint(Path(__file__).parents[1] / "data/blueprints/small.yaml")
Floats = NDArray[np.float64]


def world(name: str, seed: int = 1) -> Blueprint:
    """The world with what `WORLDS` plants; of a name that is not there the plain one."""
    planted = WORLDS.get(name, {})
    tree = json.loads(SMALL.document())
    tree["seed"] = seed
    tree["population"] |= {"initial": 20_000, "signups_per_week": 3000.0, "tier_review_weeks": 2}
    tree["population"]["faults"] = {}
    tree["facts"]["trades"]["generate"] |= planted.get("generate", {})
    tree["experiments"] = {
        "trial": {
            "first_week": 2,
            "weeks": 4,
            "enrol_weeks": 3,
            "metrics": list(METRICS),
            "arms": [
                {"name": "control", "allocation": 0.5},
                {"name": "treatment", "allocation": 0.5, **planted.get("arm", {})},
            ],
            "planted": planted.get("planted", {}),
        }
    }
    return Blueprint.parse(json.dumps(tree), name)


@dataclass(frozen=True)
class Units:
    """Exposed units of several worlds; arrays of one shape."""

    treated: NDArray[np.bool_]
    country: NDArray[np.object_]
    tier: NDArray[np.object_]
    count: Floats
    notional: Floats

    def only(self, mask: NDArray[np.bool_]) -> Units:
        return Units(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))

    def values(self, metric: str) -> Floats:
        """One value per unit; for the ratio its linearisation."""
        if metric == "active_customers":
            return (self.count > 0).astype(np.float64)
        if metric == "value_per_trade":
            ratio = self.notional.mean() / self.count.mean()
            return np.asarray(ratio + (self.notional - ratio * self.count) / self.count.mean())
        return self.count if metric == "trades_per_customer" else self.notional


def observed(blueprint: Blueprint, look: date) -> Units:
    """What a perfect platform would count, from the rows that arrive by a week after the look."""
    planned = blueprint.round_of("trial")
    last = blueprint.week_number(look) - 1
    weeks = [arrivals(blueprint, n) for n in range(1, last + 2)]
    people = np.concatenate([w.customers["customer_id"].to_numpy() for w in weeks])
    size = int(people.max()) + 1
    exposed, treated = np.full(size, np.iinfo(np.int64).max), np.zeros(size, dtype=np.bool_)
    country, tier = np.empty(size, dtype=object), np.empty(size, dtype=object)
    count, notional = np.zeros(size), np.zeros(size)
    for w in weeks:  # a tier counts as it was when the unit was exposed
        for table in (w.customers, w.customer_updates):
            ids = table["customer_id"].to_numpy()
            waiting = exposed[ids] == np.iinfo(np.int64).max
            tier[ids[waiting]] = np.array(table["tier"].to_pylist(), dtype=object)[waiting]
            country[ids] = table["country"].to_pylist()
        if w.number <= last:
            ids = w.exposures["customer_id"].to_numpy()
            exposed[ids] = times(w.exposures["exposed_at"])
            treated[ids] = np.array(w.exposures["arm"].to_pylist()) == "treatment"
    until = np.datetime64(look, "us").astype(np.int64)
    for w in weeks:
        kept = ~np.isin(w.trades["trade_id"].to_numpy(), w.trade_deletes["trade_id"].to_numpy())
        ids = w.trades["customer_id"].to_numpy()
        at = times(w.trades["traded_at"])
        kept &= (at >= exposed[ids]) & (at < until)
        count += np.bincount(ids[kept], minlength=size)
        worth = w.trades["notional"].cast("float64").to_numpy()
        notional += np.bincount(ids[kept], weights=worth[kept], minlength=size)
    assert planned.start < look <= planned.end
    entered = exposed < np.iinfo(np.int64).max
    return Units(treated, country, tier, count, notional).only(entered)


def times(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.cast("int64").to_numpy())


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, date], Units]:
    return {}


def units_of(name: str, look: date, drawn: dict[tuple[str, date], Units]) -> Units:
    """The units of all seeds: they are independent, so they are one sample; drawn once."""
    if (name, look) not in drawn:
        parts = [observed(world(name, seed), look) for seed in SEEDS]
        drawn[name, look] = Units(
            *(np.concatenate([getattr(p, field) for p in parts]) for field in Units.__dataclass_fields__)
        )
    return drawn[name, look]


def deviations(
    units: Units, blueprint: Blueprint, look: date, segment: tuple[Dimension, str] | None = None
) -> dict[tuple[str, str, str], float]:
    """z values by metric, arm and moment."""
    found = {}
    for metric in METRICS:
        known = truth(blueprint, blueprint.round_of("trial"), metric, look, segment=segment)
        for arm, expected in known.items():
            values = units.only(units.treated == (arm == "treatment")).values(metric)
            squares = (values - values.mean()) ** 2
            root = np.sqrt(len(values))
            found[metric, arm, "mean"] = root * (values.mean() - expected.mean) / values.std()
            if metric != "active_customers":  # a proportion's variance is a function of its mean
                found[metric, arm, "variance"] = root * (squares.mean() - expected.variance) / squares.std()
    return found


def worst(found: dict[tuple[str, str, str], float]) -> float:
    return max(abs(z) for z in found.values())


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", WORLDS)
def test_the_truth_agrees_with_the_simulation(
    name: str, look: date, drawn: dict[tuple[str, date], Units]
) -> None:
    found = deviations(units_of(name, look, drawn), world(name), look)
    assert worst(found) <= CRITICAL, found


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", WORLDS)
def test_the_truth_of_the_plain_world_is_rejected(
    name: str, look: date, drawn: dict[tuple[str, date], Units]
) -> None:
    """For the arms' effects too: they are what the plain truth with the same `effects` would say."""
    tree = json.loads(world("plain").document())
    effects = WORLDS[name].get("arm", {})
    tree["experiments"]["trial"]["arms"][1]["effects"] = effects.get("effects", {})
    plain = Blueprint.parse(json.dumps(tree), "plain")
    assert worst(deviations(units_of(name, look, drawn), plain, look)) > 2 * CRITICAL


def segments() -> Iterator[tuple[Dimension, str]]:
    assert SMALL.population is not None
    yield from (("country", name) for name in SMALL.population.country)
    yield from (("tier", name) for name in SMALL.population.tier)


@pytest.mark.parametrize("segment", list(segments()), ids=str)
@pytest.mark.parametrize("name", ["effects_by", "everything"])
def test_the_truth_of_a_segment_agrees_with_the_simulation(
    name: str, segment: tuple[Dimension, str], drawn: dict[tuple[str, date], Units]
) -> None:
    units = units_of(name, LOOKS[1], drawn)
    mine = units.only(getattr(units, segment[0]) == segment[1])
    found = deviations(mine, world(name), LOOKS[1], segment)
    assert worst(found) <= CRITICAL, found
    expected = sum(
        t.units
        for t in truth(
            world(name), world(name).round_of("trial"), METRICS[0], LOOKS[1], segment=segment
        ).values()
    )
    total = expected * len(SEEDS)
    assert abs(len(mine.count) - total) <= CRITICAL * np.sqrt(total)

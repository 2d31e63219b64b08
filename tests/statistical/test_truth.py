"""The analytic truth against a simulation through the real generators, its metrics computed in plain pandas.

Each comparison is a z test at the two-sided level LEVEL / (number of comparisons): all of them together fail
for a right truth with probability 1e-6 as far as the normal approximation goes (140,000 units and more per
arm). The last two tests show the power: a truth that is 4 % off, or forgets when units entered, is rejected.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import assay.spec.truth as spec_truth
from assay.generators import week
from assay.spec import Blueprint, PlannedExperiment
from assay.spec.truth import ArmTruth

pytestmark = pytest.mark.long

LEVEL = 1e-6
SEEDS = range(1, 25)
METRICS = ("trades_per_customer", "traded_value_per_customer", "active_customers", "value_per_trade")
ARMS = ("control", "more", "less")
LOOKS = (date(2026, 1, 26), date(2026, 2, 16))  # in the middle of enrolment, and the planned end
CRITICAL = float(stats.norm.isf(LEVEL / (2 * 2 * len(METRICS) * len(ARMS) * len(LOOKS))))

# Cohorts that differ much, both effects at once, a multiplier below 1, every fault, heavier tails.
WORLD = """
experiments:
  trial:
    first_week: 2
    weeks: 5
    enrol_weeks: 4
    metrics: [trades_per_customer]
    arms:
      - {name: control, allocation: 0.4}
      - {name: more, allocation: 0.3, effects: {trades.rate: 1.3, trades.notional: 1.2}}
      - {name: less, allocation: 0.3, effects: {trades.rate: 0.7}}
    planted: {repeats_per_week: 0.2, multi_arm: 0.05, lost_exposures: {less: 0.2}}
"""


def world(seed: int) -> Blueprint:
    text = (Path(__file__).parents[1] / "data/blueprints/small.yaml").read_text()
    text = text[: text.index("experiments:")] + WORLD
    text = text.replace("initial: 3000", "initial: 10000").replace(
        "signups_per_week: 30 ", "signups_per_week: 4000 "
    )
    text = text.replace("seed: 20260105", f"seed: {seed}").replace("zeros: 0.2", "zeros: 0.3")
    text = text.replace(
        "{distribution: gamma, shape: 1.5, scale: 160.0}", "{distribution: lognormal, mu: 5, sigma: 0.6}"
    )
    return Blueprint.parse(text, "world")


def unit_values(blueprint: Blueprint, planned: PlannedExperiment, as_of: date) -> pd.DataFrame:
    """Per exposed unit: arm, number of trades and traded value from exposure to `as_of` (both as float64)."""
    weeks = [week(blueprint, n) for n in range(1, blueprint.week_number(as_of))]
    exposures = pd.concat([w.exposures.to_pandas() for w in weeks])
    exposures = exposures[exposures["experiment"] == planned.id].sort_values("exposed_at")
    first = exposures.drop_duplicates("customer_id").set_index("customer_id")[["arm", "exposed_at"]]
    trades = pd.concat([valid_trades(w.trades.to_pandas(), w.trade_deletes.to_pandas()) for w in weeks])
    joined = trades.join(first, on="customer_id", how="inner")
    joined = joined[joined["traded_at"] >= joined["exposed_at"]]
    joined = joined[joined["traded_at"] < pd.Timestamp(planned.end, tz="UTC")]
    totals = joined.groupby("customer_id").agg(count=("notional", "size"), notional=("notional", "sum"))
    return first.join(totals).fillna({"count": 0.0, "notional": 0.0})


def valid_trades(trades: pd.DataFrame, deletes: pd.DataFrame) -> pd.DataFrame:
    """Trades as silver should hold them: deleted rows gone, rows that break the contract gone."""
    trades = trades.assign(notional=trades["notional"].astype(np.float64))
    good = trades["asset"].notna() & trades["side"].isin(["buy", "sell"]) & (trades["notional"] >= 0)
    return trades[good & ~trades["trade_id"].isin(deletes["trade_id"])]


@pytest.fixture(scope="module", params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> date:
    return date.fromisoformat(str(request.param))


@pytest.fixture(scope="module")
def units(look: date) -> pd.DataFrame:
    """All seeds' units; they are independent, so they are one sample."""
    worlds = [world(seed) for seed in SEEDS]
    return pd.concat([unit_values(w, w.round_of("trial"), look) for w in worlds])


def deviations(units: pd.DataFrame, truth: dict[str, dict[str, ArmTruth]]) -> pd.DataFrame:
    """z values of mean and variance per metric and arm."""
    rows = []
    for metric in METRICS:
        for arm in ARMS:
            expected = truth[metric][arm]
            values = per_unit(units[units["arm"] == arm], metric, expected.mean)
            squares = (values - values.mean()) ** 2
            n = np.sqrt(len(values))
            rows.append(
                {
                    "metric": metric,
                    "arm": arm,
                    "mean": n * (values.mean() - expected.mean) / values.std(),
                    "variance": n * (squares.mean() - expected.variance) / squares.std(),
                }
            )
    return pd.DataFrame(rows).set_index(["metric", "arm"])


def per_unit(units: pd.DataFrame, metric: str, ratio: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One value per unit; for the ratio its linearisation, with the observed ratio as its mean."""
    count, notional = units["count"].to_numpy(), units["notional"].to_numpy()
    if metric == "active_customers":
        return (count > 0).astype(np.float64)
    if metric == "value_per_trade":
        return np.asarray(ratio + (notional - ratio * count) / count.mean())
    return np.asarray(count if metric == "trades_per_customer" else notional)


def truths(look: date) -> dict[str, dict[str, ArmTruth]]:
    blueprint = world(1)
    return {m: spec_truth.truth(blueprint, blueprint.round_of("trial"), m, look) for m in METRICS}


def test_the_truth_agrees_with_the_simulation(units: pd.DataFrame, look: date) -> None:
    found = deviations(units, truths(look))
    # A proportion's variance is a function of its mean, so it is not tested twice.
    found.loc["active_customers", "variance"] = 0.0
    assert (found.abs() <= CRITICAL).all(axis=None), found


def test_the_number_of_units_agrees_with_the_simulation(units: pd.DataFrame, look: date) -> None:
    expected = truths(look)["trades_per_customer"]
    for arm, count in units["arm"].value_counts().items():
        total = expected[str(arm)].units * len(SEEDS)
        assert abs(count - total) <= CRITICAL * np.sqrt(total)


@pytest.mark.parametrize("factor", [0.96, 1.04])
def test_a_mean_that_is_four_percent_off_is_rejected(units: pd.DataFrame, look: date, factor: float) -> None:
    off = {
        metric: {
            arm: ArmTruth(t.mean * factor, t.variance, t.difference, t.relative, t.units)
            for arm, t in arms.items()
        }
        for metric, arms in truths(look).items()
    }
    found = deviations(units, off)
    assert (found["mean"].abs() > CRITICAL).all(), found


def test_a_truth_without_the_entry_law_is_rejected(units: pd.DataFrame, look: date) -> None:
    """One that takes everyone as exposed from the start of the first week, as a careless formula would."""
    blueprint = world(1)
    generate = blueprint.facts["trades"].generate
    assert generate is not None
    weeks = (look - blueprint.round_of("trial").start).days / 7
    careless = generate.rate.mean * weeks
    counts = units.loc[units["arm"] == "control", "count"].to_numpy()
    assert abs(counts.mean() - careless) > CRITICAL * counts.std() / np.sqrt(len(counts))

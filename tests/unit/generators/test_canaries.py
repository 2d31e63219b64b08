"""Rows of canaries: beside the world's, under negative ids, some late, and the same as the records say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from assay.certify.gate.records import drawn
from assay.generators import Week, arrivals, week
from assay.generators.canaries import canaries
from assay.spec import Blueprint, load_blueprint

BLUEPRINT = load_blueprint(Path(__file__).parents[2] / "data/blueprints/canaries.yaml")
WEEKS = range(1, 5)
ID = {
    "customers": "customer_id",
    "exposures": "exposure_id",
    "trades": "trade_id",
    "trade_deletes": "trade_id",
}


@pytest.fixture(scope="module")
def weeks() -> list[Week]:
    return [arrivals(BLUEPRINT, n) for n in WEEKS]


def frame(weeks: list[Week], table: str) -> pd.DataFrame:
    parts: list[pd.DataFrame] = [getattr(w, table).to_pandas().assign(week=w.number) for w in weeks]
    return pd.concat(parts, ignore_index=True)


def later(first: int) -> Blueprint:
    assert BLUEPRINT.canaries is not None
    return BLUEPRINT.model_copy(
        update={"canaries": BLUEPRINT.canaries.model_copy(update={"first_week": first})}
    )


def test_the_world_is_there_as_without_canaries(weeks: list[Week]) -> None:
    bare = BLUEPRINT.model_copy(update={"canaries": None})
    for n, arrived in zip(WEEKS, weeks, strict=True):
        alone = arrivals(bare, n)
        assert alone.trades.equals(week(BLUEPRINT, n).trades)
        for table, key in ID.items():
            mine = getattr(arrived, table)
            assert mine.filter(pc.greater_equal(mine[key], 0)).equals(getattr(alone, table))
        assert arrived.quotes.equals(alone.quotes)


def test_every_week_has_customers_of_its_own(weeks: list[Week]) -> None:
    exposures = frame(weeks, "exposures").query("customer_id < 0")
    assert (exposures.groupby("week").size() == 1500).all()
    assert exposures["customer_id"].is_unique
    customers = frame(weeks, "customers").query("customer_id < 0")
    assert set(customers["customer_id"]) == set(exposures["customer_id"])
    assert exposures["experiment"].unique().tolist()[:3] == ["canary_null", "canary_rate", "canary_value"]
    assert set(exposures.query("week == 3")["experiment"]) == {
        "canary_null.3", "canary_rate.3", "canary_value.3",
    }  # fmt: skip


def test_a_share_of_trades_arrives_a_week_late_and_none_is_lost(weeks: list[Week]) -> None:
    trades = frame(weeks, "trades").query("customer_id < 0")
    assert trades["trade_id"].is_unique
    made = (trades["traded_at"] - pd.Timestamp(BLUEPRINT.start, tz="UTC")).dt.days // 7 + 1
    assert set(trades["week"] - made) == {0, 1}
    late = (trades["week"] > made)[made < WEEKS[-1]].mean()
    assert abs(late - 0.05) < 5 * np.sqrt(0.05 * 0.95 / len(trades))
    for n in WEEKS[:-1]:
        assert (made == n).sum() == canaries(BLUEPRINT, n).rows["trades"]


def test_corrections_and_deletes_come_with_their_row(weeks: list[Week]) -> None:
    trades = frame(weeks, "trades").set_index("trade_id")["week"]
    for table in ("trade_corrections", "trade_deletes"):
        changed = frame(weeks, table).query("trade_id < 0")
        assert len(changed) > 0
        assert (changed["week"] == trades[changed["trade_id"]].to_numpy()).all()


def test_bad_rows_are_counted(weeks: list[Week]) -> None:
    for arrived in weeks:
        rows = arrived.trades.to_pandas()
        bad = rows["asset"].isna() | ~rows["side"].isin(["buy", "sell"]) | (rows["notional"] < 0)
        assert arrived.bad_trades == bad.sum() > 0


def test_canaries_start_in_their_first_week() -> None:
    assert arrivals(later(2), 1).customers.equals(week(BLUEPRINT, 1).customers)
    started = arrivals(later(2), 2)
    assert started.rows["customers"] == week(BLUEPRINT, 2).rows["customers"] + 1500
    made = started.trades.filter(pc.less(started.trades["customer_id"], 0))["traded_at"]
    assert pc.min(made).as_py().date() >= BLUEPRINT.week_start(2)


def test_records_are_the_rows_that_stay() -> None:
    """What the ledger draws, beside what the tables hold once faults are removed as silver removes them."""
    rows, records = canaries(BLUEPRINT, 3), drawn(BLUEPRINT, [3])
    trades = rows.trades.to_pandas()
    trades = trades[~trades["trade_id"].isin(rows.trade_deletes["trade_id"].to_pylist())]
    good = trades[trades["asset"].notna() & trades["side"].isin(["buy", "sell"]) & (trades["notional"] >= 0)]
    exposures = rows.exposures.to_pandas()
    joined = good.merge(exposures, on="customer_id")
    after = joined[joined["traded_at"] >= joined["exposed_at"]]
    names = exposures["experiment"].str.partition(".")[0]
    for i, name in enumerate(sorted(set(names))):
        for j, arm in enumerate(("control", "treatment")):
            units = (records.experiment == i) & (records.arm == j)
            assert units.sum() == ((names == name) & (exposures["arm"] == arm)).sum()
            mine = after[(after["experiment"].str.partition(".")[0] == name) & (after["arm"] == arm)]
            seen = units[records.unit] & (records.at >= records.exposed[records.unit])
            assert seen.sum() == len(mine)
            assert records.cents[seen].sum() == int(mine["notional"].sum() * 100)
    assert records.late.sum() == len(good) - sum(
        arrivals(BLUEPRINT, 3).trades["trade_id"].to_pandas().isin(good["trade_id"])
    )

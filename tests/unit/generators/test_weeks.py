"""A week of the world: the same rows for any partition, exact types, faults that leave the truth alone."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay import configs
from assay.errors import InputError
from assay.generators import BLOCK, Week, arrivals, block_count, week
from assay.generators.columns import TRADES, decimals, row_ids
from assay.generators.quotes import prices
from assay.spec import Blueprint, load_blueprint

SMALL = load_blueprint(Path(__file__).parents[2] / "data/blueprints/small.yaml")
TABLES = tuple(week(SMALL, 1).rows)
WEEK = timedelta(weeks=1)


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


LARGE = changed(population__initial=3 * BLOCK, population__signups_per_week=500.0)
"""Four blocks, the last of which starts to fill in week 1."""


@pytest.fixture(scope="module")
def weeks() -> list[Week]:
    """Weeks 1 to 10."""
    return [week(SMALL, n) for n in range(1, 11)]


def start(n: int) -> pd.Timestamp:
    return pd.Timestamp(SMALL.week_start(n), tz="UTC")


def frames(weeks: list[Week], table: str) -> pd.DataFrame:
    parts: list[pd.DataFrame] = [getattr(w, table).to_pandas().assign(week=w.number) for w in weeks]
    return pd.concat(parts, ignore_index=True)


# ---- relations: determinism


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 4), max_size=3), st.randoms(use_true_random=False))
def test_any_partition_of_the_blocks_gives_the_same_rows(n: int, cuts: list[int], shuffle: object) -> None:
    whole = week(LARGE, n)
    edges = [0, *sorted(min(c, 4) for c in cuts), block_count(LARGE, n)]
    parts = [range(a, b) for a, b in itertools.pairwise(edges)]
    order = list(range(len(parts)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    drawn = {i: week(LARGE, n, blocks=parts[i]) for i in order}  # drawn in any order
    for table in TABLES:
        joined = pa.concat_tables([getattr(drawn[i], table) for i in range(len(parts))])
        assert joined.equals(getattr(whole, table)), table
    assert sum(part.bad_trades for part in drawn.values()) == whole.bad_trades


def test_a_week_needs_nothing_of_other_weeks_and_seeds_differ() -> None:
    again = week(SMALL, 5)
    week(SMALL, 7)
    assert all(getattr(week(SMALL, 5), t).equals(getattr(again, t)) for t in TABLES)
    other = week(changed(seed=7), 5)
    assert not other.trades["notional"].equals(again.trades["notional"])


def test_the_canonical_document_draws_the_same_world() -> None:
    """It sorts names: nothing may depend on the order in which a user writes them."""
    again = Blueprint.parse(SMALL.document(), "document")
    assert list(again.experiments) != list(SMALL.experiments)
    assert all(getattr(week(again, 3), t).equals(getattr(week(SMALL, 3), t)) for t in TABLES)


def test_new_signups_do_not_change_what_older_customers_do() -> None:
    busy = changed(population__signups_per_week=300.0)
    ours, theirs = (week(b, 4).trades.to_pandas() for b in (SMALL, busy))
    old = [set(t.loc[t["customer_id"] <= 3000, "customer_id"]) for t in (ours, theirs)]
    rates = [t[t["customer_id"] <= 3000].groupby("customer_id").size() for t in (ours, theirs)]
    assert len(old[0] & old[1]) > 0.75 * len(old[0])  # the same latent rates, not the same draws
    counts = np.array([r.reindex(range(1, 3001), fill_value=0).to_numpy() for r in rates])
    assert np.corrcoef(counts)[0, 1] > 0.4


# ---- relations: the world


def test_types_are_those_of_the_source_database(weeks: list[Week]) -> None:
    trades = weeks[0].trades.schema
    assert trades.field("quantity").type == pa.decimal128(18, 6)
    assert trades.field("price").type == pa.decimal128(18, 4)
    assert trades.field("notional").type == pa.decimal128(18, 2)
    assert trades.field("traded_at").type == pa.timestamp("us", tz="UTC")
    for drawn in weeks:
        for table in TABLES:
            getattr(drawn, table).validate(full=True)


def test_ids_are_unique_over_all_weeks_and_blocks() -> None:
    drawn = [week(LARGE, n) for n in (2, 3, 4)]
    for table, key in (("trades", "trade_id"), ("exposures", "exposure_id"), ("customers", "customer_id")):
        ids = pc.unique(pa.concat_tables([getattr(w, table) for w in drawn])[key])
        assert len(ids) == sum(w.rows[table] for w in drawn)


def test_customers_sign_up_once_and_in_their_week(weeks: list[Week]) -> None:
    customers = frames(weeks, "customers")
    assert (customers["customer_id"] == np.arange(1, len(customers) + 1)).all()
    assert (customers["signed_up_at"][:3000] < start(1)).all()
    late = customers[3000:]
    begins = late["week"].map(start)
    assert (late["signed_up_at"] >= begins).all()
    assert (late["signed_up_at"] < begins + WEEK).all()
    assert abs(len(late) - 300) < 5 * np.sqrt(300)
    shares = customers["country"].value_counts(normalize=True)
    assert abs(shares["GB"] - 0.35) < 5 * np.sqrt(0.35 * 0.65 / 3000)


def test_tier_updates_change_the_tier_of_known_customers() -> None:
    reviewed = changed(population__tier_review_weeks=3)
    drawn = [week(reviewed, n) for n in range(1, 8)]
    tiers = {row["customer_id"]: row for row in drawn[0].customers.to_pylist()}
    assert drawn[0].rows["customer_updates"] == 0
    for later in drawn[1:]:
        assert later.rows["customer_updates"] > 0
        for row in later.customer_updates.to_pylist():
            before = tiers[row["customer_id"]]
            assert row["tier"] != before["tier"]
            assert {**row, "tier": None} == {**before, "tier": None}
        tiers |= {row["customer_id"]: row for row in later.customer_updates.to_pylist()}
        tiers |= {row["customer_id"]: row for row in later.customers.to_pylist()}
    assert week(changed(population__tier_review_weeks=None), 5).rows["customer_updates"] == 0


def test_trades_lie_in_their_week_and_after_sign_up(weeks: list[Week]) -> None:
    trades = frames(weeks, "trades").merge(
        frames(weeks, "customers"), on="customer_id", suffixes=("", "_joined")
    )
    begins = trades["week"].map(start)
    assert (trades["traded_at"] >= begins).all()
    assert (trades["traded_at"] < begins + WEEK).all()
    assert (trades["traded_at"] >= trades["signed_up_at"]).all()


def test_trades_are_near_the_quote_and_quantity_times_price_is_the_value(weeks: list[Week]) -> None:
    trades = frames(weeks[:1], "trades").astype({"price": float, "quantity": float, "notional": float})
    trades = trades[trades["notional"] >= 0]
    np.testing.assert_allclose(trades["quantity"] * trades["price"], trades["notional"], atol=0.006)
    correct = {row["trade_id"]: row["asset"] for row in weeks[0].trade_corrections.to_pylist()}
    asset = trades["trade_id"].map(correct).fillna(trades["asset"])
    hour = (trades["traded_at"] - start(1)) // pd.Timedelta(hours=1)
    assert SMALL.population is not None
    position = asset.map({name: i for i, name in enumerate(SMALL.population.market.assets)})
    known = position.notna() & ~trades["trade_id"].isin(weeks[0].trade_deletes["trade_id"].to_pylist())
    quoted = prices(SMALL, 1).hourly[hour[known], position[known].astype(int)]
    assert np.abs(np.log(trades["price"][known] / quoted)).max() < 6 * 0.0005


def test_quotes_are_hourly_in_trading_hours_and_go_on_where_the_last_week_ended(weeks: list[Week]) -> None:
    quotes = frames(weeks[:2], "quotes")
    assert quotes.duplicated(["asset", "quoted_at"]).sum() == 0
    assert quotes["quoted_at"].dt.dayofweek.max() == 4
    assert set(quotes["quoted_at"].dt.hour) == set(range(8, 18))
    assert (quotes["quoted_at"] == quotes["quoted_at"].dt.floor("h")).all()
    assert len(quotes) == 2 * 5 * 10 * 20
    jump = np.log(prices(SMALL, 2).hourly[0] / prices(SMALL, 1).hourly[-1])
    assert 0 < np.abs(jump).max() < 6 * 0.03 / np.sqrt(168)


def test_exposures_happen_once_per_unit_and_layer_and_repeats_come_later(weeks: list[Week]) -> None:
    exposures = frames(weeks, "exposures").merge(
        frames(weeks, "customers"), on="customer_id", suffixes=("", "_c")
    )
    assert (exposures["exposed_at"] >= exposures["signed_up_at"]).all()
    begins = exposures["week"].map(start)
    assert ((exposures["exposed_at"] >= begins) & (exposures["exposed_at"] < begins + WEEK)).all()
    first_round = exposures[exposures["week"] <= 8]
    assert first_round.groupby("customer_id")["experiment"].nunique().max() == 1
    first = first_round.sort_values("exposed_at").drop_duplicates("customer_id")
    assert first["week"].between(2, 5).all()  # enrolment
    assert (first["signed_up_at"] < start(6)).all()
    entry = np.maximum(2, (first["signed_up_at"] - start(1)) // WEEK + 1)
    assert (entry == first["week"]).all()
    repeats = len(first_round) - len(first)
    assert abs(repeats / (6 * len(first)) - 0.1) < 0.02
    assert set(exposures.loc[exposures["week"] == 10, "experiment"]) == {
        f"{name}.2" for name in SMALL.experiments
    }
    assert len(exposures[exposures["week"].isin([1, 9])]) == 0


def test_every_round_randomises_anew(weeks: list[Week]) -> None:
    first = frames(weeks[1:2], "exposures").set_index("customer_id")["arm"]
    second = frames(weeks[9:10], "exposures").set_index("customer_id")["arm"]
    both = first.to_frame("one").join(second.to_frame("two"), how="inner")
    same = (both["one"] == both["two"]).mean()
    assert abs(same - 0.5) < 5 * 0.5 / np.sqrt(len(both)) + 0.01


def test_allocations_layers_and_traffic() -> None:
    arms = [
        {"name": "a", "allocation": 0.2},
        {"name": "b", "allocation": 0.3},
        {"name": "c", "allocation": 0.5},
    ]
    single = changed(
        experiments__button_colour__arms=arms,
        experiments__button_colour__layer=None,
        experiments__button_colour__traffic=0.8,
        population__initial=20_000,
    )
    drawn = week(single, 2).exposures.to_pandas()
    mine = drawn.loc[drawn["experiment"] == "button_colour", "arm"].value_counts()
    assert abs(mine.sum() - 16_000) < 5 * np.sqrt(20_000 * 0.16) + 100
    for arm, share in (("a", 0.2), ("b", 0.3), ("c", 0.5)):
        assert abs(mine[arm] / mine.sum() - share) < 5 * np.sqrt(share * (1 - share) / mine.sum())
    others = set(drawn.loc[drawn["experiment"] == "one_click_trading", "customer_id"])
    overlap = others & set(drawn.loc[drawn["experiment"] == "button_colour", "customer_id"])
    assert abs(len(overlap) / len(others) - 0.8) < 5 * 0.4 / np.sqrt(len(others))


# ---- relations: faults


def test_lost_exposures_take_all_records_of_a_unit(weeks: list[Week]) -> None:
    exposures = frames(weeks[1:8], "exposures")
    units = exposures.drop_duplicates(["experiment", "customer_id"])
    counts = units[units["experiment"] == "new_onboarding"]["arm"].value_counts()
    kept = {"control": 375, "treatment": 188}
    for arm, expected in kept.items():
        assert abs(counts[arm] - expected) < 5 * np.sqrt(expected)
    repeated = exposures[exposures["week"] > 5]["customer_id"]
    assert set(repeated) <= set(exposures[exposures["week"] <= 5]["customer_id"])


def test_multi_arm_units_are_as_many_as_declared() -> None:
    many = changed(experiments__button_colour__planted={"multi_arm": 0.3})
    exposures = frames([week(many, n) for n in range(2, 9)], "exposures")
    mine = exposures[exposures["experiment"] == "button_colour"]
    arms = mine.groupby("customer_id")["arm"].nunique()
    assert abs((arms == 2).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / len(arms))


def test_bad_rows_are_extra_rows_and_break_the_contract_in_every_way(weeks: list[Week]) -> None:
    clean = changed(population__faults={"bad_trades": 0.0, "corrected_trades": 0.0, "duplicated_trades": 0.0})
    for drawn in weeks[:3]:
        trades = drawn.trades.to_pandas()
        negative = trades["notional"] < 0
        missing = trades["asset"].isna()
        unknown = ~trades["side"].isin(["buy", "sell"])
        bad = negative | missing | unknown
        assert bad.sum() == drawn.bad_trades > 0
        assert min(negative.sum(), missing.sum(), unknown.sum()) >= drawn.bad_trades // 3
        # After quarantine, deletes and corrections it is the world without faults, to the last digit.
        good = trades[~bad & ~trades["trade_id"].isin(drawn.trade_deletes["trade_id"].to_pylist())]
        good = good.set_index("trade_id")
        good.update(drawn.trade_corrections.to_pandas().set_index("trade_id"))
        expected = week(clean, drawn.number)
        assert (
            expected.rows["trade_corrections"] == expected.rows["trade_deletes"] == expected.bad_trades == 0
        )
        pd.testing.assert_frame_equal(
            good.reset_index().astype(str), expected.trades.to_pandas().astype(str), check_like=True
        )


def test_corrections_change_the_asset_only(weeks: list[Week]) -> None:
    booked = {row["trade_id"]: row for row in weeks[0].trades.to_pylist()}
    assert weeks[0].rows["trade_corrections"] > 0
    for row in weeks[0].trade_corrections.to_pylist():
        before = booked[row["trade_id"]]
        assert before["asset"] != row["asset"]
        assert {**row, "asset": None} == {**before, "asset": None}


def test_deletes_are_copies_of_a_trade_that_stays(weeks: list[Week]) -> None:
    trades = weeks[0].trades.to_pandas()
    gone = trades["trade_id"].isin(weeks[0].trade_deletes["trade_id"].to_pylist())
    assert gone.sum() == weeks[0].rows["trade_deletes"] > 0
    keys = ["customer_id", "traded_at", "notional"]
    assert len(trades[gone].merge(trades[~gone & (trades["notional"] >= 0)], on=keys)) >= gone.sum()


# ---- relations: effects


def test_effects_start_with_exposure_and_end_with_the_round() -> None:
    strong = changed(
        population__initial=20_000,
        experiments__one_click_trading__arms=[
            {"name": "control", "allocation": 0.5, "effects": {"trades.rate": 0.5}},
            {"name": "treatment", "allocation": 0.5, "effects": {"trades.rate": 3.0, "trades.notional": 2.0}},
        ],
    )
    drawn = [week(strong, n) for n in range(1, 10)]
    trades = frames(drawn, "trades").astype({"notional": float})
    trades = trades[trades["notional"] > 0]
    first = frames(drawn, "exposures").sort_values("exposed_at").drop_duplicates("customer_id")
    first = first[(first["experiment"] == "one_click_trading") & (first["week"] == 2)]
    joined = trades.merge(first[["customer_id", "arm", "exposed_at"]], on="customer_id")
    after = joined["traded_at"] >= joined["exposed_at"]
    inside = joined["week"] <= 8
    units = first["arm"].value_counts()
    for arm, factor, worth in (("control", 0.5, 1.0), ("treatment", 3.0, 2.0)):
        mine = joined["arm"] == arm
        weeks_exposed = (
            (start(9) - first.loc[first["arm"] == arm, "exposed_at"]).dt.total_seconds()
            / WEEK.total_seconds()
        ).sum()
        rates = {
            "exposed": (mine & after & inside).sum() / weeks_exposed / factor,
            "before": (mine & ~after).sum() / (2 * units[arm] - (weeks_exposed - 6 * units[arm])),
            "after the end": (mine & ~inside).sum() / units[arm],
        }
        for when, rate in rates.items():
            assert abs(rate - 1.2) < 0.16, (arm, when, rate)  # more than 5 standard errors of about 0.03
        assert abs(joined.loc[mine & after & inside, "notional"].mean() / (240 * worth) - 1) < 0.06
        assert abs(joined.loc[mine & ~(after & inside), "notional"].mean() / 240 - 1) < 0.06


# ---- edges


def test_a_single_asset_cannot_be_booked_wrongly() -> None:
    single = changed(population__market__assets=["GOLD"])
    drawn = week(single, 1)
    assert drawn.rows["trade_corrections"] == 0
    assert set(drawn.trades["asset"].to_pylist()) == {"GOLD", None}


def test_a_world_where_nobody_trades() -> None:
    silent = changed(facts__trades__generate__rate={"distribution": "constant", "value": 0})
    drawn = week(silent, 2)
    assert drawn.rows["trades"] == drawn.rows["trade_deletes"] == 0
    assert drawn.trades.schema == week(SMALL, 2).trades.schema


def test_no_blocks_give_empty_tables() -> None:
    assert set(week(SMALL, 1, blocks=range(0)).rows.values()) == {0}


def test_week_names_its_monday() -> None:
    drawn = week(SMALL, 3)
    assert (drawn.number, drawn.start) == (3, SMALL.week_start(3))
    first = pc.min(drawn.trades["traded_at"]).as_py()
    assert first is not None
    assert first >= datetime(2026, 1, 19, tzinfo=UTC)


@given(st.lists(st.integers(-(10**17), 10**17)))
def test_decimals_are_exact(units: list[int]) -> None:
    column = decimals(np.array(units, dtype=np.int64), 18, 4)
    assert column.to_pylist() == [Decimal(u).scaleb(-4) for u in units]


# ---- refusals


def test_refusals() -> None:
    real = json.loads(SMALL.document())
    real["population"] = None
    real["facts"]["trades"]["generate"] = None
    for experiment in real["experiments"].values():
        experiment["planted"] = None
        for arm in experiment["arms"]:
            arm["effects"] = {}
    with pytest.raises(InputError, match="blueprint small has no population; there is nothing to generate"):
        week(Blueprint.parse(json.dumps(real), "real"), 1)
    with pytest.raises(InputError, match="week is 0; weeks count from 1 to 524287"):
        week(SMALL, 0)
    with pytest.raises(InputError, match=r"week 1 of small has the blocks 0 to 0"):
        week(SMALL, 1, blocks=range(1, 2))
    with pytest.raises(InputError, match="block 3 of week 2 has 16,777,216 rows; lower the rate"):
        row_ids(2, 3, 2**24)


def test_a_blueprint_of_real_data_brings_nothing() -> None:
    own = load_blueprint(configs.path("examples/own/cash.yaml"))
    found = arrivals(own, 2)
    assert (found.number, found.start) == (2, own.week_start(2))
    assert set(found.rows.values()) == {0}
    assert found.trades.schema == TRADES

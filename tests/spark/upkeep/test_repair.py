"""A table goes back, and the lake is made anew on a branch: what stands afterwards is what stood before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import functions as F

from assay.errors import InputError, TerminalError, TransientError
from assay.lake import refresh
from assay.lake import states as lake_states
from assay.lake.contracts import names
from assay.lake.states import State
from assay.runtime import clients
from assay.upkeep import branches, rollback
from assay.upkeep.backfill import BRONZE
from assay.upkeep.standing import Move

SILVER = ("silver.trades", "silver.quotes", "silver.exposures", "silver.loads", "silver.blueprints")
GOLD = (*refresh.EXPERIMENTS, "gold.asset_daily", "gold.portfolio_daily", "gold.certificates")
ALL = (*SILVER, *GOLD)


class Killed(BaseException):
    """Stands for SIGKILL: no handler may run after it."""


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def quarantined(shop: Any) -> set[str]:
    return {row["quarantine_id"] for row in shop.lake.read("silver.quarantine").collect()}


def state(shop: Any) -> object:
    return shop.rows(*ALL), quarantined(shop)


@pytest.mark.long
def test_a_table_goes_back_and_the_week_again_derives_the_same(
    shop: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 2):
        shop.land(n)
        shop.week(n)
    before, aside = shop.rows(*ALL), quarantined(shop)
    assert all(before.values())
    assert len(aside) == 2
    heads = {name: shop.lake.snapshot(name) for name in names()}
    first = next(s for s in lake_states.states(shop.lake, "bronze.trades") if s.run_id == "r-1")
    shop.maintain("rollback", table="bronze.trades", to=first.id, dry_run=True)
    planned = report(capsys)["moves"]
    assert [move["table"] for move in planned] == [
        "gold.experiment_health",
        "gold.portfolio_daily",
        "gold.asset_daily",
        "gold.experiment_results",
        "gold.metric_moments",
        "gold.unit_metrics",
        "silver.trades",
        "bronze.trades",
    ]
    assert {move["to"]["run_id"] for move in planned} == {"r-1"}
    assert {name: shop.lake.snapshot(name) for name in names()} == heads

    def kill(*args: Any) -> None:
        if args[1] == "silver.trades":
            raise Killed
        lake_states.restore(*args)

    with monkeypatch.context() as patch:
        patch.setattr("assay.upkeep.rollback.restore", kill)
        with pytest.raises(Killed):
            shop.maintain("rollback", table="bronze.trades", to=first.id)
    capsys.readouterr()
    shop.maintain("rollback", table="bronze.trades", to=first.id)
    done = report(capsys)
    assert [move["table"] for move in done["moves"]] == ["silver.trades", "bronze.trades"]
    assert done["quarantine_released"] == 1
    assert shop.lake.read("silver.trades").count() == 39
    assert len(shop.rows("gold.experiment_results")["gold.experiment_results"]) == 1
    shop.maintain("rollback", table="bronze.trades", to=first.id)
    assert report(capsys)["moves"] == []

    shop.week(2, run="r-3")
    assert shop.rows(*ALL) == before
    assert quarantined(shop) == aside
    what_left_the_quarantine_returns(shop, aside)
    for table, to, sentence in (
        ("silver.quarantine", 1, "roll back the silver table whose rows it holds"),
        ("silver.trades", 1, "silver.trades has no state 1"),
        ("silver.trade", 1, "did you mean 'silver.trades'"),
    ):
        with pytest.raises(InputError, match=sentence):
            shop.maintain("rollback", table=table, to=to)


def what_left_the_quarantine_returns(shop: Any, aside: set[str]) -> None:
    """A row that was sent through again is in the table; the table's earlier state does not hold it."""
    before = lake_states.states(shop.lake, "silver.trades")[0]
    shop.lake.overwrite("silver.quarantine", shop.lake.read("silver.quarantine").where("false"), "true", {})
    shop.lake.append(
        "silver.trades", shop.lake.read("silver.trades").limit(1).withColumn("trade_id", F.lit(9)), {}
    )
    shop.maintain("rollback", table="silver.trades", to=before.id)
    assert shop.lake.read("silver.trades").where("trade_id = 9").isEmpty()
    assert quarantined(shop) == aside


def test_a_table_of_which_nobody_knows_what_was_set_aside_is_cleared() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    head, state = (State(n, at + timedelta(hours=n), "r", 1, {}) for n in (2, 1))
    move = Move("silver.trades", head, state)
    expired = [State(8, at + timedelta(hours=2), "r", 1, {}, parent=7)]
    assert rollback._sure(move, expired).to is None
    assert rollback._sure(replace(move, table="gold.runs"), expired).to == state
    for known in ([], [replace(expired[0], parent=None)], [replace(expired[0], at=at)]):
        assert rollback._sure(move, known) == move


@pytest.mark.long
def test_the_lake_made_anew_is_the_lake(
    shop: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 2):
        shop.land(n)
    shop.week(2)
    before, heads = state(shop), {name: shop.lake.snapshot(name) for name in names()}
    capsys.readouterr()
    shop.maintain("backfill", run="r-7", from_week="2026-01-05", to_week="2026-01-05")
    made = report(capsys)
    assert (made["branch"], made["published"]) == ("backfill_r_7", [])
    assert made["equal"], [table for table in made["tables"] if not table["equal"]]
    assert {t["table"] for t in made["tables"]} >= {*ALL, "silver.quarantine"} - {"gold.certificates"}
    assert {name: shop.lake.snapshot(name) for name in names()} == heads
    # Every look of the asked week was computed anew, not found unchanged.
    on = lake_states.states(shop.lake.on("backfill_r_7"), "gold.experiment_results")
    assert {state.run_id for state in on[:2]} == {"r-7"}
    shop.maintain("replay", run="r-8")
    again = report(capsys)
    assert again["equal"], [table for table in again["tables"] if not table["equal"]]
    assert {"bronze.trades", "bronze.loads", "bronze.parameters"} <= {t["table"] for t in again["tables"]}
    killed_while_publishing(shop, monkeypatch)
    capsys.readouterr()
    shop.maintain("publish", branch="replay_r_8")
    assert report(capsys)["published"][0] == "silver.trades"
    shop.maintain("publish", branch="replay_r_8")
    assert report(capsys)["published"] == []
    assert state(shop) == before
    with pytest.raises(TransientError, match="another run wrote since backfill_r_7 was made"):
        shop.maintain("publish", branch="backfill_r_7")
    shop.maintain("drop", branch="backfill_r_7")
    assert "silver.trades" in report(capsys)["dropped"]
    shop.week(2, run="r-11")
    assert state(shop) == before
    what_is_refused(shop)


def killed_while_publishing(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes before silver.trades is published, it and the rest are not."""
    moved = branches.advance

    def kill(lake: Any, name: str, branch: str) -> bool:
        if name == "silver.trades":
            raise Killed
        return moved(lake, name, branch)

    with monkeypatch.context() as patch:
        patch.setattr(branches, "advance", kill)
        with pytest.raises(Killed):
            shop.maintain("publish", branch="replay_r_8")


def what_is_refused(shop: Any) -> None:
    """The landing bucket lacks what bronze knows, and what a load counted that bronze never took in."""
    with pytest.raises(InputError, match="no table has a branch 'replay_r_99'; there is none beside main"):
        shop.maintain("publish", branch="replay_r_99")
    files = clients.s3().list_objects_v2(Bucket=shop.bucket, Prefix="rds/brokerage/trades/")["Contents"]
    clients.s3().delete_object(Bucket=shop.bucket, Key=files[0]["Key"])
    with pytest.raises(TerminalError, match=r"lacks 1 files that bronze has rows of, such as s3://.*trades"):
        shop.maintain("replay")
    for name in BRONZE:
        shop.spark.sql(f"DROP TABLE glue_catalog.{name} PURGE")
    with pytest.raises(TerminalError, match=r"not hold all: bronze.trades, week 2026-01-05: 0 of 40 changes"):
        shop.maintain("replay", run="r-12")


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-01-06", "2026-01-12", "2026-01-06 is a Tuesday; .* here 2026-01-05"),
        ("2026-01-12", "2026-01-05", "the weeks begin on 2026-01-12 and end on 2026-01-05"),
        ("2026-01-05", "2026-01-05", "silver.loads is empty"),
    ],
)
def test_weeks_that_cannot_be_made_are_refused(shop: Any, first: str, last: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        shop.maintain("backfill", from_week=first, to_week=last)

"""What was set aside goes through silver again: once, never over a newer version, and killed anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import pytest
from pyspark.sql import functions as F

from assay.errors import InputError, TransientError
from assay.lake import contracts
from assay.lake.contracts import Contract
from assay.lake.refine import refine
from assay.lake.replay import Replayed, replay
from assay.lake.tables import Lake

pytestmark = pytest.mark.long

AT = "2026-01-06 11:00:00"
TRADES, EXPOSURES = "silver.trades", "silver.exposures"
Correct = Callable[..., None]


class Bronze(Protocol):
    lake: Lake

    def add(self, table: str, *changes: tuple[Any, ...]) -> None: ...


@pytest.fixture
def correct(monkeypatch: pytest.MonkeyPatch) -> Correct:
    """Drop rules of a contract, as its file would after a correction."""

    def drop(name: str, *rules: str) -> None:
        old = Contract.load(name)
        assert set(rules) <= {rule.text for rule in old.rules}
        new = replace(old, rules=tuple(rule for rule in old.rules if rule.text not in rules))
        load = contracts._shipped
        monkeypatch.setattr(contracts, "_shipped", lambda n, files: new if n == name else load(n, files))

    return drop


def trade(number: int, *, notional: float = 20, side: str = "buy", asset: str = "ABC") -> tuple[Any, ...]:
    return (number, 7, asset, side, 2, 10, notional, AT)


def trades(lake: Lake) -> list[tuple[int, int, str]]:
    rows = lake.read(TRADES).select("trade_id", F.col("notional").cast("int"), "_change_seq").collect()
    return sorted(tuple(row) for row in rows)


def aside(lake: Lake) -> list[tuple[str, list[str]]]:
    rows = lake.read("silver.quarantine").select("_change_seq", "reasons").collect()
    return sorted((row[0], row[1]) for row in rows)


def filled(bronze: Bronze) -> None:
    bronze.add(
        "trades",
        ("I", "01", *trade(1, notional=-1)),  # becomes good, and nothing newer is there
        ("I", "02", *trade(2, notional=-2)),  # becomes good, but was corrected
        ("U", "03", *trade(2, notional=5)),
        ("I", "04", *trade(3, notional=-3)),  # becomes good, but was deleted
        ("D", "05", *trade(3, notional=-3)),
        ("I", "06", *trade(4, notional=-4, side="gift")),  # breaks another rule still
        ("I", "07", *trade(5)),
        ("U", "08", *trade(5, notional=-5)),  # becomes good, and is newer than what stands there
    )
    refine(bronze.lake)


def test_what_is_good_now_is_merged_unless_a_newer_version_is_there(
    lake: Lake, bronze: Bronze, correct: Correct
) -> None:
    filled(bronze)
    assert trades(lake) == [(2, 5, "03"), (5, 20, "07")]
    correct(TRADES, "notional >= 0")
    assert replay(lake) == [Replayed(TRADES, rows_in=5, merged=2, still_set_aside=1, superseded=2)]
    end = [(1, -1, "01"), (2, 5, "03"), (5, -5, "08")]
    assert trades(lake) == end
    assert aside(lake) == [("06", ["side in ('buy', 'sell')"])]
    assert lake.watermark(TRADES, "bronze.trades") == str(lake.snapshot("bronze.trades"))
    # Once: what stays is judged again, nothing else happens.
    before = lake.snapshot(TRADES)
    assert replay(lake) == [Replayed(TRADES, rows_in=1, merged=0, still_set_aside=1, superseded=0)]
    assert (trades(lake), lake.snapshot(TRADES)) == (end, before)
    # What a replay published does not come back with the next run of silver.
    bronze.add("trades", ("D", "09", *trade(1)))
    refine(lake)
    assert trades(lake) == end[1:]


@pytest.mark.parametrize("commits", [0, 1])
def test_killed_between_its_commits_and_repeated_ends_in_the_same_tables(
    lake: Lake, bronze: Bronze, correct: Correct, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    filled(bronze)
    correct(TRADES, "notional >= 0")
    merge, left = Lake.merge, [commits]

    def killed(*arguments: Any, **options: Any) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return merge(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "merge", killed)
        with pytest.raises(KeyboardInterrupt):
            replay(lake)
    again = Lake(lake.spark, "r-2", lake.catalog)
    assert replay(again) == [Replayed(TRADES, rows_in=5, merged=2, still_set_aside=1, superseded=2)]
    assert trades(again) == [(1, -1, "01"), (2, 5, "03"), (5, -5, "08")]
    assert aside(again) == [("06", ["side in ('buy', 'sell')"])]


def test_only_what_is_asked_for_is_sent_through_again(lake: Lake, bronze: Bronze, correct: Correct) -> None:
    filled(bronze)
    bronze.add("quotes", ("I", "01", "ABC", AT, -1))
    refine(lake)
    correct(TRADES, "notional >= 0")
    found = lake.read("silver.quarantine").where("_change_seq = '08'").select("quarantine_id").collect()
    assert replay(lake, beginning=found[0][0][:12]) == [Replayed(TRADES, 1, 1, 0, 0)]
    assert trades(lake) == [(2, 5, "03"), (5, -5, "08")]
    assert replay(lake, "silver.quotes") == [Replayed("silver.quotes", 1, 0, 1, 0)]
    with pytest.raises(InputError, match=r"--contract is 'silver.trade'; did you mean 'silver.trades'"):
        replay(lake, "silver.trade")
    with pytest.raises(InputError, match="no row in quarantine has an id that begins so"):
        replay(lake, beginning="xyz")


def event(number: int, customer: int, arm: str, hour: int) -> tuple[Any, ...]:
    return (number, "e", customer, arm, f"2026-01-06 {hour:02}:00:00")


def test_exposures_of_the_units_are_computed_anew(
    lake: Lake, bronze: Bronze, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "arm is not null"
    bronze.add(
        "exposures",
        ("I", "01", *event(1, 7, "a", 12)),
        ("I", "02", 2, "e", 7, None, "2026-01-06 09:00:00"),
        ("I", "03", 3, "e", 8, None, "2026-01-06 10:00:00"),
        ("U", "04", *event(3, 8, "b", 10)),
    )
    refine(lake)
    columns = ("unit", "arm", "exposures", "arms")

    def standing() -> list[tuple[Any, ...]]:
        return sorted(tuple(row) for row in lake.read(EXPOSURES).select(*columns).collect())

    assert standing() == [("7", "a", 1, 1), ("8", "b", 1, 1)]
    # The shape is corrected: an arm that the source leaves out is the control.
    from assay.medallion import silver_shapes

    exposure = silver_shapes._exposure
    shapes = {
        **silver_shapes._DERIVED,
        EXPOSURES: lambda: {**exposure(), "arm": F.expr("coalesce(arm, 'c')")},
    }
    monkeypatch.setattr(silver_shapes, "_DERIVED", shapes)
    assert rule in {each.text for each in Contract.load(EXPOSURES).rules}
    assert replay(lake) == [Replayed(EXPOSURES, rows_in=2, merged=1, still_set_aside=0, superseded=1)]
    assert standing() == [("7", "c", 2, 2), ("8", "b", 1, 1)]
    assert aside(lake) == []


def test_versions_that_silver_has_not_taken_stay(lake: Lake, bronze: Bronze, correct: Correct) -> None:
    filled(bronze)
    stray = lake.read("silver.quarantine").where("_change_seq = '06'")
    stray = stray.withColumn("quarantine_id", F.sha2(F.lit("x"), 256)).withColumn("_change_seq", F.lit("99"))
    lake.merge("silver.quarantine", stray, {})
    correct(TRADES, "notional >= 0")
    assert replay(lake) == [Replayed(TRADES, 6, 2, still_set_aside=2, superseded=2, missing=1)]
    assert [number for number, _ in aside(lake)] == ["06", "99"]


def test_a_run_that_moves_the_watermark_meanwhile_wins(
    lake: Lake, bronze: Bronze, correct: Correct, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(bronze)
    correct(TRADES, "notional >= 0")
    bronze.add("trades", ("I", "20", *trade(9)))
    from assay.lake import replay as module

    judged = module._judged

    def late(*arguments: Any) -> Any:
        refine(Lake(lake.spark, "r-2", lake.catalog))
        return judged(*arguments)

    monkeypatch.setattr(module, "_judged", late)
    with pytest.raises(TransientError, match="another run wrote meanwhile"):
        replay(lake)
    assert len(aside(lake)) == 5

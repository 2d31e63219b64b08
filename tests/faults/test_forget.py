"""A customer is forgotten: no byte of anything stored holds it, and all else is as if it had never been."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assay.lake import past, refresh
from assay.lake.tables import Lake
from assay.runtime import objects
from assay.sources import erase_database, erase_journal, erase_landing
from assay.upkeep import forget
from faults.landed import WEEK, Place
from faults.people import APART, FIRST, GOLD, People

SILVER = ("silver.customers", "silver.exposures", "silver.trades", "silver.quotes", "silver.loads")
NOTHING = {"removed": [], "under_way": False, "again": [], "elsewhere": []}
Survived = Callable[..., None]
Patch = pytest.MonkeyPatch


# Where it is killed: just after the n-th call of a function, of which some run side by side: of each customer
# the first run and, where there is a second place, the next one as well.
KILLS: tuple[tuple[tuple[Any, str, int], ...], ...] = (
    ((past, "begin", 1), (erase_database, "erase", 1)),
    ((erase_journal, "erase", 2),  # the first one counts
     (erase_landing, "erase", 5)),  # three count; then between the files and their old versions
    ((Lake, "remove", 2),  # before the lists of files are written anew
     (forget, "refine", 1)),
    ((refresh, "experiments", 1), (past, "sweep", 6)),
    ((objects, "purge", 3),),
)  # fmt: skip


class Killed(BaseException):
    """Stands for SIGKILL: no handler may run after it."""


@pytest.fixture
def make(spark: SparkSession, glue_catalog: str, aws: str, monkeypatch: Patch) -> Callable[..., People]:
    """Makes the lake of some customers who will be forgotten."""

    def made(units: int, *, gold: bool) -> People:
        place = Place(spark)
        place.make(aws)
        warehouse = Path(spark.conf.get(f"spark.sql.catalog.{glue_catalog}.warehouse") or "")
        found = People(place, range(FIRST, FIRST + units * APART, APART), warehouse)
        monkeypatch.setattr(forget, "_database", found.opened)
        found.begin(gold=gold)
        return found

    return made


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def without(state: dict[str, list[str]], unit: int) -> dict[str, list[str]]:
    return {name: [row for row in rows if str(unit) not in row] for name, rows in state.items()}


@pytest.mark.long
def test_nothing_of_a_customer_is_left_in_silver_and_before(
    make: Callable[..., People], capsys: pytest.CaptureFixture[str], monkeypatch: Patch
) -> None:
    """Gold stands here for a table that is asked and finds that nothing of what changed concerns it."""
    people = make(1, gold=False)
    (unit,) = people.units
    lake, before = people.lake, people.state(*SILVER)
    reached = {"silver.trades": str(lake.snapshot("silver.trades")), "until": "2026-01-12"}
    lake.mark("gold.unit_metrics", reached)
    asked = []
    monkeypatch.setattr(refresh, "experiments", lambda *given, **_: asked.append(given[1:]) or 0)
    monkeypatch.setattr(forget, "planned", lambda *_: None)
    monkeypatch.setattr(forget, "certify_waiting", lambda *_: None)
    assert len(people.holding(unit)) > 10  # the search finds what there is

    capsys.readouterr()
    people.forget(unit, dry_run=True)
    held = {(line["where"], line["what"]): line["removed"] for line in report(capsys)["removed"]}
    assert held == {
        ("database: customers", "rows"): 1, ("database: exposures", "rows"): 1,
        ("database: trades", "rows"): 3, ("journal", "texts"): 1,
        ("landing: customers", "rows of 2 files"): 2, ("landing: exposures", "rows of 2 files"): 2,
        ("landing: trades", "rows of 2 files"): 5, ("bronze.customers", "rows"): 2,
        ("bronze.exposures", "rows"): 2, ("bronze.trades", "rows"): 5, ("bronze.journal", "texts"): 1,
        ("silver.customers", "rows"): 1, ("silver.exposures", "rows"): 1, ("silver.trades", "rows"): 2,
        ("silver.quarantine", "rows"): 2, ("silver.journal", "texts"): 1,
    }  # fmt: skip
    people.forget(unit)
    done = report(capsys)
    assert people.holding(unit) == []
    assert (done["under_way"], done["again"]) == (False, [])
    removed = {(line["where"], line["what"]): line["removed"] for line in done["removed"]}
    assert removed["bronze.trades", "rows"] == 8  # with the deletes
    assert removed["landing: trades", "rows of 3 files"] == 9  # and what was somebody else's before
    assert removed["landing: trades", "old versions of files"] == 3
    assert removed["silver.trades", "states"] >= 2
    assert str(unit) not in json.dumps(done)
    assert people.state(*SILVER) == without(before, unit)
    assert asked == [(WEEK, WEEK + timedelta(days=7))]
    assert lake.state("gold.unit_metrics")[1]["silver.trades"] == str(lake.snapshot("silver.trades"))

    people.run(gold=False)  # the week is there as a whole, as far as it is kept
    assert people.state(*SILVER) == without(before, unit)
    people.forget(unit)
    assert report(capsys) == NOTHING


@pytest.mark.slow
def test_gold_is_what_it_would_be_without_the_customer(
    make: Callable[..., People], capsys: pytest.CaptureFixture[str], survived: Survived
) -> None:
    people = make(2, gold=True)
    unit, other = people.units
    before = people.state(*SILVER)
    people.delays = True
    people.forget(unit)
    done = report(capsys)
    assert "have not arrived within 0 s" in done["again"][0]
    assert past.is_open(people.lake)
    anew = people.gold_from_nothing()
    assert people.state(*GOLD) == anew
    people.capture()
    people.run()
    assert people.holding(unit)  # the deletes
    people.forget(unit)
    assert report(capsys)["again"] == []
    assert people.holding(unit) == []
    assert people.state(*SILVER) == without(before, unit)
    assert people.state(*GOLD) == anew == people.gold_from_nothing()
    people.place.run("bronze", "silver", "gold")  # with their checks, and the comparison of all layers
    assert people.state(*GOLD) == anew
    capsys.readouterr()
    people.maintain("replay")
    again = report(capsys)
    assert again["equal"], [table for table in again["tables"] if not table["equal"]]
    assert people.holding(other)
    survived(
        "rows", "a customer forgotten; its deletes arrive a run later, and it is forgotten again",
        tried=2, lost=0, saw="the first report asks for it; no byte of it is left, gold is as if made anew",
    )  # fmt: skip


@pytest.mark.slow
def test_killed_anywhere_and_run_again(
    make: Callable[..., People], capsys: pytest.CaptureFixture[str], monkeypatch: Patch, survived: Survived
) -> None:
    people = make(len(KILLS), gold=True)
    expected = people.state(*SILVER)
    for unit, places in zip(people.units, KILLS, strict=True):
        for owner, name, nth in places:
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, mortal(getattr(owner, name), nth))
                with pytest.raises(Killed):
                    people.forget(unit)
            assert past.is_open(people.lake), name
        people.forget(unit)
        done = report(capsys)
        assert (done["under_way"], done["again"]) == (False, []), name
        assert people.holding(unit) == [], name
        expected = without(expected, unit)
        assert people.state(*SILVER) == expected, name
    anew = people.gold_from_nothing()
    assert people.state(*GOLD) == anew
    people.place.run("bronze", "silver", "gold")
    assert people.state(*GOLD) == anew
    survived(
        "killed", "`assay forget` killed after each of its steps, and run again",
        tried=sum(map(len, KILLS)), lost=0, saw="the repeated command ends with no byte of the customer left",
    )  # fmt: skip


def mortal(function: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """A function that kills whoever calls it so often, when it has done its work."""
    calls: list[int] = []

    def called(*given: Any, **named: Any) -> Any:
        done = function(*given, **named)
        calls.append(1)
        if len(calls) == nth:
            raise Killed
        return done

    return called

"""Random sequences of changes, deliveries, runs, deaths and re-runs: silver and gold are what they must be.

The pipeline is the real one, on real tables; the twin is `faults.model`. A sequence ends with everything
delivered and a run that lives to its end; then all tables are compared, and every layer with the one before.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pyspark.sql import SparkSession

from assay.lake import Lake, ingredients
from assay.runtime import clients
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from faults import sequences
from faults.model import START_AT
from faults.sequences import World

RUNS = 2
# Tiny data and a new plan for each: what takes the time is Spark's planning and compiling, not its work.
SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
CUSTOMERS = st.sampled_from([1, 2, 3, 4, 5, -6])
HOURS = st.integers(0, 4 * 168 - 1)
# Whole units of money: samples whose values are all equal then have a variance of exactly nothing.
UNITS = st.integers(-1, 40)
ANY = st.integers(0, 99)


def at(hour: int) -> datetime:
    return START_AT + timedelta(hours=hour)


class Sequences(RuleBasedStateMachine):
    """The rules; a subclass says in which world."""

    make: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make()

    @initialize(
        arms=st.lists(st.sampled_from(["control", "blue"]), min_size=2, max_size=5),
        trades=st.lists(st.tuples(st.integers(1, 5), HOURS, UNITS), min_size=1, max_size=6),
    )
    def begin(self, arms: list[str], trades: list[tuple[int, int, int]]) -> None:
        """Something to lose: else most sequences would be over before a run has anything to do."""
        self.expose(list(enumerate(arms, 1)), 170)
        for customer, hour, units in trades:
            self.trades(customer, [hour], units)
        self.deliver(backwards=False, hold=0)

    @rule(customer=CUSTOMERS, hours=st.lists(HOURS, min_size=1, max_size=4), units=UNITS)
    def trades(self, customer: int, hours: list[int], units: int) -> None:
        for hour in hours:
            number = self.world.next_key("trades")
            self.world.change("trades", "I", sequences.trade(number, customer, at(hour), units))

    @precondition(lambda self: self.world.rows("trades"))
    @rule(which=ANY, customer=CUSTOMERS, hour=HOURS, units=UNITS, broken=st.booleans())
    def correct_a_trade(self, which: int, customer: int, hour: int, units: int, broken: bool) -> None:
        old = self._one("trades", which)
        new = sequences.trade(old["trade_id"], customer, at(hour), units, broken=broken)
        self.world.change("trades", "U", new)

    @precondition(lambda self: self.world.rows("trades"))
    @rule(which=ANY)
    def delete_a_trade(self, which: int) -> None:
        self.world.change("trades", "D", self._one("trades", which))

    @rule(
        units=st.lists(st.tuples(CUSTOMERS, st.sampled_from(["control", "blue"])), min_size=1, max_size=5),
        hour=st.integers(168 - 6, 2 * 168 + 6),
    )
    def expose(self, units: list[tuple[int, str]], hour: int) -> None:
        for customer, arm in units:
            number = self.world.next_key("exposures")
            self.world.change("exposures", "I", sequences.exposure(number, customer, arm, at(hour)))

    @precondition(lambda self: self.world.rows("exposures"))
    @rule(which=ANY, customer=CUSTOMERS, hour=HOURS, arm=st.sampled_from(["control", "blue", "red", None]))
    def reassign_an_exposure(self, which: int, customer: int, hour: int, arm: str | None) -> None:
        old = self._one("exposures", which)
        self.world.change("exposures", "U", sequences.exposure(old["exposure_id"], customer, arm, at(hour)))

    @precondition(lambda self: self.world.runs == 0 and self.world.rows("exposures"))
    @rule(which=ANY, arm=st.sampled_from(["control", "blue"]))
    def reassign_an_exposure_that_was_counted(self, which: int, arm: str) -> None:
        """That alone: no other change makes gold look at its weeks again."""
        self.world.deliver()
        assert self.world.run(ahead=2)
        old = self._one("exposures", which)
        self.world.change("exposures", "U", {**old, "arm": arm})

    @precondition(lambda self: self.world.rows("exposures"))
    @rule(which=ANY)
    def delete_an_exposure(self, which: int) -> None:
        self.world.change("exposures", "D", self._one("exposures", which))

    @rule(number=CUSTOMERS, tier=st.sampled_from(["basic", "gold"]), broken=st.booleans())
    def customer(self, number: int, tier: str, broken: bool) -> None:
        known = any(row["customer_id"] == number for row in self.world.rows("customers"))
        row = sequences.customer(number, tier, broken=broken)
        self.world.change("customers", "U" if known else "I", row)

    @precondition(lambda self: self.world.waiting)
    @rule(backwards=st.booleans(), hold=st.integers(0, 3))
    def deliver(self, backwards: bool, hold: int) -> None:
        self.world.deliver(backwards=backwards, hold=hold)

    @precondition(lambda self: self.world.delivered)
    @rule(which=ANY)
    def deliver_again(self, which: int) -> None:
        self.world.again(which)

    @precondition(lambda self: self.world.runs < RUNS)
    @rule(ahead=st.integers(-1, 2), steps=st.sampled_from([1, 2, 3, 3]))
    def run(self, ahead: int, steps: int) -> None:
        """All jobs, or the first ones."""
        assert self.world.run(ahead=ahead, steps=steps)

    @precondition(lambda self: self.world.runs < RUNS)
    @rule(ahead=st.integers(-1, 2), at=st.integers(1, 20))
    def die(self, ahead: int, at: int) -> None:
        """A run that dies at a commit, where it has so many."""
        self.world.run(ahead=ahead, die_at=at)

    def teardown(self) -> None:
        world = self.world
        world.deliver()
        assert world.run(ahead=1)
        world.check(layers=len(world.changes) % 8 == 0)  # it takes as long as all the rest

    def _one(self, table: str, which: int) -> Any:
        rows = self.world.rows(table)
        return rows[which % len(rows)]


@pytest.fixture(scope="module")
def prepared(
    spark: SparkSession, new_catalog: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    catalog = new_catalog(tmp_path_factory.mktemp("sequences"))
    sequences.prepare(spark, catalog)
    return catalog


@pytest.fixture
def new_world(aws: str, spark: SparkSession, prepared: str) -> Iterator[Callable[[], World]]:
    """Makes worlds, one after the other."""
    settings_of_s3: Any = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    for key, value in {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": aws,
        "fs.s3a.endpoint.region": "eu-west-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "fs.s3a.access.key": "test",
        "fs.s3a.secret.key": "test",
    }.items():
        settings_of_s3.set(key, value)
    before = {key: spark.conf.get(key) for key in SMALL}
    for key, value in SMALL.items():
        spark.conf.set(key, value)
    client = clients.s3()

    def make() -> World:
        sequences.forget(spark, prepared)
        bucket = f"landing-{uuid.uuid4().hex[:8]}"
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        return World(spark, prepared, Landing(client, bucket))

    yield make
    sequences.forget(spark, prepared)
    for key, value in before.items():
        spark.conf.set(key, str(value))


def play(new_world: Callable[[], World], examples: int, steps: int = 14) -> list[World]:
    """Play random sequences, the same ones each time; the worlds that they ended in."""
    worlds: list[World] = []

    def make() -> World:
        worlds.append(new_world())
        return worlds[-1]

    machine = type("Machine", (Sequences,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),  # a sequence is short, and takes seconds to play
            suppress_health_check=list(HealthCheck),
        ),
    )
    return worlds


@pytest.mark.long
def test_a_few_random_sequences_end_as_they_must(new_world: Callable[[], World]) -> None:
    assert len(play(new_world, 3)) >= 3


@pytest.mark.slow
def test_random_sequences_end_as_they_must(
    new_world: Callable[[], World], survived: Callable[..., None]
) -> None:
    worlds = play(new_world, 100)
    last = worlds[-1]
    stepwise = last.gold()
    last.forget_gold()
    assert last.run()
    assert last.gold() == stepwise  # to the last bit
    deaths, runs = sum(world.deaths for world in worlds), sum(world.runs for world in worlds)
    changes = sum(len(world.changes) for world in worlds)
    assert len(worlds) >= 100
    assert deaths > 10
    survived(
        "rows",
        "random sequences of late, repeated, reordered, corrected, deleted and broken changes, deliveries, "
        "runs, deaths at any commit, and re-runs",
        tried=len(worlds),
        lost=0,
        saw="silver and gold are what plain Python computes from scratch, after "
        f"{changes:,} changes, {runs:,} runs and {deaths:,} deaths",
    )


# -- what the sequences found, each by itself ------------------------------------------------------
def exposed(world: World) -> World:
    """With a customer in each arm."""
    world.change("exposures", "I", sequences.exposure(1, 1, "blue", at(170)))
    world.change("exposures", "I", sequences.exposure(2, 2, "control", at(171)))
    return world


@pytest.mark.slow
def test_a_delete_that_is_delivered_before_its_insert(
    new_world: Callable[[], World], survived: Callable[..., None]
) -> None:
    world = new_world()
    world.change("trades", "I", sequences.trade(1, 1, at(10), 5))
    world.change("trades", "I", sequences.trade(2, 1, at(11), 6))
    world.change("trades", "D", world.rows("trades")[0])
    world.deliver(hold=1)
    assert world.run(steps=2)
    world.deliver()
    assert world.run(ahead=1)
    world.check()
    survived("rows", "a delete before its insert", tried=1, lost=0, saw="the row stays deleted")


@pytest.mark.slow
def test_an_exposure_is_moved_by_a_change_that_is_refused_and_then_deleted(
    new_world: Callable[[], World], survived: Callable[..., None]
) -> None:
    """The delete tells of the unit that the refused change named; the exposure stood with another."""
    world = exposed(new_world())
    world.change("exposures", "I", sequences.exposure(3, 3, "blue", at(172)))
    world.deliver()
    assert world.run(ahead=1)
    world.change("exposures", "U", sequences.exposure(3, 2, None, at(173)))
    world.change("exposures", "D", sequences.exposure(3, 2, None, at(173)))
    world.deliver()
    assert world.run(ahead=1)
    world.check()
    survived(
        "rows", "an exposure moved by a change that is refused, then deleted",
        tried=1, lost=0, saw="the unit that it stood with has it no more",
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_of_a_week_before_that_in_which_a_run_died(
    new_world: Callable[[], World], survived: Callable[..., None]
) -> None:
    """The dead run had replaced the units' metrics; those of its week stood there without their looks."""
    world = exposed(new_world())
    for number, hour in enumerate((200, 400, 401), 1):
        world.change("trades", "I", sequences.trade(number, 1, at(hour), 5 * number))
    world.deliver()
    assert not world.run(ahead=2, die_at=2 * 5)  # two tables of bronze and of silver, and the first of gold
    assert world.run(ahead=-1)
    world.check()
    survived(
        "killed",
        "a run of a later week dies within gold, and an earlier week runs next",
        tried=1,
        lost=0,
        saw="gold goes as far as the dead run had come, whole",
    )


@pytest.mark.slow
def test_what_only_a_dead_run_saw_goes(new_world: Callable[[], World], survived: Callable[..., None]) -> None:
    """The trade came after the state of one table of gold and went before the next commit of the others."""
    world = exposed(new_world())
    world.change("trades", "I", sequences.trade(1, 1, at(200), 5))
    world.change("trades", "I", sequences.trade(2, 2, at(201), 7))
    world.deliver()
    assert world.run(ahead=1)
    world.change("trades", "I", sequences.trade(3, 1, at(202), 11))
    world.deliver()
    assert not world.run(die_at=2 * 3)  # a table of bronze, one of silver, and the first of gold
    world.change("trades", "D", sequences.trade(3, 1, at(202), 11))
    world.deliver()
    assert world.run()
    world.check()
    survived(
        "killed",
        "a run dies within gold, and what only it had seen is deleted",
        tried=1,
        lost=0,
        saw="gold holds nothing of it",
    )


@pytest.mark.slow
def test_the_last_exposure_of_an_arm_is_deleted(
    new_world: Callable[[], World], survived: Callable[..., None]
) -> None:
    world = exposed(new_world())
    world.change("trades", "I", sequences.trade(1, 1, at(200), 5))
    world.deliver()
    assert world.run(ahead=1)
    world.change("exposures", "D", sequences.exposure(1, 1, "blue", at(170)))
    world.deliver()
    assert world.run()
    world.check()
    survived("rows", "the last exposure of an arm is deleted", tried=1, lost=0, saw="the arm's moments go")


# -- would they find it? ---------------------------------------------------------------------------
def forget_deletes(patch: pytest.MonkeyPatch) -> None:
    merge = Lake.merge

    def kept(self: Lake, name: str, df: Any, watermark: Any, **options: Any) -> Any:
        if options.pop("delete_when", None):
            df = df.where("not coalesce(_deleted, false)")
        return merge(self, name, df, watermark, **options)

    patch.setattr(Lake, "merge", kept)


def forget_exposures(patch: pytest.MonkeyPatch) -> None:
    touched = ingredients.touched
    patch.setattr(ingredients, "touched", lambda *given: replace(touched(*given), exposures={}))


def forget_the_mark(patch: pytest.MonkeyPatch) -> None:
    """As if the watermark were kept apart from the data, and lost in a crash: rows come twice."""
    patch.setattr(Intake, "tables", _tables_without(Intake.tables))


def _tables_without(tables: Callable[[Intake], int]) -> Callable[[Intake], int]:
    def taken(self: Intake) -> int:
        with pytest.MonkeyPatch.context() as patch:
            if self.lake.run_id == "r-2":
                patch.setattr(Lake, "watermark", lambda *_: None)
            return tables(self)

    return taken


@pytest.mark.slow
@pytest.mark.parametrize("defect", [forget_deletes, forget_exposures, forget_the_mark])
def test_a_planted_defect_is_found(
    new_world: Callable[[], World],
    defect: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defect(monkeypatch)
    with pytest.raises(AssertionError):
        play(new_world, 40)

"""The gold job on real tables: incremental runs end where one run over everything ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import Any, ClassVar

import pytest
import yaml

from assay.errors import InputError
from assay.lake import Lake, refresh
from assay.runtime.journal import Step

TABLES = ("gold.unit_metrics", "gold.metric_moments", "gold.experiment_results", "gold.experiment_health")

# Where the number of metrics proves nothing more: each is a part of every plan that Spark makes.
FEW = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  value: {type: mean, numerator: trades.notional}
  active: {type: proportion, numerator: trades.count}
experiments:
  button:
    first_week: 2
    weeks: 3
    enrol_weeks: 2
    metrics: [value, active]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.25}, {name: green, allocation: 0.25}]
  layout:
    first_week: 3
    weeks: 2
    metrics: [value]
    arms: [{name: control, allocation: 0.5}, {name: treatment, allocation: 0.5}]
"""


def run(world: Any, week: date) -> int:
    return refresh.experiments(world.lake, week, week + timedelta(days=7))


def at(n: int, hours: float = 0.0) -> Any:
    return datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=n - 1, hours=hours)


@pytest.mark.long
def test_incremental_runs_equal_one_run(world: Any) -> None:
    """Bit by bit, and with every kind of change; `tests/faults/test_sequences.py` has many more."""
    world.register()
    world.load(1)
    for n in (1, 2, 3):
        world.fill(n)
    world.publish()
    run(world, at(3).date())
    world.fill(4)
    # Late, updated (also into another week) and deleted events; late, changed and repeated exposures.
    world.trade(99_001, 3, at(2, 100), "77.10")
    world.trade(20_000, 5, at(2, 3), "12.34")
    world.trade(20_001, 5, at(1, 3), "99.99")
    world.trade(20_002, 5, at(2, 3), "1.00", deleted=True)
    world.trade(10_001, 7, at(1, 150), "3.33", deleted=True)
    world.expose("button", 777, "blue", at(2, 20))
    world.trade(99_003, 777, at(1, 150), "500.00")
    world.expose("button", 2, "control", at(2, 1), arms=2)
    world.expose("layout", 7, "control", at(3, 0.5))
    world.publish()
    run(world, at(5).date())
    stepwise = world.gold()
    assert all(stepwise.values())
    world.forget()
    run(world, at(5).date())
    assert world.gold() == stepwise


@pytest.mark.long
def test_a_killed_run_is_made_whole_and_nothing_new_writes_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register(FEW)
    world.load(1)
    for n in (1, 2, 3):
        world.fill(n)
    world.publish()
    run(world, at(2).date())
    # A trade that only the killed run will see, and count.
    world.trade(99_001, 2, at(2, 167.5), "77.10")
    world.publish()
    merge = Lake.merge

    def killed(self: Lake, name: str, *args: Any, **options: Any) -> Any:
        if name == "gold.metric_moments":
            raise KeyboardInterrupt
        return merge(self, name, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "merge", killed)
        with pytest.raises(KeyboardInterrupt):
            run(world, at(3).date())
    world.trade(99_001, 2, at(2, 167.5), "77.10", deleted=True)
    world.publish()
    assert run(world, at(3).date()) > 0
    snapshots = {name: world.lake.snapshot(name) for name in TABLES}
    assert run(world, at(3).date()) == 0
    assert {name: world.lake.snapshot(name) for name in TABLES} == snapshots
    repaired = world.gold()
    world.forget()
    run(world, at(3).date())
    assert world.gold() == repaired


@pytest.mark.long
def test_a_new_version_of_the_blueprint_rewrites_everything(world: Any) -> None:
    blueprint = world.register(FEW)
    world.load(1)
    for n in (1, 2, 3):
        world.fill(n)
    world.publish()
    run(world, at(3).date())
    tree = yaml.safe_load(blueprint.document())
    tree["experiments"]["button"]["metrics"] = ["value"]
    del tree["experiments"]["layout"]
    world.register(yaml.safe_dump(tree), number=2)
    world.publish()
    run(world, at(3).date())
    rows = world.lake.read("gold.experiment_results").select("experiment", "metric").distinct().collect()
    assert [tuple(row) for row in rows] == [("button", "value")]
    assert world.lake.read("gold.unit_metrics").where("experiment = 'layout'").isEmpty()


def test_a_week_without_a_load_is_refused(world: Any) -> None:
    with pytest.raises(InputError, match=r"silver\.loads has no week up to 2026-01-05"):
        run(world, at(1).date())
    world.load(1)
    world.publish()
    with pytest.raises(InputError, match="no blueprint 'shop'"):
        run(world, at(1).date())


def test_before_an_experiment_starts_nothing_is_written(world: Any) -> None:
    world.register()
    world.load(1)
    world.fill(1)
    world.publish()
    assert run(world, at(1).date()) == 0
    assert not world.lake.exists("gold.experiment_health")


class Recorded:
    """Where the entry points journal in these tests: the real journal needs DynamoDB, see tests/stack."""

    steps: ClassVar[list[tuple[str, Any]]] = []

    def __init__(self, *_: object) -> None: ...

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        step = Step()
        yield step
        self.steps.append((name, step))


def test_both_jobs_from_their_command_lines(
    world: Any, job: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    gold, calibrate = job("gold"), job("calibrate")
    for module in (gold, calibrate):
        monkeypatch.setattr(module, "Lake", partial(Lake, catalog=world.catalog))
        monkeypatch.setattr(module, "Journal", Recorded)
    Recorded.steps.clear()
    world.register()
    world.load(4)
    for n in (1, 2, 3, 4):
        world.fill(n)
    world.change("silver.quotes", asset="BTC", quoted_at=at(1, 9), price=Decimal(5))
    for second, state in ((0, "STARTED"), (9, "SUCCEEDED")):
        entry = f"2026-01-05T00:00:0{second}.000000Z#r-0#silver#merge"
        world.change(
            "silver.journal",
            day=at(1).date(),
            entry=entry,
            run_id="r-0",
            job="silver",
            step="merge",
            state=state,
        )
    world.publish()
    argv = ["--JOB_NAME", "gold", "--week", f"{at(4):%Y-%m-%d}"]
    gold.main(argv)
    calibrate.main(argv)
    steps = dict(Recorded.steps)
    assert next(iter(steps)) == "tables"
    made = ("experiments", "asset_daily", "portfolio_daily", "runs", "reconcile", "certify")
    assert set(list(steps)[1:5]) == set(
        made[:4]
    )  # side by side, but for the portfolios, which wait for prices
    assert list(steps)[5:] == ["reconcile", "certify", "gate"]
    assert all(steps[name].rows_out > 0 for name in made)
    assert steps["gate"].rows_in == 0  # both experiments end here, neither is planted
    rows = world.lake.read("gold.experiment_results").collect()
    assert all(row["certificate_id"] and row["truth"] is None for row in rows)
    assert world.lake.read("gold.runs").first()["seconds"] == 9.0
    assert world.lake.read("gold.asset_daily").where("open = 5").count() == 1
    names = (
        *TABLES,
        "gold.asset_daily",
        "gold.portfolio_daily",
        "gold.runs",
        "gold.reconciliation",
        "gold.certificates",
    )
    before = {name: world.lake.snapshot(name) for name in names}
    gold.main(argv)
    calibrate.main(argv)
    assert {name: world.lake.snapshot(name) for name in names} == before

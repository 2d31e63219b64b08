"""A small brokerage whose silver tables the tests change as they like, through the lake."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pyspark.sql import SparkSession

from assay import configs
from assay.lake import Contract, Lake
from assay.spec import Blueprint, load_blueprint

sys.path.insert(0, str(Path(__file__).parents[2]))

from faults.landed import Place, parquet, row

START = date(2026, 1, 5)
DOCUMENT = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  trades: {type: mean, numerator: trades.count, method: cuped}
  value: {type: mean, numerator: trades.notional}
  active: {type: proportion, numerator: trades.count}
  value_per_trade:
    {type: ratio, numerator: trades.notional, denominator: trades.count, higher_is_better: false}
experiments:
  button:
    first_week: 2
    weeks: 3
    enrol_weeks: 2
    metrics: [trades, value, active, value_per_trade]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.25}, {name: green, allocation: 0.25}]
  layout:
    first_week: 3
    weeks: 2
    covariate_days: 10
    metrics: [value]
    plan: {kind: sequential, looks: [1, 2]}
    arms: [{name: control, allocation: 0.5}, {name: treatment, allocation: 0.5}]
"""
TABLES = ("gold.unit_metrics", "gold.metric_moments", "gold.experiment_results", "gold.experiment_health")


def week(n: int) -> date:
    return START + timedelta(weeks=n - 1)


def moment(day: date, hours: float = 0.0) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hours)


@dataclass
class World:
    """Silver as the tests want it: changes are gathered and merged, one commit per table, by `publish`."""

    spark: SparkSession
    catalog: str
    sequence: int = 0
    run: int = 0
    changes: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        self.run += 1
        return Lake(self.spark, f"r-{self.run}", self.catalog)

    def change(self, name: str, **row: object) -> None:
        self.changes.setdefault(name, []).append(row)

    def publish(self) -> None:
        """Merge what was gathered; of several changes of a key the last one counts."""
        self.sequence += 1
        extra = {"_change_seq": f"{self.sequence:010d}", "_run_id": "r-silver", "_deleted": False}
        for name, rows in self.changes.items():
            contract = Contract.load(name)
            newest = {tuple(row[key] for key in contract.keys): row for row in rows}
            schema = ", ".join(f"{f.name} {f.type}" for f in contract.fields) + ", _deleted boolean"
            filled = [
                tuple((extra | row).get(c) for c in (*contract.columns, "_deleted"))
                for row in newest.values()
            ]
            frame = self.spark.createDataFrame(filled, schema).coalesce(1)
            self.lake.merge(name, frame, {}, delete_when="_deleted")
        self.changes.clear()

    def register(self, document: str = DOCUMENT, number: int = 1) -> Blueprint:
        blueprint = Blueprint.parse(document, "world")
        self.change(
            "silver.blueprints",
            blueprint=blueprint.name, version=f"v{number:06d}", number=number, document=blueprint.document(),
        )  # fmt: skip
        return blueprint

    def load(self, n: int) -> None:
        at = moment(week(n + 1))
        self.change(
            "silver.loads", week=week(n), blueprint="shop", version="v000001", changes="{}", loaded_at=at
        )

    def trade(
        self, number: int, customer: int, at: datetime, notional: str, *, deleted: bool = False
    ) -> None:
        self.change(
            "silver.trades",
            trade_id=number, customer_id=customer, asset="BTC", side="buy", quantity=Decimal(1),
            price=Decimal(notional), notional=Decimal(notional), traded_at=at, _deleted=deleted,
        )  # fmt: skip

    def expose(
        self, experiment: str, unit: int, arm: str, at: datetime, *, arms: int = 1, times: int = 1
    ) -> None:
        self.change(
            "silver.exposures",
            experiment=experiment, unit=str(unit), arm=arm, exposed_at=at, exposures=max(times, arms),
            arms=arms,
            multi_arm=arms > 1,
        )  # fmt: skip

    def fill(self, n: int, customers: int = 120) -> None:
        """One week of trades and of exposures, drawn from the week's own generator."""
        rng = np.random.default_rng(n)
        hours = rng.integers(168, size=150 + 2 * customers).tolist()
        for i in range(150):
            notional = f"{rng.gamma(2, 50) + 0.01:.2f}"
            self.trade(n * 10_000 + i, int(rng.integers(customers)), moment(week(n), hours.pop()), notional)
        for unit in range(n % 4, customers, 4):
            if n in (2, 3):
                arm = rng.choice(["control", "blue", "green"], p=[0.5, 0.25, 0.25])
                self.expose("button", unit, str(arm), moment(week(n), hours.pop()))
            if n in (3, 4):
                arm = rng.choice(["control", "treatment"])
                self.expose("layout", unit, str(arm), moment(week(n), hours.pop()))

    def gold(self, *names: str) -> dict[str, list[str]]:
        """The rows of gold tables as texts that show every bit, without the run."""
        return {
            name: sorted(
                repr({k: v for k, v in row.asDict().items() if k != "_run_id"})
                for row in self.lake.read(name).collect()
            )
            for name in names or TABLES
        }

    def forget(self) -> None:
        """Drop what gold wrote."""
        for name in TABLES:
            self.spark.sql(f"DROP TABLE IF EXISTS {self.catalog}.{name} PURGE")


Declared = Callable[[Path, str], Place]


@pytest.fixture
def declared(spark: SparkSession, glue_catalog: str, aws: str, monkeypatch: pytest.MonkeyPatch) -> Declared:
    """Makes an empty place with the sources, contracts and blueprint of a folder."""

    def made(folder: Path, name: str) -> Place:
        assert glue_catalog
        monkeypatch.setenv(configs.OWN, str(folder))
        place = Place(spark)
        place.make(aws)
        blueprint = load_blueprint(folder / f"{name}.yaml")
        envelope = {"blueprint": name, "number": 1, "version": blueprint.version, "registered_at": ""}
        body = json.dumps({**envelope, "document": blueprint.document()}).encode()
        place.put_key(f"parameters/{name}/v000001.json", body)
        load = row("loads", blueprint=name, version=blueprint.version)
        place.put("loads", "20260112-031500001", parquet("loads", [("I", 1, load)]))
        return place

    return made


@pytest.fixture
def world(spark: SparkSession, catalog: str) -> World:
    return World(spark, catalog)


@pytest.fixture(scope="session")
def job() -> Callable[[str], ModuleType]:
    """A job file as a module, by its name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"jobs_{name}", configs.path(f"jobs/{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return load

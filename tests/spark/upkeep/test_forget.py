"""A unit is forgotten in a lake of two weeks: nothing of it is left, and all else is as if it had never been."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from assay.lake import erasure, refresh
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.upkeep import forget

GOLD = (*refresh.EXPERIMENTS, "gold.asset_daily")
UNIT = "7"


class Rows:
    """What the fake database answers."""

    def __init__(self, rows: list[tuple[Any, ...]], count: int = 0) -> None:
        self.rows, self.rowcount = rows, count

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def fetchone(self) -> tuple[Any, ...]:
        return self.rows[0]


class Database:
    """Stands in the place of PostgreSQL: it holds so many trades of everyone; each deletion empties it."""

    def __init__(self, trades: int) -> None:
        self.trades = trades

    @contextlib.contextmanager
    def opened(self, _context: object) -> Iterator[Database]:
        yield self

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def execute(self, statement: Any, _given: object = None) -> Rows:
        text = str(statement)
        if "information_schema" in text:
            return Rows([("trades",), ("quotes",)])
        if "DELETE" in text:
            gone, self.trades = self.trades, 0
            return Rows([], gone)
        return Rows([(self.trades,)])


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Database:
    found = Database(0)
    monkeypatch.setattr(forget, "_database", found.opened)
    return found


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_unit_is_forgotten(
    shop: Any, source: Database, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in (1, 2):
        shop.land(n)
        shop.week(n)
    capsys.readouterr()
    shop.maintain("forget", unit="99", wait_seconds=0)
    assert report(capsys) == {"removed": [], "under_way": False, "again": []}
    shop.maintain("forget", unit=UNIT, wait_seconds=0)
    print(report(capsys))
    shop.maintain("forget", unit=UNIT, wait_seconds=0)
    assert report(capsys) == {"removed": [], "under_way": False, "again": []}
    assert not erasure.is_open(Lake(spark, "r"))

"""What the action `forget` can be told, how it waits and what it tells; the rest is in tests/faults."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from assay.errors import InputError, TransientError
from assay.runtime import clients
from assay.upkeep import find
from assay.upkeep.forget import Removed, _wait


@pytest.mark.parametrize("unit", ["x", "-1", "1e5", "1" * 20, ""])
def test_a_bad_unit_is_one_sentence_that_does_not_quote_it(unit: str) -> None:
    with pytest.raises(InputError) as refused:
        find("forget").parse({"unit": unit})
    assert refused.value.message.startswith("action forget, unit: the unit is no id of a customer; give its")
    cause = refused.value.__cause__
    assert cause is not None
    assert f"'{unit}'" not in str(cause)
    assert "input_value" not in str(cause)


def test_a_unit_must_be_given() -> None:
    with pytest.raises(InputError, match="action forget, unit: Field required"):
        find("forget").parse({})


def test_it_waits_until_all_has_arrived_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    taken: list[int] = []

    def take() -> None:
        taken.append(1)

    assert _wait(lambda: len(taken) == 3, take, 10)
    assert _wait(lambda: True, take, 0)
    assert len(taken) == 3
    assert not _wait(lambda: False, take, 10)
    assert clock[0] >= 10


def test_without_the_database_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"host": "127.0.0.1", "port": 9, "dbname": "d", "username": "u", "password": "p"}
    monkeypatch.setattr(clients, "secret", lambda _: login)
    silent = SimpleNamespace(spark=SimpleNamespace(sparkContext=SimpleNamespace(setLogLevel=lambda _: None)))
    context: Any = SimpleNamespace(lake=silent, database_secret="assay/database")  # it has nothing to change
    with pytest.raises(TransientError, match=r"database 127\.0\.0\.1:9/d: .*is it running and reachable"):
        find("forget").run(context, find("forget").parse({"unit": "4711"}))


def test_a_report_leaves_out_what_was_not_there() -> None:
    removed = Removed()
    removed.add("bronze.trades", "rows", 0)
    removed.add("bronze.trades", "rows", 3)
    assert removed.lines == [{"where": "bronze.trades", "what": "rows", "removed": 3}]

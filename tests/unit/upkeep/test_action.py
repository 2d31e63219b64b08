from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.upkeep import ACTIONS, find, without_rows


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_says_what_it_does(name: str) -> None:
    assert find(name).name == name
    assert find(name).meaning.endswith(".")
    assert find(name).options.__doc__


def test_an_unknown_action_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="--action is 'snapshot'; did you mean 'snapshots'"):
        find("snapshot")


def test_an_unknown_option_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"action snapshots, tabel: .*did you mean 'table'"):
        find("snapshots").parse({"tabel": "gold.runs", "table": "gold.runs"})


def test_a_missing_option_is_named() -> None:
    with pytest.raises(InputError, match=r"action snapshots, table: Field required$"):
        find("snapshots").parse({})


def test_a_report_for_a_log_shows_no_rows() -> None:
    report = {"tables": [{"table": "silver.trades", "examples": [{"key": {"customer_id": 7}}]}], "n": 1}
    assert without_rows(report) == {"tables": [{"table": "silver.trades"}], "n": 1}

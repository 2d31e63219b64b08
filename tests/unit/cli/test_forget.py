"""What `assay forget` asks, shows and exits with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.cli import upkeep
from assay.cli.main import app

LINES = [{"where": "bronze.trades", "what": "rows", "removed": 37}]
HELD = {"removed": LINES, "under_way": False, "again": [], "elsewhere": []}
NOTHING = {"removed": [], "under_way": False, "again": [], "elsewhere": []}


class Actions:
    """Stands in the place of the local platform: it keeps what was asked and gives what it is told to."""

    def __init__(self) -> None:
        self.held: Mapping[str, Any] = HELD
        self.done: Mapping[str, Any] = HELD
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def perform(self, action: str, options: Mapping[str, object]) -> Mapping[str, Any]:
        self.asked.append((action, dict(options)))
        return self.held if options.get("dry_run") else self.done


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Actions:
    found = Actions()
    monkeypatch.setattr(upkeep, "perform", found.perform)
    return found


def assay(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_it_shows_what_is_held_and_asks(actions: Actions) -> None:
    said = assay("forget", "4711", typed="n\n")
    assert said.exit_code == 1
    assert "37" in said.output
    assert actions.asked == [("forget", {"unit": "4711", "dry_run": True})]
    said = assay("forget", "4711", typed="y\n")
    assert said.exit_code == 0
    assert "bronze.trades" in said.output
    assert actions.asked[1:] == [
        ("forget", {"unit": "4711", "dry_run": True}),
        ("forget", {"unit": "4711"}),
    ]


def test_yes_asks_nothing_and_json_is_one_document(actions: Actions) -> None:
    assert assay("forget", "4711", "--yes").exit_code == 0
    actions.done = {**HELD, "again": ["run the command again"]}
    assert json.loads(assay("forget", "4711", "--yes", "--json").stdout) == actions.done
    dry = assay("forget", "4711", "--dry-run", "--json")
    assert json.loads(dry.stdout) == HELD
    assert actions.asked[-1] == ("forget", {"unit": "4711", "dry_run": True})
    refused = assay("forget", "4711", "--json")
    assert refused.exit_code == 2
    assert "--json asks nothing; give --yes to forget" in refused.output


def test_who_is_nowhere_is_said_to_be_nowhere(actions: Actions) -> None:
    actions.held = NOTHING
    for more in ((), ("--yes",), ("--dry-run",)):
        said = assay("forget", "4711", *more)
        assert (said.exit_code, said.output) == (0, "nothing held\n")
    assert all(options["dry_run"] for _, options in actions.asked)
    assert json.loads(assay("forget", "4711", "--yes", "--json").stdout) == NOTHING


def test_tables_that_are_read_in_place_are_named_as_their_owners_to_change(actions: Actions) -> None:
    sentence = "sales.orders is read in place and is not ours to change: remove the customer there as well"
    actions.held = {**NOTHING, "elsewhere": [sentence]}
    assert sentence in assay("forget", "4711", "--dry-run").output
    assert json.loads(assay("forget", "4711", "--yes", "--json").stdout)["elsewhere"] == [sentence]


def test_what_was_broken_off_is_taken_to_its_end(actions: Actions) -> None:
    actions.held = {**NOTHING, "under_way": True}
    actions.done = {**NOTHING, "again": ["run the command again"]}
    said = assay("forget", "4711", "--yes")
    assert "a removal was broken off" in said.output
    assert "run the command again" in said.output


@pytest.mark.parametrize("unit", ["x", "1e5", "1" * 20, "1.0"])
def test_a_bad_unit_is_refused_before_anything_starts(actions: Actions, unit: str) -> None:
    said = assay("forget", unit)
    assert said.exit_code == 2
    assert said.output.count("\n") == 1
    assert "the unit is no id of a customer; give its digits alone" in said.output
    assert actions.asked == []


def test_a_negative_number_is_refused(actions: Actions) -> None:
    assert assay("forget", "-1").exit_code == 2
    assert "the unit is no id of a customer" in assay("forget", "--", "-1").output
    assert actions.asked == []

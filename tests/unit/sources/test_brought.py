"""Forgetting a unit in what sources have landed: its rows go, also those of loads that died."""

from __future__ import annotations

import json

import pytest

from assay.lake.units import Unit
from assay.sources.landing import Position
from assay.upkeep.forget import Removed, brought

from .lab import CONTRACT, Answer, Lab, Site

MARK = "customProperties: [{property: unit, value: id}], "
UNIT = Unit.parse("4711")
LINE = {"where": "landing: closes from exchange"}


@pytest.fixture
def marked(lab: Lab, site: Site) -> Lab:
    """A source whose table holds units, and what it landed: twice one unit, once another."""
    text = CONTRACT.read_text().replace("{name: asset, ", "{name: asset, " + MARK)
    (lab.folder / "contracts" / CONTRACT.name).write_text(text)
    rows = [{"asset": asset, "day": "2026-01-05", "close": 1} for asset in ("4711", "471", "4711")]
    site.put("/all", Answer(json.loads(json.dumps(rows))))
    lab.rest(site, each={}, path="/all", add={})
    lab.fetch()
    return lab


def test_the_rows_of_a_unit_go(marked: Lab) -> None:
    shown = Removed()
    assert brought(marked.landing, UNIT, shown, dry_run=True) == []
    assert shown.lines == [{**LINE, "what": "rows of 1 files", "removed": 2}]
    assert len(marked.rows()) == 3
    removed = Removed()
    assert brought(marked.landing, UNIT, removed) == []
    assert removed.lines[0] == {**LINE, "what": "rows of 1 files", "removed": 2}
    assert [row["asset"] for row in marked.rows()] == ["471"]
    assert marked.landing.brought("exchange", "closes", Position()).strange == []
    again = Removed()
    assert brought(marked.landing, UNIT, again) == []
    assert again.lines == []


def test_files_of_the_user_are_told(marked: Lab) -> None:
    marked.landing.client.put_object(
        Bucket=marked.landing.bucket, Key="dropped/a.csv", Body=b"asset,day,close\n4711,2026-01-06,1\n"
    )
    marked.declare(kind="files", at="dropped/*.csv")
    marked.fetch(full=True)
    (told,) = brought(marked.landing, UNIT, Removed())
    assert told.startswith(
        "the files at dropped/*.csv, which source exchange has read, are not ours to change"
    )


def test_a_table_without_units_is_left_alone(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer([{"day": "2026-01-05", "close": 4711}]))
    lab.rest(site)
    lab.fetch()
    removed = Removed()
    assert brought(lab.landing, UNIT, removed) == []
    assert (removed.lines, len(lab.rows())) == ([], 1)

"""What is printed, in each form."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from rich.console import Console
from tests.unit.cli.test_verdicts import BLUEPRINT, row

from assay.cli import run, show, verdicts
from assay.cli.progress import Progress
from assay.local.execution import Event
from assay.local.stack import ProcessStatus

ANSWER = pa.table({
    "n": [1, None],
    "name": ["a[b]", 'x,"y"'],
    "price": [Decimal("1.50"), None],
    "share": [float("nan"), 0.5],
    "at": [datetime(2026, 1, 5, 1), None],  # noqa: DTZ001 - Iceberg's timestamp
    "yes": [True, False],
    "tags": [["a"], []],
    "raw": [b"\x01", None],
})  # fmt: skip


def test_an_answer_as_json_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows(ANSWER)
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "n": 1, "name": "a[b]", "price": "1.50", "share": None, "at": "2026-01-05T01:00:00", "yes": True,
        "tags": ["a"], "raw": "01",
    }  # fmt: skip
    assert (second["n"], second["share"]) == (None, 0.5)


def test_an_answer_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    show.csv(ANSWER.select(["n", "name", "price", "at", "yes", "tags"]))
    assert capsys.readouterr().out.splitlines() == [
        "n,name,price,at,yes,tags",
        '1,a[b],1.50,2026-01-05 01:00:00,true,"[""a""]"',
        ',"x,""y""",,,false,[]',
    ]


def test_an_answer_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show.answer(ANSWER)
    printed = capsys.readouterr()
    assert "a[b]" in printed.out
    assert "NULL" in printed.out
    assert printed.err == "2 rows\n"
    show.answer(pa.table({"n": list(range(show.MOST_ROWS + 1))}))
    assert "the first 200 are shown" in capsys.readouterr().err


def test_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    show.stack(
        [ProcessStatus("emulator", True, 7, 4566, "e.log"), ProcessStatus("capture", True, 8, None, "c.log")]
    )
    printed = capsys.readouterr().out
    assert "4566" in printed
    assert "assay up" not in printed


def test_verdicts_are_a_table_with_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    found = verdicts.judge(
        [
            row(
                relative_truth=None,
                truth=None,
                relative_lower=None,
                relative_upper=float("inf"),
                p_value=None,
            ),
            row(metric="value_per_trade", truth=0.0, relative_truth=0.0),
            row(experiment="one_click_trading", relative_truth=0.1),
            row(experiment="one_click_trading", contrast="other vs control"),
            row(experiment="suggested_amounts", final=False, decision="running"),
        ],
        BLUEPRINT,
        BLUEPRINT.week_start(9),
    )
    show.verdicts(found, date(2026, 2, 23), canaries=1024)
    printed = capsys.readouterr().out
    assert "+10.0 % (+5.0 % to +15.0 %)" in printed
    assert "4.8 %" in printed
    assert "(other" in printed
    assert "unbounded to unbounded" in printed
    assert "false alarm" in printed
    assert "still running after 2026-03-01: suggested_amounts" in printed
    assert "canaries: 1,024 results, as planted\n" in printed
    assert "gold.experiment_health" in printed


def test_before_any_end_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    show.verdicts([], date(2026, 1, 5), canaries=0)
    printed = capsys.readouterr().out
    assert "planted" not in printed
    assert "canaries: none; `canaries: {}` in the blueprint" in printed
    assert "next:" in printed


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_leaves_a_line_per_week(terminal: bool) -> None:
    text = io.StringIO()
    done = run.WeekDone(9, date(2026, 3, 2), "wr_1", 4.25, {"ingest": 1.0, "gold": 3.25}, {"ingest": 1234})
    with Progress(1, 2, Console(file=text, force_terminal=terminal, width=200, highlight=False)) as progress:
        progress.week(9, date(2026, 3, 2))
        for event in (
            Event("workflow started", "wr_1"),
            Event("job started", "wr_1", job="ingest"),
            Event("job ended", "wr_1", job="ingest", state="FAILED", error="lost [x]", retrying=True),
            Event("job ended", "wr_1", job="ingest", state="SUCCEEDED", seconds=1.0),
        ):
            progress.event(event)
        progress.done(done)
    printed = text.getvalue()
    assert "week 1 of 1 (number 9, 2026-03-02): 4.2 s: ingest 1.0 s (1,234 rows), gold 3.2 s" in printed
    assert "ingest failed and is tried again: lost [x]" in printed


def test_the_document_of_a_run() -> None:
    done = [run.WeekDone(1, date(2026, 1, 5), "wr_1", 1.0, {"ingest": 1.0}, {})]
    document = run.document(
        BLUEPRINT, done, verdicts.judge([row()], BLUEPRINT, BLUEPRINT.week_start(9)), 24, []
    )
    assert list(document) == ["schema", "blueprint", "version", "weeks", "results", "canaries", "markets"]
    assert document["blueprint"] == "brokerage"

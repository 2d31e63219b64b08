"""Which weeks are run, by default and when asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assay import configs
from assay.cli import weeks
from assay.cli.weeks import Asked, choose, upcoming
from assay.errors import InputError
from assay.local.history import History
from assay.local.runs import COMPLETED, STOPPED
from assay.spec import load_blueprint

BLUEPRINT = load_blueprint(configs.path("glue_configs/blueprints/brokerage.yaml"))


@pytest.mark.parametrize(
    ("asked", "next_week", "wanted"),
    [
        (Asked(), 1, range(1, 9)),
        (Asked(), 9, range(9, 17)),
        (Asked(), 5, range(5, 9)),
        (Asked(), 8, range(8, 9)),
        (Asked(weeks=2), 5, range(5, 7)),
        (Asked(week=3), 9, range(3, 4)),
        (Asked(week=9), 9, range(9, 10)),
        (Asked(from_week=7), 9, range(7, 9)),
        (Asked(from_week=7, weeks=4), 9, range(7, 11)),
    ],
)
def test_choose(asked: Asked, next_week: int, wanted: range) -> None:
    asked.check()
    assert choose(asked, next_week) == wanted


def test_no_week_is_skipped() -> None:
    with pytest.raises(InputError, match="week 12 cannot be run before week 9"):
        choose(Asked(week=12), 9)


@pytest.mark.parametrize(
    "asked", [Asked(weeks=0), Asked(week=-1), Asked(from_week=0), Asked(week=1, from_week=1)]
)
def test_what_is_refused(asked: Asked) -> None:
    with pytest.raises(InputError):
        asked.check()


def test_a_week_that_broke_off_is_upcoming_again() -> None:
    third = BLUEPRINT.week_start(3)
    assert upcoming(BLUEPRINT, None, set()) == 1
    assert upcoming(BLUEPRINT, third, {BLUEPRINT.week_start(2)}) == 3
    assert upcoming(BLUEPRINT, third, {third}) == 4


def test_succeeded_reads_the_history(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for week, name, status, error in (
            ("2026-01-05", "a.yaml", COMPLETED, None),
            ("2026-01-12", "a.yaml", COMPLETED, "job gold failed"),
            ("2026-01-19", "a.yaml", STOPPED, None),
            ("2026-01-26", "b.yaml", COMPLETED, None),
        ):
            run = history.start("assay", {"week": week, "blueprint": name})
            history.end(run, status, error)
        history.end(history.start("assay", {}), COMPLETED)
    assert weeks.succeeded(tmp_path, {"a.yaml"}) == {date(2026, 1, 5)}

"""The gate as the job asks it: passes what is right, names what is off, and is closed where it cannot see."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from assay.certify.gate import Passed, check
from assay.certify.gate.faults import FAULTS
from assay.certify.gate.records import Records
from assay.errors import TerminalError
from assay.spec import Blueprint

from .conftest import arrived, rows

WEEKS = 6
CANARIES = WEEKS * 3 * 4


def judge(blueprint: Blueprint, results: list[dict[str, Any]], **options: Any) -> Passed:
    """With the declared experiment left out: it has not ended."""
    return check(blueprint, results, [], until=blueprint.week_start(WEEKS + 1), **options)


@pytest.fixture
def sound(blueprint: Blueprint, records: Records) -> list[dict[str, Any]]:
    return rows(blueprint, arrived(records, WEEKS), WEEKS)


def test_sound_canaries_pass(blueprint: Blueprint, sound: list[dict[str, Any]]) -> None:
    passed = judge(blueprint, sound)
    assert (passed.results, passed.canaries) == (0, CANARIES)
    assert 0 < passed.evidence < 100
    assert judge(blueprint, sound) == passed  # nothing is remembered from look to look


def test_the_first_week_has_a_ledger_and_no_bets_yet(blueprint: Blueprint, records: Records) -> None:
    first = arrived(records, 1)
    passed = check(blueprint, rows(blueprint, first, 1), [], until=blueprint.week_start(2))
    assert passed == Passed(results=0, canaries=12, evidence=0.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_closes_the_gate_by_the_ledger(
    blueprint: Blueprint, records: Records, fault: str
) -> None:
    faulty = FAULTS[fault](records, np.random.default_rng(1))
    with pytest.raises(
        TerminalError, match=r"do not come out as planted: ledger: canary_\w+ of the week 2026"
    ):
        judge(blueprint, rows(blueprint, arrived(faulty, WEEKS), WEEKS))


def test_late_rows_are_expected_a_week_later(blueprint: Blueprint, records: Records) -> None:
    early = rows(blueprint, records, WEEKS)  # the newest week's late trades cannot be there yet
    with pytest.raises(TerminalError, match="of the week 2026-02-09"):
        judge(blueprint, early)


def test_a_week_ahead_in_silver_has_brought_the_late_rows(blueprint: Blueprint, records: Records) -> None:
    """A later week was loaded and went no further; this week is run again and sees its late rows."""
    ahead = rows(blueprint, records, WEEKS)
    assert judge(blueprint, ahead, loaded=blueprint.week_start(WEEKS + 1)).canaries == CANARIES
    with pytest.raises(TerminalError, match="of the week 2026-02-09"):
        judge(blueprint, ahead, loaded=blueprint.week_start(WEEKS))


def test_a_method_that_is_wrong_everywhere_is_found_by_the_detector(
    blueprint: Blueprint, sound: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that the ledger shares: it believes that the effect is what the generators do not plant."""
    from assay.certify.gate import outcomes

    planted = outcomes.truths(blueprint)
    monkeypatch.setattr(outcomes, "truths", lambda _: planted * 2)
    with pytest.raises(
        TerminalError,
        match=r"detector: evidence [\d,]+ against canaries .*limit.*canary_.*too low since the week",
    ):
        judge(blueprint, sound)


def test_many_findings_are_cut_short(blueprint: Blueprint, sound: list[dict[str, Any]]) -> None:
    for row in sound:
        row["n_control"] += 1
    with pytest.raises(
        TerminalError, match=r"has n_control [\d,]+ in active_customers.*; and \d+ more\. Do not use"
    ):
        judge(blueprint, sound)


# It fails closed.
@pytest.mark.parametrize("column", ["estimate", "std_error", "truth", "covered"])
def test_a_missing_figure_closes_the_gate(
    blueprint: Blueprint, sound: list[dict[str, Any]], column: str
) -> None:
    sound[0][column] = None
    with pytest.raises(TerminalError, match=f"canary_null active_customers .* has no {column}"):
        judge(blueprint, sound)


@pytest.mark.parametrize("column", ["df", "p_value", "mean_control"])
def test_a_missing_figure_of_the_ledger_closes_the_gate(
    blueprint: Blueprint, sound: list[dict[str, Any]], column: str
) -> None:
    sound[0][column] = None
    with pytest.raises(TerminalError, match=f"canary_null of the week 2026-01-05 has {column} nan"):
        judge(blueprint, sound)


def test_a_missing_result_closes_the_gate(blueprint: Blueprint, sound: list[dict[str, Any]]) -> None:
    with pytest.raises(TerminalError, match=r"canary_null active_customers .* has no final result"):
        judge(blueprint, sound[1:])


def test_a_certificate_that_does_not_exist_closes_the_gate(
    blueprint: Blueprint, sound: list[dict[str, Any]]
) -> None:
    sound[0]["certificate_id"] = "aa-1"
    with pytest.raises(TerminalError, match="names certificate aa-1, which does not exist"):
        judge(blueprint, sound)


def test_an_alarm_that_was_explained_is_left_behind(
    blueprint: Blueprint, sound: list[dict[str, Any]]
) -> None:
    for row in sound[:12]:
        row["n_control"] += 1  # week 1
    with pytest.raises(TerminalError, match="ledger"):
        judge(blueprint, sound)
    passed = judge(blueprint, sound, judge_from=date(2026, 1, 19))
    assert passed.canaries == CANARIES - 12


def test_canaries_may_start_later(blueprint: Blueprint) -> None:
    assert blueprint.canaries is not None
    later = blueprint.model_copy(update={"canaries": blueprint.canaries.model_copy(update={"first_week": 4})})
    from assay.certify.gate.records import drawn

    newest = rows_from(later, drawn(later, range(4, 7)))
    passed = judge(later, newest)
    assert passed.canaries == 3 * 12
    assert {row["experiment"] for row in newest} >= {"canary_null", "canary_null.3"}


def rows_from(blueprint: Blueprint, records: Records) -> list[dict[str, Any]]:
    """Rows of three rounds that begin in week 4."""
    shifted = blueprint.model_copy(update={"start": blueprint.start + timedelta(weeks=3)})
    assert shifted.canaries is not None
    first = shifted.model_copy(update={"canaries": shifted.canaries.model_copy(update={"first_week": 1})})
    return rows(first, arrived(replace(records), 3), 3)


def test_without_canaries_there_is_nothing_to_judge(blueprint: Blueprint) -> None:
    bare = blueprint.model_copy(update={"canaries": None})
    assert check(bare, [], [], until=bare.week_start(3)) == Passed(0, 0, 0.0)

"""The whole chain as its user runs it: the command line, every server, every job.

One lake goes through two weeks. The run of the second is killed in the middle of gold, with the emulator, and
started again: what the tests then find must be what was generated, each row once. That every other kill ends
in the same lake, to the last bit, is tests/faults/test_killed.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from faults.harness import BLUEPRINT, FIRST, JOBS, SECOND, Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("chain") / ".assay")
    yield made
    made.assay("reset", "--yes")


@pytest.fixture(scope="module")
def weeks(place: Place) -> list[dict[str, Any]]:
    """What `assay run --json` says of two weeks."""
    first = place.run("--weeks", "1")
    place.kill_in("assay-gold", SECOND, "emulator")
    return [*first["weeks"], *place.run("--weeks", "1")["weeks"]]


def test_every_week_goes_through_every_job(weeks: list[dict[str, Any]]) -> None:
    assert [week["week"] for week in weeks] == [FIRST, SECOND]
    assert all(set(week["jobs"]) == set(JOBS) for week in weeks)


def test_rows_are_what_was_generated(weeks: list[dict[str, Any]], place: Place) -> None:
    """Every trade that is not planted as a fault is in silver once; every fault is in quarantine."""
    del weeks  # the runs
    from assay import generators
    from assay.spec import load_blueprint

    blueprint = load_blueprint(BLUEPRINT)
    drawn = [generators.week(blueprint, n) for n in (1, 2)]
    bad = sum(week.bad_trades for week in drawn)
    booked = sum(week.trades.num_rows - week.trade_deletes.num_rows for week in drawn)
    assert bad > 0
    (kept,) = place.query("SELECT count(*) AS n, count(DISTINCT trade_id) AS ids FROM silver.trades")
    assert kept == {"n": booked - bad, "ids": booked - bad}
    (refused,) = place.query("SELECT count(*) AS n FROM silver.quarantine WHERE contract = 'silver.trades'")
    assert refused == {"n": bad}


def test_results_carry_truth_and_certificate(weeks: list[dict[str, Any]], place: Place) -> None:
    del weeks  # the runs
    rows = place.query(
        "SELECT experiment, metric, as_of, decision, estimate, lower, upper, truth, covered, error_kind, "
        "type_i_error, certificate_id FROM gold.experiment_results"
    )
    assert len(rows) == 4 * 4  # experiments × metrics
    assert {row["decision"] for row in rows} == {"running"}
    for row in rows:
        assert row["covered"] == (row["lower"] <= row["truth"] <= row["upper"])
        assert row["certificate_id"]
        assert 0 <= row["type_i_error"] <= 0.2
    truths = {(row["experiment"], row["metric"]): row["truth"] for row in rows}
    assert truths["button_colour", "trades_per_customer"] == 0
    assert truths["one_click_trading", "trades_per_customer"] > 0


def test_sample_ratio_mismatch_is_caught(weeks: list[dict[str, Any]], place: Place) -> None:
    del weeks  # the runs
    rows = place.query(
        "SELECT experiment, status FROM gold.experiment_health "
        "WHERE \"check\" = 'srm' AND as_of = DATE '2026-01-19'"
    )
    assert {row["experiment"]: row["status"] for row in rows} == {
        "button_colour": "ok",
        "one_click_trading": "ok",
        "suggested_amounts": "ok",
        "new_onboarding": "fail",
    }


def test_a_week_again_changes_nothing(weeks: list[dict[str, Any]], place: Place) -> None:
    del weeks  # the runs
    before = place.checksums("silver", "gold")
    assert before["gold.experiment_results"][0] > 0
    said = place.assay("run", "--blueprint", str(BLUEPRINT), "--week", "2")
    assert "next:" in said
    assert place.checksums("silver", "gold") == before


def test_checksums_for_people(weeks: list[dict[str, Any]], place: Place) -> None:
    del weeks  # the runs
    assert "gold.experiment_results" in place.assay("checksum", "gold")
    assert "did you mean 'gold'?" in place.assay("checksum", "golf", code=2)


def test_an_unknown_table_is_one_sentence(weeks: list[dict[str, Any]], place: Place) -> None:
    del weeks  # the runs
    said = place.assay("query", "SELECT * FROM gold.experiment_result", code=2)
    assert "gold.experiment_results" in said
    assert "Traceback" not in said

"""The whole chain as its user runs it: the command line, every server, every job.

One lake goes through two weeks undisturbed. Another goes through the same weeks while the run, the emulator
and PostgreSQL are killed in the middle of a week. Both must hold the same, to the last bit.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assay.local import stack

BLUEPRINT = Path(__file__).parents[1] / "data" / "blueprints" / "small.yaml"
ASSAY = [sys.executable, "-m", "assay.cli"]
SECONDS = 300  # beyond which something hangs
WEEKS = 2
# When a week was loaded, and which place of PostgreSQL's log a change came from, differ between any two runs.
OF_THE_CLOCK = {"silver.loads", "silver.quarantine"}


@dataclass(frozen=True)
class Place:
    """A state folder of its own, used by the command line only."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "ASSAY_HOME": str(self.home)}

    def assay(self, *arguments: str, code: int = 0) -> str:
        ran = subprocess.run(
            [*ASSAY, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout if code == 0 else ran.stderr

    def run(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.assay("run", "--blueprint", str(BLUEPRINT), "--json", *arguments)
        )
        return found

    def checksums(self, *databases: str) -> dict[str, tuple[int, str]]:
        return {
            each["table"]: (each["rows"], each["md5"])
            for database in databases
            for each in json.loads(self.assay("checksum", database, "--json"))
        }

    def query(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.assay("query", sql, "--format", "json"))
        return found

    def kill_in(self, job: str, week: str, *servers: str) -> None:
        """Start a run; as soon as a job of a week is under way kill servers and then the run itself."""
        running = subprocess.Popen(
            [*ASSAY, "run", "--blueprint", str(BLUEPRINT), "--weeks", str(WEEKS)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait_for(job, week, running)
            for pid in (status.pid for status in self._status() if status.name in servers):
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
        finally:
            running.kill()
            running.wait()

    def _wait_for(self, job: str, week: str, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._is_under_way(job, week):
            assert running.poll() is None, f"the run ended before {job} of {week}"
            assert time.monotonic() < deadline, f"{job} of {week} did not start"
            time.sleep(0.05)
        time.sleep(0.7)  # into the middle of it

    def _is_under_way(self, job: str, week: str) -> bool:
        file = self.home / "workflow" / "history.db"
        if not file.exists():
            return False
        asked = (
            "SELECT count(*) FROM job_runs JOIN workflow_runs USING (run_id) "
            "WHERE job = ? AND state = 'RUNNING' AND json_extract(properties, '$.week') = ?"
        )
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as history:
            try:
                return bool(history.execute(asked, (job, week)).fetchone()[0])
            except sqlite3.OperationalError:  # its tables are being made
                return False

    def _status(self) -> list[stack.ProcessStatus]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ASSAY_HOME", str(self.home))
            return stack.status()


def _place(folder: Path) -> Iterator[Place]:
    place = Place(folder / ".assay")
    yield place
    place.assay("reset", "--yes")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from _place(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def report(undisturbed: Place) -> dict[str, Any]:
    """What `assay run --json` says of two undisturbed weeks."""
    return undisturbed.run("--weeks", str(WEEKS))


@pytest.fixture
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from _place(tmp_path_factory.mktemp("disturbed"))


def test_every_week_goes_through_every_job(report: dict[str, Any]) -> None:
    assert [week["week"] for week in report["weeks"]] == ["2026-01-05", "2026-01-12"]
    jobs = {"assay-ingest", "assay-bronze", "assay-silver", "assay-gold", "assay-calibrate"}
    assert all(set(week["jobs"]) == jobs for week in report["weeks"])


def test_rows_are_what_was_generated(report: dict[str, Any], undisturbed: Place) -> None:
    """Every trade that is not planted as a fault is in silver once; every fault is in quarantine."""
    del report
    from assay import generators
    from assay.spec import load_blueprint

    blueprint = load_blueprint(BLUEPRINT)
    weeks = [generators.week(blueprint, n) for n in range(1, WEEKS + 1)]
    bad = sum(week.bad_trades for week in weeks)
    booked = sum(week.trades.num_rows - week.trade_deletes.num_rows for week in weeks)
    assert bad > 0
    (kept,) = undisturbed.query("SELECT count(*) AS n, count(DISTINCT trade_id) AS ids FROM silver.trades")
    assert kept == {"n": booked - bad, "ids": booked - bad}
    (refused,) = undisturbed.query(
        "SELECT count(*) AS n FROM silver.quarantine WHERE contract = 'silver.trades'"
    )
    assert refused == {"n": bad}


def test_results_carry_truth_and_certificate(report: dict[str, Any], undisturbed: Place) -> None:
    del report
    rows = undisturbed.query(
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


def test_sample_ratio_mismatch_is_caught(report: dict[str, Any], undisturbed: Place) -> None:
    del report
    rows = undisturbed.query(
        "SELECT experiment, status FROM gold.experiment_health "
        "WHERE \"check\" = 'srm' AND as_of = DATE '2026-01-19'"
    )
    assert {row["experiment"]: row["status"] for row in rows} == {
        "button_colour": "ok",
        "one_click_trading": "ok",
        "suggested_amounts": "ok",
        "new_onboarding": "fail",
    }


def test_a_week_again_changes_nothing(report: dict[str, Any], undisturbed: Place) -> None:
    del report
    before = undisturbed.checksums("silver", "gold")
    assert before["gold.experiment_results"][0] > 0
    said = undisturbed.assay("run", "--blueprint", str(BLUEPRINT), "--week", "2")
    assert "next:" in said
    assert undisturbed.checksums("silver", "gold") == before


def test_checksums_for_people(report: dict[str, Any], undisturbed: Place) -> None:
    del report
    assert "gold.experiment_results" in undisturbed.assay("checksum", "gold")
    assert "did you mean 'gold'?" in undisturbed.assay("checksum", "golf", code=2)


def test_an_unknown_table_is_one_sentence(report: dict[str, Any], undisturbed: Place) -> None:
    del report
    said = undisturbed.assay("query", "SELECT * FROM gold.experiment_result", code=2)
    assert "gold.experiment_results" in said
    assert "Traceback" not in said


def test_killed_anywhere_ends_in_the_same_lake(
    report: dict[str, Any], undisturbed: Place, disturbed: Place
) -> None:
    """The last run ends the week with a process per job, which must make no difference either."""
    del report
    disturbed.kill_in("assay-bronze", "2026-01-05")
    disturbed.kill_in("assay-silver", "2026-01-05", "emulator")
    disturbed.kill_in("assay-ingest", "2026-01-12", "postgres")
    disturbed.kill_in("assay-gold", "2026-01-12", "emulator", "postgres")
    done = disturbed.run("--weeks", "1", "--isolated")
    assert [week["week"] for week in done["weeks"]] == ["2026-01-12"]
    found, expected = (place.checksums("silver", "gold") for place in (disturbed, undisturbed))
    assert {name: rows for name, (rows, _) in found.items()} == {
        name: rows for name, (rows, _) in expected.items()
    }
    differing = {name for name in expected if found[name] != expected[name]}
    assert differing <= OF_THE_CLOCK

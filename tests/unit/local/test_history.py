"""The history of runs: what is kept, how often a workflow may run, what a dead process leaves behind."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.errors import TerminalError
from assay.local import process
from assay.local.history import History, NoSuchRunError, TooManyRunsError, is_stopping


def test_a_run_is_kept_with_its_jobs(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        run_id = history.start("w", {"week": "2026-01-05"}, 1)
        first = history.start_job(run_id, "a", attempt=0, trigger="start")
        assert history.running("a") == 1
        history.end_job(first, "FAILED", 1.5, "no luck")
        second = history.start_job(run_id, "a", attempt=1, trigger="start")
        history.end_job(second, "SUCCEEDED", 2.5)
        assert history.running("a") == 0
        history.end(run_id, "COMPLETED")
    with History(tmp_path) as again:
        run = again.run(run_id)
    assert (run.workflow, run.status, run.properties) == ("w", "COMPLETED", {"week": "2026-01-05"})
    assert run.succeeded
    assert run.ended_at is not None
    assert run.started_at <= run.ended_at
    assert [(j.job, j.attempt, j.state, j.seconds, j.error) for j in run.jobs] == [
        ("a", 0, "FAILED", 1.5, "no luck"),
        ("a", 1, "SUCCEEDED", 2.5, None),
    ]
    assert second.endswith("_attempt_1")
    assert run.latest["a"].id == second
    assert run.statistics == {
        "TotalActions": 1, "SucceededActions": 1, "FailedActions": 0, "TimeoutActions": 0,
        "StoppedActions": 0, "ErroredActions": 0, "RunningActions": 0, "WaitingActions": 0,
    }  # fmt: skip


def test_run_properties_can_be_added_and_replaced(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        run_id = history.start("w", {"week": "2026-01-05", "a": "1"})
        history.set_properties(run_id, {"a": "2", "rows": "3"})
        assert history.run(run_id).properties == {"week": "2026-01-05", "a": "2", "rows": "3"}


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        ids = [history.start("w", {}) for _ in range(3)]
        assert [run.run_id for run in history.runs()] == ids[::-1]
        assert [run.run_id for run in history.runs(limit=1)] == ids[-1:]


def test_no_more_runs_at_once_than_allowed(tmp_path: Path) -> None:
    with History(tmp_path) as history, History(tmp_path) as other:
        first = history.start("w", {}, 1)
        with pytest.raises(
            TerminalError, match=f"workflow w may have 1 runs at once and has {first} in process"
        ):
            other.start("w", {}, 1)
        other.start("another", {}, 1)
        history.end(first, "COMPLETED")
        other.start("w", {}, 1)
        other.start("w", {}, None)


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    with History(tmp_path) as history, pytest.raises(TerminalError, match="no run 'wr_x'"):
        history.run("wr_x")


LEAVES_A_RUN = """
import sys
from pathlib import Path
from assay.local import process
from assay.local.history import History, NoSuchRunError, TooManyRunsError, is_stopping
history = History(Path(sys.argv[1]))
run_id = history.start("w", {}, 1)
history.start_job(run_id, "a", attempt=0, trigger="start")
print(run_id, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_left_running_is_stopped(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", LEAVES_A_RUN, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    with History(tmp_path) as history:
        assert history.run(run_id).status == "RUNNING"
        with pytest.raises(TerminalError, match=f"in process {child.pid}"):
            history.start("w", {}, 1)
    child.kill()
    child.communicate()
    with History(tmp_path) as history:
        run = history.run(run_id)
        assert (run.status, run.error) == ("STOPPED", "the process that ran it ended before it did")
        assert [(j.state, j.error) for j in run.jobs] == [("STOPPED", run.error)]
        assert not run.succeeded
        assert history.start("w", {}, 1)


# --- stopping, waiting, single jobs ----------------------------------------------------------------------


def test_a_run_and_its_jobs_are_asked_to_stop_once(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        run_id = history.start("w", {}, 1)
        running = history.start_job(run_id, "a", attempt=0, trigger="")
        waiting = history.start_job(run_id, "b", attempt=0, trigger="", state="WAITING")
        assert not is_stopping(tmp_path, run_id)
        assert history.stop(run_id)
        assert not history.stop(run_id)
        assert is_stopping(tmp_path, run_id)
        assert is_stopping(tmp_path, running)
        assert [job.state for job in history.run(run_id).jobs] == ["STOPPING", "STOPPED"]
        assert not is_stopping(tmp_path, waiting)
        assert history.running("a") == 1, "it occupies its job until it has ended"
        with pytest.raises(TooManyRunsError):
            history.start("w", {}, 1)


def test_a_job_run_is_admitted_queued_or_refused(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        first = history.admit("a", 1, queue=False, request={"Arguments": {"--x": "1"}})
        with pytest.raises(TooManyRunsError, match="job a may have 1 runs at once"):
            history.admit("a", 1, queue=False, request={})
        second = history.admit("a", 1, queue=True, request={"JobRunId": first})
        states = [(run.id, run.state, run.previous) for run in history.job_runs("a", 9)]
        assert states == [(second, "WAITING", first), (first, "STARTING", None)]
        assert history.job_run(first).request == {"Arguments": {"--x": "1"}}
        assert history.claim(first, 1)
        assert not history.claim(second, 1)
        history.end_job(first, "SUCCEEDED", 1.0)
        assert history.claim(second, 1)
        assert history.job_run(second).state == "RUNNING"


def test_a_job_run_that_was_stopped_does_not_start(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        run_id = history.admit("a", 1, queue=False, request={})
        assert history.stop_job(run_id)
        assert not history.claim(run_id, 1)
        assert history.job_run(run_id).state == "STOPPING"
        history.end_job(run_id, "STOPPED", 0.0)
        assert not history.stop_job(run_id)


def test_unknown_job_runs_are_refused(tmp_path: Path) -> None:
    with History(tmp_path) as history, pytest.raises(NoSuchRunError, match="no run 'jr_x' of a job"):
        history.job_run("jr_x")


def test_lists_go_on_where_a_page_ended(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        runs = [history.start("w", {}) for _ in range(3)]
        other = history.start("v", {})
        jobs = [history.start_job(None, "a", attempt=0, trigger="") for _ in range(3)]
        assert [run.run_id for run in history.runs(9, workflow="w", before=runs[2])] == [runs[1], runs[0]]
        assert [run.run_id for run in history.runs(1, before=other)] == [runs[2]]
        assert [run.id for run in history.job_runs("a", 1, before=jobs[1])] == [jobs[0]]


def test_a_run_belongs_to_the_process_that_it_was_handed_to(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    runner = process.identify(child.pid)
    with History(tmp_path) as history:
        run_id = history.start("w", {})
        job_run = history.admit("a", 1, queue=False, request={})
        assert history.runners() == [], "this process runs them, and is nobody's runner"
        history.hand_over(run_id, runner)
        history.hand_over(job_run, runner)
        assert history.runners() == [runner]
        history.stop(run_id)
    child.kill()
    child.communicate()
    with History(tmp_path) as history:
        assert history.run(run_id).error == "stopped on request; its process was killed"
        assert history.job_run(job_run).error == "the process that ran it ended before it did"
        assert history.runners() == []


def test_a_time_of_a_schedule_fires_once(tmp_path: Path) -> None:
    due = datetime(2026, 1, 5, 3, 15, tzinfo=UTC)
    with History(tmp_path) as history, History(tmp_path) as other:
        assert history.fire("t", due)
        assert not other.fire("t", due)
        assert not other.fire("t", due - timedelta(days=7))
        assert other.fire("t", due + timedelta(days=7))
        history.set_trigger("u", active=True)
        history.set_trigger("t", active=False)
        assert other.inactive_triggers() == {"t"}
        history.set_trigger("t", active=True)
        assert other.inactive_triggers() == frozenset()
        assert not history.fire("t", due), "deactivated or not, what fired has fired"


OLD = """
CREATE TABLE workflow_runs (
    run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, properties TEXT NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, error TEXT, pid INTEGER NOT NULL, pid_started REAL NOT NULL);
CREATE TABLE job_runs (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES workflow_runs, job TEXT NOT NULL,
    attempt INTEGER NOT NULL, trigger TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT, seconds REAL, error TEXT);
CREATE INDEX job_runs_of_run ON job_runs (run_id);
INSERT INTO workflow_runs VALUES ('wr_1', 'w', 'COMPLETED', '{"a": "b"}', '2026-01-05T00:00:00+00:00',
    '2026-01-05T01:00:00+00:00', NULL, 1, 1.0);
INSERT INTO workflow_runs VALUES ('wr_2', 'w', 'RUNNING', '{}', '2026-01-06T00:00:00+00:00', NULL, NULL,
    1, 1.0);
INSERT INTO job_runs VALUES ('jr_1', 'wr_1', 'a', 0, 't', 'SUCCEEDED', '2026-01-05T00:00:00+00:00',
    '2026-01-05T01:00:00+00:00', 3600.0, NULL);
"""


def test_a_history_of_the_first_version_is_kept(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history.db")) as database:
        database.executescript(OLD)
    with History(tmp_path) as history:
        second, first = history.runs()
    assert (first.run_id, first.properties, first.statistics["SucceededActions"]) == ("wr_1", {"a": "b"}, 1)
    assert (first.jobs[0].seconds, first.jobs[0].request, first.resumption) == (3600.0, {}, None)
    assert (second.run_id, second.status) == ("wr_2", "STOPPED")
    with History(tmp_path) as again:
        assert len(again.runs()) == 2

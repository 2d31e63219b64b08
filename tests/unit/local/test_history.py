"""The history of runs: what is kept, how often a workflow may run, what a dead process leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import TerminalError
from assay.local.history import History


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
from assay.local.history import History
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

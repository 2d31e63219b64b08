"""What happens to a machine: its disk is full, its clock goes back, one of the cluster's is taken away."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from faults.harness import SECOND, SECONDS, Place, Undisturbed, differing
from faults.plant import leave_room

pytestmark = pytest.mark.slow

ROOM = 4_096
"""Bytes: a write beyond it fails, in every file of the process, as where the disk has no room left."""
FULL = "No space left on device", "File too large"
COMPILER = shutil.which("cc")
BACK = timedelta(hours=3)


WRITES = (("postgres", "assay-ingest", "copy"), ("emulator", "assay-bronze", "publish"))


def small_disk() -> None:
    """Let this process write small files only."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


def test_the_disk_is_full(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None]
) -> None:
    """Of the database, of the object store and its log, and of Spark, while a job writes."""
    place, saw = second_week, {}
    for server, job, point in WRITES:
        ended = place.job(job, SECOND, plant=f"disk,{place.pid(server)},{ROOM},{point}")
        assert ended.code == 1, ended.said
        assert "Traceback" not in ended.sentence
        saw[f"the disk of {server} is full"] = ended.sentence
        leave_room(place.pid(server), "unlimited")
        place.assay("up")
        ended = place.job(job, SECOND)
        assert ended.code == 0, ended.said
    ended = place.job("assay-silver", SECOND, before=small_disk)
    assert ended.code == 1, ended.said
    assert any(text in ended.sentence for text in FULL), ended.sentence
    saw["the disk of Spark's scratch is full"] = ended.sentence
    place.run("--weeks", "1")
    wrong = differing(place.checksums(), undisturbed.second)
    assert not wrong
    for fault, sentence in saw.items():
        survived("servers", f"{fault} during a write", tried=1, lost=len(wrong), saw=sentence)


@pytest.fixture
def clock(tmp_path: Path) -> dict[str, str]:
    """The variables that move a process's clock back."""
    if COMPILER is None:
        pytest.skip("there is no C compiler to make what moves a process's clock")
    library, moves = tmp_path / "clock.so", tmp_path / "clock.shift"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    shift = -int(BACK.total_seconds())
    moves.write_bytes(shift.to_bytes(8, sys.byteorder, signed=True))
    moved = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(moves)}
    asked = [sys.executable, "-c", "import time; time.sleep(0.01); print(time.time())"]
    said = subprocess.run(asked, env=os.environ | moved, check=True, capture_output=True, text=True)
    assert abs(float(said.stdout) - time.time() - shift) < SECONDS
    return moved


def test_the_clock_goes_back(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None], clock: dict[str, str]
) -> None:
    """By three hours, in every process of the jobs; change capture and the servers keep the time."""
    place = second_week
    ended = place.job("assay-ingest", SECOND, environment=clock)
    assert ended.code == 0, ended.said  # what it writes is ordered by the database
    ended = place.job("assay-bronze", SECOND, environment=clock)
    assert ended.code == 1, ended.said
    assert ended.sentence.startswith("this machine's clock is behind the lake's last commit")
    place.run("--weeks", "1")
    wrong = differing(place.checksums(), undisturbed.second)
    assert not wrong
    (taken,) = place.query(
        "SELECT count(DISTINCT run_id) AS runs, sum(CASE state WHEN 'FAILED' THEN 1 ELSE 0 END) AS failed "
        "FROM bronze.journal WHERE week = '2026-01-12' AND run_id LIKE 'r-%'"
    )
    assert taken == {"runs": 2, "failed": 1}  # entries older than those that were taken in before
    survived(
        "servers",
        "the clock of the jobs' machine goes back by three hours between two weeks",
        tried=2,
        lost=len(wrong),
        saw=ended.sentence,
    )


def test_an_executor_is_killed(
    second_week: Place, undisturbed: Undisturbed, survived: Callable[..., None], tmp_path: Path
) -> None:
    """A cluster of two in processes of their own; the jobs notice nothing."""
    place = second_week
    cluster = place.cluster_of_two(tmp_path)
    for job in ("assay-ingest", "assay-bronze"):
        assert place.job(job, SECOND).code == 0
    for job in ("assay-silver", "assay-gold"):
        ended = place.job(job, SECOND, plant="executor,3", environment=cluster)
        assert ended.code == 0, ended.said
        assert "killed one of 2 executors in stage " in ended.said
    place.run("--weeks", "1")
    wrong = differing(place.checksums(), undisturbed.second)
    assert not wrong
    survived(
        "killed",
        "SIGKILL of one of two Spark executors in the middle of a stage, in silver and in gold",
        tried=2,
        lost=len(wrong),
        saw="nothing: Spark computes the lost part again",
    )

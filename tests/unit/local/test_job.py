"""One job on this machine: in this process or in its own, in time or too late, good or bad."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from assay.errors import InputError
from assay.local.job import InProcess, Isolated, Launcher, Outcome, load, shipped


def script(folder: Path, body: str) -> Path:
    file = folder / "the_job.py"
    file.write_text(
        dedent("""
        from __future__ import annotations
        import sys, time
        from dataclasses import dataclass
        from pathlib import Path
        from assay.errors import InputError
        from assay.runtime.arguments import parse

        @dataclass(frozen=True)
        class Arguments:
            out: str = ""

        def main(argv: list[str]) -> None:
            arguments = parse(Arguments, argv)
        """)
        + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()),
        encoding="utf-8",
    )
    return file


@pytest.fixture(params=["in process", "isolated"])
def launcher(request: pytest.FixtureRequest) -> Iterator[Launcher]:
    one: Launcher = InProcess() if request.param == "in process" else Isolated()
    yield one
    one.stop()


def run(launcher: Launcher, file: Path, *argv: str, seconds: float = 60) -> Outcome:
    return launcher.start(file, argv, seconds=seconds, log=file.parent / "logs" / "x.log").result()


def test_a_job_gets_its_arguments(launcher: Launcher, tmp_path: Path) -> None:
    file = script(tmp_path, "Path(arguments.out).write_text('done')")
    outcome = run(launcher, file, "--out", str(tmp_path / "out"), "--enable-metrics", "true")
    assert (outcome.state, outcome.error) == ("SUCCEEDED", None)
    assert outcome.seconds > 0
    assert (tmp_path / "out").read_text() == "done"


def test_an_error_of_ours_is_its_sentence(launcher: Launcher, tmp_path: Path) -> None:
    outcome = run(launcher, script(tmp_path, "raise InputError('week is late')"))
    assert outcome.state == "FAILED"
    assert (outcome.error or "").startswith("week is late")


def test_a_defect_keeps_its_traceback_in_the_log(launcher: Launcher, tmp_path: Path) -> None:
    outcome = run(launcher, script(tmp_path, "raise ValueError('x is 0\\nmore')"))
    assert outcome.state == "FAILED"
    log = (tmp_path / "logs" / "x.log").read_text()
    assert "Traceback" in log
    assert "ValueError: x is …" in log
    assert (outcome.error or "").startswith("ValueError: x is …")


def test_exit_codes_count(launcher: Launcher, tmp_path: Path) -> None:
    assert run(launcher, script(tmp_path, "sys.exit(0)")).state == "SUCCEEDED"
    failed = run(launcher, script(tmp_path, "sys.exit(3)"))
    assert failed.state == "FAILED"
    assert "exit code 3" in (failed.error or "")


def test_a_job_that_takes_too_long_is_stopped(launcher: Launcher, tmp_path: Path) -> None:
    body = "try:\n    time.sleep(30)\nexcept Exception:\n    time.sleep(30)"
    began = time.perf_counter()
    outcome = run(launcher, script(tmp_path, body), seconds=0.3)
    assert time.perf_counter() - began < 10
    assert (outcome.state, outcome.error) == ("TIMEOUT", "stopped: it exceeded its timeout of 0.005 minutes")


def test_the_alarm_is_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGALRM)
    run(InProcess(), script(tmp_path, "pass"), seconds=5)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_job_that_shall_stop_is_ended(launcher: Launcher, tmp_path: Path) -> None:
    file = script(tmp_path, "time.sleep(60)")
    asked = time.monotonic() + 1
    future = launcher.start(
        file, [], seconds=60, log=tmp_path / "x.log", stopping=lambda: time.monotonic() > asked
    )
    outcome = future.result()
    assert (outcome.state, outcome.error) == ("STOPPED", "stopped on request")
    assert outcome.seconds < 30


def test_a_job_that_ends_although_it_shall_stop_is_stopped(tmp_path: Path) -> None:
    file = script(tmp_path, "Path(arguments.out).write_text('done')")
    future = InProcess().start(
        file,
        ["--out", str(tmp_path / "out")],
        seconds=60,
        log=tmp_path / "x.log",
        stopping=(tmp_path / "out").exists,
    )
    assert future.result().state == "STOPPED"


def test_in_another_thread_a_late_job_is_judged_at_its_end(tmp_path: Path) -> None:
    file = script(tmp_path, "time.sleep(0.3)")
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(run(InProcess(), file, seconds=0.1)))
    thread.start()
    thread.join()
    assert outcomes[0].state == "TIMEOUT"
    assert outcomes[0].seconds >= 0.3


def test_isolated_jobs_run_at_the_same_time_and_are_killed_by_stop(tmp_path: Path) -> None:
    launcher = Isolated()
    file = script(tmp_path, "time.sleep(60)")
    log = tmp_path / "x.log"
    futures = [launcher.start(file, (), seconds=60, log=log) for _ in range(2)]
    began = time.perf_counter()
    launcher.stop()
    assert time.perf_counter() - began < 10
    assert [future.result().state for future in futures] == ["FAILED", "FAILED"]


RUNNER = """
import sys, time
from pathlib import Path
from assay.local.job import Isolated
launcher = Isolated()
launcher.start(Path(sys.argv[1]), ["--out", sys.argv[2]], seconds=60, log=Path(sys.argv[2] + ".log"))
time.sleep(60)
"""


def test_an_isolated_job_dies_with_its_runner(tmp_path: Path) -> None:
    body = "import os\nPath(arguments.out).write_text(str(os.getpid()))\ntime.sleep(60)"
    out = tmp_path / "pid"
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(script(tmp_path, body)), str(out)])
    deadline = time.monotonic() + 30
    while not (out.exists() and out.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = psutil.Process(int(out.read_text()))
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    gone, _ = psutil.wait_procs([child], timeout=10)
    assert gone == [child]


# --- finding and loading scripts -----------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "releases/0a1b2c/"])
def test_the_deployed_key_ends_in_the_shipped_path(prefix: str) -> None:
    assert shipped(f"s3://assay-artifacts/{prefix}jobs/ingest.py").name == "ingest.py"


@pytest.mark.parametrize("location", ["s3://assay-artifacts/jobs/none.py", "s3://assay-artifacts", "s3://b/"])
def test_a_script_that_is_not_shipped_is_refused(location: str) -> None:
    with pytest.raises(InputError, match=f"ScriptLocation {location}: there is no file"):
        shipped(location)


def test_a_file_that_is_no_job_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(InputError, match=r"empty.py: no function main\(argv\)"):
        load(tmp_path / "empty.py")
    with pytest.raises(InputError, match=r"none.py: no Python script of that name"):
        load(tmp_path / "none.py")
    (tmp_path / "text.sql").write_text("")
    with pytest.raises(InputError, match=r"text.sql: no Python script"):
        load(tmp_path / "text.sql")

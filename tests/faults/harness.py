"""A whole local platform in a folder of its own: driven by the command line, copied, and disturbed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark
import pytest

from assay.local import job, stack, state
from assay.local.workflow import Workflow

TESTS = Path(__file__).parents[1]
BLUEPRINT = TESTS / "data" / "blueprints" / "small.yaml"
ASSAY = [sys.executable, "-m", "assay.cli"]
RUN = ("run", "--blueprint", str(BLUEPRINT))
SECONDS = 900
"""Beyond which something hangs."""
FIRST, SECOND = "2026-01-05", "2026-01-12"
JOBS = (
    "assay-ingest", "assay-sources", "assay-bronze", "assay-silver", "assay-gold", "assay-calibrate",
)  # fmt: skip
OF_THE_CLOCK = frozenset({"silver.loads", "silver.quarantine"})
"""When a week was loaded, and which place of PostgreSQL's log a change came from, differ between any runs."""

Checksums = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: Its exit code; minus the signal's number if one killed it.
        said: What it printed.
        seconds: How long it ran.
    """

    code: int
    said: str
    seconds: float

    @property
    def last(self) -> str:
        """Its last line."""
        return (self.said.strip().splitlines() or [""])[-1]

    @property
    def sentence(self) -> str:
        """What its last line says; of a job's log, which is JSON, the message."""
        return str(json.loads(self.last)["message"]) if self.last.startswith("{") else self.last


@dataclass(frozen=True)
class Place:
    """A state folder of its own, used by the command line and by processes of single jobs."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        return {**os.environ, "ASSAY_HOME": str(self.home), "PYTHONPATH": path}

    # -- the command line ----------------------------------------------------------------------
    def ask(self, *arguments: str, plant: str = "", seconds: float = SECONDS) -> Ended:
        """`assay ARGUMENTS`, perhaps with a fault planted into it (see `faults.plant`)."""
        planted = [sys.executable, "-m", "faults.plant", plant, "assay.cli"] if plant else ASSAY
        began = time.monotonic()
        ran = subprocess.run(
            [*planted, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        said = ran.stdout if ran.returncode == 0 else ran.stderr
        return Ended(ran.returncode, said, time.monotonic() - began)

    def assay(self, *arguments: str, code: int = 0) -> str:
        """What `assay ARGUMENTS` says, which must end with a code."""
        ended = self.ask(*arguments)
        assert ended.code == code, ended.said
        return ended.said

    def run(self, *arguments: str) -> dict[str, Any]:
        """The report of `assay run`."""
        found: dict[str, Any] = json.loads(self.assay(*RUN, "--json", *arguments))
        return found

    def checksums(self, *databases: str) -> Checksums:
        """Table → rows and checksum, of silver and gold if nothing is said."""
        return {
            each["table"]: (each["rows"], each["md5"])
            for database in databases or ("silver", "gold")
            for each in json.loads(self.assay("checksum", database, "--json"))
        }

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        found: list[dict[str, Any]] = json.loads(self.assay("query", sql, "--format", "json"))
        return found

    # -- single jobs ---------------------------------------------------------------------------
    def job(
        self,
        name: str,
        week: str,
        *,
        plant: str = "",
        seconds: float = SECONDS,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        """Run a job in a process group of its own to its end, as the local Glue does.

        Args:
            name: The job.
            week: Its Monday.
            plant: Faults for its process (see `faults.plant`).
            seconds: The longest time.
            environment: Variables that it shall have beside the usual ones.
            before: Is called in its process before it becomes Python.
        """
        with self._started(name, week, plant, environment, before) as (child, copier, log):
            began = time.monotonic()
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pytest.fail(f"{name} still runs after {seconds:g} s:\n{log.read_text()[-2_000:]}")
            took = time.monotonic() - began
            copier.wait(seconds)  # a JVM ends after its Python
            return Ended(child.returncode, log.read_text(), took)

    @contextlib.contextmanager
    def _started(
        self,
        name: str,
        week: str,
        plant: str,
        more: Mapping[str, str] | None,
        before: Callable[[], None] | None,
    ) -> Iterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes], Path]]:
        with self.used():
            found = Workflow.load(exports=stack.exports()).definition.jobs[name]
            environment = {**self.environment, **stack.environment(), **(more or {})}
        given = {"--JOB_NAME": name, "--week": week, "--blueprint": str(BLUEPRINT)}
        argv = [token for pair in found.arguments(given).items() for token in pair]
        log = self.home / "logs" / f"job-{secrets.token_hex(4)}.log"
        script = str(job.shipped(found.script))
        with log.open("wb") as output:
            # In between, so that what limits the job's files does not limit what it says.
            copier = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
            child = subprocess.Popen(
                [sys.executable, "-m", "faults.plant", plant, "assay.local.job", script, *argv],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=copier.stdin,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before,  # noqa: PLW1509 this process has no threads that hold a lock then
            )
        assert copier.stdin is not None
        copier.stdin.close()
        try:
            yield child, copier, log
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            copier.wait()
            assert child.stdin is not None
            child.stdin.close()

    def spark_conf(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The variable that gives a job this stack's settings of Spark, and some more or others."""
        folder = Path(tempfile.mkdtemp(dir=self.home, prefix="conf-"))
        shutil.copytree(self.home / "spark" / "conf", folder, dirs_exist_ok=True)
        file = folder / "spark-defaults.conf"
        kept = dict(line.split(" ", 1) for line in file.read_text().splitlines())
        file.write_text("".join(f"{name} {value}\n" for name, value in {**kept, **settings}.items()))
        return {"SPARK_CONF_DIR": str(folder)}

    def cluster_of_two(self, folder: Path) -> dict[str, str]:
        """The variables that give a job a cluster of two executors, in processes with a core each."""
        spark_home = folder / "spark"  # a cluster writes into its own folder, here not among the packages
        spark_home.mkdir()
        for part in Path(pyspark.__file__).parent.iterdir():
            (spark_home / part.name).symlink_to(part)
        return self.spark_conf({"spark.master": "local-cluster[2,1,1024]"}) | {"SPARK_HOME": str(spark_home)}

    # -- whole runs that are killed ------------------------------------------------------------
    def kill_in(self, name: str, week: str, *servers: str, pause: float = 0.7) -> None:
        """Start a run; soon after a job of a week is under way kill servers and then the run itself."""
        running = subprocess.Popen(
            [*ASSAY, *RUN, "--weeks", "2"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait_for(name, week, running)
            time.sleep(pause)  # into the middle of it
            for server in servers:
                os.kill(self.pid(server), signal.SIGKILL)
        finally:
            running.kill()
            running.wait()

    def _wait_for(self, name: str, week: str, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._is_under_way(name, week):
            assert running.poll() is None, f"the run ended before {name} of {week}"
            assert time.monotonic() < deadline, f"{name} of {week} did not start"
            time.sleep(0.05)

    def _is_under_way(self, name: str, week: str) -> bool:
        file = self.home / "workflow" / "history.db"
        if not file.exists():
            return False
        asked = (
            "SELECT count(*) FROM job_runs JOIN workflow_runs USING (run_id) "
            "WHERE job = ? AND state = 'RUNNING' AND json_extract(properties, '$.week') = ?"
        )
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as history:
            try:
                return bool(history.execute(asked, (name, week)).fetchone()[0])
            except sqlite3.OperationalError:  # its tables are being made
                return False

    # -- its servers and its folder ------------------------------------------------------------
    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Let this process's own calls of `assay.local` mean this place."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ASSAY_HOME", str(self.home))
            yield

    def pid(self, server: str) -> int:
        """The main process of a server, which may hang."""
        return int(state.Home(self.home).read()["processes"][server]["pid"])

    def copied(self, to: Place) -> None:
        """Let another place, where nothing is yet, hold what this one holds; this one must be down."""
        to.home.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(self.home), str(to.home)], check=True)
        home = state.Home(to.home)
        kept = home.read()
        if folder := kept.get("postgres_folder"):  # as root, PostgreSQL's data lie elsewhere
            fresh = Path(folder).with_name(f"postgres-{secrets.token_hex(6)}")
            subprocess.run(["cp", "-a", folder, str(fresh)], check=True)
            home.update(postgres_folder=str(fresh))
        home.update(ports={}, processes={})


@dataclass(frozen=True)
class Undisturbed:
    """What two weeks end in when nothing happens.

    Attributes:
        first_week: A place, down, that holds the first week; to be copied, not used.
        first: What silver and gold hold after the first week.
        both_weeks: Another one, that holds both.
        second: What they hold after the second.
    """

    first_week: Place
    first: Checksums
    both_weeks: Place
    second: Checksums


def differing(found: Checksums, expected: Checksums) -> set[str]:
    """Tables that hold other rows; of those that tell of the clock, those that hold more or fewer."""
    return {
        name
        for name in {*found, *expected}
        if (found.get(name) != expected.get(name))
        and (name not in OF_THE_CLOCK or found[name][0] != expected[name][0])
    }

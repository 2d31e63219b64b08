"""Going back, and making the lake anew, on the whole platform: killed in between, without the database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assay.local import job, names, stack
from faults import harness
from faults.harness import BLUEPRINT, FIRST, SECOND, SECONDS, Undisturbed

# Runs what follows on its command line, and dies at the nth call of a function of ours.
MORTAL = """
import os, runpy, signal, sys
from importlib import import_module
module, name, nth, target, *rest = sys.argv[1:]
place = import_module(module)
real, calls = getattr(place, name), []
def mortal(*arguments):
    calls.append(1)
    if len(calls) == int(nth):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
setattr(place, name, mortal)
sys.argv = [target, *rest]
runpy.run_module(target, run_name="__main__")
"""


@dataclass(frozen=True)
class Place:
    """A local platform of the test's own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "ASSAY_HOME": str(self.home)}

    def assay(self, *arguments: str, dies: tuple[str, str, int] | None = None) -> str:
        """What `assay ARGUMENTS` prints; `dies`: module, function and call at which it is killed."""
        start = ["-c", MORTAL, *map(str, dies), "assay.cli"] if dies else ["-m", "assay.cli"]
        return self._ran([sys.executable, *start, *arguments], self.environment, killed=dies is not None)

    def read(self, *arguments: str) -> Any:
        return json.loads(self.assay(*arguments, "--json"))

    def maintain(self, environment: dict[str, str], action: str, **options: object) -> Any:
        """The job `maintain` as Glue starts it, without looking after the platform; its report."""
        script = str(job.shipped("s3://assay/jobs/maintain.py"))
        given = {"JOB_NAME": "assay-maintain", "action": action, "options": json.dumps(options)}
        argv = [token for name, value in given.items() for token in (f"--{name}", value)]
        argv += ["--landing_bucket", names.LANDING]
        said = self._ran([sys.executable, script, *argv], {**self.environment, **environment})
        return json.loads(said.splitlines()[-1])

    def checksums(self) -> dict[str, tuple[int, str]]:
        found = [each for database in ("silver", "gold") for each in self.read("checksum", database)]
        return {each["table"]: (each["rows"], each["md5"]) for each in found}

    def _ran(self, command: list[str], environment: dict[str, str], *, killed: bool = False) -> str:
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert ran.returncode == (-signal.SIGKILL if killed else 0), ran.stdout + ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def place(undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two weeks went through."""
    found = Place(tmp_path_factory.mktemp("repair") / ".assay")
    undisturbed.both_weeks.copied(harness.Place(found.home))
    found.assay("up")
    yield found
    found.assay("reset", "--yes")


def differing(found: dict[str, tuple[int, str]], expected: dict[str, tuple[int, str]]) -> list[str]:
    assert found.keys() == expected.keys()
    return [name for name in expected if found[name] != expected[name]]


@pytest.mark.slow
def test_a_rollback_killed_between_tables_and_repeated_and_the_week_again(
    place: Place, survived: Callable[..., None]
) -> None:
    before = place.checksums()
    history = place.read("snapshots", "bronze.trades")["snapshots"]
    first = [each["run_id"] for each in history if each["run_id"]][-1]
    to = str(next(each["snapshot"] for each in history if each["run_id"] == first))
    asked = ("rollback", "bronze.trades", "--to", to, "--yes")
    for nth in (1, 3, 4):  # before the first table, between tables of gold, before a table of silver
        place.assay(*asked, dies=("assay.upkeep.rollback", "_go", nth))
    moved = [move["table"] for move in place.read(*asked)["moves"]]
    assert moved[-2:] == ["silver.trades", "bronze.trades"]
    assert place.read(*asked)["moves"] == []
    assert differing(place.checksums(), before)
    place.assay("run", "--blueprint", str(BLUEPRINT), "--week", "2")
    lost = differing(place.checksums(), before)
    assert lost == []
    survived(
        "killed",
        "`assay rollback` killed between two tables, repeated, and the week run again",
        tried=3,
        lost=len(lost),
        saw="the repeated command moves the rest; silver and gold are as before, to the last bit",
    )


@pytest.mark.slow
def test_made_anew_without_a_change_nothing_differs(place: Place) -> None:
    report = place.read("backfill", "--from", FIRST, "--to", SECOND)
    assert report["equal"], [table for table in report["tables"] if not table["equal"]]
    assert {table["table"] for table in report["tables"]} >= {"silver.trades", "gold.experiment_results"}
    place.assay("branch", "drop", report["branch"])


@pytest.mark.slow
def test_replayed_from_landing_without_the_database_and_killed_while_publishing(
    place: Place, survived: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.checksums()
    monkeypatch.setenv("ASSAY_HOME", str(place.home))
    environment = stack.environment()
    (database,) = (each.pid for each in stack.status() if each.name == "postgres")
    assert database is not None
    os.kill(database, signal.SIGQUIT)  # PostgreSQL stops at once, as in a crash
    report = place.maintain(environment, "replay")
    assert report["equal"], [table for table in report["tables"] if not table["equal"]]
    assert not next(each.running for each in stack.status() if each.name == "postgres")
    publish = ("branch", "publish", report["branch"])
    for nth in (2, 3):
        place.assay(*publish, dies=("assay.upkeep.branches", "advance", nth))
    assert place.read(*publish)["published"][-1] == "gold.experiment_health"
    lost = differing(place.checksums(), before)
    assert lost == []
    place.assay("run", "--blueprint", str(BLUEPRINT), "--week", "2")
    lost = differing(place.checksums(), before)
    assert lost == []
    survived(
        "killed",
        "the database gone: bronze to gold replayed from landing, killed while publishing, repeated",
        tried=2,
        lost=len(lost),
        saw="an empty difference before it is published; the repeated command publishes the rest",
    )


@pytest.mark.slow
def test_a_forgotten_customer_does_not_come_back_with_the_next_week(
    place: Place, survived: Callable[..., None]
) -> None:
    """The last test of this file: afterwards the lake is another one."""
    busiest = "SELECT customer_id AS id FROM silver.trades GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    unit = str(json.loads(place.assay("query", busiest, "--format", "json"))[0]["id"])
    held = place.read("forget", unit, "--dry-run")["removed"]
    assert {"database: trades", "landing: trades", "bronze.trades", "gold.unit_metrics"} <= {
        line["where"] for line in held
    }
    asked = ("forget", unit, "--yes")
    for step in (("assay.upkeep.forget", "refine"), ("assay.upkeep.forget", "certify_waiting")):
        place.assay(*asked, dies=(*step, 1))
    done = place.read(*asked)
    assert (done["again"], done["under_way"]) == ([], False)
    assert place.assay("forget", unit, "--dry-run") == "nothing held\n"
    place.assay("run", "--blueprint", str(BLUEPRINT), "--weeks", "1")
    left = place.assay("forget", unit, "--dry-run")
    assert left == "nothing held\n"
    report = place.read("backfill", "--from", FIRST, "--to", "2026-01-19")
    assert report["equal"], [table for table in report["tables"] if not table["equal"]]
    survived(
        "killed",
        "`assay forget` killed with SIGKILL twice on the whole platform, repeated, and one more week run",
        tried=2,
        lost=0,
        saw="the customer is nowhere, the week goes through, and gold made anew is the same",
    )

"""Makes a recording: two weeks of a small brokerage through the whole platform, and what is asked beside:
a simulation, maintenance, what a person looks at, what an orchestrator asks for.

The first week creates tables and reads the journal as a whole; from the second on tables are merged into and
the journal is read by day.

`PYTHONPATH=lib:tests python -m privileges.record` writes `recording.json` beside this file. With `--enforce`
each job has its role, and the emulator refuses what the role does not allow; without, nothing is refused, so
that a job that has learnt something new shows what its policy must learn.
"""

from __future__ import annotations

import collections
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from assay.local import job, names
from assay.local.aws import Aws
from assay.local.running import Stack
from assay.local.runs import SUCCEEDED
from assay.local.workflow import Workflow
from assay.spec import load_blueprint
from privileges.assumed import Assumed
from privileges.call import Call, call
from privileges.orchestrate import orchestrate
from privileges.stage import Platform, by_name, running

PRINCIPALS = ("ingest", "bronze", "silver", "gold", "calibrate", "maintain", "api", "airflow", "cli")
FILE = Path(__file__).with_name("recording.json")
COMMAND = "PYTHONPATH=lib:tests python -m privileges.record"
BLUEPRINT = Path(__file__).parents[1] / "data" / "blueprints" / "canaries.yaml"
WEEKS = (1, 2)
_ALONE = {
    "calibrate": ("--method", "welch", "--scenario", "normal:50:50/50", "--replicates", "100"),
    "maintain": ("--action", "maintain"),
}
"""Jobs that run by themselves: calibrate as the laboratory, and maintain."""
_MOST_SECONDS = 1_800.0
_NAMES = {key: key for key in PRINCIPALS}


def record(platform: Platform) -> None:
    """Do on a platform everything that is to be recorded.

    Raises:
        AssertionError: A run of the workflow, or of a job, failed.
    """
    blueprint = load_blueprint(BLUEPRINT)
    uri = _upload(platform.stack)
    with platform.acting("cli"):
        workflow = Workflow.load(exports=platform.stack.exports())
        for number in WEEKS:
            week = {"week": blueprint.week_start(number).isoformat(), "blueprint": uri}
            run = workflow.run(week, isolated=True, scripts=platform.script)
            assert run.succeeded, run.error
        for name, arguments in _ALONE.items():
            _alone(platform, name, arguments)
        _look(platform, run.run_id)
    orchestrate(platform)


def _upload(stack: Stack) -> str:
    """Put the blueprint where a deployment puts it; its URI."""
    key = f"blueprints/{BLUEPRINT.name}"
    Aws(stack.endpoint).s3.put_object(Bucket=names.ARTIFACTS, Key=key, Body=BLUEPRINT.read_bytes())
    return f"s3://{names.ARTIFACTS}/{key}"


def _alone(platform: Platform, name: str, arguments: Sequence[str]) -> None:
    """A job that nothing of the workflow starts."""
    launcher = job.Isolated()
    try:
        outcome = launcher.start(
            platform.script(f"s3://artifacts/jobs/{name}.py"),
            ["--JOB_NAME", f"assay-{name}", *arguments],
            seconds=_MOST_SECONDS,
            log=platform.folder / f"{name}.log",
        ).result()
    finally:
        launcher.stop()
    assert outcome.state == SUCCEEDED, outcome.error


def _look(platform: Platform, run_id: str) -> None:
    """What `assay run` shows at the end, and the routes of the API that no job asks."""
    import httpx

    from assay.cli import run

    blueprint = load_blueprint(BLUEPRINT)
    run.results(blueprint, blueprint.week_start(WEEKS[-1] + 1))
    run.written(run_id)
    for version, status in ((1, 200), (99, 404)):
        url = f"{platform.stack.parameters_url}/v1/parameters/{blueprint.name}/{version}"
        assert httpx.get(url).status_code == status


def calls(log: Path, principals: Mapping[str, str] = _NAMES) -> dict[Call, int]:
    """The kinds of calls in a log, with how often each was made.

    Args:
        log: As the recorder wrote it.
        principals: Access key → principal; calls with other keys set the stack up and are left out.

    Raises:
        AssertionError: A request could not be named.
    """
    found: collections.Counter[Call] = collections.Counter()
    unknown = set()
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        principal = principals.get(entry["key"])
        if principal is None:
            continue
        if "unknown" in entry:
            unknown.add(f"{principal}: {entry['unknown']}")
            continue
        context = {name: tuple(values) for name, values in entry["context"].items()}
        found[call(principal, entry["action"], entry["resource"], context)] += 1
    if unknown:
        raise AssertionError(f"requests without a name: {sorted(unknown)}")
    return dict(sorted(found.items()))


def save(recorded: Mapping[Call, int], file: Path, how: Mapping[str, str]) -> None:
    """Write a recording, one call a line.

    Args:
        recorded: Call → how often.
        file: Where to.
        how: By which command it was made, and on which day.
    """
    lines = [
        json.dumps([one.principal, one.action, one.resource, {key: list(v) for key, v in one.context}, count])
        for one, count in recorded.items()
    ]
    head = json.dumps({**how, "weeks": WEEKS})
    text = ",\n  ".join(lines)
    file.write_text(f'{{"how": {head},\n "calls": [\n  {text}\n ]}}\n', encoding="utf-8")


def load(file: Path = FILE) -> dict[Call, int]:
    """A recording, call → how often."""
    found = {}
    for principal, action, resource, context, count in json.loads(file.read_text("utf-8"))["calls"]:
        pairs = tuple((key, tuple(values)) for key, values in context.items())
        found[Call(principal, action, resource, pairs)] = count
    return found


def main(*options: str) -> None:
    """Make the recording, and write it.

    Args:
        options: `--enforce`, or nothing.
    """
    enforce = "--enforce" in options
    assumed = Assumed()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "calls.jsonl"
        with running(
            folder,
            log,
            identify=assumed if enforce else by_name,
            enforce=enforce,
            prepare=assumed.prepare if enforce else lambda _: None,
        ) as platform:
            record(platform)
        made = calls(log, assumed.keys if enforce else _NAMES)
    save(made, FILE, {"command": " ".join([COMMAND, *options]), "made": f"{datetime.now(UTC):%Y-%m-%d}"})
    sys.stdout.write(f"{len(made)} kinds of calls in {FILE}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The runner: chains, branches, retries, timeouts, limits, refusals, on small workflows that really run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from assay.errors import InputError, StackError, TerminalError
from assay.local import plan
from assay.local.execution import Event, Execution
from assay.local.history import History
from assay.local.job import InProcess
from assay.local.runs import WorkflowRun
from assay.local.state import Home
from assay.local.workflow import Workflow

SCRIPT = """
from __future__ import annotations
import json, os, time
from pathlib import Path
from assay.errors import TransientError
from assay.runtime.arguments import options

def main(argv: list[str]) -> None:
    given = options(argv)
    book = Path(given["book"])
    calls = book.read_text().splitlines() if book.exists() else []
    with book.open("a") as file:
        file.write(json.dumps(given | {"pid": os.getpid()}) + "\\n")
    before = sum(json.loads(call)["JOB_NAME"] == given["JOB_NAME"] for call in calls)
    time.sleep(float(given.get("sleep", 0)))
    while "until" in given and not Path(given["until"]).exists():
        time.sleep(0.02)
    if before < int(given.get("failures", 0)):
        raise TransientError(f"attempt {before} of {given['JOB_NAME']} failed")
    if given.get("interrupt"):
        raise KeyboardInterrupt
"""


class Machine:
    """A workflow over one script that writes its arguments into a book."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.book = folder / "book"
        self.home = Home(folder / "home")
        self.events: list[Event] = []
        (folder / "job.py").write_text(dedent(SCRIPT))
        properties = {
            "Name": "w",
            "MaxConcurrentRuns": 1,
            "DefaultRunProperties": {"a": "1", "b": "1"},
        }
        self.resources: dict[str, Any] = {"W": {"Type": "AWS::Glue::Workflow", "Properties": properties}}

    def job(self, name: str, arguments: dict[str, str] | None = None, **more: Any) -> None:
        given = {"--book": str(self.book), **(arguments or {})}
        command = {"Name": "glueetl", "ScriptLocation": "s3://b/jobs/job.py"}
        properties = {
            "Name": name,
            "GlueVersion": "5.1",
            "Command": command,
            "DefaultArguments": given,
            **more,
        }
        self.resources[f"Job{name}"] = {"Type": "AWS::Glue::Job", "Properties": properties}

    def held(self, name: str, arguments: dict[str, str] | None = None, **more: Any) -> Callable[[], None]:
        """A job that has begun goes on when what is returned was called, however slow the machine."""
        gate = self.folder / f"{name} may go on"
        self.job(name, {"--until": str(gate), **(arguments or {})}, **more)
        return gate.touch

    def start(self, *jobs: str) -> None:
        self._trigger("start", jobs, Type="ON_DEMAND")

    def when(self, watched: dict[str, str], *jobs: str, logical: str = "AND", **action: Any) -> None:
        conditions = [{"JobName": job, "State": state} for job, state in watched.items()]
        predicate = {"Logical": logical, "Conditions": conditions}
        kind = {"Type": "CONDITIONAL", "StartOnCreation": True, "Predicate": predicate}
        self._trigger(f"t{len(self.resources)}", jobs, action, **kind)

    def alone(
        self, name: str, job: str, schedule: str | None = None, arguments: dict[str, str] | None = None
    ) -> None:
        """A trigger of no workflow; on demand without a schedule."""
        kind = {"Type": "SCHEDULED", "Schedule": schedule, "StartOnCreation": True}
        kind = kind if schedule else {"Type": "ON_DEMAND"}
        self._trigger(name, [job], {"Arguments": arguments} if arguments else None, **kind)
        del self.resources[name]["Properties"]["WorkflowName"]

    def _trigger(
        self, name: str, jobs: Sequence[str], action: dict[str, Any] | None = None, **more: Any
    ) -> None:
        actions = [{"JobName": job, **(action or {})} for job in jobs]
        properties = {"Name": name, "WorkflowName": "w", "Actions": actions, **more}
        self.resources[name] = {"Type": "AWS::Glue::Trigger", "Properties": properties}

    def write(self) -> Path:
        file = self.folder / "stack.yaml"
        file.write_text(yaml.safe_dump({"Resources": self.resources}, sort_keys=False))
        return file

    def load(self) -> Workflow:
        return Workflow.load(self.write())

    def run(self, properties: dict[str, str] | None = None, **more: Any) -> WorkflowRun:
        options: dict[str, Any] = {
            "on_event": self.events.append,
            "scripts": lambda _: self.folder / "job.py",
            "state": self.home,
        }
        return self.load().run(properties, **{**options, **more})

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.book.read_text().splitlines()]

    @property
    def order(self) -> list[str]:
        return [call["JOB_NAME"] for call in self.calls]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return Machine(tmp_path)


def states(run: WorkflowRun) -> dict[str, str]:
    return {name: job.state for name, job in run.latest.items()}


def kinds(events: list[Event]) -> list[tuple[str, str | None, str | None]]:
    return [(event.kind, event.job, event.state) for event in events]


def test_a_chain_runs_in_order_with_glues_arguments(machine: Machine) -> None:
    machine.job("one", {"--x": "default", "--y": "default"}, NonOverridableArguments={"--z": "fixed"})
    machine.job("two", {"--x": "default", "--z": "default"})
    machine.start("one")
    machine.when({"one": "SUCCEEDED"}, "two", Arguments={"--x": "action"})
    run = machine.run()
    assert run.succeeded
    first, second = machine.calls
    assert (first["JOB_NAME"], first["x"], first["y"], first["z"]) == ("one", "default", "default", "fixed")
    assert (second["JOB_NAME"], second["x"], second["z"]) == ("two", "action", "default")
    assert {c["WORKFLOW_NAME"] for c in machine.calls} == {"w"}
    assert {c["WORKFLOW_RUN_ID"] for c in machine.calls} == {run.run_id}
    assert [c["JOB_RUN_ID"] for c in machine.calls] == [job.id for job in run.jobs]
    assert kinds(machine.events) == [
        ("workflow started", None, "RUNNING"),
        ("job started", "one", "RUNNING"),
        ("job ended", "one", "SUCCEEDED"),
        ("job started", "two", "RUNNING"),
        ("job ended", "two", "SUCCEEDED"),
        ("workflow ended", None, "COMPLETED"),
    ]
    assert run.statistics["SucceededActions"] == run.statistics["TotalActions"] == 2


def test_run_properties_replace_the_workflows_defaults(machine: Machine) -> None:
    machine.job("one")
    machine.start("one")
    run = machine.run({"b": "2", "c": "2"})
    assert run.properties == {"a": "1", "b": "2", "c": "2"}


def test_a_failed_job_stops_what_depends_on_it_and_the_run_says_so(machine: Machine) -> None:
    for name in ("one", "two", "three"):
        machine.job(name, {"--failures": "1"} if name == "one" else None)
    machine.start("one")
    machine.when({"one": "SUCCEEDED"}, "two")
    machine.when({"two": "SUCCEEDED"}, "three")
    run = machine.run()
    assert machine.order == ["one"]
    assert run.status == "COMPLETED"
    assert not run.succeeded
    assert run.error == "one FAILED: attempt 0 of one failed; not started because of it: two, three"
    assert run.statistics["FailedActions"] == 1
    missed = {event.job: event.error for event in machine.events if event.kind == "job not started"}
    assert missed == {
        "two": "it waits for one SUCCEEDED (it is FAILED)",
        "three": "it waits for two SUCCEEDED (it is not started)",
    }


def test_a_job_of_no_workflow_is_not_missed_in_a_run(machine: Machine) -> None:
    machine.job("one", {"--failures": "1"})
    machine.job("upkeep")
    machine.start("one")
    machine.alone("nightly", "upkeep", "cron(15 3 * * ? *)")
    run = machine.run()
    assert (run.error or "").startswith("one FAILED")
    assert "not started" not in (run.error or "")
    assert [event for event in machine.events if event.job == "upkeep"] == []


def test_a_failed_job_is_tried_again(machine: Machine) -> None:
    machine.job("one", {"--failures": "2"}, MaxRetries=2)
    machine.job("two")
    machine.start("one")
    machine.when({"one": "SUCCEEDED"}, "two")
    run = machine.run()
    assert run.succeeded
    assert machine.order == ["one", "one", "one", "two"]
    assert [(job.attempt, job.state) for job in run.jobs] == [
        (0, "FAILED"), (1, "FAILED"), (2, "SUCCEEDED"), (0, "SUCCEEDED"),
    ]  # fmt: skip
    assert [e.retrying for e in machine.events if e.kind == "job ended"] == [True, True, False, False]


def test_retries_end(machine: Machine) -> None:
    machine.job("one", {"--failures": "9"}, MaxRetries=1)
    machine.start("one")
    run = machine.run()
    assert run.error == "one FAILED: attempt 1 of one failed"
    assert len(run.jobs) == 2


def test_a_diamond_waits_for_both_sides(machine: Machine) -> None:
    for name in ("top", "left", "right", "bottom"):
        machine.job(name)
    machine.start("top")
    machine.when({"top": "SUCCEEDED"}, "left", "right")
    machine.when({"left": "SUCCEEDED", "right": "SUCCEEDED"}, "bottom")
    assert machine.run().succeeded
    assert machine.order == ["top", "left", "right", "bottom"]


def test_any_fires_once(machine: Machine) -> None:
    for name in ("left", "right", "after"):
        machine.job(name)
    machine.start("left", "right")
    machine.when({"left": "SUCCEEDED", "right": "SUCCEEDED"}, "after", logical="ANY")
    assert machine.run().succeeded
    assert sorted(machine.order) == ["after", "left", "right"]


def test_a_failure_can_be_watched(machine: Machine) -> None:
    machine.job("one", {"--failures": "1"})
    machine.job("repair")
    machine.job("go on")
    machine.start("one")
    machine.when({"one": "FAILED"}, "repair")
    machine.when({"one": "SUCCEEDED"}, "go on")
    run = machine.run()
    assert states(run) == {"one": "FAILED", "repair": "SUCCEEDED"}
    assert run.error == "one FAILED: attempt 0 of one failed; not started because of it: go on"


def test_a_branch_for_failures_is_not_missed_when_all_is_well(machine: Machine) -> None:
    machine.job("one")
    machine.job("repair")
    machine.start("one")
    machine.when({"one": "FAILED"}, "repair")
    assert machine.run().succeeded
    assert machine.order == ["one"]


@pytest.mark.parametrize("isolated", [False, True])
def test_a_timeout_of_the_action_wins_and_is_watched(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, isolated: bool
) -> None:
    monkeypatch.setattr("assay.local.execution._MINUTE", 0.3)
    machine.job("one")
    machine.job("slow", {"--sleep": "30"}, Timeout=999, MaxRetries=1)
    machine.job("late")
    machine.resources["Jobone"]["Properties"]["Timeout"] = 200
    machine.resources["Joblate"]["Properties"]["Timeout"] = 200
    machine.start("one")
    machine.when({"one": "SUCCEEDED"}, "slow", Timeout=1)
    machine.when({"slow": "TIMEOUT"}, "late")
    run = machine.run(isolated=isolated)
    assert states(run) == {"one": "SUCCEEDED", "slow": "TIMEOUT", "late": "SUCCEEDED"}
    assert run.statistics["TimeoutActions"] == 1
    assert "slow TIMEOUT: stopped: it exceeded its timeout" in (run.error or "")


def test_a_single_run_has_its_own_timeout_and_fires_no_trigger(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.local.execution._MINUTE", 0.3)
    machine.job("one", {"--sleep": "30"}, Timeout=999)
    machine.job("late")
    machine.start("one")
    machine.when({"one": "TIMEOUT"}, "late")
    definition = machine.load().definition
    with History(machine.home.workflow) as history:
        run_id = history.admit("one", 1, queue=False, request={"Timeout": 1})
        Execution(
            definition,
            None,
            history,
            plan=plan.single(history.job_run(run_id)),
            launcher=InProcess(),
            scripts={"one": machine.folder / "job.py"},
            logs=machine.home.logs,
            on_event=machine.events.append,
        ).run()
        run = history.job_run(run_id)
    assert (run.state, run.error) == ("TIMEOUT", "stopped: it exceeded its timeout of 0.005 minutes")
    assert machine.order == ["one"]
    assert kinds(machine.events)[-1] == ("job ended", "one", "TIMEOUT")


def test_isolated_jobs_have_processes_of_their_own(machine: Machine) -> None:
    for name in ("one", "two"):
        machine.job(name)
    machine.start("one")
    machine.when({"one": "SUCCEEDED"}, "two")
    assert machine.run(isolated=True).succeeded
    assert len({call["pid"] for call in machine.calls}) == 2


def test_more_runs_of_a_job_than_allowed_are_an_error(machine: Machine) -> None:
    machine.job("one", {"--sleep": "1"})
    machine.start("one", "one")
    run = machine.run(isolated=True)
    assert sorted(job.state for job in run.jobs) == ["ERROR", "SUCCEEDED"]
    assert "ConcurrentRunsExceeded: one may run 1 times at once" in (run.error or "")


def test_allowed_runs_of_a_job_run_together(machine: Machine) -> None:
    machine.job("one", {"--sleep": "0.5"}, ExecutionProperty={"MaxConcurrentRuns": 2})
    machine.start("one", "one")
    run = machine.run(isolated=True)
    assert [job.state for job in run.jobs] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_workflow_runs_once_at_a_time(machine: Machine) -> None:
    machine.job("one")
    machine.start("one")
    with History(machine.home.workflow) as history:
        history.start("w", {}, 1)
        with pytest.raises(TerminalError, match="workflow w may have 1 runs at once"):
            machine.run()
    assert not machine.book.exists()


def test_an_interrupted_run_is_stopped_and_can_be_run_again(machine: Machine) -> None:
    machine.job("one", {"--interrupt": "now"})
    machine.start("one")
    with pytest.raises(KeyboardInterrupt):
        machine.run()
    with History(machine.home.workflow) as history:
        (stopped,) = history.runs()
    assert (stopped.status, stopped.error) == ("STOPPED", "interrupted by KeyboardInterrupt")
    assert states(stopped) == {"one": "STOPPED"}
    machine.job("one")
    assert machine.run().succeeded


@pytest.mark.parametrize("isolated", [False, True])
def test_a_display_that_fails_stops_the_run(machine: Machine, isolated: bool) -> None:
    machine.job("one", {"--sleep": "0.2"})
    machine.start("one")

    def broken(event: Event) -> None:
        if event.kind == "job started":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        machine.run(isolated=isolated, on_event=broken)
    with History(machine.home.workflow) as history:
        assert history.runs()[0].status == "STOPPED"
        assert history.running("one") == 0


# --- refusals before anything runs -----------------------------------------------------------------------


def test_without_an_endpoint_nothing_starts(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    machine.job("one")
    machine.start("one")
    with pytest.raises(StackError, match=r"AWS_ENDPOINT_URL is not set, .* `assay up`"):
        machine.run()
    assert not machine.home.workflow.exists()


def test_a_missing_script_is_found_before_the_first_job(machine: Machine) -> None:
    machine.job("one")
    machine.start("one")
    machine.resources["Jobone"]["Properties"]["Command"]["ScriptLocation"] = "s3://b/jobs/none.py"
    with pytest.raises(InputError, match=r"there is no file 'jobs/none.py'"):
        machine.load().run(state=machine.home)
    with History(machine.home.workflow) as history:
        assert history.runs() == []


def test_a_property_that_is_no_text_is_refused(machine: Machine) -> None:
    machine.job("one")
    machine.start("one")
    with pytest.raises(InputError, match="run property weeks is 8; Glue takes texts only"):
        machine.run({"weeks": 8})  # type: ignore[dict-item]


def test_the_stacks_folder_is_the_default(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "elsewhere"))
    machine.job("one")
    machine.start("one")
    quiet: Callable[[Event], None] | None = None
    assert machine.run(state=None, on_event=quiet).succeeded
    assert (tmp_path / "elsewhere" / "workflow" / "history.db").exists()

"""The process that executes one recorded run: `python -m assay.local.glue.runner --home FOLDER RUN_ID`.

It is a process group of its own, with the JVM that its jobs start, and depends on nobody: the run goes on
when the endpoint that started it is restarted. Told to end (SIGTERM), it records its run as STOPPED; when a
run that shall stop does not, the group is killed.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import psutil

from assay.errors import AssayError
from assay.local import plan, workflow
from assay.local.execution import Event, Execution
from assay.local.glue.setup import Setup
from assay.local.history import History, is_stopping
from assay.local.job import InProcess
from assay.local.runs import ERROR, FAILED
from assay.local.state import Home

GRACE_SECONDS = 8.0
"""How long a run that shall stop may take until it is killed."""
_JVM_SECONDS = 3.0
"""How long the JVM may take to remove its scratch files."""
_LOOK_SECONDS = 0.5
_WORKFLOW_RUN = "wr_"
_logger = logging.getLogger("assay.local.glue.runner")


class _EndedError(BaseException):
    """This process was told to end."""


def main(argv: Sequence[str] | None = None) -> None:
    """Execute a run to its end.

    Args:
        argv: `--home FOLDER [--template FILE ...] [--scripts FOLDER] RUN_ID`; the process's own by default.

    Raises:
        StackError: `AWS_ENDPOINT_URL` is not set.
    """
    workflow.require_endpoint()
    arguments = _parse(argv)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("assay").setLevel(logging.INFO)
    setup = Setup(Home(arguments.home), tuple(arguments.template), arguments.scripts)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_guard, args=(setup.home.workflow, arguments.run_id), daemon=True).start()
    with History(setup.home.workflow) as history:
        try:
            execution = _execution(setup, history, arguments.run_id)
        except AssayError as error:
            _refuse(history, arguments.run_id, error.message)
            raise
        with contextlib.suppress(_EndedError):
            execution.run()
    _end_children()


def _execution(setup: Setup, history: History, run_id: str) -> Execution:
    definition = setup.installed().definition
    if run_id.startswith(_WORKFLOW_RUN):
        whole, jobs = plan.resumed(definition, history.run(run_id)), set(definition.jobs)
    else:
        run = history.job_run(run_id)
        whole, jobs = plan.single(run), {run.job}
    return Execution(
        definition,
        run_id if run_id.startswith(_WORKFLOW_RUN) else None,
        history,
        plan=whole,
        launcher=InProcess(),
        scripts={name: setup.script(job.script) for name, job in definition.all_jobs.items() if name in jobs},
        logs=setup.home.logs,
        on_event=_log,
    )


def _refuse(history: History, run_id: str, error: str) -> None:
    """Record a run that cannot be executed at all."""
    if run_id.startswith(_WORKFLOW_RUN):
        history.end(run_id, ERROR, error)
    else:
        history.end_job(run_id, FAILED, 0.0, error)


def _guard(folder: Path, run_id: str) -> None:
    """Kill this process group when its run shall stop and does not."""
    asked: float | None = None
    while True:
        time.sleep(_LOOK_SECONDS)
        asked = (asked or time.monotonic()) if is_stopping(folder, run_id) else None
        if asked is not None and time.monotonic() - asked > GRACE_SECONDS:
            os.killpg(0, signal.SIGKILL)


def _end_children() -> None:
    """End the JVM: one that is only starting would not notice for a while that its Python is gone."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    _, stubborn = psutil.wait_procs(children, timeout=_JVM_SECONDS)
    for child in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _end(_: int, __: FrameType | None) -> None:
    raise _EndedError


def _log(event: Event) -> None:
    _logger.info("%s %s %s %s", event.kind, event.job or event.run_id, event.state or "", event.error or "")


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assay.local.glue.runner")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--template", type=Path, action="append", default=[])
    parser.add_argument("--scripts", type=Path)
    parser.add_argument("run_id")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()

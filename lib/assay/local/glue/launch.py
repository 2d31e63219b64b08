"""Starts the process that executes a recorded run, and lets the run belong to it."""

from __future__ import annotations

from assay.local import process
from assay.local.glue.setup import Setup
from assay.local.history import History

_RUNNER = "assay.local.glue.runner"


def launch(setup: Setup, history: History, run_id: str) -> None:
    """Execute a run in a process of its own, which outlives this one.

    Args:
        setup: What it works on.
        history: Has recorded the run's start.
        run_id: Of a workflow or a job.
    """
    runner = process.launch(
        setup.command(_RUNNER, run_id),
        env=process.kept_environment() | setup.stack.environment(),
        log=setup.home.logs / f"runner_{run_id}.log",
        cwd=setup.home.root,
    )
    history.hand_over(run_id, runner)

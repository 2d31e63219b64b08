"""A local stack of a bench's own, in a folder that is deleted at the end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.local import stack, state
from assay.local.running import Stack


@contextlib.contextmanager
def stack_here() -> Iterator[Stack]:
    """A running stack, which this process and those that it starts use."""
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ[state.HOME_VARIABLE] = str(Path(folder) / ".assay")
        try:
            running = stack.up()
            os.environ.update(running.environment())
            yield running
        finally:
            stack.reset()
            os.environ.clear()
            os.environ.update(kept)


def run_weeks(blueprint: Path, weeks: int) -> list[dict[str, Any]]:
    """Run the next weeks of a blueprint as a user does; what `assay run --json` says of each.

    Raises:
        SystemExit: It failed.
    """
    command = [sys.executable, "-m", "assay.cli", "run", "-b", str(blueprint), "-n", str(weeks), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"`assay run` ended with {done.returncode}")
    found: list[dict[str, Any]] = json.loads(done.stdout)["weeks"]
    return found

"""The local stack with everybody under a name of his own, so that a recording tells who called.

The emulator takes any credentials; the access key of a job is its role's name. Jobs get it from a script
around theirs, the API and the capture when they are started.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from assay.local import job, stack, starters
from assay.local.process import Record
from assay.local.running import Stack
from privileges.recorder import LOG_VARIABLE

TESTS = str(Path(__file__).parents[1])
Credentials = Mapping[str, str]
"""The environment variables that hold them."""
Identify = Callable[[str], Credentials]
"""Principal → credentials."""

_AROUND = """\
import os
from pathlib import Path
from assay.local import job

def main(argv):
    os.environ.update({credentials!r})
    job.load(Path({script!r}))(argv)
"""


def by_name(principal: str) -> Credentials:
    """Credentials that say who calls, and nothing else."""
    return {"AWS_ACCESS_KEY_ID": principal, "AWS_SECRET_ACCESS_KEY": "none"}


@dataclass(frozen=True, slots=True)
class Platform:
    """The local stack of a recording.

    Attributes:
        stack: It runs.
        identify: Principal → credentials.
        folder: For scripts.
    """

    stack: Stack
    identify: Identify
    folder: Path

    def script(self, location: str) -> Path:
        """A script that runs the job of a `ScriptLocation` under the job's own credentials."""
        real = job.shipped(location)
        around = self.folder / f"as_{real.stem}.py"  # another name than the job's: both become modules
        credentials = dict(self.identify(real.stem))
        around.write_text(_AROUND.format(credentials=credentials, script=str(real)), encoding="utf-8")
        return around

    @contextlib.contextmanager
    def acting(self, principal: str) -> Iterator[None]:
        """This process calls as somebody."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (self.stack.environment() | dict(self.identify(principal))).items():
                patch.setenv(name, value)
            yield


@contextlib.contextmanager
def running(
    folder: Path,
    log: Path,
    *,
    identify: Identify = by_name,
    enforce: bool = False,
    prepare: Callable[[Stack], None] = lambda _: None,
) -> Iterator[Platform]:
    """Start a local stack of its own that records; stop and delete it at the end.

    Args:
        folder: An empty folder.
        log: File of the recording.
        identify: Principal → credentials.
        enforce: Whether the emulator refuses what policies do not allow.
        prepare: Is called when the emulator is set up, before the API and the capture start.
    """
    start, set_up = starters._python, starters.set_up

    def recorded(stack: Stack, name: str, module: list[str], environment: Mapping[str, str]) -> Record:
        paths = os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")])
        environment = {**environment, "PYTHONPATH": paths, LOG_VARIABLE: str(log)}
        if name == "emulator":
            environment["AUTH"] = str(enforce).lower()
            module = ["privileges.emulator", str(log), *module[1:]]
        else:
            environment |= identify(name)
        module = [{"assay.serving.api.app:app": "privileges.api:app"}.get(word, word) for word in module]
        return start(stack, name, module, environment)

    def set_up_and_prepare(stack: Stack, *, mend: bool) -> None:
        set_up(stack, mend=mend)
        prepare(stack)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(folder / ".assay"))
        patch.setattr(starters, "_python", recorded)
        patch.setattr(starters, "set_up", set_up_and_prepare)
        try:
            yield Platform(stack.up(), identify, folder)
        finally:
            stack.reset()

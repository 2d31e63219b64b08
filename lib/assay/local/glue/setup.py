"""What the local Glue works on: the stack's folder, the templates, the scripts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay import configs, stacks
from assay.local import job
from assay.local.glue import shapes
from assay.local.glue.shapes import Document
from assay.local.running import Stack
from assay.local.state import Home
from assay.stacks import chain, definition
from assay.stacks.definition import Definition
from assay.stacks.template import Template


@dataclass(frozen=True, slots=True)
class Installed:
    """What the templates install.

    Attributes:
        definition: The workflow, as it is run.
        workflow: The workflow, in Glue's shape `Workflow`.
        jobs: Name → job, in Glue's shape `Job`.
        triggers: Name → trigger, in Glue's shape `Trigger` but without its state.
    """

    definition: Definition
    workflow: Document
    jobs: Mapping[str, Document]
    triggers: Mapping[str, Document]


@dataclass(slots=True)
class Setup:
    """Where the local Glue finds everything.

    Attributes:
        home: The stack's folder.
        templates: The templates of jobs and workflow, in order; the shipped ones when empty.
        scripts: A folder that holds the jobs' scripts by their file names; the shipped ones when None.
    """

    home: Home
    templates: tuple[Path, ...] = ()
    scripts: Path | None = None
    _kept: tuple[object, Installed] | None = field(default=None, repr=False)

    @property
    def stack(self) -> Stack:
        """The running stack."""
        return Stack(self.home, self.home.read()["ports"])

    def installed(self) -> Installed:
        """What the templates install now; read anew only when they, or what the stack exports, changed.

        Raises:
            InputError: A template is wrong.
        """
        paths = self.templates or tuple(map(configs.path, stacks.RUN))
        exports = self.stack.exports()
        version = ([path.stat().st_mtime_ns for path in paths], exports)
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, _installed(chain.read(paths, exports=exports)))
        return self._kept[1]

    def script(self, location: str) -> Path:
        """The file of a job's `ScriptLocation`.

        Raises:
            InputError: No such script is shipped.
        """
        return job.shipped(location) if self.scripts is None else self.scripts / location.rpartition("/")[2]

    def command(self, module: str, *arguments: str) -> list[str]:
        """A command line for a process that works on the same.

        Args:
            module: A Python module that reads its command line by `parse`.
            arguments: What follows.
        """
        templates = [token for path in self.templates for token in ("--template", str(path))]
        scripts = [] if self.scripts is None else ["--scripts", str(self.scripts)]
        return [sys.executable, "-m", module, "--home", str(self.home.root), *templates, *scripts, *arguments]


def _installed(templates: Sequence[Template]) -> Installed:
    found = definition.read(*templates)
    (workflow,) = _documents(templates, "Workflow")
    return Installed(
        definition=found,
        workflow=workflow,
        jobs={document["Name"]: document for document in _documents(templates, "Job")},
        triggers={document["Name"]: document for document in _documents(templates, "Trigger")},
    )


def _documents(templates: Sequence[Template], kind: str) -> list[dict[str, Any]]:
    return [
        shapes.view(kind, resource.properties)
        for template in templates
        for resource in template.resources(f"AWS::Glue::{kind}")
    ]

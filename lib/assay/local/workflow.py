"""The local runner of a Glue workflow: reads the CloudFormation templates and runs what they define.

workflow = Workflow.load(exports=stack.up().exports())
run = workflow.run({"week": "2026-01-05"}, on_event=print)
if not run.succeeded: print(run.error)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay import configs, stacks
from assay.errors import InputError, StackError
from assay.local import job
from assay.local.execution import Event, Execution
from assay.local.history import History, WorkflowRun
from assay.local.state import Home, home
from assay.stacks import chain, definition
from assay.stacks.definition import Definition

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that this machine can run.

    Attributes:
        definition: What the templates define.
    """

    definition: Definition

    @classmethod
    def load(
        cls,
        *templates: Path,
        parameters: Mapping[str, str] | None = None,
        exports: Mapping[str, str] | None = None,
    ) -> Workflow:
        """Read a workflow from its templates.

        Args:
            templates: CloudFormation templates, in the order of deployment; none for the shipped ones.
            parameters: Parameter → value; each template takes those that it declares.
            exports: What the stacks below export; `Stack.exports` of a running local stack.

        Raises:
            InputError: A template is wrong, or they define no workflow that can run to its end.
        """
        paths = templates or tuple(map(configs.path, stacks.RUN))
        return cls(definition.read(*chain.read(paths, parameters, exports=exports)))

    def run(
        self,
        properties: Mapping[str, str] | None = None,
        *,
        isolated: bool = False,
        on_event: Callable[[Event], None] | None = None,
        scripts: Callable[[str], Path] = job.shipped,
        state: Home | None = None,
    ) -> WorkflowRun:
        """Run the workflow once, through its start trigger, to its end.

        Args:
            properties: Run properties; they replace the workflow's defaults of the same name.
            isolated: A process per job instead of one process and one Spark session for all.
            on_event: Is told what happens, for a progress display.
            scripts: `ScriptLocation` → file.
            state: Where history and logs are kept; the stack's folder when None.

        Returns:
            The run; that a job failed is in its `error`, not raised.

        Raises:
            StackError: `AWS_ENDPOINT_URL` is not set: jobs would talk to the real AWS.
            InputError: A script is missing, or a property is no text.
            TerminalError: As many runs as `MaxConcurrentRuns` allows are under way.
        """
        _require_endpoint()
        place = home() if state is None else state
        merged = {**self.definition.properties, **_texts(properties or {})}
        files = {name: scripts(each.script) for name, each in self.definition.jobs.items()}
        with History(place.workflow) as history:
            run_id = history.start(self.definition.name, merged, self.definition.max_concurrent_runs)
            Execution(
                self.definition,
                run_id,
                history,
                launcher=job.Isolated() if isolated else job.InProcess(),
                scripts=files,
                logs=place.logs,
                on_event=on_event or (lambda _: None),
            ).run()
            return history.run(run_id)


def _texts(properties: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in properties.items():
        if not isinstance(value, str):
            raise InputError(f"run property {name} is {value!r}; Glue takes texts only")
    return properties


def _require_endpoint() -> None:
    if not os.environ.get(ENDPOINT_VARIABLE):
        raise StackError(
            f"{ENDPOINT_VARIABLE} is not set, so the jobs would talk to the real AWS; "
            "start the local stack with `assay up`"
        )

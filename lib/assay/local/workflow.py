"""The local runner of a Glue workflow: reads the CloudFormation template and runs what it defines.

workflow = Workflow.load(configs.path("glue_configs/stacks/workflow.yaml"), {"ParametersUrl": url})
run = workflow.run({"week": "2026-01-05"}, on_event=print)
if not run.succeeded: print(run.error)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay import configs
from assay.errors import InputError, StackError
from assay.local import job, plan
from assay.local.execution import Event, Execution
from assay.local.history import History
from assay.local.runs import WorkflowRun
from assay.local.state import Home, home
from assay.stacks import definition, template_yaml
from assay.stacks.definition import Definition
from assay.stacks.template import ACCOUNT, Template

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
TEMPLATE = "glue_configs/stacks/workflow.yaml"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that this machine can run.

    Attributes:
        definition: What the template defines.
    """

    definition: Definition

    @classmethod
    def load(cls, template: Path | None = None, parameters: Mapping[str, str] | None = None) -> Workflow:
        """Read a workflow from its template.

        Args:
            template: A CloudFormation template; the shipped one when None.
            parameters: Parameter → value; a role that is left out gets the name of one that nobody assumes.

        Raises:
            InputError: The template is wrong, or defines no workflow that can run to its end.
        """
        path = configs.path(TEMPLATE) if template is None else template
        values = {**_roles(path), **(parameters or {})}
        return cls(definition.read(Template(path, values)))

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
            TooManyRunsError: As many runs as `MaxConcurrentRuns` allows are under way.
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
                plan=plan.whole(self.definition),
                launcher=job.Isolated() if isolated else job.InProcess(),
                scripts=files,
                logs=place.logs,
                on_event=on_event or (lambda _: None),
            ).run()
            return history.run(run_id)


def _roles(path: Path) -> dict[str, str]:
    """Roles for the parameters that ask for one: no role is assumed on one machine."""
    declared = template_yaml.read(path).get("Parameters", {})
    return {
        name: f"arn:aws:iam::{ACCOUNT}:role/local"
        for name, body in declared.items()
        if name.endswith("RoleArn") and "Default" not in body
    }


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

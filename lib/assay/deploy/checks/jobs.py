"""The workflow and its jobs: they run in order, and each script takes what its job passes."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from assay import configs
from assay.deploy.checks.registry import Finding, resources, whole
from assay.deploy.offline import Deployment, Resource
from assay.errors import InputError, did_you_mean
from assay.runtime import arguments
from assay.serving.api import package
from assay.stacks import definition
from assay.stacks.triggers import START_KINDS

GLUE_VERSION = "5.1"
RESERVED = frozenset({"--JOB_NAME", "--JOB_RUN_ID", "--JOB_ID", "--WORKFLOW_NAME", "--WORKFLOW_RUN_ID",
                      "--debug", "--mode", "--endpoint"})  # fmt: skip
"""Options that Glue gives itself; a job that sets them is refused or confused."""
GLUE_OPTIONS = frozenset(
    {
        "--TempDir",
        "--additional-python-modules",
        "--conf",
        "--continuous-log-logGroup",
        "--continuous-log-logStreamPrefix",
        "--custom-logGroup-prefix",
        "--custom-logStream-prefix",
        "--datalake-formats",
        "--enable-auto-scaling",
        "--enable-continuous-cloudwatch-log",
        "--enable-continuous-log-filter",
        "--enable-glue-datacatalog",
        "--enable-observability-metrics",
        "--enable-spark-ui",
        "--executor-cores",
        "--extra-files",
        "--extra-jars",
        "--extra-py-files",
        "--job-bookmark-option",
        "--python-modules-installer-option",
        "--spark-event-logs-path",
    }
)
"""Options that Glue takes from a job. `--enable-metrics` is not among them: any value, `false` too, turns
it on.

References:
    AWS Glue developer guide, "Using job parameters in AWS Glue jobs".
"""


@whole("workflow", "jobs run in order, none unknown, circular or orphaned", "jobs and triggers")
def workflow(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """The same reading as the local runner's, with a start on demand and with a schedule."""
    count = sum(1 for _ in deployment.resources("AWS::Glue::Job", "AWS::Glue::Trigger"))
    return count, _workflow(deployment)


@resources("jobs pinned", "every job is pinned, bounded and encrypted", "AWS::Glue::Job", things="jobs")
def job_pinned(job: Resource) -> Iterator[str]:
    """Without a version Glue takes its newest; without a bound a run may go on for eight hours."""
    found = job.properties
    if found.get("GlueVersion") != GLUE_VERSION:
        yield f"has GlueVersion {found.get('GlueVersion')!r}; set {GLUE_VERSION!r}, with which it was tested"
    if not found.get("SecurityConfiguration"):
        yield "writes logs and shuffle data unencrypted; set SecurityConfiguration"
    if "Timeout" not in found:
        yield "has no Timeout; derive it from what a run may cost"
    if found.get("ExecutionProperty", {}).get("MaxConcurrentRuns") != 1:
        yield "may run twice at once; set ExecutionProperty MaxConcurrentRuns: 1"


@resources(
    "functions pinned", "every function runs where its wheels do", "AWS::Lambda::Function", things="functions"
)
def function_pinned(function: Resource) -> Iterator[str]:
    """The archives carry modules for one Python on one architecture."""
    if function.properties.get("Runtime") != package.RUNTIME:
        yield f"has Runtime {function.properties.get('Runtime')!r}; its archive is for {package.RUNTIME}"
    if function.properties.get("Architectures", ["x86_64"]) != ["x86_64"]:
        yield "runs on another architecture than its wheels; set Architectures: [x86_64]"


@resources(
    "arguments", "every script takes the arguments that its job passes", "AWS::Glue::Job", things="jobs"
)
def job_arguments(job: Resource) -> Iterator[str]:
    """Imports the script, which does nothing then, and parses the command line that a run would have."""
    given = job.properties.get("DefaultArguments", {}) | job.properties.get("NonOverridableArguments", {})
    script = str(job.properties.get("Command", {}).get("ScriptLocation", ""))
    name = script.rsplit("/", 1)[-1]
    path = configs.path(f"jobs/{name}")
    if not path.is_file():
        yield f"runs {name or 'nothing'}, which is not in jobs/"
        return
    taken = declared(path)
    options = {f"--{field.metadata.get('option', field.name)}" for field in dataclasses.fields(taken)}
    for option in given:
        if option in RESERVED:
            yield f"sets {option}, which Glue gives itself; remove it"
        elif option not in options | GLUE_OPTIONS:
            hint = did_you_mean(option, options)
            yield f"passes {option}, which neither {name} nor Glue takes; {hint}"
    yield from _refused(name, taken, given)


def declared(path: Path) -> type[Any]:
    """The dataclass of arguments that a job script declares; that of every job when it has none of its own.

    Args:
        path: The script; it is imported, which runs nothing.
    """
    module = _load(path)
    own = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, arguments.JobArguments)
        and each.__module__ == module.__name__
    ]
    return own[0] if own else arguments.JobArguments


def _refused(name: str, taken: type[Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Why a run would not start: a value of the wrong type, or nothing for what a script insists on."""
    glue = {"--JOB_NAME": "job", "--WORKFLOW_NAME": "workflow", "--WORKFLOW_RUN_ID": "wr_0"}
    line = [f"{option}={value}" for option, value in {**given, **glue}.items()]
    # What a run of the workflow is told; see the run properties of the workflow's template.
    told = {"blueprint": "s3://bucket/blueprint.yaml", "week": "2026-01-05"}
    try:
        arguments.parse(taken, line, properties=lambda _workflow, _run: told)
    except InputError as error:
        yield f"{name} would not start: {error.message}"


def _workflow(deployment: Deployment) -> Iterator[Finding]:
    """What a reading with each kind of start finds; each thing once."""
    if next(deployment.resources("AWS::Glue::Workflow"), None) is None:
        return
    sentences: set[str] = set()
    for start in START_KINDS:
        try:
            definition.read(*(planned.template.with_start(start) for planned in deployment.planned))
        except InputError as error:
            sentences.add(error.message)
    for sentence in sorted(sentences):
        yield Finding("workflow", "workflow", sentence)


@lru_cache(maxsize=16)
def _load(path: Path) -> ModuleType:
    name = f"assay_job_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python script")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its annotations are resolved there
    spec.loader.exec_module(module)
    return module

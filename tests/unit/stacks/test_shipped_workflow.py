"""The shipped workflow template: what is deployed is what runs here, within its dollar caps and pins."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from assay import configs
from assay.errors import InputError
from assay.local.workflow import TEMPLATE, Workflow
from assay.runtime import cost
from assay.stacks import definition
from assay.stacks.template import Resource, Template

PARAMETERS = {"ParametersUrl": "http://127.0.0.1:1"} | {
    f"{job}RoleArn": f"arn:aws:iam::000000000000:role/assay-{job.lower()}"
    for job in ("Ingest", "Bronze", "Silver", "Gold", "Calibrate")
}
JOBS = ["assay-ingest", "assay-bronze", "assay-silver", "assay-gold", "assay-calibrate"]
ROOT = Path(__file__).parents[3]


def template(**more: str) -> Template:
    return Template(configs.path(TEMPLATE), PARAMETERS | more)


def jobs() -> tuple[Resource, ...]:
    return template().resources("AWS::Glue::Job")


def test_the_five_jobs_run_in_order() -> None:
    found = Workflow.load(parameters={"ParametersUrl": "http://127.0.0.1:1"}).definition
    assert list(found.jobs) == JOBS
    order = [action.job for action in found.start.actions]
    while True:
        following = [t for t in found.triggers if t.holds({order[-1]: "SUCCEEDED"})]
        if not following:
            break
        order += [action.job for trigger in following for action in trigger.actions]
    assert order == JOBS
    assert found.max_concurrent_runs == 1


def test_the_start_is_chosen_by_a_parameter() -> None:
    assert definition.read(template()).start.kind == "ON_DEMAND"
    scheduled = definition.read(template(Start="SCHEDULED")).start
    assert scheduled.kind == "SCHEDULED"
    assert scheduled.schedule is not None
    assert scheduled.schedule.expression == "cron(15 3 ? * MON *)"
    with pytest.raises(InputError, match="trigger assay-weekly: schedule is 'cron"):
        definition.read(template(Start="SCHEDULED", Schedule="cron(15 3 * * MON *)"))


@pytest.mark.parametrize("job", jobs(), ids=lambda job: job.logical_id)
def test_a_timeout_is_what_its_dollar_cap_pays_for(job: Resource) -> None:
    properties = job.properties
    minutes = cost.timeout_minutes(
        job.metadata["Assay"]["DollarCap"],
        worker_type=properties["WorkerType"],
        workers=properties["NumberOfWorkers"],
        execution_class=properties["ExecutionClass"],
    )
    assert properties["Timeout"] == minutes


@pytest.mark.parametrize("kind", ["Job", "Trigger", "Workflow"])
def test_properties_are_what_the_service_takes(kind: str) -> None:
    shape = (
        botocore.session.get_session().get_service_model("glue").operation_model(f"Create{kind}").input_shape
    )
    assert shape is not None
    for start in ("ON_DEMAND", "SCHEDULED"):
        more = {"SecurityConfiguration": "s", "DatabaseConnection": "c"} if start == "SCHEDULED" else {}
        for resource in template(Start=start, **more).resources(f"AWS::Glue::{kind}"):
            report = ParamValidator().validate(dict(resource.properties), shape)
            assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("job", jobs(), ids=lambda job: job.logical_id)
def test_every_job_is_pinned_and_bounded(job: Resource) -> None:
    properties = job.properties
    assert properties["GlueVersion"] == "5.1"
    assert properties["Command"]["Name"] == "glueetl"
    assert properties["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert properties["Role"].endswith(properties["Name"])
    assert configs.path(properties["Command"]["ScriptLocation"].split("/", 3)[3]).parent.name == "jobs"
    arguments = properties["DefaultArguments"]
    assert arguments["--datalake-formats"] == "iceberg"
    # Any value switches metrics on, "false" too; and a run property must be able to choose the week.
    assert not {"--enable-metrics", "--week", "--blueprint", "--JOB_NAME"} & arguments.keys()


def test_spark_is_configured_by_one_string() -> None:
    for job in jobs():
        first, *rest = job.properties["DefaultArguments"]["--conf"].split(" --conf ")
        settings = dict(pair.split("=", 1) for pair in (first, *rest))
        assert settings["spark.sql.catalog.glue_catalog.warehouse"] == "s3://assay-lake/warehouse/"
        assert settings["spark.hadoop.fs.s3a.endpoint.region"] == "eu-west-1"
        assert settings["spark.sql.session.timeZone"] == "UTC"
        assert " " not in "".join(settings.values())


def test_modules_are_the_locked_ones_and_complete() -> None:
    lock = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    glue_ships = {"numpy", "pandas", "pyarrow", "boto3"}
    project = (ROOT / "pyproject.toml").read_text()
    block = project.split("dependencies = [", 1)[1].split("]\n", 1)[0]
    needed = set(re.findall(r'^ *"([a-z0-9-]+)', block, re.MULTILINE)) - glue_ships
    for job in jobs():
        wheel, *pins = job.properties["DefaultArguments"]["--additional-python-modules"].split(",")
        assert re.fullmatch(r"s3://assay-artifacts/lib/assay-[\d.]+-py3-none-any\.whl", wheel)
        versions = {re.sub(r"\[.*\]", "", name): version for name, version in (p.split("==") for p in pins)}
        assert versions.keys() == needed
        assert versions == {name: lock[name] for name in versions}


def test_the_blueprint_of_unnamed_runs_is_a_run_property() -> None:
    assert definition.read(template()).properties == {
        "blueprint": "s3://assay-artifacts/blueprints/brokerage.yaml"
    }
    assert definition.read(template(Blueprint="s3://b/x.yaml")).properties == {"blueprint": "s3://b/x.yaml"}

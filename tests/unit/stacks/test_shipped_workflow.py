"""The shipped workflow template: what is deployed is what runs here, within its dollar caps and pins."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay import configs, stacks
from assay.errors import InputError
from assay.local.job import shipped
from assay.local.running import Stack
from assay.local.state import Home
from assay.local.workflow import Workflow
from assay.runtime import cost
from assay.stacks import chain, definition, service_model
from assay.stacks.template import Resource, Template

EXPORTS = Stack(Home(Path("unused")), {"api": 1}).exports()
JOBS = ["assay-ingest", "assay-sources", "assay-bronze", "assay-silver", "assay-gold", "assay-calibrate"]


def templates(**parameters: str) -> tuple[Template, ...]:
    return chain.read([configs.path(each) for each in stacks.RUN], parameters, exports=EXPORTS)


def jobs(**parameters: str) -> tuple[Resource, ...]:
    return templates(**parameters)[0].resources("AWS::Glue::Job")


def test_the_jobs_run_in_order() -> None:
    found = Workflow.load(exports=EXPORTS).definition
    assert list(found.jobs) == JOBS
    order = [action.job for action in found.start.actions]
    while True:
        done = dict.fromkeys(order, "SUCCEEDED")
        following = [t for t in found.triggers if t.holds(done) and t.actions[0].job not in order]
        if not following:
            break
        order += [action.job for trigger in following for action in trigger.actions]
    assert order == JOBS
    assert found.max_concurrent_runs == 1


def test_maintenance_is_of_no_workflow_and_has_its_own_hour() -> None:
    found = definition.read(*templates())
    assert list(found.other_jobs) == ["assay-maintain"]
    assert {action.job for trigger in found.other_triggers for action in trigger.actions} == {
        "assay-maintain"
    }
    assert {each.name: each.schedule and each.schedule.expression for each in found.other_triggers} == {
        "assay-maintain-weekly": "cron(15 3 ? * SAT *)",
        "assay-alarms-daily": "cron(45 6 * * ? *)",
    }
    assert found.other_jobs["assay-maintain"].arguments({})["--action"] == "maintain"
    (alarms,) = found.other_triggers[1].actions
    assert dict(alarms.arguments) == {"--action": "alarms", "--options": '{"fail": true}'}


def test_the_start_is_chosen_by_a_parameter() -> None:
    assert definition.read(*templates()).start.kind == "ON_DEMAND"
    scheduled = definition.read(*templates(Start="SCHEDULED")).start
    assert scheduled.kind == "SCHEDULED"
    assert scheduled.schedule is not None
    assert scheduled.schedule.expression == "cron(15 3 ? * MON *)"
    with pytest.raises(InputError, match="trigger assay-weekly: schedule is 'cron"):
        definition.read(*templates(Start="SCHEDULED", Schedule="cron(15 3 * * MON *)"))


@pytest.mark.parametrize("job", jobs(), ids=lambda job: job.logical_id)
def test_a_timeout_is_what_its_dollar_cap_pays_for(job: Resource) -> None:
    properties = job.properties
    minutes = cost.timeout_minutes(
        job.metadata["Assay"]["MaxCostUsd"],
        worker_type=properties["WorkerType"],
        workers=properties["NumberOfWorkers"],
        execution_class=properties["ExecutionClass"],
    )
    assert properties["Timeout"] == minutes


@pytest.mark.parametrize("start", ["ON_DEMAND", "SCHEDULED"])
def test_properties_are_what_the_service_takes(start: str) -> None:
    found = [
        (kind, resource)
        for kind in ("Job", "Trigger", "Workflow")
        for template in templates(Start=start)
        for resource in template.resources(f"AWS::Glue::{kind}")
    ]
    assert len(found) == 7 + 7 + 1
    for kind, resource in found:
        assert service_model.problems("glue", f"Create{kind}", resource.properties) == []


@pytest.mark.parametrize("job", jobs(), ids=lambda job: job.logical_id)
def test_every_job_is_pinned_and_bounded(job: Resource) -> None:
    properties = job.properties
    assert properties["GlueVersion"] == "5.1"
    assert properties["Command"]["Name"] == "glueetl"
    assert properties["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert properties["Role"] == f"arn:aws:iam::000000000000:role/{properties['Name']}-eu-west-1"
    assert shipped(properties["Command"]["ScriptLocation"]).stem == properties["Name"].removeprefix("assay-")
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


def test_modules_come_from_the_release_without_the_internet() -> None:
    for release in ("", "releases/0a1b2c/"):
        for job in jobs(Release=release):
            arguments = job.properties["DefaultArguments"]
            more = ["sources"] if job.properties["Name"] == "assay-sources" else []
            assert arguments["--additional-python-modules"].split(",") == [
                *(f"s3://assay-artifacts/{release}lib/{each}.gluewheels.zip" for each in ("modules", *more)),
                f"s3://assay-artifacts/{release}lib/assay-{assay.__version__}-py3-none-any.whl",
            ]
            assert arguments["--python-modules-installer-option"] == "--no-index"


def test_the_blueprint_of_unnamed_runs_is_a_run_property() -> None:
    assert definition.read(*templates()).properties == {
        "blueprint": "s3://assay-artifacts/blueprints/brokerage.yaml"
    }
    assert definition.read(*templates(Blueprint="s3://b/x.yaml")).properties == {"blueprint": "s3://b/x.yaml"}

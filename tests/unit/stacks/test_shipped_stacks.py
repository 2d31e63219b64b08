"""The shipped stacks: who may do what, who may come in, and that stacks fit what they refer to."""

from __future__ import annotations

import ast
import base64
import dataclasses
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay import configs, stacks
from assay.errors import InputError
from assay.local.job import shipped
from assay.local.running import Stack
from assay.local.state import Home
from assay.runtime import arguments, workflows
from assay.serving.api import engines, resources
from assay.serving.api.app import app
from assay.serving.api.package import HANDLER
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

STACKS = ("serving", "jobs", "workflow", "dashboard", "airflow")
LAYERS = ("bronze", "silver", "gold")
EXPORTS = {
    **Stack(Home(Path("unused")), {"api": 1}).exports(),
    "assay-vpc": "vpc-1",
    "assay-public-subnets": "subnet-3,subnet-4",
    "assay-api-log-group": "/aws/lambda/assay-api",
    **{f"assay-{job}-job": f"assay-{job}" for job in ("ingest", "sources", *LAYERS, "calibrate", "maintain")},
}
PARAMETERS = {
    "dashboard": {
        "Domain": "assay.example.com",
        "CertificateArn": "arn:aws:acm:eu-west-1:000000000000:certificate/c",
        "AllowedNetwork": "203.0.113.0/24",
        "ImageTag": "1.0.0",
    }
}
DATA = {
    "data-key", "landing-bucket", "lake-bucket", "artifacts-bucket", "logs-bucket", "journal-table",
    "alerts-topic", "security-configuration", "jobs-log-prefix", "api-log-group",
    "vpc", "private-subnets", "public-subnets", "jobs-security-group",
    "database-secret", "database-connection",
}  # fmt: skip
"""What the stacks below export, by the contract between them."""
# Options of Glue's own. AWS Glue developer guide, "Using job parameters", "Logging for AWS Glue jobs".
GLUE_OPTIONS = {
    "--TempDir", "--additional-python-modules", "--python-modules-installer-option", "--conf",
    "--datalake-formats", "--job-bookmark-option", "--enable-observability-metrics",
    "--custom-logGroup-prefix",
}  # fmt: skip


@cache
def template(stack: str) -> Template:
    return Template(configs.path(f"glue_configs/stacks/{stack}.yaml"), PARAMETERS.get(stack), exports=EXPORTS)


@cache
def document(stack: str) -> dict[str, Any]:
    return template_yaml.read(configs.path(f"glue_configs/stacks/{stack}.yaml"))


def one(stack: str, kind: str) -> Resource:
    (found,) = template(stack).resources(kind)
    return found


def roles(stack: str) -> tuple[Resource, ...]:
    return template(stack).resources("AWS::IAM::Role")


ROLES = [(stack, role) for stack in STACKS for role in roles(stack)]


def statements(role: Resource) -> Iterator[dict[str, Any]]:
    for policy in role.properties["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value inside a template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


# -- roles ------------------------------------------------------------------------------------------------


def test_there_are_the_roles_that_are_checked_here() -> None:
    names = [role.properties["RoleName"] for _, role in ROLES]
    assert names == [
        f"assay-{who}-eu-west-1"
        for who in (
            "api", "ingest", "sources", *LAYERS, "calibrate", "maintain", "dashboard", "dashboard-start",
            "airflow",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(("stack", "role"), ROLES, ids=lambda x: getattr(x, "logical_id", x))
def test_a_role_names_what_it_may_do(stack: str, role: Resource) -> None:
    del stack
    sids = [statement["Sid"] for statement in statements(role)]
    assert len(sids) == len(set(sids)) > 0
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"]))
        for resource in listed(statement["Resource"]):
            if resource == "*":
                assert statement["Condition"]
                assert role.metadata["Assay"]["Reason"]
            elif resource != EXPORTS["assay-database-secret"]:  # a name here, an ARN in AWS
                assert re.fullmatch(
                    r"arn:aws:[a-z0-9-]+:[^:]*:[^:]*:[^*]+(/\*|:log-stream:\*|:\*)?", resource
                )
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            assert statement["Resource"] == EXPORTS["assay-data-key"]
            assert statement["Condition"]["StringEquals"]["kms:ViaService"]


@pytest.mark.parametrize(("stack", "role"), ROLES, ids=lambda x: getattr(x, "logical_id", x))
def test_a_role_serves_one_resource(stack: str, role: Resource) -> None:
    uses = [
        name
        for name, body in document(stack)["Resources"].items()
        for key, value in walk(body)
        if (key, value) in (("Fn::GetAtt", [role.logical_id, "Arn"]), ("Ref", role.logical_id))
    ]
    assert len(uses) == 1


@pytest.mark.parametrize(("stack", "role"), ROLES, ids=lambda x: getattr(x, "logical_id", x))
def test_policies_fit_into_a_role(stack: str, role: Resource) -> None:
    """IAM takes 10,240 characters for all policies inside a role; names in AWS are longer than here."""
    del stack
    documents = [policy["PolicyDocument"] for policy in role.properties["Policies"]]
    assert len(json.dumps(documents, separators=(",", ":"))) < 8_000


def allowed(job: str, action: str) -> list[str]:
    """The resources on which a job's role allows an action."""
    role = next(r for r in roles("jobs") if r.properties["RoleName"] == f"assay-{job}-eu-west-1")
    return [
        resource
        for statement in statements(role)
        if action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


@pytest.mark.parametrize(
    ("job", "reads", "writes"),
    [
        ("ingest", [], None),
        ("bronze", ["bronze"], "bronze"),
        ("silver", ["bronze", "silver"], "silver"),
        ("gold", ["gold", "silver", "bronze"], "gold"),
        ("calibrate", ["gold", "silver"], "gold"),
    ],
)
def test_a_job_writes_its_own_layer_only(job: str, reads: list[str], writes: str | None) -> None:
    glue = "arn:aws:glue:eu-west-1:000000000000"
    files = "arn:aws:s3:::assay-lake/warehouse/{}.db/*"
    tables = [f"{glue}:{kind}" for layer in reads for kind in (f"database/{layer}", f"table/{layer}/*")]
    assert allowed(job, "glue:GetTable") == ([f"{glue}:catalog", *tables] if reads else [])
    assert [r for r in allowed(job, "s3:GetObject") if "lake" in r] == [files.format(each) for each in reads]
    mine = [f"{glue}:catalog", f"{glue}:database/{writes}", f"{glue}:table/{writes}/*"] if writes else []
    assert allowed(job, "glue:UpdateTable") == allowed(job, "glue:CreateTable") == mine
    lake = [files.format(writes)] if writes else []
    assert [r for r in allowed(job, "s3:PutObject") if "temp" not in r] == lake
    assert allowed(job, "s3:DeleteObject") == allowed(job, "s3:PutObject")
    assert [r for r in allowed(job, "glue:GetDatabase") if ":table/" not in r] == mine[:2]
    assert allowed(job, "glue:DeleteTable") == []
    assert allowed(job, "dynamodb:PutItem") == ["arn:aws:dynamodb:eu-west-1:000000000000:table/assay-journal"]
    assert allowed(job, "glue:GetWorkflowRunProperties") == [f"{glue}:workflow/assay"]


def test_the_sources_job_lands_and_touches_no_table() -> None:
    landed = "arn:aws:s3:::assay-landing/sources/*"
    assert [r for r in allowed("sources", "s3:PutObject") if "temp" not in r] == [landed]
    assert [r for r in allowed("sources", "s3:DeleteObject") if "temp" not in r] == [landed]
    assert "arn:aws:s3:::assay-landing/dropped/*" in allowed("sources", "s3:GetObject")
    assert allowed("sources", "glue:GetTable") == []
    assert allowed("sources", "secretsmanager:GetSecretValue") == [
        "arn:aws:secretsmanager:eu-west-1:000000000000:secret:assay/sources/*"
    ]


def test_the_maintain_job_works_on_every_table_and_drops_none() -> None:
    glue = "arn:aws:glue:eu-west-1:000000000000"
    tables = [f"{glue}:{kind}" for layer in LAYERS for kind in (f"database/{layer}", f"table/{layer}/*")]
    for action in ("GetTable", "UpdateTable", "CreateTable"):
        assert allowed("maintain", f"glue:{action}") == [f"{glue}:catalog", *tables]
    assert allowed("maintain", "glue:DeleteTable") == []
    warehouse = [f"arn:aws:s3:::assay-lake/warehouse/{layer}.db/*" for layer in LAYERS]
    changed = [resource for resource in allowed("maintain", "s3:DeleteObject") if "/temp/" not in resource]
    assert changed == warehouse
    landed = [f"arn:aws:s3:::assay-landing/{each}/*" for each in ("rds", "sources")]
    assert allowed("maintain", "s3:DeleteObjectVersion") == [*landed, *warehouse]
    assert set(landed) <= set(allowed("maintain", "s3:PutObject"))
    assert allowed("maintain", "dynamodb:PutItem") == [
        "arn:aws:dynamodb:eu-west-1:000000000000:table/assay-journal"
    ]


@pytest.mark.parametrize(
    ("action", "jobs"),
    [
        ("secretsmanager:GetSecretValue", {"ingest", "sources", "maintain"}),
        ("execute-api:Invoke", {"ingest"}),
        ("ec2:CreateNetworkInterface", {"ingest", "maintain"}),
        ("s3:ListBucket", {"sources", "bronze", "maintain"}),
        ("dynamodb:Scan", {"bronze", "maintain"}),
        ("dynamodb:DeleteItem", set()),
        ("glue:StartJobRun", set()),
        ("iam:PassRole", set()),
    ],
)
def test_what_only_some_jobs_may(action: str, jobs: set[str]) -> None:
    every = ("ingest", "sources", *LAYERS, "calibrate", "maintain")
    assert {job for job in every if allowed(job, action)} == jobs


def test_the_ingest_job_may_post_and_no_more() -> None:
    assert allowed("ingest", "execute-api:Invoke") == [
        "arn:aws:execute-api:eu-west-1:000000000000:local/$default/POST/v1/parameters"
    ]


def test_the_api_reaches_its_documents_and_reads_four_tables() -> None:
    (role,) = roles("serving")
    reached = {(a, r) for s in statements(role) for a in listed(s["Action"]) for r in listed(s["Resource"])}
    lake, temporary = "arn:aws:s3:::assay-lake", "arn:aws:s3:::assay-lake/temp/api/*"
    tables = {f"{lake}/warehouse/gold.db/{name}/*" for name in resources.TABLES}
    assert {(a, r) for a, r in reached if a.startswith("s3:")} == {
        ("s3:ListBucket", "arn:aws:s3:::assay-landing"),
        ("s3:GetObject", "arn:aws:s3:::assay-landing/parameters/*"),
        ("s3:PutObject", "arn:aws:s3:::assay-landing/parameters/*"),
        ("s3:PutObject", "arn:aws:s3:::assay-landing/dropped/*"),
        *(("s3:GetObject", each) for each in tables),
        *((f"s3:{each}", lake) for each in ("GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")),
        *(
            (f"s3:{each}", temporary)
            for each in ("AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")
        ),
    }
    glue = "arn:aws:glue:eu-west-1:000000000000"
    tables = {f"{glue}:table/gold/{name}" for name in resources.TABLES}
    assert {r for a, r in reached if a == "glue:GetTable"} == {
        f"{glue}:catalog",
        f"{glue}:database/gold",
        *tables,
    }
    workflow_of_its_own = f"{glue}:workflow/assay"
    assert {(a, r) for a, r in reached if "Workflow" in a} == {
        ("glue:StartWorkflowRun", workflow_of_its_own),
        ("glue:GetWorkflowRun", workflow_of_its_own),
    }
    assert {r for a, r in reached if a.startswith("athena:")} == {
        "arn:aws:athena:eu-west-1:000000000000:workgroup/assay-api"
    }
    assert {action.split(":")[0] for action, _ in reached} == {"s3", "kms", "logs", "glue", "athena"}


def test_athena_answers_the_api_within_limits() -> None:
    settings = one("serving", "AWS::Athena::WorkGroup").properties["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == "1073741824"
    assert settings["ResultConfiguration"]["OutputLocation"] == "s3://assay-lake/temp/api/"
    assert settings["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"] == EXPORTS["assay-data-key"]


# -- jobs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", template("jobs").resources("AWS::Glue::Job"), ids=lambda job: job.logical_id)
def test_a_script_takes_the_arguments_of_its_job(job: Resource) -> None:
    script = shipped(job.properties["Command"]["ScriptLocation"])
    given = job.properties["DefaultArguments"]
    assert given.keys() - GLUE_OPTIONS <= {f"--{name}" for name in options(script)}


def options(script: Path) -> set[str]:
    """The options of every job, and those that a script adds, read from its text."""
    common = {f.metadata.get("option", f.name) for f in dataclasses.fields(arguments.JobArguments)}
    own = {
        statement.target.id
        for each in ast.parse(script.read_text(encoding="utf-8")).body
        if isinstance(each, ast.ClassDef)
        for statement in each.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    return common | own


def test_an_alert_tells_of_every_job_that_does_not_succeed() -> None:
    rule = one("workflow", "AWS::Events::Rule").properties
    pattern = rule["EventPattern"]
    assert pattern["detail-type"] == ["Glue Job State Change"]
    names = [job.properties["Name"] for job in template("jobs").resources("AWS::Glue::Job")]
    assert pattern["detail"]["jobName"] == names
    assert pattern["detail"]["state"] == ["ERROR", "FAILED", "TIMEOUT"]
    (target,) = rule["Targets"]
    assert target["Arn"] == EXPORTS["assay-alerts-topic"]
    transformer = target["InputTransformer"]
    told = re.sub(r"<(\w+)>", r'"\1"', transformer["InputTemplate"])
    assert json.loads(told) == {
        "what": "A job did not succeed",
        **{name: name for name in transformer["InputPathsMap"]},
    }


# -- who may come in --------------------------------------------------------------------------------------


def test_the_routes_are_those_of_the_application_and_ask_who_calls() -> None:
    routes = [route.properties for route in template("serving").resources("AWS::ApiGatewayV2::Route")]
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    served = {
        f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods
    }
    assert sorted(route["RouteKey"] for route in routes) == sorted(served)


def test_the_function_is_the_packaged_one() -> None:
    function = one("serving", "AWS::Lambda::Function").properties
    layer = one("serving", "AWS::Lambda::LayerVersion").properties
    assert function["Handler"] == HANDLER
    assert [function["Runtime"]] == layer["CompatibleRuntimes"]
    assert function["Architectures"] == layer["CompatibleArchitectures"]
    assert function["Environment"]["Variables"] == {
        "ASSAY_LANDING_BUCKET": "assay-landing",
        engines.WORKGROUP_VARIABLE: "assay-api",
        workflows.NAME: "assay",
    }
    assert function["ReservedConcurrentExecutions"] == "5"
    none = Template(
        configs.path("glue_configs/stacks/serving.yaml"), {"Concurrency": "0"}, exports=EXPORTS
    ).resources("AWS::Lambda::Function")[0]
    assert "ReservedConcurrentExecutions" not in none.properties


def test_the_dashboard_is_behind_tls_and_a_login() -> None:
    stack = document("dashboard")["Resources"]
    listeners = [b["Properties"] for b in stack.values() if b["Type"].endswith("::Listener")]
    assert [(each["Protocol"], each["Port"]) for each in listeners] == [("HTTPS", 443)]
    first, second = sorted(listeners[0]["DefaultActions"], key=lambda action: action["Order"])
    assert (first["Type"], second["Type"]) == ("authenticate-cognito", "forward")
    assert first["AuthenticateCognitoConfig"]["OnUnauthenticatedRequest"] == "authenticate"
    network = stack["Service"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    service = one("dashboard", "AWS::ECS::Service").properties["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert service["Subnets"] == ["subnet-1", "subnet-2"]


def test_the_dashboard_may_do_what_its_pages_ask() -> None:
    role = next(
        role for stack, role in ROLES if stack == "dashboard" and "start" not in role.properties["RoleName"]
    )
    allowed = {
        (action, resource)
        for statement in statements(role)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    workflow = "arn:aws:glue:eu-west-1:000000000000:workflow/assay"
    asked = ("GetWorkflow", "GetWorkflowRun", "GetWorkflowRuns", "StartWorkflowRun")
    assert {(f"glue:{action}", workflow) for action in asked} <= allowed
    journal = "arn:aws:dynamodb:eu-west-1:000000000000:table/assay-journal/index/run"
    assert ("dynamodb:Query", journal) in allowed
    (container,) = one("dashboard", "AWS::ECS::TaskDefinition").properties["ContainerDefinitions"]
    assert {"Name": workflows.NAME, "Value": "assay"} in container["Environment"]


def test_only_the_login_page_can_be_reached_and_only_from_the_network_that_is_given() -> None:
    inbound = [
        rule
        for stack in STACKS
        for group in template(stack).resources("AWS::EC2::SecurityGroup")
        for rule in group.properties.get("SecurityGroupIngress", [])
    ]
    assert [(rule["CidrIp"], rule["FromPort"], rule["ToPort"]) for rule in inbound] == [
        ("203.0.113.0/24", 443, 443)
    ]


def test_airflow_is_encrypted_private_and_hides_its_credentials() -> None:
    machine = document("airflow")["Resources"]["Machine"]["Properties"]
    assert template("airflow").resolve(machine["SubnetId"]) == "subnet-1"
    assert "KeyName" not in machine
    (disk,) = template("airflow").resolve(machine["BlockDeviceMappings"])
    assert disk["Ebs"]["Encrypted"] is True
    assert disk["Ebs"]["KmsKeyId"] == EXPORTS["assay-data-key"]
    settings = one("airflow", "AWS::EC2::LaunchTemplate").properties["LaunchTemplateData"]
    assert settings["MetadataOptions"]["HttpTokens"] == "required"


def test_airflow_starts_by_a_script_that_a_shell_understands() -> None:
    settings = one("airflow", "AWS::EC2::LaunchTemplate").properties["LaunchTemplateData"]
    script = base64.b64decode(settings["UserData"]).decode()
    assert script.startswith("#!/bin/bash\nset -euo pipefail\n")
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "AIRFLOW__API__HOST=127.0.0.1\n" in script
    assert "AIRFLOW_VAR_ASSAY_ALERTS_TOPIC=arn:aws:sns:" in script


# -- how stacks fit together ------------------------------------------------------------------------------


def test_a_stack_imports_what_those_below_it_export() -> None:
    known = {f"${{Name}}-{thing}" for thing in DATA}
    for stack in STACKS:
        found = document(stack)
        asked = {value["Fn::Sub"] for key, value in walk(found) if key == "Fn::ImportValue"}
        assert asked <= known, stack
        known |= {body["Export"]["Name"]["Fn::Sub"] for body in found["Outputs"].values() if "Export" in body}


def test_the_local_stack_gives_what_jobs_and_workflow_import() -> None:
    asked = {
        value["Fn::Sub"].removeprefix("${Name}-")
        for path in stacks.RUN
        for key, value in walk(template_yaml.read(configs.path(path)))
        if key == "Fn::ImportValue"
    }
    jobs = {f"{job}-job" for job in ("ingest", "sources", *LAYERS, "calibrate", "maintain")}
    local = {name.removeprefix("assay-") for name in Stack(Home(Path("unused")), {"api": 1}).exports()}
    assert asked - jobs <= local


@pytest.mark.parametrize("stack", STACKS)
def test_every_name_begins_with_the_installations(stack: str) -> None:
    named = [
        value
        for key, value in walk(document(stack)["Resources"])
        if key.endswith("Name") and key in NAMES and isinstance(value, dict) and "Fn::Sub" in value
    ]
    assert named
    assert all(str(value["Fn::Sub"]).startswith(("${Name}-", "/${Name}/")) for value in named)


NAMES = {
    "RoleName", "FunctionName", "LayerName", "LogGroupName", "GroupName", "AlarmName", "ClusterName",
    "ServiceName", "UserPoolName", "InstanceProfileName", "LaunchTemplateName", "Name",
}  # fmt: skip


@pytest.mark.parametrize("stack", STACKS)
def test_logs_are_encrypted_and_end(stack: str) -> None:
    for group in template(stack).resources("AWS::Logs::LogGroup"):
        assert group.properties["KmsKeyId"] == EXPORTS["assay-data-key"]
        assert int(group.properties["RetentionInDays"]) == 90


@pytest.mark.parametrize("stack", STACKS)
def test_alarms_tell_the_topic(stack: str) -> None:
    for body in document(stack)["Resources"].values():
        if body["Type"] == "AWS::CloudWatch::Alarm":
            topic = {"Fn::ImportValue": {"Fn::Sub": "${Name}-alerts-topic"}}
            assert body["Properties"]["AlarmActions"] == [topic]


# -- tables that facts read in place ----------------------------------------------------------------------

CATALOG = "arn:aws:glue:eu-west-1:000000000000"
IN_PLACE = {
    "TablesInPlace": f"{CATALOG}:catalog,{CATALOG}:database/clicks,{CATALOG}:table/clicks/events",
    "ObjectsInPlace": "arn:aws:s3:::shop/clicks/events/*",
    "BucketsInPlace": "arn:aws:s3:::shop",
    "PrefixesInPlace": "clicks/events/*",
}


def workflow_with(**given: str) -> Template:
    return Template(configs.path("glue_configs/stacks/workflow.yaml"), given, exports=EXPORTS)


def test_nothing_is_read_in_place_unless_it_is_named() -> None:
    assert template("workflow").resources("AWS::IAM::Policy") == ()


def test_the_jobs_that_make_gold_read_the_named_tables_in_place_and_no_others() -> None:
    (policy,) = workflow_with(**IN_PLACE).resources("AWS::IAM::Policy")
    assert policy.properties["Roles"] == ["assay-gold-eu-west-1", "assay-maintain-eu-west-1"]
    found = {each["Sid"]: each for each in policy.properties["PolicyDocument"]["Statement"]}
    assert {sid: (each["Action"], each["Resource"]) for sid, each in found.items()} == {
        "FindTablesInPlace": (["glue:GetPartitions", "glue:GetTable"], IN_PLACE["TablesInPlace"].split(",")),
        "ReadTablesInPlace": ("s3:GetObject", [IN_PLACE["ObjectsInPlace"]]),
        "ListTablesInPlace": ("s3:ListBucket", [IN_PLACE["BucketsInPlace"]]),
    }
    prefixes = found["ListTablesInPlace"]["Condition"]["StringLike"]["s3:prefix"]
    assert prefixes == [IN_PLACE["PrefixesInPlace"]]
    (iceberg,) = workflow_with(**{k: v for k, v in IN_PLACE.items() if k[0] in "TO"}).resources(
        "AWS::IAM::Policy"
    )
    assert [each["Sid"] for each in iceberg.properties["PolicyDocument"]["Statement"]] == [*found][:2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TablesInPlace", f"{CATALOG}:table/clicks/*"),
        ("TablesInPlace", f"{IN_PLACE['TablesInPlace']},{CATALOG}:table/*/events"),
        ("ObjectsInPlace", "arn:aws:s3:::shop/*"),
        ("ObjectsInPlace", "arn:aws:s3:::*/clicks/*"),
        ("BucketsInPlace", "arn:aws:s3:::*"),
        ("PrefixesInPlace", "*"),
    ],
)
def test_what_is_read_in_place_has_a_name(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"parameter {name} is .*; it must match"):
        workflow_with(**{name: value})

# ruff: noqa: E501 - a fault and what is to be said of it, line by line
"""Every check finds the fault that it is for in the templates that ship, and nothing without one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.deploy import dry_run, lint, offline, order
from assay.deploy.checks import CHECKS, Finding
from assay.deploy.order import Target
from assay.deploy.release.builder import expected
from assay.errors import InputError

Document = dict[str, Any]
Fault = Callable[[Document], object]


def of_kind(document: Document, kind: str) -> Iterator[Document]:
    return (body for body in document["Resources"].values() if body["Type"] == f"AWS::{kind}")


def properties(document: Document, kind: str) -> Document:
    """Of the first resource of a type."""
    found: Document = next(of_kind(document, kind))["Properties"]
    return found


def named(document: Document, logical_id: str) -> Document:
    found: Document = document["Resources"][logical_id]
    return found


def statement(document: Document, logical_id: str) -> Document:
    """The first statement of a role's first policy."""
    found: Document = named(document, logical_id)["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][
        0
    ]
    return found


def change(kind: str, **values: Any) -> Fault:
    """Set properties of the first resource of a type."""
    return lambda document: properties(document, kind).update(values)


def drop(kind: str, name: str) -> Fault:
    """Remove a property of the first resource of a type."""
    return lambda document: properties(document, kind).pop(name)


def allow(**values: Any) -> Fault:
    """Change what the silver job may do."""
    return lambda document: statement(document, "SilverRole").update(values)


def job(logical_id: str, **arguments: Any) -> Fault:
    """Add default arguments to a job."""
    return lambda document: named(document, logical_id)["Properties"]["DefaultArguments"].update(arguments)


def ingress(**rule: Any) -> Fault:
    return lambda document: properties(document, "EC2::SecurityGroup").update(SecurityGroupIngress=[rule])


def add(logical_id: str, kind: str, **values: Any) -> Fault:
    """Add a resource."""
    body = {"Type": f"AWS::{kind}", "Properties": values}
    return lambda document: document["Resources"].update({logical_id: body})


def fire(logical_id: str, job_id: str) -> Fault:
    """Let a trigger start another job."""
    return lambda document: named(document, logical_id)["Properties"]["Actions"].append({"JobName": job_id})


WORLD = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp"}
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
NO_REASON = {"Effect": "Allow", "Sid": "New", "Action": "cloudwatch:PutMetricData", "Resource": "*"}


def without_reason(document: Document) -> None:
    named(document, "SilverRole").pop("Metadata", None)
    allow(**NO_REASON, Condition={"Bool": {"aws:SecureTransport": "true"}})(document)


FAULTS: dict[str, tuple[str, Fault, str, str]] = {
    # What the linters do not see (facts: feasibility 2).
    "5432 open to the world": (
        "network", ingress(**WORLD, FromPort=5432, ToPort=5432), "ports closed", "opens 5432 to 0.0.0.0/0"),
    "every port open over IPv6": (
        "network", ingress(CidrIpv6="::/0", IpProtocol="-1"), "ports closed", "opens any port to ::/0"),
    "a range of ports open": (
        "network", add("Rule", "EC2::SecurityGroupIngress", **WORLD, FromPort=5000, ToPort=6000),
        "ports closed", "opens 5000 to 6000"),
    "443 open without a reason": (
        "network", ingress(**WORLD, FromPort=443, ToPort=443), "ports closed", "opens 443 to 0.0.0.0/0"),
    "s3:* on one bucket": ("jobs", allow(Action="s3:*"), "actions named", r"allows s3:\*; spell"),
    "a route without authorization": (
        "serving", drop("ApiGatewayV2::Route", "AuthorizationType"), "routes authorized", "open to everybody"),
    "a route that asks nobody": (
        "serving", change("ApiGatewayV2::Route", AuthorizationType="NONE"), "routes authorized", "AWS_IAM"),
    "change capture without TLS": (
        "capture", change("DMS::Endpoint", SslMode="none"), "capture encrypted", "SslMode none"),
    "a bucket without encryption": (
        "foundation", drop("S3::Bucket", "BucketEncryption"), "buckets encrypted", "has no BucketEncryption"),
    # Privileges.
    "every action": ("jobs", allow(Action="*"), "actions named", r"allows \*; spell"),
    "a family of actions": ("jobs", allow(Action=["glue:Get*"]), "actions named", r"allows glue:Get\*"),
    "any resource": (
        "jobs", allow(**NO_REASON), "resources named", r"allows cloudwatch:PutMetricData on \*; name an ARN"),
    "a condition without a reason": (
        "jobs", without_reason, "resources named", "add a Condition and a reason"),
    "an ARN without its resource": (
        "jobs", allow(Resource="arn:aws:s3:::*"), "resources named", "on arn:aws:s3"),
    "everything but something": (
        "jobs", allow(NotAction="iam:PassRole"), "principals named", "allows by NotAction"),
    "a bucket for everybody": (
        "foundation",
        lambda d: properties(d, "S3::BucketPolicy")["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}),
        "principals named", "lets everybody in"),
    # Data at rest.
    "a bucket with S3's key": (
        "foundation",
        lambda d: named(d, "LakeBucket")["Properties"].update(BucketEncryption={
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}),
        "buckets encrypted", "with a key of S3's"),
    "a bucket that may become public": (
        "foundation",
        lambda d: properties(d, "S3::Bucket")["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False),
        "buckets private", "set BlockPublicPolicy to true"),
    "a table that cannot be restored": (
        "foundation", drop("DynamoDB::Table", "PointInTimeRecoverySpecification"), "table protected", "restored"),
    "a table with AWS's key": (
        "foundation", drop("DynamoDB::Table", "SSESpecification"), "table protected", "SSEType: KMS"),
    "a bucket that goes with its stack": (
        "foundation", lambda d: next(of_kind(d, "S3::Bucket")).pop("DeletionPolicy"), "data retained",
        "set DeletionPolicy"),
    "a database that an update may drop": (
        "database", lambda d: next(of_kind(d, "RDS::DBInstance")).pop("UpdateReplacePolicy"), "data retained",
        "set UpdateReplacePolicy"),
    "a public database": (
        "database", change("RDS::DBInstance", PubliclyAccessible=True), "database closed", "public address"),
    "an unencrypted database": (
        "database", change("RDS::DBInstance", StorageEncrypted=False), "database closed", "not encrypted"),
    "a password in the template": (
        "database", change("RDS::DBInstance", MasterUserPassword="hunter2-hunter2"), "database closed",
        "a password in the template"),
    "an unencrypted topic": (
        "foundation", drop("SNS::Topic", "KmsMasterKeyId"), "topics encrypted", "KmsMasterKeyId"),
    "a log for ever": ("foundation", drop("Logs::LogGroup", "RetentionInDays"), "logs bounded", "for ever"),
    "an unencrypted log": ("foundation", drop("Logs::LogGroup", "KmsKeyId"), "logs bounded", "KmsKeyId"),
    # What can be reached.
    "a page without TLS": (
        "dashboard", change("ElasticLoadBalancingV2::Listener", Protocol="HTTP"), "listeners encrypted", "TLS"),
    "a function for everybody": (
        "serving", add("Url", "Lambda::Url", AuthType="NONE"), "functions authorized", "open to everybody"),
    "a connection without TLS": (
        "database",
        lambda d: properties(d, "Glue::Connection").update(ConnectionInput={"ConnectionType": "JDBC"}),
        "connections encrypted", "JDBC_ENFORCE_SSL"),
    # Secrets.
    "an access key in a variable": (
        "serving", lambda d: properties(d, "Lambda::Function")["Environment"]["Variables"].update(
            ID="AKIA" + "Q" * 16), "no secrets", "an access key"),
    "a private key": (
        "jobs", lambda d: d["Mappings"].update(K={"K": {"K": KEY}}), "no secrets", "a private key"),
    "a password as a default": (
        "database", lambda d: d["Parameters"].update(
            AdminPassword={"Type": "String", "Default": "hunter2", "NoEcho": True}),
        "no secrets", "the value of AdminPassword"),
    "a password in an address": (
        "jobs", job("SilverJob", **{"--landing_bucket": "postgres://me:hunter2@host/db"}), "no secrets",
        "a password in an address"),
    # What the services know.
    "an unknown worker type": (
        "jobs", change("Glue::Job", WorkerType="G.99X"), "service model", "WorkerType is 'G.99X'"),
    "an execution class in small letters": (
        "jobs", change("Glue::Job", ExecutionClass="flex"), "service model", "ExecutionClass is 'flex'"),
    "an argument that is no text": (
        "jobs", job("SilverJob", **{"--datalake-formats": ["iceberg"]}), "service model", "DefaultArguments"),
    "an unknown property": ("jobs", change("Glue::Job", MaxRetry=1), "service model", "MaxRetry"),
    "an unknown Parquet version": (
        "capture",
        lambda d: next(p for p in of_kind(d, "DMS::Endpoint") if "S3Settings" in p["Properties"])["Properties"][
            "S3Settings"].update(ParquetVersion="parquet_3"),
        "service model", "ParquetVersion is 'parquet_3'"),
    "an unknown kind of replication": (
        "capture", change("DMS::ReplicationConfig", ReplicationType="both"), "service model", "ReplicationType"),
    "an unknown kind of budget": (
        "foundation", lambda d: properties(d, "Budgets::Budget")["Budget"].update(BudgetType="COSTS"),
        "service model", "BudgetType is 'COSTS'"),
    "an unknown kind of encryption": (
        "foundation",
        lambda d: properties(d, "Glue::SecurityConfiguration")["EncryptionConfiguration"].update(
            CloudWatchEncryption={"CloudWatchEncryptionMode": "KMS"}),
        "service model", "CloudWatchEncryptionMode is 'KMS'"),
    "a retry count that is no number": (
        "jobs", change("Glue::Job", MaxRetries="many"), "service model", "MaxRetries"),
    # The workflow and its jobs.
    "a trigger for an unknown job": ("workflow", fire("BronzeDone", "assay-sliver"), "workflow", "'assay-sliver'"),
    "jobs in a circle": (
        "workflow", fire("GoldDone", "assay-silver"), "workflow", "wait for each other in a circle"),
    "a job that nothing starts": (
        "workflow", lambda d: d["Resources"].pop("GoldDone"), "workflow", "jobs that no trigger starts"),
    "a schedule that never comes": (
        "workflow", lambda d: d["Parameters"]["Schedule"].update(Default="cron(nonsense)"), "workflow",
        r"schedule is 'cron\(nonsense\)'"),
    "another kind of job": (
        "jobs", lambda d: properties(d, "Glue::Job")["Command"].update(Name="pythonshell"), "workflow", "glueetl"),
    "another version of Glue": ("jobs", change("Glue::Job", GlueVersion="6.0"), "jobs pinned", "GlueVersion '6.0'"),
    "a job without a limit": ("jobs", drop("Glue::Job", "Timeout"), "jobs pinned", "has no Timeout"),
    "a job that may run twice": ("jobs", drop("Glue::Job", "ExecutionProperty"), "jobs pinned", "twice at once"),
    "a job that logs in the clear": (
        "jobs", drop("Glue::Job", "SecurityConfiguration"), "jobs pinned", "unencrypted"),
    "an argument that no script takes": (
        "jobs", job("SilverJob", **{"--landing_bukket": "b"}), "arguments", "did you mean '--landing_bucket'"),
    "an argument that is Glue's own": (
        "jobs", job("SilverJob", **{"--JOB_NAME": "x"}), "arguments", "sets --JOB_NAME"),
    "metrics that cannot be switched off": (
        "jobs", job("SilverJob", **{"--enable-metrics": "false"}), "arguments", "passes --enable-metrics"),
    "an argument that is missing": (
        "jobs", lambda d: named(d, "IngestJob")["Properties"]["DefaultArguments"].pop("--parameters_url"),
        "arguments", "ingest.py would not start: missing --parameters_url"),
    "an argument of the wrong type": (
        "jobs", job("CalibrateJob", **{"--replicates": "many"}), "arguments", "--replicates is 'many'"),
    "a script that does not exist": (
        "jobs", lambda d: named(d, "GoldJob")["Properties"]["Command"].update(ScriptLocation="s3://b/jobs/x.py"),
        "arguments", r"runs x\.py, which is not in jobs/"),
    "a function on another Python": (
        "serving", change("Lambda::Function", Runtime="python3.11"), "functions pinned", "has Runtime 'python3.11'"),
    "a function on another machine": (
        "serving", change("Lambda::Function", Architectures=["arm64"]), "functions pinned", "architecture"),
    # What stacks expect of each other and of the release.
    "an import of nothing": (
        "jobs", job("SilverJob", **{"--landing_bucket": {"Fn::ImportValue": "assay-landing-bukket"}}), "imports",
        "did you mean 'assay-landing-bucket'"),
    "an import of what comes later": (
        "network", add("P", "SSM::Parameter", Value={"Fn::ImportValue": "assay-api-url"}), "imports",
        "it comes later, from serving"),
    "a name without the installation's": (
        "jobs", change("Glue::Job", Name="gold"), "names", "Name is 'gold'"),
    "a file that no release has": (
        "serving",
        lambda d: properties(d, "Lambda::Function")["Code"].update(S3Key={"Fn::Sub": "${Release}lambda/api2.zip"}),
        "files", "did you mean 'lambda/api.zip'"),
}  # fmt: skip


def found(target: Target, check: str, *shorts: str) -> list[Finding]:
    """What one check finds in some stacks, or in all."""
    stacks = [
        stack for stack in order.read(target, release="releases/0/") if not shorts or stack.short in shorts
    ]
    outcome = CHECKS[check](offline.read(stacks, expected(lint.CHECKOUT)))
    return list(outcome.findings)


def before(short: str) -> tuple[str, ...]:
    """A stack and those whose exports it may import."""
    every = (*order.ORDER, *order.OPTIONAL)
    return every[: every.index(short) + 1]


def test_the_shipped_templates_hold() -> None:
    outcomes = list(dry_run.run_all(dry_run.read(Target(extras=order.OPTIONAL))))
    assert {outcome.check for outcome in outcomes} == CHECKS.keys()
    assert [f"{f.place} {f.sentence}" for o in outcomes for f in o.findings if not f.warning] == []
    idle = {outcome.check for outcome in outcomes if outcome.looked_at == 0}
    assert idle <= {"functions authorized"}, "a check that looks at nothing proves nothing"


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, with_fault: Callable[[str, Fault], Target]) -> None:
    stack, fault, check, sentence = FAULTS[name]
    shorts = order.ORDER if check in {"workflow", "imports"} else before(stack)
    mine = found(with_fault(stack, fault), check, *shorts)
    assert any(re.search(sentence, finding.sentence) for finding in mine), mine
    assert not any(finding.warning for finding in mine)


def test_every_check_has_a_fault() -> None:
    assert {check for _, _, check, _ in FAULTS.values()} == CHECKS.keys() - {"exports", "dialect"}


def test_an_export_for_nobody_is_a_warning(with_fault: Callable[[str, Fault], Target]) -> None:
    output = {"Value": "x", "Export": {"Name": {"Fn::Sub": "${Name}-idle"}}}
    target = with_fault("catalog", lambda document: document["Outputs"].update(Idle=output))
    (mine,) = (f for f in found(target, "exports") if "assay-idle" in f.sentence)
    assert mine.warning


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x: &x {a: b}\ny: *x\n", r"line \d+ has the alias \*x"),
        (f"# {'x' * 60_000}\nx: {{y: {'z' * 60_000}}}\n", "catalog.yaml has .* bytes"),
    ],
)
def test_yaml_that_cloudformation_refuses(shipped: Path, text: str, sentence: str) -> None:
    path = shipped / "catalog.yaml"
    more = "".join(f"  {line}\n" for line in text.splitlines())
    path.write_text(f"{path.read_text()}\nMetadata:\n{more}")
    mine = found(Target(extras=order.OPTIONAL, folder=shipped), "dialect", "catalog")
    assert any(re.search(sentence, finding.sentence) for finding in mine), mine


@pytest.mark.parametrize(
    ("stack", "fault", "sentence"),
    [
        ("jobs", job("SilverJob", x={"Ref": "Nothing"}), "no parameter or resource 'Nothing'"),
        ("jobs", job("SilverJob", x={"Fn::GetAtt": ["Nothing", "Arn"]}), "no resource 'Nothing'"),
        ("jobs", job("SilverJob", x={"Fn::FindInMap": ["Runtime", "Sprak", "Conf"]}), "did you mean 'Spark'"),
        ("jobs", job("SilverJob", x={"Fn::Sbu": "x"}), "Fn::Sbu is not supported"),
    ],
)
def test_what_cannot_be_resolved_is_an_error(
    stack: str, fault: Fault, sentence: str, with_fault: Callable[[str, Fault], Target]
) -> None:
    with pytest.raises(InputError, match=sentence):
        found(with_fault(stack, fault), "names", *before(stack))


def test_merged_keys_are_refused_by_the_reader(shipped: Path) -> None:
    path = shipped / "catalog.yaml"
    path.write_text(f"{path.read_text()}\nMetadata:\n  x: &x {{a: b}}\n  y: {{<<: *x}}\n")
    with pytest.raises(InputError, match=r"catalog.yaml, line \d+: .*merge"):
        dry_run.read(Target(extras=order.OPTIONAL, folder=shipped))


def test_a_deployment_with_a_fault_is_refused(with_fault: Callable[[str, Fault], Target]) -> None:
    stack, fault, _, _ = FAULTS["s3:* on one bucket"]
    with pytest.raises(
        InputError, match=r"jobs.SilverRole statement \w+ allows s3:\*; .*; nothing was changed"
    ):
        dry_run.refuse(with_fault(stack, fault))


def test_a_port_443_with_a_reason_may_be_open(with_fault: Callable[[str, Fault], Target]) -> None:
    def fault(document: Document) -> None:
        ingress(**WORLD, FromPort=443, ToPort=443)(document)
        next(of_kind(document, "EC2::SecurityGroup"))["Metadata"] = {"Assay": {"Reason": "a public page"}}

    assert found(with_fault("network", fault), "ports closed", "network") == []

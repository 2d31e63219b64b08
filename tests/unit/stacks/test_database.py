"""The database's template: private, encrypted, over TLS, ready for capture; one secret to connect with."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay import configs
from assay.local.names import DATABASE, DATABASE_USER
from assay.sources import database
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/database.yaml"))
DOCUMENT = template_yaml.read(PATH)
EXPORTS = {
    "assay-data-key": "arn:aws:kms:eu-west-1:000000000000:key/k",
    "assay-alerts-topic": "arn:aws:sns:eu-west-1:000000000000:assay-alerts",
    "assay-private-subnets": "subnet-1,subnet-2",
    "assay-first-zone": "eu-west-1a",
    "assay-jobs-security-group": "sg-jobs",
    "assay-database-security-group": "sg-database",
}
SECRET = "assay-database"


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters, exports=EXPORTS).resources(kind)


def one(kind: str, **parameters: str) -> dict[str, Any]:
    (match,) = found(kind, **parameters)
    return dict(match.properties)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [str(value)]


def test_the_database_is_private_encrypted_and_kept() -> None:
    instance = one("AWS::RDS::DBInstance")
    assert instance["PubliclyAccessible"] is False
    assert instance["StorageEncrypted"] is True
    assert instance["KmsKeyId"] == EXPORTS["assay-data-key"]
    assert instance["VPCSecurityGroups"] == ["sg-database"]
    assert instance["EnableIAMDatabaseAuthentication"] is True
    assert int(instance["BackupRetentionPeriod"]) >= 1
    assert instance["DeletionProtection"] == "true"
    body = DOCUMENT["Resources"]["Database"]
    assert body["DeletionPolicy"] == body["UpdateReplacePolicy"] == "Snapshot"
    assert one("AWS::RDS::DBSubnetGroup")["SubnetIds"] == ["subnet-1", "subnet-2"]


def test_every_connection_is_over_tls_and_changes_can_be_captured() -> None:
    group = one("AWS::RDS::DBParameterGroup")
    parameters = group["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["rds.logical_replication"] == "1"
    assert all(isinstance(value, str) for value in parameters.values())
    instance = one("AWS::RDS::DBInstance")
    assert instance["DBParameterGroupName"] == "database-ParameterGroup"
    assert group["Family"] == f"postgres{instance['EngineVersion']}"


def test_waiting_changes_are_bounded_and_an_alarm_comes_first() -> None:
    bound = int(one("AWS::RDS::DBParameterGroup")["Parameters"]["max_slot_wal_keep_size"]) * 2**20
    assert bound < int(one("AWS::RDS::DBInstance")["AllocatedStorage"]) * 2**30 / 2
    for metric in ("OldestReplicationSlotLag", "ReplicationSlotDiskUsage"):
        (alarm,) = (
            a.properties for a in found("AWS::CloudWatch::Alarm") if a.properties["MetricName"] == metric
        )
        assert alarm["Threshold"] <= bound / 2


def test_the_one_secret_has_all_that_a_client_reads() -> None:
    generated = one("AWS::SecretsManager::Secret")["GenerateSecretString"]
    written = json.loads(generated["SecretStringTemplate"])
    # What the attachment adds: Secrets Manager user guide, "JSON structure of AWS Secrets Manager secrets".
    attached = {"engine", "host", "port", "dbInstanceIdentifier"}
    fields = written.keys() | {generated["GenerateStringKey"]} | attached
    assert set(database._SECRET_FIELDS) <= fields
    assert written == {"username": DATABASE_USER, "dbname": DATABASE, "sslmode": "require"}
    assert one("AWS::RDS::DBInstance")["DBName"] == DATABASE
    attachment = one("AWS::SecretsManager::SecretTargetAttachment")
    assert attachment["SecretId"] == SECRET
    assert attachment["TargetId"] == "assay-database"


def test_no_password_is_written_anywhere() -> None:
    instance = one("AWS::RDS::DBInstance")
    for property_, field in (("MasterUsername", "username"), ("MasterUserPassword", "password")):
        assert instance[property_] == f"{{{{resolve:secretsmanager:{SECRET}:SecretString:{field}}}}}"
    secret = one("AWS::SecretsManager::Secret")
    assert "SecretString" not in secret
    assert secret["KmsKeyId"] == EXPORTS["assay-data-key"]
    assert "password" not in json.loads(secret["GenerateSecretString"]["SecretStringTemplate"])
    named = [name for name in DOCUMENT["Parameters"] if re.search("(?i)password|secret|token", name)]
    assert not named
    outputs = texts(DOCUMENT["Outputs"])
    assert not [text for text in outputs if "resolve:" in text]


def test_the_password_is_changed_by_a_function_within_the_network() -> None:
    assert DOCUMENT["Transform"] == "AWS::SecretsManager-2024-09-16"
    rotation = one("AWS::SecretsManager::RotationSchedule")
    function = rotation["HostedRotationLambda"]
    assert function["RotationType"] == "PostgreSQLSingleUser"
    assert function["VpcSubnetIds"] == "subnet-1,subnet-2"
    assert (
        function["VpcSecurityGroupIds"] == "sg-jobs"
    )  # the database admits no group but this and the capture's
    assert function["KmsKeyArn"] == EXPORTS["assay-data-key"]
    assert rotation["RotateImmediatelyOnUpdate"] is False
    assert "SecretAttachment" in DOCUMENT["Resources"]["Rotation"]["DependsOn"]  # it needs the secret's host


def test_logs_are_made_before_rds_and_lambda_would_make_them() -> None:
    groups = {group.logical_id: group.properties for group in found("AWS::Logs::LogGroup")}
    assert [group["LogGroupName"] for group in groups.values()] == [
        "/aws/rds/instance/assay-database/postgresql",
        "/aws/rds/instance/assay-database/upgrade",
        "/aws/lambda/assay-database-rotation",
    ]
    exported = one("AWS::RDS::DBInstance")["EnableCloudwatchLogsExports"]
    assert [f"/aws/rds/instance/assay-database/{log}" for log in exported] == [
        groups[name]["LogGroupName"] for name in DOCUMENT["Resources"]["Database"]["DependsOn"]
    ]
    for group in groups.values():
        assert group["KmsKeyId"] == EXPORTS["assay-data-key"]
        assert group["RetentionInDays"] == "90"


def test_jobs_enter_by_a_connection_without_credentials() -> None:
    connection = one("AWS::Glue::Connection")["ConnectionInput"]
    assert connection["Name"] == "assay-database"
    assert connection["ConnectionType"] == "NETWORK"
    assert connection["ConnectionProperties"] == {}
    assert connection["PhysicalConnectionRequirements"] == {
        "AvailabilityZone": "eu-west-1a",
        "SubnetId": "subnet-1",
        "SecurityGroupIdList": ["sg-jobs"],
    }


@pytest.mark.parametrize("alarm", found("AWS::CloudWatch::Alarm"), ids=lambda alarm: alarm.logical_id)
def test_every_alarm_watches_this_database_and_tells_somebody(alarm: Resource) -> None:
    assert alarm.properties["Namespace"] == "AWS/RDS"
    assert alarm.properties["Dimensions"] == [{"Name": "DBInstanceIdentifier", "Value": "assay-database"}]
    assert alarm.properties["AlarmActions"] == [EXPORTS["assay-alerts-topic"]]


def test_the_dear_choices_are_parameters() -> None:
    instance = one("AWS::RDS::DBInstance", MultiAz="true", DeletionProtection="false", BackupDays="35")
    assert (instance["MultiAZ"], instance["DeletionProtection"], instance["BackupRetentionPeriod"]) == (
        "true",
        "false",
        "35",
    )
    assert one("AWS::RDS::DBInstance")["DBInstanceClass"] == "db.t4g.micro"


def test_what_other_stacks_import_is_exported() -> None:
    exported = {body["Export"]["Name"]["Fn::Sub"]: body["Value"] for body in DOCUMENT["Outputs"].values()}
    assert exported == {
        "${Name}-database-secret": {"Ref": "SecretAttachment"},
        "${Name}-database-connection": {"Ref": "Connection"},
        "${Name}-database-address": {"Fn::GetAtt": ["Database", "Endpoint.Address"]},
        "${Name}-database-instance": {"Ref": "Database"},
    }

"""The capture's template: it writes what `assay.sources.landing` reads, over TLS, and no more than it may."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from assay import configs
from assay.local import landing as stand_in
from assay.local.pgoutput import Relation
from assay.medallion import bronze
from assay.sources import landing, tables
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/capture.yaml"))
DOCUMENT = template_yaml.read(PATH)
KEY_ARN = "arn:aws:kms:eu-west-1:000000000000:key/k"
TOPIC_ARN = "arn:aws:sns:eu-west-1:000000000000:assay-alerts"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:assay-database-x"
EXPORTS = {
    "assay-data-key": KEY_ARN,
    "assay-landing-bucket": "assay-landing-000000000000-eu-west-1",
    "assay-database-secret": SECRET_ARN,
    "assay-private-subnets": "subnet-1,subnet-2",
    "assay-capture-security-group": "sg-capture",
    "assay-alerts-topic": TOPIC_ARN,
}
CERTIFICATE = "arn:aws:dms:eu-west-1:000000000000:cert:RDS"


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters, exports=EXPORTS).resources(kind)


def named(kind: str, logical_id: str, **parameters: str) -> dict[str, Any]:
    (match,) = (r for r in found(kind, **parameters) if r.logical_id == logical_id)
    return dict(match.properties)


def settings() -> dict[str, Any]:
    target: dict[str, Any] = named("AWS::DMS::Endpoint", "Target")["S3Settings"]
    return target


def replication() -> dict[str, Any]:
    return named("AWS::DMS::ReplicationConfig", "Replication")


def statements(role: str) -> list[dict[str, Any]]:
    (policy,) = named("AWS::IAM::Role", role)["Policies"]
    listed: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return listed


def test_the_settings_of_the_target_are_exactly_these() -> None:
    assert settings() == {
        "BucketName": "assay-landing-000000000000-eu-west-1",
        "BucketFolder": "rds",
        "ExpectedBucketOwner": "000000000000",
        "ServiceAccessRoleArn": "arn:aws:iam::000000000000:role/assay-capture-landing",
        "EncryptionMode": "sse-kms",
        "ServerSideEncryptionKmsKeyId": KEY_ARN,
        "DataFormat": "parquet",
        "ParquetVersion": "parquet-2-0",
        "CompressionType": "gzip",
        "ParquetTimestampInMillisecond": False,
        "IncludeOpForFullLoad": True,
        "TimestampColumnName": "dms_ts",
        "DatePartitionEnabled": False,
        "PreserveTransactions": False,
        "CdcMaxBatchInterval": 60,
        "CdcMinFileSize": 32000,
    }


def test_files_lie_where_the_reader_looks() -> None:
    (selection,) = (r for r in replication()["TableMappings"]["rules"] if r["rule-type"] == "selection")
    schema = selection["object-locator"]["schema-name"]
    assert f"{settings()['BucketFolder']}/{schema}" == landing.CAPTURED
    assert settings()["BucketFolder"] == stand_in.FOLDER
    assert schema == tables.SCHEMA
    assert selection["rule-action"] == "include"
    # Folders by date would hide the files: the reader takes names directly below the table's folder.
    assert settings()["DatePartitionEnabled"] is False
    assert settings()["PreserveTransactions"] is False


def test_columns_of_the_capture_are_those_that_bronze_reads() -> None:
    (added,) = (r for r in replication()["TableMappings"]["rules"] if r["rule-type"] == "transformation")
    assert added["rule-action"] == "add-column"
    assert added["expression"] == "$AR_H_CHANGE_SEQ"
    assert added["value"] == bronze._SEQUENCE
    assert settings()["TimestampColumnName"] == bronze._COMMITTED
    assert settings()["IncludeOpForFullLoad"] is True
    # The stand-in writes the same ones.
    relation = Relation("brokerage", "quotes", ("asset",), (25,), (-1,))
    written = stand_in.load_table(relation, [("oil",)], datetime(2026, 1, 5, tzinfo=UTC)).column_names
    assert written == [bronze._OPERATION, "asset", bronze._COMMITTED, added["value"]]


def test_the_sequence_of_dms_and_of_the_stand_in_fit_the_column() -> None:
    (added,) = (r for r in replication()["TableMappings"]["rules"] if r["rule-type"] == "transformation")
    dms_digits = 35  # DMS user guide, "Replicating source table headers using expressions"
    assert added["data-type"] == {"type": "string", "length": 50}
    assert max(dms_digits, len(stand_in.sequence(2**64 - 1, 2**32 - 1))) <= added["data-type"]["length"]


def test_every_table_of_the_source_is_captured() -> None:
    for rule in replication()["TableMappings"]["rules"]:
        assert rule["object-locator"] == {"schema-name": "brokerage", "table-name": "%"}
    ids = [rule["rule-id"] for rule in replication()["TableMappings"]["rules"]]
    assert len(ids) == len(set(ids))


def test_the_source_is_read_over_tls_with_the_secret() -> None:
    source = named("AWS::DMS::Endpoint", "Source")
    assert source["SslMode"] == "require"
    assert "CertificateArn" not in source
    assert not {"Username", "Password", "ServerName", "Port"} & source.keys()
    postgres = source["PostgreSqlSettings"]
    assert postgres["SecretsManagerSecretId"] == SECRET_ARN
    assert postgres["SecretsManagerAccessRoleArn"] == "arn:aws:iam::000000000000:role/assay-capture-secret"


def test_with_a_certificate_the_name_of_the_database_is_verified() -> None:
    source = named("AWS::DMS::Endpoint", "Source", CertificateArn=CERTIFICATE)
    assert (source["SslMode"], source["CertificateArn"]) == ("verify-full", CERTIFICATE)


def test_the_roles_may_read_one_secret_and_write_one_prefix() -> None:
    secret, key = statements("SecretRole")
    assert (secret["Action"], secret["Resource"]) == ("secretsmanager:GetSecretValue", SECRET_ARN)
    assert key["Resource"] == KEY_ARN
    writing, listing, key = statements("LandingRole")
    bucket = "arn:aws:s3:::assay-landing-000000000000-eu-west-1"
    assert writing["Resource"] == f"{bucket}/rds/*"
    assert "s3:GetObject" not in writing["Action"]
    assert listing["Resource"] == bucket
    assert key["Resource"] == KEY_ARN
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_the_roles_that_dms_looks_for_are_made_once_in_an_account() -> None:
    made = {role.properties["RoleName"] for role in found("AWS::IAM::Role")}
    assert made == {
        "dms-vpc-role", "dms-cloudwatch-logs-role", "assay-capture-secret", "assay-capture-landing"
    }  # fmt: skip
    kept = {role.properties["RoleName"] for role in found("AWS::IAM::Role", DmsServiceRoles="existing")}
    assert kept == {"assay-capture-secret", "assay-capture-landing"}


@pytest.mark.parametrize("choice", ["create", "existing"])
def test_the_replication_runs_privately_and_encrypted(choice: str) -> None:
    config = named("AWS::DMS::ReplicationConfig", "Replication", DmsServiceRoles=choice)
    assert config["ReplicationType"] == "full-load-and-cdc"
    compute = config["ComputeConfig"]
    assert compute["KmsKeyId"] == KEY_ARN
    assert compute["VpcSecurityGroupIds"] == ["sg-capture"]
    assert compute["ReplicationSubnetGroupId"] == "capture-SubnetGroup"
    (group,) = found("AWS::DMS::ReplicationSubnetGroup", DmsServiceRoles=choice)
    assert group.properties["SubnetIds"] == ["subnet-1", "subnet-2"]


def test_nothing_is_dropped_silently() -> None:
    given = replication()["ReplicationSettings"]
    policies = {k: v for k, v in given["ErrorBehavior"].items() if k.endswith("Policy")}
    assert set(policies) == {"DataErrorPolicy", "DataTruncationErrorPolicy", "TableErrorPolicy"}
    assert set(policies.values()) == {"STOP_TASK"}
    assert given["FullLoadSettings"]["TargetTablePrepMode"] == "DO_NOTHING"
    postgres = named("AWS::DMS::Endpoint", "Source")["PostgreSqlSettings"]
    assert postgres["FailTasksOnLobTruncation"] is True
    assert postgres["HeartbeatEnable"] is True  # else an idle week fills the source's disk


def test_a_failure_is_told_and_the_log_is_encrypted_and_ends() -> None:
    (rule,) = found("AWS::Events::Rule")
    pattern = rule.properties["EventPattern"]
    assert pattern["source"] == ["aws.dms"]
    assert pattern["detail-type"] == ["DMS Replication State Change"]
    assert pattern["resources"] == ["capture-Replication"]
    assert rule.properties["Targets"] == [{"Id": "alerts", "Arn": TOPIC_ARN}]
    (group,) = found("AWS::Logs::LogGroup")
    identifier = replication()["ResourceIdentifier"]
    assert group.properties["LogGroupName"] == f"dms-serverless-replication-{identifier}"
    assert group.properties["KmsKeyId"] == KEY_ARN
    assert group.properties["RetentionInDays"] == "90"


def unknown(shape: Any, value: Any, path: str = "") -> list[str]:
    """The values that are in none of the service's enumerations; botocore checks none itself."""
    if shape.type_name == "structure":
        return [p for k, v in value.items() for p in unknown(shape.members[k], v, f"{path}.{k}")]
    if shape.type_name == "list":
        return [p for v in value for p in unknown(shape.member, v, path)]
    return [f"{path} is {value}"] if getattr(shape, "enum", []) and value not in shape.enum else []


def refused(operation: str, properties: dict[str, Any]) -> list[str]:
    model = botocore.session.get_session().get_service_model("dms")
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(properties, shape)
    return [report.generate_report()] if report.has_errors() else unknown(shape, properties)


@pytest.mark.parametrize("certificate", ["", CERTIFICATE])
def test_endpoints_are_what_the_service_takes(certificate: str) -> None:
    for endpoint in found("AWS::DMS::Endpoint", CertificateArn=certificate):
        renamed = {"PostgreSqlSettings": "PostgreSQLSettings"}
        given = {renamed.get(k, k): v for k, v in endpoint.properties.items()}
        assert not refused("CreateEndpoint", given)
        assert refused("CreateEndpoint", given | {"SslMode": "maybe"}) == [".SslMode is maybe"]


def test_the_replication_is_what_the_service_takes() -> None:
    given = replication()
    compute = given["ComputeConfig"]
    units = {
        k: int(compute[k]) for k in ("MinCapacityUnits", "MaxCapacityUnits")
    }  # text, until AWS reads them
    given["ComputeConfig"] = compute | units
    for name in ("TableMappings", "ReplicationSettings"):  # JSON objects here, their texts there
        given[name] = json.dumps(given[name])
    assert not refused("CreateReplicationConfig", given)
    assert units["MinCapacityUnits"] <= units["MaxCapacityUnits"]


def test_what_other_stacks_import_is_exported() -> None:
    (output,) = DOCUMENT["Outputs"].values()
    assert output["Export"]["Name"] == {"Fn::Sub": "${Name}-capture-replication"}
    assert output["Value"] == {"Ref": "Replication"}

"""The foundation's template: data are closed, encrypted and kept; the journal is the local one's twin."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator

from assay import configs
from assay.errors import InputError
from assay.local import provision
from assay.local.aws import Aws
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/foundation.yaml"))
DOCUMENT = template_yaml.read(PATH)
KEY = "foundation-DataKey"
KEY_ARN = f"arn:aws:kms:eu-west-1:000000000000:key/{KEY}"
BUCKETS = ("landing", "lake", "artifacts", "logs")


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters).resources(kind)


def one(kind: str, logical_id: str) -> dict[str, Any]:
    (match,) = (r for r in found(kind) if r.logical_id == logical_id)
    return dict(match.properties)


def rules(bucket: str) -> dict[str, dict[str, Any]]:
    lifecycle = one("AWS::S3::Bucket", f"{bucket.capitalize()}Bucket")["LifecycleConfiguration"]
    return {rule["Id"]: rule for rule in lifecycle["Rules"]}


def test_what_other_stacks_import_is_exported() -> None:
    exports = {
        body["Export"]["Name"]["Fn::Sub"].removeprefix("${Name}-"): name
        for name, body in DOCUMENT["Outputs"].items()
    }
    values = Template(PATH).outputs()
    assert {thing: values[name] for thing, name in exports.items()} == {
        "data-key": KEY_ARN,
        **{f"{b}-bucket": f"assay-{b}-000000000000-eu-west-1" for b in BUCKETS},
        "journal-table": "assay-journal",
        "alerts-topic": "foundation-AlertsTopic",
        "security-configuration": "assay-jobs",
        "jobs-log-prefix": "/assay-jobs",
        "api-log-group": "/aws/lambda/assay-api",
    }


def test_the_four_buckets_are_named_by_account_and_region() -> None:
    names = [bucket.properties["BucketName"] for bucket in found("AWS::S3::Bucket")]
    assert names == [f"assay-{name}-000000000000-eu-west-1" for name in BUCKETS]


def test_the_longest_name_still_gives_valid_bucket_names() -> None:
    longest = "a" * DOCUMENT["Parameters"]["Name"]["MaxLength"]
    pseudo = {"AWS::Region": "ap-southeast-2"}
    for bucket in Template(PATH, {"Name": longest}, pseudo=pseudo).resources("AWS::S3::Bucket"):
        assert len(bucket.properties["BucketName"]) <= 63


@pytest.mark.parametrize("bucket", found("AWS::S3::Bucket"), ids=lambda bucket: bucket.logical_id)
def test_every_bucket_is_closed_versioned_and_kept(bucket: Resource) -> None:
    properties = bucket.properties
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    body = DOCUMENT["Resources"][bucket.logical_id]
    assert body["DeletionPolicy"] == body["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("bucket", found("AWS::S3::Bucket"), ids=lambda bucket: bucket.logical_id)
def test_every_bucket_is_encrypted_and_logs_its_access(bucket: Resource) -> None:
    ((encryption),) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    default = encryption["ServerSideEncryptionByDefault"]
    if bucket.logical_id == "LogsBucket":  # access logs are delivered into no other kind of bucket
        assert default == {"SSEAlgorithm": "AES256"}
        assert "LoggingConfiguration" not in bucket.properties
        assert "Reason" in bucket.metadata["Assay"]
    else:
        assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
        assert encryption["BucketKeyEnabled"] is True
        logging = bucket.properties["LoggingConfiguration"]
        assert logging["DestinationBucketName"] == "assay-logs-000000000000-eu-west-1"
        assert logging["LogFilePrefix"].startswith("s3/")


def test_every_bucket_refuses_what_comes_without_tls() -> None:
    policies = {p.properties["Bucket"]: p for p in found("AWS::S3::BucketPolicy")}
    for bucket in found("AWS::S3::Bucket"):
        name = bucket.properties["BucketName"]
        (denial,) = (
            s for s in policies.pop(name).properties["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"
        )
        assert denial["Principal"] == "*"
        assert denial["Action"] == "s3:*"
        assert denial["Resource"] == [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert not policies


def test_only_deliveries_of_logs_are_allowed_by_a_bucket_policy() -> None:
    allowed = {
        (statement["Principal"]["Service"], statement["Action"], statement["Resource"])
        for policy in found("AWS::S3::BucketPolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    logs = "arn:aws:s3:::assay-logs-000000000000-eu-west-1"
    balancers = "logdelivery.elasticloadbalancing.amazonaws.com"
    assert allowed == {
        ("logging.s3.amazonaws.com", "s3:PutObject", f"{logs}/s3/*"),
        (balancers, "s3:PutObject", f"{logs}/load-balancer/AWSLogs/000000000000/*"),
    }


@pytest.mark.parametrize("bucket", BUCKETS)
def test_nothing_that_is_of_no_use_is_kept_for_ever(bucket: str) -> None:
    given = rules(bucket)
    assert all(rule["Status"] == "Enabled" for rule in given.values())
    assert given["uploads-that-were-broken-off"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] <= 7
    assert given["replaced-and-deleted"]["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 90


def test_data_are_never_deleted_by_a_lifecycle_but_temporary_ones_are() -> None:
    assert rules("landing")["seldom-read"]["Transitions"] == [
        {"StorageClass": "STANDARD_IA", "TransitionInDays": 30}
    ]
    for bucket in ("landing", "lake", "artifacts"):
        expiring = [rule for rule in rules(bucket).values() if "ExpirationInDays" in rule]
        assert [rule["Prefix"] for rule in expiring] == ([] if bucket == "landing" else ["temp/"])


class _Recorder:
    """Notes what the local stand-in asks DynamoDB for."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def list_tables(self) -> dict[str, list[str]]:
        return {"TableNames": []}

    def create_table(self, **asked: Any) -> None:
        self.asked = asked


def test_the_journal_is_the_table_that_the_local_stack_makes() -> None:
    recorder = _Recorder()
    provision._journal(cast("Aws", SimpleNamespace(dynamodb=recorder)))
    journal = one("AWS::DynamoDB::Table", "JournalTable")
    assert len(recorder.asked) == 5
    assert {name: journal[name] for name in recorder.asked} == recorder.asked


def test_the_journal_can_be_restored_forgets_and_is_encrypted() -> None:
    journal = one("AWS::DynamoDB::Table", "JournalTable")
    assert journal["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert journal["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert journal["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert DOCUMENT["Resources"]["JournalTable"]["DeletionPolicy"] == "Retain"


def test_logs_are_encrypted_and_end() -> None:
    groups = found("AWS::Logs::LogGroup", LogRetention="180")
    assert len(groups) == 3
    for group in groups:
        assert group.properties["KmsKeyId"] == KEY_ARN
        assert group.properties["RetentionInDays"] == "180"


def test_glue_encrypts_everything_that_it_writes() -> None:
    found_ = one("AWS::Glue::SecurityConfiguration", "SecurityConfiguration")["EncryptionConfiguration"]
    assert found_["CloudWatchEncryption"] == {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": KEY_ARN}
    assert found_["JobBookmarksEncryption"] == {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": KEY_ARN}
    assert found_["S3Encryptions"] == [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": KEY_ARN}]


def test_the_key_rotates_and_names_every_action() -> None:
    key = one("AWS::KMS::Key", "DataKey")
    assert key["EnableKeyRotation"] is True
    statements = {s["Sid"]: s for s in key["KeyPolicy"]["Statement"]}
    for statement in statements.values():
        actions = statement["Action"]
        assert not [action for action in actions if "*" in action]
    logs = statements["LogGroupsOfThisInstallation"]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    (pattern,) = logs["Condition"]["ArnLike"].values()
    assert pattern == "arn:aws:logs:eu-west-1:000000000000:log-group:*assay*"
    assert "kms:PutKeyPolicy" in statements["TheAccountDecides"]["Action"]  # else nobody could ever change it


def test_only_services_publish_alerts_and_only_over_tls() -> None:
    assert one("AWS::SNS::Topic", "AlertsTopic")["KmsMasterKeyId"] == KEY
    policy = one("AWS::SNS::TopicPolicy", "AlertsTopicPolicy")["PolicyDocument"]
    allowed = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
    assert all(s["Principal"].keys() == {"Service"} and s["Action"] == "sns:Publish" for s in allowed)
    denied = [s for s in policy["Statement"] if s["Effect"] == "Deny"]
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_whoever_may_publish_may_use_the_key() -> None:
    def services(statements: list[dict[str, Any]]) -> set[str]:
        every = [s["Principal"].get("Service", []) for s in statements if s["Effect"] == "Allow"]
        return {name for names in every for name in ([names] if isinstance(names, str) else names)}

    publishing = services(one("AWS::SNS::TopicPolicy", "AlertsTopicPolicy")["PolicyDocument"]["Statement"])
    assert publishing == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"}
    assert publishing <= services(one("AWS::KMS::Key", "DataKey")["KeyPolicy"]["Statement"])


def test_an_address_is_told_only_when_given() -> None:
    assert not found("AWS::SNS::Subscription")
    (subscription,) = found("AWS::SNS::Subscription", AlertsEmail="team@example.org")
    assert subscription.properties["Endpoint"] == "team@example.org"
    with pytest.raises(InputError, match="AlertsEmail"):
        Template(PATH, {"AlertsEmail": "nobody"})


def test_the_budget_is_what_the_service_takes() -> None:
    budget = one("AWS::Budgets::Budget", "Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "100", "Unit": "USD"}
    model = botocore.session.get_session().get_service_model("budgets")
    shape = model.operation_model("CreateBudget").input_shape
    assert shape is not None
    report = ParamValidator().validate({"AccountId": "000000000000", **budget}, shape)
    assert not report.has_errors(), report.generate_report()
    assert budget["Budget"]["BudgetType"] in model.shape_for("BudgetType").metadata["enum"]
    assert budget["Budget"]["TimeUnit"] in model.shape_for("TimeUnit").metadata["enum"]
    for each in budget["NotificationsWithSubscribers"]:
        notification = each["Notification"]
        assert notification["NotificationType"] in model.shape_for("NotificationType").metadata["enum"]
        assert notification["ComparisonOperator"] in model.shape_for("ComparisonOperator").metadata["enum"]
        assert notification["ThresholdType"] in model.shape_for("ThresholdType").metadata["enum"]
        assert each["Subscribers"] == [{"SubscriptionType": "SNS", "Address": "foundation-AlertsTopic"}]


def test_alarms_watch_the_journal_and_tell_somebody() -> None:
    alarms = found("AWS::CloudWatch::Alarm")
    assert {alarm.properties["MetricName"] for alarm in alarms} == {"WriteThrottleEvents", "SystemErrors"}
    for alarm in alarms:
        assert alarm.properties["AlarmActions"] == ["foundation-AlertsTopic"]
        assert {"Name": "TableName", "Value": "assay-journal"} in alarm.properties["Dimensions"]

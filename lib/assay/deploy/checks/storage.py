"""Data at rest: encrypted, closed to the public, and still there when a stack is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.deploy.checks.registry import Finding, resources, whole
from assay.deploy.offline import Deployment, Resource

HOLDS_DATA = frozenset({
    "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::RDS::DBInstance", "AWS::KMS::Key",
})  # fmt: skip
"""Types whose loss is a loss of data; without its key, data are lost too."""
_PUBLIC_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_RESOLVED = "{{resolve:secretsmanager:"
_KEPT = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


@whole("buckets encrypted", "every bucket is encrypted, with our key where it can be", "buckets")
def buckets_encrypted(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A bucket without an encryption block falls back to S3's own key, and no linter says so.

    Logs of access are delivered only to buckets with S3's own key (S3 user guide, "Logging requests").
    """
    buckets = tuple(deployment.resources("AWS::S3::Bucket"))
    targets = {b.properties.get("LoggingConfiguration", {}).get("DestinationBucketName") for b in buckets}
    return len(buckets), (
        Finding("buckets encrypted", bucket.place, sentence)
        for bucket in buckets
        for sentence in _encryption(bucket, takes_logs=bucket.properties.get("BucketName") in targets)
    )


@resources("buckets private", "no bucket can be made public", "AWS::S3::Bucket", things="buckets")
def bucket_private(bucket: Resource) -> Iterator[str]:
    """All four blocks, since each leaves another way open."""
    blocks = bucket.properties.get("PublicAccessBlockConfiguration", {})
    if missing := [name for name in _PUBLIC_BLOCKS if not _true(blocks.get(name))]:
        yield f"may become public; set {', '.join(missing)} to true in PublicAccessBlockConfiguration"


@resources("data retained", "data outlive their stack", *sorted(HOLDS_DATA), things="resources")
def data_retained(resource: Resource) -> Iterator[str]:
    """Both policies: one is about deletion of the stack, one about replacement in an update."""
    for what, policy in (
        ("DeletionPolicy", resource.deletion),
        ("UpdateReplacePolicy", resource.replacement),
    ):
        if policy not in _KEPT:
            yield f"would be deleted with its data; set {what}: Retain (or Snapshot)"


@resources(
    "table protected", "every table is encrypted and can be restored", "AWS::DynamoDB::Table", things="tables"
)
def table_protected(table: Resource) -> Iterator[str]:
    """Encryption with a key of ours, and recovery to any second of the last 35 days."""
    if table.properties.get("SSESpecification", {}).get("SSEType") != "KMS":
        yield "is not encrypted with a key of ours; set SSESpecification with SSEType: KMS"
    if not _true(
        table.properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    ):
        yield "cannot be restored; enable PointInTimeRecoverySpecification"


@resources(
    "database closed",
    "the database is private and encrypted, its password AWS's",
    "AWS::RDS::DBInstance",
    things="databases",
)
def database_closed(database: Resource) -> Iterator[str]:
    """The defaults of RDS are none of the three."""
    found = database.properties
    if found.get("PubliclyAccessible") not in {False, "false"}:
        yield "may get a public address; set PubliclyAccessible: false"
    if not _true(found.get("StorageEncrypted")) or not found.get("KmsKeyId"):
        yield "is not encrypted with a key of ours; set StorageEncrypted and KmsKeyId"
    resolved = str(found.get("MasterUserPassword", "")).startswith(_RESOLVED)
    if not (resolved or _true(found.get("ManageMasterUserPassword"))):
        yield "has a password in the template; let Secrets Manager generate it, and resolve it from there"


@resources("topics encrypted", "every topic is encrypted", "AWS::SNS::Topic", things="topics")
def topic_encrypted(topic: Resource) -> Iterator[str]:
    """Alarms name tables and errors."""
    if not topic.properties.get("KmsMasterKeyId"):
        yield "is not encrypted; set KmsMasterKeyId"


@resources(
    "logs bounded", "every log group is encrypted and ends", "AWS::Logs::LogGroup", things="log groups"
)
def logs_bounded(group: Resource) -> Iterator[str]:
    """A log group without a retention is kept, and paid for, for ever."""
    if not group.properties.get("RetentionInDays"):
        yield "is kept for ever; set RetentionInDays"
    if not group.properties.get("KmsKeyId"):
        yield "is not encrypted with a key of ours; set KmsKeyId"


def _encryption(bucket: Resource, *, takes_logs: bool) -> Iterator[str]:
    rules = bucket.properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    defaults = [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]
    ours = any(d.get("SSEAlgorithm") == "aws:kms" and d.get("KMSMasterKeyID") for d in defaults)
    if not defaults:
        yield "has no BucketEncryption; add it with aws:kms and the data key"
    elif not (ours or takes_logs):
        yield "is encrypted with a key of S3's; set SSEAlgorithm: aws:kms and KMSMasterKeyID to the data key"


def _true(value: Any) -> bool:
    return value in {True, "true"}

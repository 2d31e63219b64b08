"""What a deployment makes in AWS, made on the emulator: buckets, blueprints, journal, secrets, databases.

Every step looks first and changes only what is missing, so it may run any number of times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from assay import configs
from assay.local.aws import Aws
from assay.local.names import ARTIFACTS, BUCKETS, CATALOG_DATABASES, JOURNAL, REGION

_BLUEPRINTS = "blueprints/"


def provision(aws: Aws, secrets: Mapping[str, Mapping[str, object]]) -> None:
    """Make everything that the jobs expect to find.

    Args:
        aws: The emulator.
        secrets: Name → what a secret holds.
    """
    _buckets(aws)
    _blueprints(aws)
    _journal(aws)
    for name, secret in secrets.items():
        _secret(aws, name, json.dumps(secret, sort_keys=True))
    _databases(aws)


def _buckets(aws: Aws) -> None:
    existing = {bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]}
    for name in BUCKETS:
        if name not in existing:
            aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _blueprints(aws: Aws) -> None:
    """Upload the shipped blueprints, which a workflow run that names none reads from there."""
    listed = aws.s3.list_objects_v2(Bucket=ARTIFACTS, Prefix=_BLUEPRINTS).get("Contents", [])
    existing = {each["Key"]: each["ETag"].strip('"') for each in listed}
    for file in sorted(configs.path("glue_configs/blueprints").glob("*.yaml")):
        key, body = f"{_BLUEPRINTS}{file.name}", file.read_bytes()
        if existing.get(key) != hashlib.md5(body, usedforsecurity=False).hexdigest():  # as S3 makes it
            aws.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=body)


def _journal(aws: Aws) -> None:
    if JOURNAL in aws.dynamodb.list_tables()["TableNames"]:
        return
    aws.dynamodb.create_table(
        TableName=JOURNAL,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("day", "entry", "run_id")
        ],
        KeySchema=[
            {"AttributeName": "day", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "run",
                "KeySchema": [
                    {"AttributeName": "run_id", "KeyType": "HASH"},
                    {"AttributeName": "entry", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _secret(aws: Aws, name: str, text: str) -> None:
    try:
        kept = aws.secretsmanager.get_secret_value(SecretId=name).get("SecretString")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        aws.secretsmanager.create_secret(Name=name, SecretString=text)
        return
    if kept != text:  # a port may have changed
        aws.secretsmanager.put_secret_value(SecretId=name, SecretString=text)


def _databases(aws: Aws) -> None:
    existing = {database["Name"] for database in aws.glue.get_databases()["DatabaseList"]}
    for name in CATALOG_DATABASES:
        if name not in existing:
            aws.glue.create_database(DatabaseInput={"Name": name})

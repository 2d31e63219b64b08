"""Forbidden examples as real calls: what somebody would do who tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from assay.local import names
from assay.local.running import Stack
from privileges.assumed import client
from privileges.call import Call
from privileges.stage import Credentials

Attempt = Callable[[Any, str], object]
"""Client, what follows the account in the ARN → the call."""
_DAY = {"day": {"S": "2026-01-05"}, "entry": {"S": "x"}}


def _object(resource: str) -> dict[str, str]:
    bucket, _, key = resource.partition("/")
    return {"Bucket": bucket, "Key": key}


def _table(resource: str) -> tuple[str, str]:
    _, database, name = resource.split("/")
    return database, name


def _name(resource: str) -> str:
    return resource.rpartition("/")[2]


_ATTEMPTS: Mapping[str, Attempt] = {
    "s3:GetObject": lambda s3, on: s3.get_object(**_object(on)),
    "s3:PutObject": lambda s3, on: s3.put_object(**_object(on), Body=b"x"),
    "s3:DeleteObject": lambda s3, on: s3.delete_object(**_object(on)),
    "s3:DeleteBucket": lambda s3, on: s3.delete_bucket(Bucket=on),
    "glue:GetTable": lambda glue, on: glue.get_table(DatabaseName=_table(on)[0], Name=_table(on)[1]),
    "glue:DeleteTable": lambda glue, on: glue.delete_table(DatabaseName=_table(on)[0], Name=_table(on)[1]),
    "glue:UpdateTable": lambda glue, on: glue.update_table(
        DatabaseName=_table(on)[0], TableInput={"Name": _table(on)[1]}
    ),
    "glue:DeleteDatabase": lambda glue, on: glue.delete_database(Name=_name(on)),
    "glue:StartJobRun": lambda glue, on: glue.start_job_run(JobName=_name(on)),
    "glue:UpdateJob": lambda glue, on: glue.update_job(JobName=_name(on), JobUpdate={}),
    "glue:StartWorkflowRun": lambda glue, on: glue.start_workflow_run(Name=_name(on)),
    "dynamodb:Scan": lambda dynamodb, on: dynamodb.scan(TableName=_name(on)),
    "dynamodb:PutItem": lambda dynamodb, on: dynamodb.put_item(TableName=_name(on), Item=_DAY),
    "dynamodb:DeleteItem": lambda dynamodb, on: dynamodb.delete_item(TableName=_name(on), Key=_DAY),
    "dynamodb:DeleteTable": lambda dynamodb, on: dynamodb.delete_table(TableName=_name(on)),
    "secretsmanager:GetSecretValue": lambda manager, _: manager.get_secret_value(SecretId=names.SECRET),
    "kms:ScheduleKeyDeletion": lambda kms, on: kms.schedule_key_deletion(KeyId=_name(on)),
    "rds:DescribeDBInstances": lambda rds, on: rds.describe_db_instances(
        DBInstanceIdentifier=on.rpartition(":")[2]
    ),
    "sts:AssumeRole": lambda sts, on: sts.assume_role(
        RoleArn=f"arn:aws:iam::000000000000:{on}", RoleSessionName="thief"
    ),
    "iam:PutRolePolicy": lambda iam, on: iam.put_role_policy(
        RoleName=_name(on), PolicyName="more", PolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    ),
}
"""The other examples are no calls (iam:PassRole) or find no server here (execute-api, rds-db)."""


def can_be_tried(call: Call) -> bool:
    """Whether there is a request that only asks for this."""
    return call.action in _ATTEMPTS


def refusal(stack: Stack, credentials: Credentials, call: Call) -> str:
    """The code of the error that a call gets, or "done" if it was carried out.

    Args:
        stack: The local stack, whose emulator enforces policies.
        credentials: Of the principal.
        call: What he tries.
    """
    service = call.action.partition(":")[0]
    try:
        _ATTEMPTS[call.action](client(stack, service, credentials), call.resource.split(":", 5)[5])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"

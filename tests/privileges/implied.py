"""Calls that AWS makes in the caller's name and that no client sends: the key of what is encrypted.

How they are derived: buckets, journal, topic and secret are encrypted with the data key (foundation.yaml,
database.yaml), and the service asks KMS with the caller's permissions, under `kms:ViaService`.

References:
    Amazon S3 user guide, "Using server-side encryption with AWS KMS keys": reading needs kms:Decrypt, writing
    kms:GenerateDataKey, and an upload in parts (large files become one, small local ones never) kms:Decrypt
    too.
    Amazon DynamoDB developer guide, "DynamoDB encryption at rest: usage notes": kms:Decrypt for the table's
    key.
    Amazon SNS developer guide, "Key management": kms:GenerateDataKey and kms:Decrypt to publish.
    AWS Secrets Manager user guide, "Secret encryption and decryption": kms:Decrypt to read.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.local import names
from privileges.call import Call, call

KEY = f"arn:aws:kms:{names.REGION}:000000000000:key/data"
_READS, _WRITES = ("kms:Decrypt",), ("kms:GenerateDataKey", "kms:Decrypt")
_NEEDS = {
    "s3:GetObject": _READS,
    "s3:GetObjectVersion": _READS,
    "s3:PutObject": _WRITES,
    "secretsmanager:GetSecretValue": _READS,
    "sns:Publish": _WRITES,
}


def implied(made: Iterable[Call]) -> dict[Call, set[str]]:
    """The calls of KMS that follow from others.

    Args:
        made: Recorded calls.

    Returns:
        Call of KMS → the actions that it follows from.
    """
    found: dict[Call, set[str]] = {}
    for each in made:
        service = each.action.partition(":")[0]
        needs = _READS if service == "dynamodb" else _NEEDS.get(each.action, ())
        for action in needs:
            keys = {
                "kms:ViaService": (f"{service}.{names.REGION}.amazonaws.com",),
                "kms:CallerAccount": ("000000000000",),
            }
            found.setdefault(call(each.principal, action, KEY, keys), set()).add(each.action)
    return found

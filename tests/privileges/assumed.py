"""The roles of the templates on the emulator, and credentials of each.

The documents are those that CloudFormation would attach. Only who may assume the roles differs: as written
it is Glue, Lambda or EC2, here it is the account's root, who plays them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3

from assay.local import names
from assay.local.running import Stack
from privileges import roles
from privileges.stage import Credentials

_ROOT = {"AWS": "arn:aws:iam::000000000000:root"}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": _ROOT, "Action": "sts:AssumeRole"}],
}
_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
PERSON = "cli"


@dataclass(slots=True)
class Assumed:
    """Credentials by principal, once the emulator is set up.

    Attributes:
        credentials: Principal → environment variables.
    """

    credentials: dict[str, Credentials] = field(default_factory=dict)

    def __call__(self, principal: str) -> Credentials:
        """The credentials of a principal; none of his own for a program that stands in for an AWS service."""
        return self.credentials.get(principal, {})

    @property
    def keys(self) -> Mapping[str, str]:
        """Access key → principal."""
        return {each["AWS_ACCESS_KEY_ID"]: principal for principal, each in self.credentials.items()}

    def prepare(self, stack: Stack) -> None:
        """Make every role, and assume it; and a person, who may do anything and is only recorded."""
        secret = client(stack, "secretsmanager").describe_secret(SecretId=names.SECRET)["ARN"]
        iam, sts = client(stack, "iam"), client(stack, "sts")
        for principal in roles.TEMPLATES:
            name = roles.name(principal)
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
            for number, document in enumerate(roles.documents(principal, secret)):
                policy = json.dumps(document)
                iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=policy)
            given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName=f"{principal}-run")["Credentials"]
            self.credentials[principal] = {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        iam.create_user(UserName=PERSON)
        iam.put_user_policy(UserName=PERSON, PolicyName="all", PolicyDocument=json.dumps(_ANYTHING))
        key = iam.create_access_key(UserName=PERSON)["AccessKey"]
        self.credentials[PERSON] = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }


def client(stack: Stack, service: str, credentials: Credentials = names.CREDENTIALS) -> Any:
    """A client of the emulator for somebody; for its root by default."""
    return _client(
        stack.endpoint,
        service,
        credentials["AWS_ACCESS_KEY_ID"],
        credentials["AWS_SECRET_ACCESS_KEY"],
        credentials.get("AWS_SESSION_TOKEN"),
    )


@cache
def _client(endpoint: str, service: str, key: str, secret: str, token: str | None) -> Any:
    session = boto3.session.Session(key, secret, token, region_name=names.REGION)
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]

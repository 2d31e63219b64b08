"""Clients of the emulator for the stack itself, which sets it up before any environment names it."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from functools import cached_property

import boto3
from botocore.config import Config

from assay.local.names import CREDENTIALS, REGION

if typing.TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Path style: bucket names are no host names here. Few retries: the emulator answers, or it is dead.
_CONFIG = Config(
    s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 2}, connect_timeout=3
)


@dataclass(frozen=True)
class Aws:
    """The emulator's services.

    Attributes:
        endpoint: URL of the emulator.
    """

    endpoint: str

    @cached_property
    def s3(self) -> S3Client:
        """Its S3."""
        return typing.cast("S3Client", self._client("s3"))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Its DynamoDB."""
        return typing.cast("DynamoDBClient", self._client("dynamodb"))

    @cached_property
    def glue(self) -> GlueClient:
        """Its Glue Data Catalog."""
        return typing.cast("GlueClient", self._client("glue"))

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Its Secrets Manager."""
        return typing.cast("SecretsManagerClient", self._client("secretsmanager"))

    def _client(self, service: str) -> object:
        key, secret = CREDENTIALS.values()
        session = boto3.session.Session(
            aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION
        )
        return session.client(typing.cast("typing.Any", service), endpoint_url=self.endpoint, config=_CONFIG)

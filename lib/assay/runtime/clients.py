"""AWS clients: the only place of the library that knows boto3.

Endpoints, region and credentials come from the environment (`AWS_ENDPOINT_URL`, `AWS_DEFAULT_REGION`, the
role of the job), so that the same code talks to AWS and to the stand-ins of one machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing
from collections.abc import Iterator, Mapping
from functools import lru_cache

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from assay.errors import AssayError, InputError, TerminalError, TransientError

if typing.TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "eu-west-1"
# boto3's default is "legacy" with five attempts and no circuit breaker; "standard" also retries throttling of
# every service and lost connections.
# As many connections are kept as the API has threads: those beyond would be made anew for each call.
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=40,
)
_TRANSIENT = frozenset({
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
    "ProvisionedThroughputExceededException", "InternalServerError", "InternalServiceException",
    "InternalFailure", "ServiceUnavailable", "RequestTimeout", "OperationTimeoutException",
    "ConflictException",
})  # fmt: skip
_SERVER_ERROR = 500


class MissingError(InputError):
    """What was named does not exist in AWS."""


def s3() -> S3Client:
    """The client of S3."""
    return typing.cast("S3Client", _client("s3"))


def dynamodb() -> DynamoDBClient:
    """The client of DynamoDB (attribute values in wire form)."""
    return typing.cast("DynamoDBClient", _client("dynamodb"))


def cloudformation() -> CloudFormationClient:
    """The client of CloudFormation."""
    return typing.cast("CloudFormationClient", _client("cloudformation"))


def secretsmanager() -> SecretsManagerClient:
    """The client of Secrets Manager."""
    return typing.cast("SecretsManagerClient", _client("secretsmanager"))


def glue() -> GlueClient:
    """The client of Glue."""
    return typing.cast("GlueClient", _client("glue"))


def client(service: str) -> object:
    """The client of a service whose calls the caller describes by a protocol of its own."""
    return _client(service)


class _Identities(typing.Protocol):
    """The one call of the Security Token Service that is made here."""

    def get_caller_identity(self) -> Mapping[str, typing.Any]:
        """Who calls."""


def account() -> str:
    """The number of the account whose credentials these are, 12 digits.

    Raises:
        InputError: There are no credentials.
        TerminalError: AWS does not know them.
        TransientError: AWS did not answer.
    """
    with calling("ask whose account this is"):
        return str(typing.cast("_Identities", _client("sts")).get_caller_identity()["Account"])


def region() -> str:
    """The region that every client asks."""
    return str(typing.cast("CloudFormationClient", _client("cloudformation")).meta.region_name)


def workflow_run_properties(workflow: str, run_id: str) -> Mapping[str, str]:
    """The properties with which a run of a workflow was started, and what its jobs added.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such workflow or run.
    """
    with calling(f"read the properties of run {run_id} of workflow {workflow}"):
        answer = glue().get_workflow_run_properties(Name=workflow, RunId=run_id)
    return answer["RunProperties"]


def credentials() -> dict[str, str]:
    """What another client of S3 is opened with: keys of the moment, region, and endpoint where there is one.

    Raises:
        InputError: There are no credentials.
    """
    client = s3()
    keys = boto3.session.Session().get_credentials()
    if keys is None:
        raise InputError("there are no AWS credentials; set them, or start the local stack with `assay up`")
    frozen = keys.get_frozen_credentials()
    found = {
        "aws_access_key_id": frozen.access_key,
        "aws_secret_access_key": frozen.secret_key,
        "aws_session_token": frozen.token,
        "region_name": client.meta.region_name,
        "endpoint_url": client.meta.endpoint_url if os.environ.get("AWS_ENDPOINT_URL") else None,
    }
    return {name: value for name, value in found.items() if value}


def secret(name: str) -> Mapping[str, typing.Any]:
    """A secret whose value is a JSON object.

    Args:
        name: Name or ARN of the secret, for example `"assay/database"`.

    Raises:
        InputError: The secret does not exist or is no JSON object.
        TransientError: Secrets Manager did not answer.
    """
    with calling(f"read secret {name}"):
        text = secretsmanager().get_secret_value(SecretId=name).get("SecretString", "")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        # The text itself is never shown: it may be a password.
        raise InputError(
            f"secret {name} is not a JSON object; store host, port, dbname, username, password in it"
        )
    return value


@contextlib.contextmanager
def calling(purpose: str) -> Iterator[None]:
    """Translate AWS's errors into Assay's while a call is made.

    Args:
        purpose: What the call is for, as the end of "cannot ...": `"read secret x"`.

    Raises:
        TransientError: The service did not answer, or asked to be tried again later.
        MissingError: What was named does not exist (an `InputError`).
        InputError: There are no credentials or no region.
        TerminalError: Every other refusal.
    """
    try:
        yield
    except ClientError as error:
        raise _of_answer(purpose, error) from error
    except (NoCredentialsError, NoRegionError) as error:
        remedy = "set AWS_DEFAULT_REGION and credentials, or start the local stack with `assay up`"
        raise InputError(f"cannot {purpose}: {str(error).rstrip('.')}; {remedy}") from error
    except BotoCoreError as error:
        raise TransientError(
            f"cannot {purpose}: {str(error).rstrip('.')}; is the service reachable?"
        ) from error


def _of_answer(purpose: str, error: ClientError) -> AssayError:
    """The error of ours that an error answer stands for."""
    code = error.response.get("Error", {}).get("Code", "unknown")
    text = error.response.get("Error", {}).get("Message", "").rstrip(".")
    message = f"cannot {purpose}: {text} ({code})"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _TRANSIENT or status >= _SERVER_ERROR:
        return TransientError(message)
    if "NotFound" in code or code.startswith("NoSuch"):
        return MissingError(f"{message}; does it exist in this account and region?")
    return TerminalError(message)


def _client(service: str) -> object:
    """One client per service and environment: making one costs a tenth of a second."""
    names = ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE")
    mine = f"AWS_ENDPOINT_URL_{service.upper()}"
    return _make(service, tuple(os.environ.get(n) for n in (*names, mine)))


@lru_cache(maxsize=32)
def _make(service: str, _environment: tuple[str | None, ...]) -> object:
    session = boto3.session.Session()
    region = session.region_name or os.environ.get("AWS_REGION") or REGION
    return session.client(typing.cast("typing.Any", service), region_name=region, config=_CONFIG)

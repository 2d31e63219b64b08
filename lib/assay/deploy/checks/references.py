"""What stacks expect of each other: imports, exports, names, and files of the release."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from assay.deploy.checks.reasons import reason
from assay.deploy.checks.registry import Finding, resources, whole
from assay.deploy.offline import Deployment, Planned, Resource
from assay.errors import did_you_mean

# The property that names a resource in AWS; types that are not listed have no name, or one that is AWS's.
_NAMING = {
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DMS::Endpoint": "EndpointIdentifier",
    "AWS::DMS::ReplicationConfig": "ReplicationConfigIdentifier",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Job": "Name",
    "AWS::Glue::SecurityConfiguration": "Name",
    "AWS::Glue::Trigger": "Name",
    "AWS::Glue::Workflow": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SecretsManager::Secret": "Name",
}
_LOG_GROUP = "AWS::Logs::LogGroup"
_PREFIX = re.compile(r"""(?:s3://[^/]+/)?releases/[0-9a-f]+/([^,\s"']+)""")


@whole("imports", "every import has an export in a stack before it", "imports")
def imports(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A stack that imports what no earlier stack exports is refused half-way through a deployment."""
    return sum(len(p.template.imports) for p in deployment.planned), _unmet(deployment)


@whole("exports", "every export is imported somewhere", "exports")
def exports(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """An export that nobody imports may be for people or programs: this only warns."""
    used = set().union(*(planned.template.imports for planned in deployment.planned))
    return sum(len(p.exports) for p in deployment.planned), (
        Finding(
            "exports", planned.stack.short, f"exports what no stack imports: {', '.join(idle)}", warning=True
        )
        for planned in deployment.planned
        if (idle := [name for name in planned.exports if name not in used])
    )


@resources("names", "every physical name begins with the installation's", *_NAMING, things="names")
def names(resource: Resource) -> Iterator[str]:
    """Two installations share an account, and policies name by prefix.

    A log group has it within, since AWS gives its first part; a name of AWS's own has a reason in the
    metadata.
    """
    found = resource.properties.get(_NAMING[resource.kind])
    begins = "(^|[/-])" if resource.kind == _LOG_GROUP else "^(alias/)?"
    has_name = found is None or re.search(rf"{begins}{resource.installation}(-|/|$)", str(found))
    if not has_name and not reason(resource):
        yield f"{_NAMING[resource.kind]} is {found!r}; begin it with ${{Name}}-"


@whole("files", "every file that a template names is in the release", "files")
def files(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A script, wheel or archive that is not uploaded fails the job, not the deployment."""
    found = [(r, key) for r in deployment.resources() for key in _keys(r.properties)]
    return len(found), (
        Finding("files", r.place, f"names {key}, which no release has{_near(key, deployment.files)}")
        for r, key in found
        if deployment.files and not _has(deployment.files, key)
    )


def _near(key: str, files: frozenset[str]) -> str:
    near = difflib.get_close_matches(key, files, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _has(files: frozenset[str], key: str) -> bool:
    """Whether there is a file of a key, or any below a prefix that ends in a slash or a star."""
    if key.endswith(("/", "*")):
        return any(file.startswith(key.removesuffix("*")) for file in files)
    return key in files


def _unmet(deployment: Deployment) -> Iterator[Finding]:
    known: dict[str, Planned] = {}
    later = {name: planned for planned in deployment.planned for name in planned.exports}
    for planned in deployment.planned:
        for name in sorted(planned.template.imports - known.keys()):
            if name in later:
                hint = f"it comes later, from {later[name].stack.short}"
            else:
                hint = did_you_mean(name, later)
            yield Finding(
                "imports", planned.stack.short, f"imports {name}, which no stack before it exports; {hint}"
            )
        known |= dict.fromkeys(planned.exports, planned)


def _keys(value: Any) -> Iterator[str]:
    """Keys below a release's prefix that a value names."""
    if isinstance(value, str):
        yield from (match[1] for match in _PREFIX.finditer(value))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _keys(inner)

"""What stacks expect of each other: imports, exports, names, and files of the release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assay.deploy.checks.registry import Finding, resources, whole
from assay.deploy.offline import Deployment, Planned, Resource
from assay.errors import did_you_mean

# The property that names a resource in AWS.
_NAMING = (
    "Name", "BucketName", "TableName", "RoleName", "FunctionName", "LogGroupName", "TopicName", "AliasName",
    "DBInstanceIdentifier", "EndpointIdentifier", "ReplicationConfigIdentifier", "AlarmName", "ClusterName",
    "ServiceName", "Family", "LayerName",
)  # fmt: skip
# Types whose name is given by someone else: the path of a stage, the variable of a parameter group.
_FREE = frozenset({
    "AWS::ApiGatewayV2::Stage", "AWS::Glue::Database", "AWS::EC2::LaunchTemplate", "AWS::Athena::NamedQuery",
})  # fmt: skip
_RELEASED = re.compile(r"s3://[^/]+/((?:jobs|lib|lambda|blueprints|athena|dags)/[^,\s]+)")


@whole("imports", "every import has an export in a stack before it", "imports")
def imports(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A stack that imports what no earlier stack exports is refused half-way through a deployment."""
    return sum(len(p.template.imports) for p in deployment.planned), _unmet(deployment)


@whole("exports", "every export is imported somewhere", "exports")
def exports(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """An export that nobody imports is a promise without a reason; it may be for people, so this only warns."""
    used = set().union(*(planned.template.imports for planned in deployment.planned))
    return sum(len(p.exports) for p in deployment.planned), (
        Finding("exports", planned.stack.short, f"exports {name}, which no stack imports", warning=True)
        for planned in deployment.planned
        for name in planned.exports
        if name not in used
    )


@resources("names", "every physical name begins with the installation's", things="resources")
def names(resource: Resource) -> Iterator[str]:
    """Two installations share an account, and policies name by prefix."""
    naming = next((n for n in _NAMING if isinstance(resource.properties.get(n), str)), None)
    if naming is None or resource.kind in _FREE:
        return
    found = resource.properties[naming]
    if not re.search(r"(^|/|_)assay-|(^|/)assay$", found):
        yield f"{naming} is {found!r}; begin it with ${{Name}}-"


@whole("files", "every file that a template names is in the release", "addresses")
def files(deployment: Deployment) -> tuple[int, Iterator[Finding]]:
    """A script, wheel or archive that is not uploaded fails the job, not the deployment."""
    found = [(r, key) for r in deployment.resources() for key in _keys(r.properties)]
    return len(found), (
        Finding("files", r.place, f"names {key}, which no release has; {did_you_mean(key, deployment.files)}")
        for r, key in found
        if deployment.files and key not in deployment.files
    )


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
    """Keys below the release's prefix that a value names, by address or as a bucket and a key."""
    if isinstance(value, str):
        yield from (match[1] for match in _RELEASED.finditer(value))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
    elif isinstance(value, dict):
        if isinstance(value.get("S3Key"), str):
            yield value["S3Key"]
        for inner in value.values():
            yield from _keys(inner)

"""Resources against botocore's model of their service: names, types, enumerations and patterns.

CloudFormation's own schemas do not list every value, so that a wrong one is refused by the service half-way
through a deployment. For these types the properties are the input of the operation that makes the resource,
but for a few renames, and for values that CloudFormation writes in lower case and with dashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import botocore.session

from assay.deploy.checks.registry import resources
from assay.deploy.offline import Resource
from assay.stacks import service_model

OPERATIONS: dict[str, tuple[str, str]] = {
    "AWS::Glue::Job": ("glue", "CreateJob"),
    "AWS::Glue::Trigger": ("glue", "CreateTrigger"),
    "AWS::Glue::Workflow": ("glue", "CreateWorkflow"),
    "AWS::Glue::Connection": ("glue", "CreateConnection"),
    "AWS::Glue::Database": ("glue", "CreateDatabase"),
    "AWS::Glue::SecurityConfiguration": ("glue", "CreateSecurityConfiguration"),
    "AWS::Athena::WorkGroup": ("athena", "CreateWorkGroup"),
    "AWS::Athena::NamedQuery": ("athena", "CreateNamedQuery"),
    "AWS::Budgets::Budget": ("budgets", "CreateBudget"),
    "AWS::DMS::Endpoint": ("dms", "CreateEndpoint"),
    "AWS::DMS::ReplicationConfig": ("dms", "CreateReplicationConfig"),
    "AWS::DMS::ReplicationSubnetGroup": ("dms", "CreateReplicationSubnetGroup"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
}
"""Type → (service, operation) whose input its properties are."""
_FOLDS = frozenset({"dms"})
_FUNCTION = {"KmsKeyArn": "KMSKeyArn"}
_Adapt = Callable[[dict[str, Any]], dict[str, Any]]


@resources("service model", "every value is one that its service knows", *OPERATIONS, things="resources")
def service_knows(resource: Resource) -> Iterator[str]:
    """Each problem of `service_model.problems`, after CloudFormation's spelling is undone."""
    service, operation = OPERATIONS[resource.kind]
    properties = _ADAPT.get(resource.kind, dict)(dict(resource.properties))
    yield from service_model.problems(service, operation, _spelled(service, operation, properties))


def _security_configuration(properties: dict[str, Any]) -> dict[str, Any]:
    found = dict(properties.get("EncryptionConfiguration", {}))
    if "S3Encryptions" in found:
        found["S3Encryption"] = found.pop("S3Encryptions")
    return properties | {"EncryptionConfiguration": found}


def _work_group(properties: dict[str, Any]) -> dict[str, Any]:
    renamed = {"WorkGroupConfiguration": "Configuration"}
    found = {renamed.get(key, key): value for key, value in properties.items()}
    return {k: v for k, v in found.items() if k not in {"State", "RecursiveDeleteOption"}}


def _budget(properties: dict[str, Any]) -> dict[str, Any]:
    budget = dict(properties["Budget"])
    limit = budget.get("BudgetLimit")
    if limit:
        budget["BudgetLimit"] = limit | {"Amount": str(limit["Amount"])}
    found = {k: v for k, v in properties.items() if k != "ResourceTags"}
    return {"AccountId": "000000000000", **found, "Budget": budget}


def _function(properties: dict[str, Any]) -> dict[str, Any]:
    # The reserved concurrency is another call of the same service.
    found = {_FUNCTION.get(k, k): v for k, v in properties.items() if k != "ReservedConcurrentExecutions"}
    tags = {"Tags": {tag["Key"]: tag["Value"] for tag in found["Tags"]}} if "Tags" in found else {}
    return found | tags


def _dms_endpoint(properties: dict[str, Any]) -> dict[str, Any]:
    renamed = {"PostgreSqlSettings": "PostgreSQLSettings"}
    found = {renamed.get(key, key): value for key, value in properties.items()}
    # CloudFormation makes the identifier when it is left out.
    return {"EndpointIdentifier": "made-by-cloudformation", **found}


def _replication(properties: dict[str, Any]) -> dict[str, Any]:
    found = dict(properties)
    for name in ("TableMappings", "ReplicationSettings", "SupplementalSettings"):
        if isinstance(found.get(name), Mapping):  # a JSON object there, its text here
            found[name] = json.dumps(found[name])
    return found


_ADAPT: dict[str, _Adapt] = {
    "AWS::Glue::SecurityConfiguration": _security_configuration,
    "AWS::Athena::WorkGroup": _work_group,
    "AWS::Budgets::Budget": _budget,
    "AWS::DMS::Endpoint": _dms_endpoint,
    "AWS::DMS::ReplicationConfig": _replication,
    "AWS::Lambda::Function": _function,
}


def _spelled(service: str, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Values as the service spells them: CloudFormation takes "2" for 2, for DMS `sse-kms` for `SSE_KMS`."""
    found: dict[str, Any] = _spell(_input(service, operation), properties, folds=service in _FOLDS)
    return found


@lru_cache(maxsize=32)
def _input(service: str, operation: str) -> Any:
    """The shape of an operation's input; reading a service's model takes a moment."""
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def _spell(shape: Any, value: Any, *, folds: bool) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        members = shape.members
        return {k: _spell(members[k], v, folds=folds) if k in members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_spell(shape.member, each, folds=folds) for each in value]
    if not isinstance(value, str):
        return value
    if kind in {"integer", "long"}:
        return int(value) if value.isdecimal() else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, value)
    known = {_folded(each): each for each in shape.metadata.get("enum", ())} if folds else {}
    return known.get(_folded(value), value)


def _folded(text: str) -> str:
    return text.lower().replace("-", "_")

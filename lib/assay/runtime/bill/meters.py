"""What each type of resource costs while nothing happens: its quantities a month, each with the price's name.

A type that has no meter and is not known to be billed by use alone is an error, not free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from assay.errors import InputError

HOURS: Final = 730.0
"""Hours of a month, as AWS counts them: 365 x 24 / 12."""
_ZONES = 2  # a load balancer has an address in each
_CPU_UNITS = 1024.0  # of one vCPU
_MEBIBYTES = 1024.0  # of one GB of memory, as Fargate counts
_ROOT_VOLUME = 8  # GB, where an instance names no size

Properties = Mapping[str, Any]
Meter = Callable[[str, Properties], Iterable[tuple[float, str]]]


def meter(where: str, kind: str) -> Meter:
    """The meter of a type of resource.

    Args:
        where: Template and resource, for the error.
        kind: For example `"AWS::KMS::Key"`.

    Raises:
        InputError: The type has none.
    """
    if kind in _METERS:
        return _METERS[kind]
    if kind.startswith(_BY_USE):
        return _nothing
    raise InputError(f"{where}: {kind} has no meter; say in {__name__} what it costs, or that it does not")


def _number(where: str, value: object) -> float:
    """A size as a template gives it, also as text.

    Raises:
        InputError: It is none.
    """
    try:
        return float(value)  # type: ignore[arg-type] # what float refuses is refused
    except (TypeError, ValueError):
        raise InputError(
            f"{where} is {value!r}; its cost is known for a number or a parameter only"
        ) from None


def _text(where: str, of: Properties, name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str):
        raise InputError(f"{where}: {name} is {value!r}; its cost is known for a text or a parameter only")
    return value


def _nothing(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    del where, of
    return ()


def _each(quantity: float, price: str) -> Meter:
    return lambda _where, _of: [(quantity, price)]


def _database(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    copies = 2.0 if str(of.get("MultiAZ", "false")).lower() == "true" else 1.0
    yield copies * HOURS, f"rds.{_text(where, of, 'DBInstanceClass')}"
    yield copies * _number(f"{where}: AllocatedStorage", of.get("AllocatedStorage")), "rds.storage"
    if str(of.get("ManageMasterUserPassword", "false")).lower() == "true":
        yield 1.0, "secretsmanager.secret"


def _capture(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    least = of.get("ComputeConfig", {}).get("MinCapacityUnits", 1)
    yield HOURS * _number(f"{where}: MinCapacityUnits", least), "dms.dcu"


def _load_balancer(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    del where
    yield HOURS, "alb.hour"
    if of.get("Scheme", "internet-facing") == "internet-facing":
        yield HOURS * _ZONES, "ipv4.hour"


def _task(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    kind = f"fargate.{str(of.get('RuntimePlatform', {}).get('CpuArchitecture', 'X86_64')).lower()}"
    yield HOURS * _number(f"{where}: Cpu", of.get("Cpu")) / _CPU_UNITS, f"{kind}.vcpu"
    yield HOURS * _number(f"{where}: Memory", of.get("Memory")) / _MEBIBYTES, f"{kind}.memory"


def _instance(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    yield HOURS, f"ec2.{_text(where, of, 'InstanceType')}"
    disks = [
        disk.get("Ebs", {}).get("VolumeSize", _ROOT_VOLUME) for disk in of.get("BlockDeviceMappings", [])
    ]
    yield sum(_number(f"{where}: VolumeSize", each) for each in disks or [_ROOT_VOLUME]), "ebs.gp3"


def _volume(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    yield _number(f"{where}: Size", of.get("Size")), "ebs.gp3"


def _endpoint(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    if of.get("VpcEndpointType", "Gateway") == "Gateway":
        return ()
    raise InputError(f"{where}: an endpoint of type {of['VpcEndpointType']} costs by the hour; add its price")


_METERS: Mapping[str, Meter] = {
    "AWS::KMS::Key": _each(1.0, "kms.key"),
    "AWS::SecretsManager::Secret": _each(1.0, "secretsmanager.secret"),
    "AWS::CloudWatch::Alarm": _each(1.0, "cloudwatch.alarm"),
    "AWS::EC2::NatGateway": _each(HOURS, "nat.hour"),
    "AWS::EC2::EIP": _each(HOURS, "ipv4.hour"),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::Volume": _volume,
    "AWS::RDS::DBInstance": _database,
    "AWS::DMS::ReplicationConfig": _capture,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::ECS::TaskDefinition": _task,
}
# Billed by what runs, is stored or is asked, or not at all.
_BY_USE = (
    "AWS::IAM::", "AWS::S3::", "AWS::DynamoDB::Table", "AWS::Logs::", "AWS::SNS::", "AWS::SQS::",
    "AWS::Glue::", "AWS::Athena::", "AWS::Lambda::", "AWS::ApiGatewayV2::", "AWS::Events::",
    "AWS::Scheduler::",
    "AWS::Budgets::", "AWS::KMS::Alias", "AWS::SecretsManager::", "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::DBParameterGroup", "AWS::DMS::Endpoint", "AWS::DMS::ReplicationSubnetGroup",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service", "AWS::ECR::", "AWS::ElasticLoadBalancingV2::Listener", "AWS::SSM::",
    "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::Cognito::", "AWS::EC2::VPC", "AWS::EC2::Subnet",
    "AWS::EC2::Route", "AWS::EC2::InternetGateway", "AWS::EC2::SecurityGroup", "AWS::EC2::FlowLog",
    "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::VolumeAttachment", "AWS::EC2::LaunchTemplate",
    "AWS::CloudWatch::CompositeAlarm",
)  # fmt: skip

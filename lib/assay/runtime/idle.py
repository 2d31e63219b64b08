"""What the stacks cost in a month in which nothing runs: every resource of every template, by its own meter.

The templates are read as they are deployed by default, so the bill follows them: a larger database, another
secret or a second NAT gateway is in it without a change here. A type of resource that has no meter and is not
known to be billed by use alone is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assay import configs
from assay.errors import InputError
from assay.runtime import prices
from assay.runtime.prices import Price
from assay.stacks import template_yaml

FOLDER: Final = "glue_configs/stacks"
STACKS: Final = (
    "foundation", "network", "database", "capture", "serving", "jobs", "workflow", "catalog", "dashboard",
    "airflow",
)  # fmt: skip
"""In the order in which they are deployed."""
OPTIONAL: Final = ("dashboard", "airflow")
HOURS: Final = 730.0
"""Hours of a month, as AWS counts them: 365 x 24 / 12."""
_ZONES = 2  # a load balancer has an address in each
_CPU_UNITS = 1024.0  # of one vCPU
_MEBIBYTES = 1024.0  # of one GB of memory, as Fargate counts
_ROOT_VOLUME = 8  # GB, where an instance names no size

Properties = Mapping[str, Any]
Meter = Callable[[str, Properties], Iterable[tuple[float, str]]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill.

    Attributes:
        stack: The stack's name.
        resource: The resource's key in the template.
        quantity: Units a month.
        price: Of one unit.
    """

    stack: str
    resource: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        """US dollars a month."""
        return self.quantity * self.price.dollars


def month(folder: Path | None = None) -> tuple[Line, ...]:
    """The bill, in the order of deployment.

    Args:
        folder: Holds the templates; the shipped ones when None. A stack that has none is left out.

    Raises:
        InputError: A resource has no meter, or one whose size or price is not known.
    """
    place = folder or configs.path(FOLDER)
    found = [place / f"{name}.yaml" for name in STACKS]
    return tuple(line for path in found if path.exists() for line in _stack(path))


def properties(path: Path, kind: str) -> dict[str, tuple[Properties, Mapping[str, Any]]]:
    """Resource → its properties and metadata, of one type, with parameters at their defaults.

    Args:
        path: A template.
        kind: For example `"AWS::Glue::Job"`.
    """
    document = template_yaml.read(path)
    return {
        name: (_defaults(document, body.get("Properties", {})), body.get("Metadata", {}))
        for name, body in document["Resources"].items()
        if body["Type"] == kind
    }


def number(where: str, value: object) -> float:
    """A size as a template gives it, also as text.

    Raises:
        InputError: It is none.
    """
    try:
        return float(value)  # type: ignore[arg-type] # what float refuses is refused
    except (TypeError, ValueError):
        raise InputError(f"{where} is {value!r}; its cost is known for a number or a parameter only") from None


def _stack(path: Path) -> Iterator[Line]:
    document = template_yaml.read(path)
    for name, body in document["Resources"].items():
        where = f"{path.name}, {name}"
        for quantity, price in _meter(where, body["Type"])(
            where, _defaults(document, body.get("Properties", {}))
        ):
            yield Line(path.stem, name, quantity, prices.price(price))


def _meter(where: str, kind: str) -> Meter:
    if kind in _METERS:
        return _METERS[kind]
    if kind.startswith(_BY_USE):
        return _nothing
    raise InputError(f"{where}: {kind} has no meter; say in {__name__} what it costs, or that it does not")


def _defaults(document: Mapping[str, Any], value: Any) -> Any:
    """A value with parameters replaced by their defaults; other functions stay as they are."""
    if isinstance(value, list):
        return [_defaults(document, each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return document.get("Parameters", {}).get(value["Ref"], {}).get("Default", value)
    return {key: _defaults(document, each) for key, each in value.items()}


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
    yield copies * number(f"{where}: AllocatedStorage", of.get("AllocatedStorage")), "rds.storage"
    if str(of.get("ManageMasterUserPassword", "false")).lower() == "true":
        yield 1.0, "secretsmanager.secret"


def _capture(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    least = of.get("ComputeConfig", {}).get("MinCapacityUnits", 1)
    yield HOURS * number(f"{where}: MinCapacityUnits", least), "dms.dcu"


def _load_balancer(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    del where
    yield HOURS, "alb.hour"
    if of.get("Scheme", "internet-facing") == "internet-facing":
        yield HOURS * _ZONES, "ipv4.hour"


def _task(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    kind = f"fargate.{str(of.get('RuntimePlatform', {}).get('CpuArchitecture', 'X86_64')).lower()}"
    yield HOURS * number(f"{where}: Cpu", of.get("Cpu")) / _CPU_UNITS, f"{kind}.vcpu"
    yield HOURS * number(f"{where}: Memory", of.get("Memory")) / _MEBIBYTES, f"{kind}.memory"


def _instance(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    yield HOURS, f"ec2.{_text(where, of, 'InstanceType')}"
    disks = [disk.get("Ebs", {}).get("VolumeSize", _ROOT_VOLUME) for disk in of.get("BlockDeviceMappings", [])]
    yield sum(number(f"{where}: VolumeSize", each) for each in disks or [_ROOT_VOLUME]), "ebs.gp3"


def _volume(where: str, of: Properties) -> Iterable[tuple[float, str]]:
    yield number(f"{where}: Size", of.get("Size")), "ebs.gp3"


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
    "AWS::Glue::", "AWS::Athena::", "AWS::Lambda::", "AWS::ApiGatewayV2::", "AWS::Events::", "AWS::Scheduler::",
    "AWS::Budgets::", "AWS::KMS::Alias", "AWS::SecretsManager::", "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::DBParameterGroup", "AWS::DMS::Endpoint", "AWS::DMS::ReplicationSubnetGroup", "AWS::ECS::Cluster",
    "AWS::ECS::Service", "AWS::ECR::", "AWS::ElasticLoadBalancingV2::Listener", "AWS::SSM::",
    "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::Cognito::", "AWS::EC2::VPC", "AWS::EC2::Subnet",
    "AWS::EC2::Route", "AWS::EC2::InternetGateway", "AWS::EC2::SecurityGroup", "AWS::EC2::FlowLog",
    "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::VolumeAttachment", "AWS::EC2::LaunchTemplate",
    "AWS::CloudWatch::CompositeAlarm",
)  # fmt: skip

"""The idle month: every resource of every shipped template has a meter that counts what AWS counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import configs
from assay.errors import InputError
from assay.runtime import prices
from assay.runtime.bill import idle
from assay.runtime.bill.meters import HOURS, meter
from assay.stacks import template_yaml

SHIPPED = sorted(configs.path(idle.FOLDER).glob("*.yaml"))


def of(kind: str, **properties: object) -> dict[str, float]:
    """Price → quantity a month."""
    return {price: quantity for quantity, price in meter("x.yaml, A", kind)("x.yaml, A", properties)}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_resource_has_a_meter(path: Path) -> None:
    assert path.stem in idle.STACKS
    for name, body in template_yaml.read(path)["Resources"].items():
        meter(f"{path.name}, {name}", body["Type"])


def test_the_shipped_stacks_are_billed_in_the_order_of_deployment() -> None:
    lines = idle.month()
    stacks = list(dict.fromkeys(line.stack for line in lines))
    assert stacks == [name for name in idle.STACKS if name in stacks]
    dearest = max(lines, key=lambda line: line.dollars)
    assert dearest.dollars == dearest.quantity * prices.dollars(dearest.price.name)


@pytest.mark.parametrize(
    ("kind", "properties", "quantities"),
    [
        ("AWS::KMS::Key", {}, {"kms.key": 1.0}),
        ("AWS::EC2::NatGateway", {}, {"nat.hour": HOURS}),
        (
            "AWS::RDS::DBInstance",
            {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20"},
            {"rds.db.t4g.micro": HOURS, "rds.storage": 20.0},
        ),
        (
            "AWS::RDS::DBInstance",
            {
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": 20,
                "MultiAZ": "true",
                "ManageMasterUserPassword": True,
            },
            {"rds.db.t4g.micro": 2 * HOURS, "rds.storage": 40.0, "secretsmanager.secret": 1.0},
        ),
        ("AWS::DMS::ReplicationConfig", {"ComputeConfig": {"MinCapacityUnits": 2}}, {"dms.dcu": 2 * HOURS}),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            {"Scheme": "internet-facing"},
            {"alb.hour": HOURS, "ipv4.hour": 2 * HOURS},
        ),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"}, {"alb.hour": HOURS}),
        (
            "AWS::ECS::TaskDefinition",
            {"Cpu": "256", "Memory": "1024", "RuntimePlatform": {"CpuArchitecture": "ARM64"}},
            {"fargate.arm64.vcpu": HOURS / 4, "fargate.arm64.memory": HOURS},
        ),
        (
            "AWS::EC2::Instance",
            {"InstanceType": "t4g.small", "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 16}}]},
            {"ec2.t4g.small": HOURS, "ebs.gp3": 16.0},
        ),
        ("AWS::EC2::Instance", {"InstanceType": "t4g.small"}, {"ec2.t4g.small": HOURS, "ebs.gp3": 8.0}),
        ("AWS::EC2::Volume", {"Size": 10}, {"ebs.gp3": 10.0}),
        ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"}, {}),
        ("AWS::S3::Bucket", {}, {}),
    ],
)
def test_a_meter_counts_what_aws_counts(
    kind: str, properties: dict[str, object], quantities: dict[str, float]
) -> None:
    assert of(kind, **properties) == quantities


@pytest.mark.parametrize(
    ("kind", "properties", "sentence"),
    [
        ("AWS::Redshift::Cluster", {}, "x.yaml, A: AWS::Redshift::Cluster has no meter"),
        ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface"}, "type Interface costs by the hour"),
        ("AWS::EC2::Instance", {}, "InstanceType is None; its cost is known for a text or a parameter only"),
        (
            "AWS::ECS::TaskDefinition",
            {"Cpu": {"Fn::If": []}},
            r"Cpu is \{'Fn::If': \[\]\}; its cost is known",
        ),
    ],
)
def test_what_cannot_be_priced_is_refused(kind: str, properties: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        of(kind, **properties)


def test_parameters_are_at_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "database.yaml").write_text(
        "Parameters: {Size: {Type: Number, Default: 50}}\n"
        "Resources:\n"
        "  D: {Type: AWS::RDS::DBInstance, Properties: "
        "{DBInstanceClass: db.t4g.micro, AllocatedStorage: !Ref Size}}\n"
    )
    instance, storage = idle.month(tmp_path)
    assert (instance.stack, instance.resource, storage.quantity) == ("database", "D", 50.0)
    assert storage.dollars == pytest.approx(50 * prices.dollars("rds.storage"))


def test_an_instance_without_a_price_is_refused(tmp_path: Path) -> None:
    (tmp_path / "database.yaml").write_text(
        "Resources:\n"
        "  D: {Type: AWS::RDS::DBInstance, Properties: "
        "{DBInstanceClass: db.r5.24xlarge, AllocatedStorage: 9}}\n"
    )
    with pytest.raises(InputError, match=r"has no price 'rds.db.r5.24xlarge'; add it with its source"):
        idle.month(tmp_path)

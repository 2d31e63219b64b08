"""The network's template: the database admits two groups, and nothing else is open."""

from __future__ import annotations

import ipaddress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay import configs
from assay.errors import InputError
from assay.stacks import template_yaml
from assay.stacks.template import Resource, Template

PATH = Path(configs.path("glue_configs/stacks/network.yaml"))
DOCUMENT = template_yaml.read(PATH)
KEY_ARN = "arn:aws:kms:eu-west-1:000000000000:key/k"
JOBS, CAPTURE, DATABASE = (f"network-{name}SecurityGroup" for name in ("Jobs", "Capture", "Database"))


@cache
def found(kind: str, **parameters: str) -> tuple[Resource, ...]:
    return Template(PATH, parameters, exports={"assay-data-key": KEY_ARN}).resources(kind)


def ways(direction: str) -> list[tuple[str, str, str, str]]:
    """Every rule: of which group, with whom, from which port to which."""
    rules: list[tuple[str, dict[str, Any]]] = []
    for group in found("AWS::EC2::SecurityGroup"):
        own = group.properties.get(f"SecurityGroup{direction}", [])
        rules += [(f"network-{group.logical_id}", rule) for rule in own]
    for rule in found(f"AWS::EC2::SecurityGroup{direction}"):
        rules.append((rule.properties["GroupId"], dict(rule.properties)))
    other = "SourceSecurityGroupId" if direction == "Ingress" else "DestinationSecurityGroupId"
    return [
        (group, str(rule.get(other, rule.get("CidrIp"))), str(rule.get("FromPort")), str(rule.get("ToPort")))
        for group, rule in rules
    ]


def test_the_database_admits_jobs_and_capture_on_its_port_and_nobody_else() -> None:
    assert sorted(way for way in ways("Ingress") if way[0] == DATABASE) == [
        (DATABASE, CAPTURE, "5432", "5432"),
        (DATABASE, JOBS, "5432", "5432"),
    ]


def test_no_address_is_admitted_anywhere() -> None:
    assert {other for _, other, _, _ in ways("Ingress")} == {JOBS, CAPTURE}
    assert (JOBS, JOBS, "0", "65535") in ways("Ingress")  # Glue's workers among themselves
    assert not [way for way in ways("Ingress") if way[0] == CAPTURE]


def test_groups_call_only_what_they_need() -> None:
    assert sorted(ways("Egress")) == sorted([
        (JOBS, "0.0.0.0/0", "443", "443"),
        (JOBS, JOBS, "0", "65535"),
        (JOBS, DATABASE, "5432", "5432"),
        (CAPTURE, "0.0.0.0/0", "443", "443"),
        (CAPTURE, DATABASE, "5432", "5432"),
        (DATABASE, "127.0.0.1/32", "None", "None"),  # nobody; without a rule AWS allows everybody
    ])  # fmt: skip


def test_subnets_share_the_network_without_overlap_in_two_zones() -> None:
    (network,) = found("AWS::EC2::VPC", Network="10.7")
    inside = ipaddress.ip_network(network.properties["CidrBlock"])
    subnets = found("AWS::EC2::Subnet", Network="10.7")
    blocks = [ipaddress.ip_network(subnet.properties["CidrBlock"]) for subnet in subnets]
    assert len(blocks) == 4
    assert all(block.subnet_of(inside) for block in blocks)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])
    zones = [subnet.properties["AvailabilityZone"] for subnet in subnets]
    assert zones == ["eu-west-1a", "eu-west-1b"] * 2
    assert not any(subnet.properties.get("MapPublicIpOnLaunch") for subnet in subnets)


@pytest.mark.parametrize("wrong", ["10.256", "10", "11.1", "10.1.0", "192.168"])
def test_a_network_that_is_no_private_one_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="Network"):
        Template(PATH, {"Network": wrong})


def test_private_subnets_reach_the_world_by_one_gateway_and_stores_without_it() -> None:
    routes = {r["RouteTableId"]: r for r in (route.properties for route in found("AWS::EC2::Route"))}
    assert routes["network-PrivateRoutes"]["NatGatewayId"] == "network-NatGateway"
    assert routes["network-PublicRoutes"]["GatewayId"] == "network-InternetGateway"
    assert [name for name, r in DOCUMENT["Resources"].items() if r["Type"] == "AWS::EC2::NatGateway"] == [
        "NatGateway"
    ]
    tables = {
        a.properties["SubnetId"]: a.properties["RouteTableId"]
        for a in found("AWS::EC2::SubnetRouteTableAssociation")
    }
    for place in ("Private", "Public"):
        assert tables[f"network-First{place}Subnet"] == f"network-{place}Routes"
        assert tables[f"network-Second{place}Subnet"] == f"network-{place}Routes"
    endpoints = {e.properties["ServiceName"]: e.properties for e in found("AWS::EC2::VPCEndpoint")}
    assert endpoints.keys() == {"com.amazonaws.eu-west-1.s3", "com.amazonaws.eu-west-1.dynamodb"}
    for endpoint in endpoints.values():
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert endpoint["RouteTableIds"] == ["network-PrivateRoutes"]


def test_connections_are_logged_encrypted_and_for_a_time() -> None:
    (group,) = found("AWS::Logs::LogGroup")
    assert group.properties["KmsKeyId"] == KEY_ARN
    assert group.properties["RetentionInDays"] == "90"
    (log,) = found("AWS::EC2::FlowLog")
    assert log.properties["ResourceId"] == "network-Vpc"
    assert log.properties["TrafficType"] == "ALL"
    assert log.properties["LogGroupName"] == group.properties["LogGroupName"] == "/assay-network"
    (role,) = found("AWS::IAM::Role")
    writing, listing = role.properties["Policies"][0]["PolicyDocument"]["Statement"]
    assert writing["Resource"] == "arn:aws:logs:eu-west-1:000000000000:log-group:/assay-network:*"
    assert listing["Action"] == "logs:DescribeLogGroups"
    assert "Reason" in role.metadata["Assay"]


def test_what_other_stacks_import_is_exported() -> None:
    values = Template(PATH).outputs()
    exports = {
        body["Export"]["Name"]["Fn::Sub"].removeprefix("${Name}-"): values[name]
        for name, body in DOCUMENT["Outputs"].items()
    }
    assert exports == {
        "vpc": "network-Vpc",
        "private-subnets": "network-FirstPrivateSubnet,network-SecondPrivateSubnet",
        "public-subnets": "network-FirstPublicSubnet,network-SecondPublicSubnet",
        "first-zone": "eu-west-1a",
        "jobs-security-group": JOBS,
        "database-security-group": DATABASE,
        "capture-security-group": CAPTURE,
    }

"""What the world can reach: ports, routes, and connections that could be listened to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.deploy.checks.reasons import reason
from assay.deploy.checks.registry import resources
from assay.deploy.offline import Resource

_WORLD = frozenset({"0.0.0.0/0", "::/0"})
_HTTPS = 443
_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
_AUTHORIZED = frozenset({"AWS_IAM", "JWT", "CUSTOM"})
_ANY_PORT = "any port"


@resources(
    "ports closed", "no port but a justified 443 is open to the world",
    "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", things="groups and rules",
)  # fmt: skip
def ports_closed(resource: Resource) -> Iterator[str]:
    """A rule that lets the world in; 443 may stay where the resource's metadata say why."""
    inline = resource.properties.get("SecurityGroupIngress", [])
    rules = inline if resource.kind == "AWS::EC2::SecurityGroup" else [resource.properties]
    for rule in rules:
        cidr = rule.get("CidrIp", rule.get("CidrIpv6"))
        if cidr in _WORLD and not (_ports(rule) == str(_HTTPS) and reason(resource)):
            yield f"opens {_ports(rule)} to {cidr}; name a security group or your own network instead"


@resources(
    "routes authorized", "every route of the API asks who calls", "AWS::ApiGatewayV2::Route", things="routes"
)
def route_authorized(route: Resource) -> Iterator[str]:
    """A route without an authorization type is open to the world."""
    kind = route.properties.get("AuthorizationType")
    if kind not in _AUTHORIZED:
        yield f"{route.properties.get('RouteKey')} is open to everybody; set AuthorizationType: AWS_IAM"


@resources(
    "functions authorized", "every function URL asks who calls", "AWS::Lambda::Url", things="function URLs"
)
def function_authorized(url: Resource) -> Iterator[str]:
    """NONE is the other value."""
    if url.properties.get("AuthType") != "AWS_IAM":
        yield "is open to everybody; set AuthType: AWS_IAM"


@resources(
    "listeners encrypted", "every listener speaks TLS or redirects to it",
    "AWS::ElasticLoadBalancingV2::Listener", things="listeners",
)  # fmt: skip
def listener_encrypted(listener: Resource) -> Iterator[str]:
    """A plain listener may only redirect."""
    kinds = {action.get("Type") for action in listener.properties.get("DefaultActions", [])}
    if listener.properties.get("Protocol") not in {"HTTPS", "TLS"} and kinds != {"redirect"}:
        yield "serves without TLS; set Protocol: HTTPS, or let it redirect only"


@resources("capture encrypted", "change capture reads over TLS", "AWS::DMS::Endpoint", things="endpoints")
def capture_encrypted(endpoint: Resource) -> Iterator[str]:
    """S3 is always spoken to over TLS; a database only when it is said."""
    mode = endpoint.properties.get("SslMode", "none")
    if endpoint.properties.get("EngineName") != "s3" and mode not in _TLS_MODES:
        yield f"reads with SslMode {mode}; set SslMode: require or stricter"


@resources(
    "connections encrypted",
    "jobs reach the database over TLS",
    "AWS::Glue::Connection",
    things="connections",
)
def connection_encrypted(connection: Resource) -> Iterator[str]:
    """A JDBC connection must enforce TLS; a NETWORK connection carries no credentials."""
    found = connection.properties.get("ConnectionInput", {})
    enforced = str(found.get("ConnectionProperties", {}).get("JDBC_ENFORCE_SSL", "false")).lower()
    if found.get("ConnectionType") == "JDBC" and enforced != "true":
        yield 'does not insist on TLS; set JDBC_ENFORCE_SSL: "true"'


def _ports(rule: Mapping[str, Any]) -> str:
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if low is None or str(rule.get("IpProtocol")) == "-1":
        return _ANY_PORT
    return str(low) if str(low) == str(high) else f"{low} to {high}"

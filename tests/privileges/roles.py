"""The policies of every identity, as its template grants them to an installation with our local names."""

from __future__ import annotations

from functools import cache
from typing import Any

from assay import configs
from assay.local import names
from assay.stacks.template import Resource, Template
from privileges.implied import KEY
from privileges.policy import Statement, parse

SECRET = f"arn:aws:secretsmanager:{names.REGION}:000000000000:secret:{names.SECRET}-<suffix>"
TEMPLATES = {
    "ingest": ("jobs", "IngestRole"),
    "sources": ("jobs", "SourcesRole"),
    "bronze": ("jobs", "BronzeRole"),
    "silver": ("jobs", "SilverRole"),
    "gold": ("jobs", "GoldRole"),
    "calibrate": ("jobs", "CalibrateRole"),
    "maintain": ("jobs", "MaintainRole"),
    "api": ("serving", "FunctionRole"),
    "airflow": ("airflow", "Role"),
}
"""Principal → template and logical id of its role."""


def exports(secret: str = SECRET) -> dict[str, str]:
    """What the other stacks export, with the local stack's names.

    Args:
        secret: ARN of the database's secret.
    """
    values = names.EXPORTS | {
        "data-key": KEY,
        "database-secret": secret,
        "api-url": "https://api.invalid",
        "api-log-group": "/aws/lambda/assay-api",
    }
    return {f"{names.INSTALLATION}-{thing}": value for thing, value in values.items()}


def statements(principal: str, secret: str = SECRET) -> list[Statement]:
    """Every statement of a principal's role."""
    return [one for document in documents(principal, secret) for one in parse(document)]


def documents(principal: str, secret: str = SECRET) -> list[dict[str, Any]]:
    """The policy documents of a principal's role.

    Raises:
        ValueError: The role has policies that are not in the template, which nobody could judge.
    """
    stack, _ = TEMPLATES[principal]
    template = _template(stack, secret)
    role = _role(template, principal)
    if role.properties.get("ManagedPolicyArns"):
        raise ValueError(f"the role of {principal} has managed policies; spell out what it may do")
    own = [policy["PolicyDocument"] for policy in role.properties.get("Policies", [])]
    attached = [*template.resources("AWS::IAM::Policy"), *template.resources("AWS::IAM::ManagedPolicy")]
    return [*own, *(each.properties["PolicyDocument"] for each in attached if _is_of(each, role))]


def name(principal: str) -> str:
    """The name of a principal's role."""
    stack, _ = TEMPLATES[principal]
    return str(_role(_template(stack, SECRET), principal).properties["RoleName"])


@cache
def _template(stack: str, secret: str) -> Template:
    return Template(configs.path(f"glue_configs/stacks/{stack}.yaml"), exports=exports(secret))


def _role(template: Template, principal: str) -> Resource:
    _, logical_id = TEMPLATES[principal]
    return {each.logical_id: each for each in template.resources("AWS::IAM::Role")}[logical_id]


def _is_of(policy: Resource, role: Resource) -> bool:
    return role.properties["RoleName"] in policy.properties.get("Roles", [])

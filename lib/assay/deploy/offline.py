"""An installation read without AWS: every stack resolved, with placeholders for what only AWS knows.

Each stack may import what the stacks before it export, as in a deployment. What is imported and never
exported is kept, not raised: it is for a check to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from assay.deploy.order import Stack
from assay.errors import InputError
from assay.stacks.template import ACCOUNT, REGION, Template

_SAMPLES = (
    "sample",
    "user@example.com",
    "example.com",
    "https://example.com/",
    f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000",
    "vpc-00000000000000000",
    "10.0.0.0/16",
    "1",
)
_CIDR_BLOCKS = 256
# Types whose `Ref` is an ARN; of the others it is the name, or what AWS calls them.
_REFERENCES = {
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-000000",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::DMS::Endpoint": "arn:aws:dms:{region}:{account}:endpoint:{name}",
    "AWS::ElasticLoadBalancingV2::TargetGroup":
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/0000000000000000",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack, resolved.

    Attributes:
        stack: Short name of its stack.
        installation: Name of the installation.
        logical_id: Its key under `Resources`.
        kind: Its type.
        properties: Its properties.
        metadata: Its metadata.
        deletion: Its `DeletionPolicy`; `Delete` when it has none.
        replacement: Its `UpdateReplacePolicy`; `Delete` when it has none.
    """

    stack: str
    installation: str
    logical_id: str
    kind: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]
    deletion: str = "Delete"
    replacement: str = "Delete"

    @property
    def place(self) -> str:
        """How a sentence names it: `jobs.GoldJob`."""
        return f"{self.stack}.{self.logical_id}"


class OfflineTemplate(Template):
    """A template in which every attribute of a resource that is not deployed has a placeholder.

    Args:
        stack: The stack; its parameters without value or default get a sample that they allow.
        exports: What the stacks before it export.
    """

    def __init__(self, stack: Stack, exports: Mapping[str, str]) -> None:
        self._stack = stack
        declared = stack.document.get("Parameters", {})
        samples = {name: _sample(stack, name, declared[name]) for name in stack.missing}
        self.imports: set[str] = set()
        pseudo = {
            "AWS::StackName": stack.name,
            "AWS::StackId": f"arn:aws:cloudformation:::stack/{stack.name}",
        }
        super().__init__(stack.path, samples | dict(stack.parameters), exports=exports, pseudo=pseudo)
        self._functions |= {"Fn::GetAZs": self._zones, "Fn::Cidr": self._cidr, "Fn::Base64": self.resolve}

    def with_start(self, start: str) -> Self:
        """The template with another value of its parameter `Start`, if it has one."""
        if start not in self._document.get("Parameters", {}).get("Start", {}).get("AllowedValues", []):
            return self
        return type(self)(
            replace(self._stack, parameters={**self._stack.parameters, "Start": start}), self._exports
        )

    def every(self) -> tuple[Resource, ...]:
        """All resources that the template's conditions keep."""
        return tuple(
            Resource(
                stack=self._stack.short,
                installation=self._stack.installation,
                logical_id=name,
                kind=str(body["Type"]),
                properties=self.resolve(body.get("Properties", {})),
                metadata=body.get("Metadata", {}),
                deletion=str(body.get("DeletionPolicy", "Delete")),
                replacement=str(body.get("UpdateReplacePolicy", "Delete")),
            )
            for name, body in self._kept.items()
        )

    def _ref(self, name: str) -> Any:
        found = super()._ref(name)
        kind = self._document["Resources"].get(name, {}).get("Type", "")
        form = _REFERENCES.get(kind)
        return found if form is None else form.format(region=REGION, account=ACCOUNT, name=found)

    def _get_att(self, argument: str | list[str]) -> Any:
        try:
            return super()._get_att(argument)
        except InputError:
            name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            kind = str(self._lookup("resource", name, self._kept)["Type"])
            return _placeholder(kind, f"{self._pseudo['AWS::StackName']}-{name}", attribute)

    def _import_value(self, argument: Any) -> str:
        name = str(self.resolve(argument))
        self.imports.add(name)
        return str(self._exports.get(name, name))

    def _zones(self, _region: Any) -> list[str]:
        return [f"{self._pseudo['AWS::Region']}{zone}" for zone in "abc"]

    def _cidr(self, argument: Sequence[Any]) -> list[str]:
        count = int(self.resolve(argument[1]))
        return [f"10.{i // _CIDR_BLOCKS}.{i % _CIDR_BLOCKS}.0/24" for i in range(count)]


@dataclass(frozen=True, slots=True)
class Planned:
    """A stack with its resources.

    Attributes:
        stack: The stack.
        template: Its template, resolved.
        resources: All its resources.
        exports: Name → value of what it exports.
    """

    stack: Stack
    template: OfflineTemplate
    resources: tuple[Resource, ...]
    exports: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deployment:
    """All stacks of an installation, in order.

    Attributes:
        planned: The stacks.
        files: The keys of a release, below its prefix.
    """

    planned: tuple[Planned, ...]
    files: frozenset[str] = frozenset()

    def resources(self, *kinds: str) -> Iterator[Resource]:
        """The resources of some types; of all when none is named."""
        for planned in self.planned:
            yield from (r for r in planned.resources if not kinds or r.kind in kinds)


def read(stacks: Sequence[Stack], files: frozenset[str] = frozenset()) -> Deployment:
    """Resolve stacks one after the other.

    Args:
        stacks: In order.
        files: The keys of a release.

    Raises:
        InputError: A template is wrong in itself: an unknown parameter, function or reference.
    """
    known: dict[str, str] = {}
    planned = []
    for stack in stacks:
        template = OfflineTemplate(stack, known)
        resources = template.every()
        exports = template.exports()
        known |= exports
        planned.append(Planned(stack, template, resources, exports))
    return Deployment(tuple(planned), files)


def _sample(stack: Stack, name: str, body: Mapping[str, Any]) -> str:
    """A value that a parameter allows, for reading its template; a deployment needs the user's own."""
    allowed = [str(value) for value in body.get("AllowedValues", _SAMPLES)]
    pattern = re.compile(body.get("AllowedPattern", ".*"))
    found = next((value for value in allowed if pattern.fullmatch(value)), None)
    if found is None:
        raise InputError(f"{stack.path.name}: give a value: --set {stack.short}.{name}=...")
    return found


def _placeholder(kind: str, name: str, attribute: str) -> str:
    if attribute.endswith("Arn"):
        service = kind.split("::")[1].lower()
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"
    if attribute.endswith("Port"):
        return "5432"
    if attribute.endswith("CidrBlock"):
        return "10.0.0.0/16"
    return f"{name}-{attribute.lower().replace('.', '-')}"

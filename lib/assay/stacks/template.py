"""Reads a CloudFormation template as a deployment would, so that the local runner runs what AWS would run.

Parameters, mappings, conditions and functions are resolved; what only a live deployment knows (an attribute
of a resource that does not exist here) is an error that names the resource.

References:
    AWS CloudFormation user guide, "Intrinsic function reference", "Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import InputError, did_you_mean
from assay.stacks import template_yaml

ACCOUNT = "000000000000"
REGION = "eu-west-1"
_NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
# The property that names a resource is what `Ref` gives; kinds without one get stack-logical id, as in AWS.
_NAMES = (
    "Name",
    "BucketName",
    "TableName",
    "RoleName",
    "FunctionName",
    "LogGroupName",
    "DBInstanceIdentifier",
)
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that the template's conditions keep.

    Attributes:
        logical_id: Its key under `Resources`.
        kind: Its type, for example `"AWS::Glue::Job"`.
        properties: Its properties, resolved.
        metadata: Its metadata, as written.
    """

    logical_id: str
    kind: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


class Template:
    """A template with values for its parameters.

    Args:
        path: The template.
        parameters: Parameter → value, as text; those left out take their default.
        exports: Name → value of what `Fn::ImportValue` may ask for.
        pseudo: Pseudo parameters that differ from the local stack's, for example `{"AWS::Region": ...}`.

    Raises:
        InputError: The file is no template; a parameter is unknown, missing or not allowed; a function is
            unknown or points at nothing.
    """

    def __init__(
        self,
        path: Path,
        parameters: Mapping[str, str] | None = None,
        *,
        exports: Mapping[str, str] | None = None,
        pseudo: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self._document = template_yaml.read(path)
        self._exports = exports or {}
        self._pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": path.stem,
            "AWS::URLSuffix": "amazonaws.com",
            **(pseudo or {}),
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref, "Fn::Sub": self._sub, "Fn::GetAtt": self._get_att, "Fn::If": self._if,
            "Fn::Join": self._join, "Fn::Select": self._select, "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map, "Fn::ImportValue": self._import_value,
            "Fn::Base64": self._base64,
        }  # fmt: skip
        self.parameters = self._check_parameters(parameters or {})
        self._kept: dict[str, dict[str, Any]] = {
            name: body
            for name, body in self._document["Resources"].items()
            if "Condition" not in body or self.condition(body["Condition"])
        }

    def resources(self, kind: str) -> tuple[Resource, ...]:
        """The kept resources of a type, in the template's order, resolved."""
        return tuple(
            Resource(name, kind, self.resolve(body.get("Properties", {})), body.get("Metadata", {}))
            for name, body in self._kept.items()
            if body["Type"] == kind
        )

    def outputs(self) -> dict[str, Any]:
        """Name → value of the outputs that the template's conditions keep."""
        return {
            name: self.resolve(body["Value"])
            for name, body in self._document.get("Outputs", {}).items()
            if "Condition" not in body or self.condition(body["Condition"])
        }

    def exports(self) -> dict[str, str]:
        """Name → value of what other stacks may import from this one."""
        return {
            self.resolve(body["Export"]["Name"]): str(self.resolve(body["Value"]))
            for body in self._document.get("Outputs", {}).values()
            if "Export" in body and ("Condition" not in body or self.condition(body["Condition"]))
        }

    def condition(self, asked: str | Mapping[str, Any]) -> bool:
        """Whether a condition holds.

        Args:
            asked: A name under `Conditions`, or a condition function such as `{"Fn::Not": [...]}`.
        """
        declared = self._document.get("Conditions", {})
        body = self._lookup("condition", asked, declared) if isinstance(asked, str) else asked
        ((function, value),) = body.items()
        if function == "Condition":
            return self.condition(value)
        if function == "Fn::Equals":
            # CloudFormation compares texts: a parameter is one, of whatever type it is declared.
            left, right = map(_text, map(self.resolve, value))
            return bool(left == right)
        if function == "Fn::Not":
            return not self.condition(value[0])
        if function in {"Fn::And", "Fn::Or"}:
            return (all if function == "Fn::And" else any)(map(self.condition, value))
        raise self._error(f"{function} is no condition function; allowed are And, Equals, Not, Or")

    def resolve(self, value: Any) -> Any:
        """A value with its functions replaced by what they give; `AWS::NoValue` removes its entry."""
        if isinstance(value, list):
            return [v for v in map(self.resolve, value) if v is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function in self._functions:
                return self._functions[function](argument)
            if isinstance(function, str) and function.startswith("Fn::"):
                raise self._error(
                    f"{function} is not supported here; {did_you_mean(function, self._functions)}"
                )
        resolved = {key: self.resolve(v) for key, v in value.items()}
        return {key: v for key, v in resolved.items() if v is not _NO_VALUE}

    def _check_parameters(self, given: Mapping[str, str]) -> dict[str, Any]:
        declared: dict[str, dict[str, Any]] = self._document.get("Parameters", {})
        for name in given:
            self._lookup("parameter", name, declared)
        values = {name: given.get(name, body.get("Default")) for name, body in declared.items()}
        for name, value in values.items():
            if value is None:
                raise self._error(f"parameter {name} has no value and no default; give one")
            self._check_parameter(name, value, declared[name])
        return {
            name: str(value).split(",") if "List" in declared[name]["Type"] else str(value)
            for name, value in values.items()
        }

    def _check_parameter(self, name: str, value: object, body: Mapping[str, Any]) -> None:
        allowed = body.get("AllowedValues")
        if allowed is not None and str(value) not in map(str, allowed):
            raise self._error(f"parameter {name} is {value!r}; {did_you_mean(str(value), map(str, allowed))}")
        pattern = body.get("AllowedPattern")
        for each in str(value).split(",") if "List" in body["Type"] else [str(value)]:
            if pattern is not None and not re.fullmatch(pattern, each):
                raise self._error(f"parameter {name} is {each!r}; it must match {pattern}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        for values in (self._pseudo, self.parameters):
            if name in values:
                return values[name]
        body = self._lookup("parameter or resource", name, self._kept)
        properties = body.get("Properties", {})
        if body["Type"] == "AWS::Glue::Database":
            return self.resolve(properties["DatabaseInput"]["Name"])
        naming = next((n for n in _NAMES if n in properties), None)
        return self.resolve(properties[naming]) if naming else f"{self._pseudo['AWS::StackName']}-{name}"

    def _get_att(self, argument: str | list[str]) -> str:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        body = self._lookup("resource", name, self._kept)
        pattern = _ARNS.get(body["Type"])
        if attribute != "Arn" or pattern is None:
            raise self._error(f"{name}.{attribute} of {body['Type']} is known only to a deployed stack")
        account, region = self._pseudo["AWS::AccountId"], self._pseudo["AWS::Region"]
        return pattern.format(name=self._ref(name), account=account, region=region)

    def _sub(self, argument: str | list[Any]) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument

        def one(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in extra:
                return str(self.resolve(extra[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(one, text)

    def _if(self, argument: list[Any]) -> Any:
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(map(str, self.resolve(parts)))

    def _select(self, argument: list[Any]) -> Any:
        index, values = int(self.resolve(argument[0])), self.resolve(argument[1])
        if not 0 <= index < len(values):
            raise self._error(f"Fn::Select asks for item {index} of {len(values)}")
        return values[index]

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = argument
        return str(self.resolve(text)).split(separator)

    def _find_in_map(self, argument: list[Any]) -> Any:
        found: Any = self._document.get("Mappings", {})
        for key in map(self.resolve, argument):
            found = self._lookup("mapping key", key, found)
        return found

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self.resolve(argument)).encode()).decode()

    def _import_value(self, argument: Any) -> str:
        return str(self._lookup("export", self.resolve(argument), self._exports))

    def _lookup(self, what: str, name: str, among: Mapping[str, Any]) -> Any:
        if name not in among:
            raise self._error(f"no {what} {name!r}; {did_you_mean(name, among)}")
        return among[name]

    def _error(self, sentence: str) -> InputError:
        return InputError(f"{self.path.name}: {sentence}")


def _text(value: Any) -> Any:
    """A scalar as CloudFormation writes it: `true`, not `True`."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, list | dict) else str(value)

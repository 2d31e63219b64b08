"""Definitions as JSON Schema, for editors: what may stand in a blueprint, a source or a contract.

A schema knows fields, types and ranges; what binds fields to each other (shares that sum to 1, a metric that
names a fact) only Assay's own check knows.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from assay.distributions import DISTRIBUTIONS, Distribution
from assay.errors import InputError, did_you_mean
from assay.spec.blueprint import Blueprint
from assay.spec.source import Source

Schema = dict[str, Any]
_LAW = "Distribution"
_LAW_HERE: Mapping[str, str] = MappingProxyType({"$comment": "a law"})
_REFERENCE: Mapping[str, str] = MappingProxyType({"$ref": f"#/$defs/{_LAW}"})
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def named(name: str) -> Schema:
    """The schema of a kind of definition.

    Args:
        name: `blueprint`, `source` or `contract`.

    Returns:
        A JSON Schema; contracts have that of the Open Data Contract Standard.

    Raises:
        InputError: There is no such kind.
    """
    if name not in SCHEMAS:
        raise InputError(f"there is no schema {name!r}; {did_you_mean(name, SCHEMAS)}")
    return SCHEMAS[name]()


class _Documented(GenerateJsonSchema):
    """Fields are described as the models' docstrings do, inherited fields as those of their bases."""

    def model_schema(self, schema: Any) -> Schema:
        """The schema of a model."""
        found = super().model_schema(schema)
        model = schema["cls"]
        found["description"] = _summary(model)
        for name, text in _attributes(model).items():
            if name in found.get("properties", {}):
                found["properties"][name]["description"] = text
        return found

    def dict_schema(self, schema: Any) -> Schema:
        """Names that have a pattern must have it."""
        found = super().dict_schema(schema)
        return {"additionalProperties": False, **found} if "patternProperties" in found else found

    def function_plain_schema(self, schema: Any) -> Schema:
        """Laws are the only fields whose validator is a function alone; `_with_laws` says what they are."""
        del schema
        return dict(_LAW_HERE)


def _of(title: str, kind: Any) -> Schema:
    found = TypeAdapter(kind).json_schema(schema_generator=_Documented)
    found["$defs"] |= _laws()
    return {"$schema": GenerateJsonSchema.schema_dialect, **_with_laws(found), "title": title}


def _contract() -> Schema:
    text = (resources.files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    found: Schema = json.loads(text)
    return found


SCHEMAS: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "blueprint": lambda: _of("Blueprint of Assay", Blueprint),
        "source": lambda: _of("Source of Assay", Source),
        "contract": _contract,
    }
)


def _with_laws(value: Any) -> Any:
    """The same schema with a reference wherever a law stands, whatever is said beside it."""
    if isinstance(value, dict):
        if value.get("$comment") == _LAW_HERE["$comment"]:
            return {name: v for name, v in value.items() if name != "$comment"} | dict(_REFERENCE)
        return {name: _with_laws(each) for name, each in value.items()}
    return [_with_laws(each) for each in value] if isinstance(value, list) else value


def _laws() -> Schema:
    """The distributions by name, and what a law is: one of them."""
    each = {f"law_{name}": _law(name, law) for name, law in DISTRIBUTIONS.items()}
    return {_LAW: {"type": "object", "oneOf": [{"$ref": f"#/$defs/{name}"} for name in each]}, **each}


def _law(name: str, law: type[Distribution]) -> Schema:
    said = _attributes(law)
    parameters = dataclasses.fields(law)  # type: ignore[arg-type]  # all are dataclasses
    properties = {p.name: _parameter(str(p.type)) | {"description": said[p.name]} for p in parameters}
    return {
        "type": "object",
        "description": _summary(law),
        "properties": {"distribution": {"const": name}, **properties},
        "required": ["distribution", *properties],
        "additionalProperties": False,
    }


def _parameter(annotation: str) -> Schema:
    """What a parameter of a distribution is, from its annotation: a number, a law, or a list of these."""
    one: Schema = {"type": "number"} if "float" in annotation else dict(_REFERENCE)
    return {"type": "array", "items": one, "minItems": 1} if annotation.startswith("tuple") else one


def _summary(thing: type) -> str:
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _attributes(thing: type) -> dict[str, str]:
    """Attribute to what the docstrings of a class and its bases say of it."""
    found: dict[str, str] = {}
    for each in reversed(thing.__mro__):
        text = inspect.cleandoc(each.__doc__ or "").partition("Attributes:\n")[2]
        found |= {name: " ".join(said.split()) for name, said in _ATTRIBUTE.findall(text)}
    return found

"""Glue's requests and answers in the exact shapes of botocore's service model.

botocore's validator looks at names, types and required members only; enumerations and patterns are checked
by `assay.stacks.service_model`. On the wire (JSON 1.1) a time is a number of seconds since 1970.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from assay.local.glue.faults import GlueError
from assay.stacks import service_model

Document = dict[str, Any]


def request(operation: str, body: bytes) -> Document:
    """A request's document, without what this version of Glue's model does not know.

    Args:
        operation: For example `"StartJobRun"`.
        body: The HTTP request's body.

    Raises:
        GlueError: It is no JSON object, or breaks the model (`InvalidInputException`).
    """
    try:
        given = json.loads(body or b"{}")
    except ValueError as error:
        raise GlueError("SerializationException", f"the request is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise GlueError("SerializationException", "the request is not a JSON object")
    shape = _model().operation_model(operation).input_shape
    known: Document = _known(given, shape)
    problems = service_model.problems("glue", operation, known)
    if problems:
        raise GlueError("InvalidInputException", "; ".join(problems))
    return known


def answer(operation: str, document: Mapping[str, Any]) -> bytes:
    """The body of an answer.

    Args:
        operation: For example `"GetJobRun"`.
        document: Times are `datetime`.

    Raises:
        GlueError: The document breaks the model: a defect of ours (`InternalServiceException`).
    """
    shape: Any = _model().operation_model(operation).output_shape
    # An empty list is an answer, although the model of some lists says that they have one entry or more.
    filled = {name: value for name, value in document.items() if value != []}
    report = ParamValidator().validate(filled, shape)
    wrong = report.generate_report() if report.has_errors() else "; ".join(_outside(document, shape))
    if wrong:
        raise GlueError("InternalServiceException", f"the answer to {operation} breaks its shape: {wrong}")
    return json.dumps(document, default=datetime.timestamp).encode()


def view(shape: str, properties: Mapping[str, Any]) -> Document:
    """What a shape of the model knows of a resource's CloudFormation properties, with its types.

    Args:
        shape: For example `"Job"`.
        properties: The resource's; CloudFormation also takes numbers and truth values as texts.
    """
    document: Document = _known(properties, _model().shape_for(shape))
    return document


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("glue")


def _known(value: Any, shape: Any) -> Any:
    """A value without members that the shape does not have; texts become what the shape says."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            name: _known(each, shape.members[name]) for name, each in value.items() if name in shape.members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_known(each, shape.member) for each in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: _known(each, shape.value) for key, each in value.items()}
    if isinstance(value, str) and shape.type_name == "integer" and value.isdecimal():
        return int(value)
    if isinstance(value, str) and shape.type_name == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _outside(value: Any, shape: Any) -> list[str]:
    """Texts that are not in the enumeration that the shape gives."""
    if shape.type_name == "structure":
        return [text for name, each in value.items() for text in _outside(each, shape.members[name])]
    if shape.type_name == "list":
        return [text for each in value for text in _outside(each, shape.member)]
    allowed = shape.metadata.get("enum")
    return [f"{value!r} is not one of {', '.join(allowed)}"] if allowed and value not in allowed else []

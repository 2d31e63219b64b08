"""What AWS would refuse in the input of a call, found offline in botocore's model of the service.

botocore checks names, types, required fields and lower bounds before it sends a call, but no enumeration, no
pattern and no upper bound: what breaks one of these is refused by AWS only, in the middle of a deployment.

Example:
    >>> problems("glue", "CreateTrigger", {"Name": "t", "Type": "WEEKLY", "Actions": []})
    ["Type is 'WEEKLY'; allowed: 'CONDITIONAL', 'EVENT', 'ON_DEMAND', 'SCHEDULED'"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError, Shape
from botocore.validate import ParamValidator

from assay.errors import InputError, did_you_mean

# The models are written for Java: a range of surrogate pairs, which is one range of characters in Python, and
# classes of Unicode. Python has no class for the latter, so they are widened: a letter or digit is any word
# character, a separator any white space, and what is printable or punctuation anything but white space.
_JAVA = (
    (r"\uD800\uDC00-\uDBFF\uDFFF", "\\U00010000-\\U0010ffff"),
    (r"\p{L}", r"\w"),
    (r"\p{N}", r"\d"),
    (r"\p{Z}", r"\s"),
    (r"\p{P}", r"!-/:-@\[-`{-~"),
    (r"\p{Print}", r"[ -~]"),
    (r"[\w-_]", r"[\w_-]"),
)


def problems(service: str, operation: str, properties: Mapping[str, Any]) -> list[str]:
    """What the service's model refuses in the input of an operation.

    Args:
        service: botocore's name of the service, for example `"glue"`.
        operation: The operation, for example `"CreateJob"`.
        properties: Its input; the properties of Glue's resources in CloudFormation are that as they are.

    Returns:
        A sentence per problem, each beginning with the path of the value; none when there is no problem.

    Raises:
        InputError: There is no such service or operation.

    References:
        Smithy 2.0, "Constraint traits": enum, length, pattern, range. A pattern holds for the whole value.
    """
    shape = _input(service, operation)
    report = ParamValidator().validate(dict(properties), shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return list(_walk("", shape, properties))


@lru_cache(maxsize=64)
def _input(service: str, operation: str) -> Shape:
    session = botocore.session.get_session()
    try:
        model = session.get_service_model(service)
        shape = model.operation_model(operation).input_shape
    except UnknownServiceError as error:
        hint = did_you_mean(service, session.get_available_services())
        raise InputError(f"botocore knows no service {service!r}; {hint}") from error
    except OperationNotFoundError as error:
        hint = did_you_mean(operation, model.operation_names)
        raise InputError(f"{service} has no operation {operation!r}; {hint}") from error
    if shape is None:
        raise InputError(f"{service} {operation} takes no input; there is nothing to check")
    return shape


def _walk(path: str, shape: Any, value: Any) -> Iterator[str]:
    yield from _constraints(path, shape.metadata, value)
    if shape.type_name == "structure":
        for name, each in value.items():
            yield from _walk(f"{path}.{name}" if path else name, shape.members[name], each)
    elif shape.type_name == "list":
        for number, each in enumerate(value):
            yield from _walk(f"{path}[{number}]", shape.member, each)
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from _walk(f"key of {path}", shape.key, key)
            yield from _walk(f"{path}.{key}", shape.value, each)


def _constraints(path: str, metadata: Mapping[str, Any], value: Any) -> Iterator[str]:
    allowed, pattern, most = metadata.get("enum"), metadata.get("pattern"), metadata.get("max")
    if allowed and value not in allowed:
        yield f"{path} is {value!r}; {did_you_mean(str(value), allowed)}"
    if pattern and not _python(pattern).fullmatch(str(value)):
        yield f"{path} is {value!r}; it must match {pattern}"
    if most is not None:
        number = isinstance(value, int | float)
        size = value if number else len(value)
        if size > most:
            yield f"{path} is {size}{'' if number else ' long'}; the most is {most}"


@lru_cache(maxsize=256)
def _python(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA:
        pattern = pattern.replace(java, python)
    # Flags in the middle of a pattern, which Python refuses, apply to all of it here: that is wider.
    inline = re.findall(r"\(\?i\)", pattern)
    return re.compile(pattern.replace("(?i)", ""), re.IGNORECASE if inline else re.NOFLAG)

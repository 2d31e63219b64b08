"""Distributions inside a blueprint: `{distribution: gamma, shape: 2, scale: 10}` read and written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from assay.distributions import DISTRIBUTIONS, Distribution
from assay.errors import InputError, did_you_mean
from assay.spec.model import problem


def read_law(value: object, path: str = "") -> Distribution:
    """Build the distribution that a mapping names.

    Args:
        value: A mapping with `distribution` and the parameters of that distribution, which may be mappings of
            the same kind or lists of them; or a distribution, returned as it is.
        path: Where the mapping stands, for messages.

    Raises:
        PydanticCustomError: Not such a mapping, or a parameter is missing, unknown or out of its range.
    """
    if isinstance(value, Distribution):
        return value
    if not isinstance(value, Mapping) or "distribution" not in value:
        raise problem(
            path, f"is {value!r}; write a distribution, for example {{distribution: poisson, rate: 2}}"
        )
    name = value["distribution"]
    if not isinstance(name, str) or name not in DISTRIBUTIONS:
        hint = did_you_mean(str(name), DISTRIBUTIONS)
        raise problem(_below(path, "distribution"), f"there is no distribution {name!r}; {hint}")
    given = {str(k): v for k, v in value.items() if k != "distribution"}
    _check_parameters(name, given, path)
    parameters = {k: _read(v, _below(path, k)) for k, v in given.items()}
    try:
        return DISTRIBUTIONS[name](**parameters)
    except InputError as error:
        raise problem(path, error.message) from None


def write_law(law: Distribution) -> dict[str, object]:
    """The mapping from which `read_law` builds an equal distribution."""
    mapping: dict[str, object] = {"distribution": law.name}
    for name in _parameters(law):
        mapping[name] = _write(getattr(law, name))
    return mapping


Law = Annotated[
    Distribution, PlainValidator(read_law), PlainSerializer(write_law, return_type=dict[str, object])
]
"""A field that holds a distribution."""


def _read(value: object, path: str) -> object:
    """A parameter: a mapping becomes a distribution, also inside a list; the rest stays as it is."""
    if isinstance(value, Mapping):
        return read_law(value, path)
    if isinstance(value, list):
        return [_read(each, _below(path, str(index))) for index, each in enumerate(value)]
    return value


def _write(value: object) -> object:
    """The inverse of `_read`; tuples stay tuples, which JSON writes as lists."""
    if isinstance(value, Distribution):
        return write_law(value)
    return tuple(_write(each) for each in value) if isinstance(value, tuple) else value


def _parameters(law: Distribution | type[Distribution]) -> list[str]:
    """The names of a distribution's parameters."""
    return [field.name for field in dataclasses.fields(law)]  # type: ignore[arg-type]  # all are dataclasses


def _check_parameters(name: str, given: Mapping[str, object], path: str) -> None:
    """Every parameter is there and none is unknown."""
    wanted = _parameters(DISTRIBUTIONS[name])
    for parameter in given:
        if parameter not in wanted:
            hint = did_you_mean(parameter, wanted)
            raise problem(path, f"{name} has no parameter {parameter!r}; {hint}")
    for parameter in wanted:
        if parameter not in given:
            raise problem(path, f"{name} needs the parameter {parameter!r}, which is missing")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

"""What AWS charges: the prices of `glue_configs/prices.yaml`, the one place where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from assay import configs
from assay.errors import InputError, did_you_mean

FILE: Final = "glue_configs/prices.yaml"
EVIDENCE: Final = ("aws", "third-party", "conflict")
_FIELDS = ("dollars", "unit", "checked", "evidence", "source")


@dataclass(frozen=True, slots=True)
class Price:
    """One price.

    Attributes:
        name: Its key in the file, for example `"glue.standard"`.
        dollars: US dollars per unit, more than 0.
        unit: For example `"DPU-hour"`.
        checked: When it was looked up.
        evidence: How: `"aws"`, `"third-party"`, or `"conflict"` where sources do not agree.
        source: Where.
    """

    name: str
    dollars: float
    unit: str
    checked: date
    evidence: str
    source: str


def dollars(name: str) -> float:
    """A price in US dollars.

    Raises:
        InputError: The file has no such price.

    Example:
        >>> dollars("glue.standard")
        0.44
    """
    return price(name).dollars


def price(name: str) -> Price:
    """A price with its evidence.

    Raises:
        InputError: The file has no such price.
    """
    found = table()
    if name not in found:
        raise InputError(f"{FILE} has no price {name!r}; add it with its source; {did_you_mean(name, found)}")
    return found[name]


@cache
def table() -> Mapping[str, Price]:
    """Name → price, of the shipped file, in its order."""
    return read(configs.path(FILE))


def read(path: Path) -> Mapping[str, Price]:
    """Name → price, of a file.

    Raises:
        InputError: An entry lacks a field, has another, or a value that cannot be one.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _price(f"{path.name}, {name}", name, body) for name, body in document["prices"].items()}


def _price(where: str, name: str, body: Mapping[str, Any]) -> Price:
    if set(body) != set(_FIELDS):
        raise InputError(f"{where}: has {', '.join(sorted(body))}; a price has {', '.join(_FIELDS)}")
    number = body["dollars"]
    if not (isinstance(number, int | float) and number > 0):
        raise InputError(f"{where}: dollars is {number!r}; it must be a number above 0")
    if not isinstance(body["checked"], date):
        raise InputError(f"{where}: checked is {body['checked']!r}; it must be a date as YYYY-MM-DD")
    if body["evidence"] not in EVIDENCE:
        hint = did_you_mean(str(body["evidence"]), EVIDENCE)
        raise InputError(f"{where}: evidence is {body['evidence']!r}; {hint}")
    return Price(
        name, float(number), str(body["unit"]), body["checked"], body["evidence"], str(body["source"])
    )

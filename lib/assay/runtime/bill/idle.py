"""What the stacks cost in a month in which nothing runs: every resource of every template, by its own meter.

The templates are read as they are deployed by default, so the bill follows them: a larger database, another
secret or a second NAT gateway is in it without a change here. A type of resource that has no meter and is not
known to be billed by use alone is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assay import configs
from assay.runtime import prices
from assay.runtime.bill.meters import Properties, meter
from assay.runtime.prices import Price
from assay.stacks import template_yaml

FOLDER: Final = "glue_configs/stacks"
STACKS: Final = (
    "foundation", "network", "database", "capture", "serving", "jobs", "workflow", "catalog", "dashboard",
    "airflow",
)  # fmt: skip
"""In the order in which they are deployed."""
OPTIONAL: Final = ("dashboard", "airflow")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill.

    Attributes:
        stack: The stack's name.
        resource: The resource's key in the template.
        quantity: Units a month.
        price: Of one unit.
    """

    stack: str
    resource: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        """US dollars a month."""
        return self.quantity * self.price.dollars


def month(folder: Path | None = None) -> tuple[Line, ...]:
    """The bill, in the order of deployment.

    Args:
        folder: Holds the templates; the shipped ones when None. A stack that has none is left out.

    Raises:
        InputError: A resource has no meter, or one whose size or price is not known.
    """
    place = folder or configs.path(FOLDER)
    found = [place / f"{name}.yaml" for name in STACKS]
    return tuple(line for path in found if path.exists() for line in _stack(path))


def properties(path: Path, kind: str) -> dict[str, tuple[Properties, Mapping[str, Any]]]:
    """Resource → its properties and metadata, of one type, with parameters at their defaults.

    Args:
        path: A template.
        kind: For example `"AWS::Glue::Job"`.
    """
    document = template_yaml.read(path)
    return {
        name: (_defaults(document, body.get("Properties", {})), body.get("Metadata", {}))
        for name, body in document["Resources"].items()
        if body["Type"] == kind
    }


def _stack(path: Path) -> Iterator[Line]:
    document = template_yaml.read(path)
    for name, body in document["Resources"].items():
        where = f"{path.name}, {name}"
        found = meter(where, body["Type"])(where, _defaults(document, body.get("Properties", {})))
        for quantity, price in found:
            yield Line(path.stem, name, quantity, prices.price(price))


def _defaults(document: Mapping[str, Any], value: Any) -> Any:
    """A value with parameters replaced by their defaults; other functions stay as they are."""
    if isinstance(value, list):
        return [_defaults(document, each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return document.get("Parameters", {}).get(value["Ref"], {}).get("Default", value)
    return {key: _defaults(document, each) for key, each in value.items()}

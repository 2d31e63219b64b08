"""The blueprint of a fitted world: what `assay run` draws, with metrics and one experiment to start from."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import yaml

from assay.certify.fit.world import World

if TYPE_CHECKING:
    from assay.spec import Blueprint

_START = date(2026, 1, 5)
_METRICS = {
    "events_per_unit": {"type": "mean", "numerator": "trades.count"},
    "value_per_unit": {"type": "mean", "numerator": "trades.notional"},
    "active_units": {"type": "proportion", "numerator": "trades.count"},
    "value_per_event": {"type": "ratio", "numerator": "trades.notional", "denominator": "trades.count"},
}
_MOST_WEEKS = 520
_LIFT = 1.05


def blueprint_of(world: World, *, name: str, seed: int = 0) -> Blueprint:
    """The blueprint that draws a world.

    The generators know one fact, `trades`: an event is a trade, its value the notional, a unit a customer.

    Args:
        world: What was fitted.
        name: Any text, for example a file's name; letters and digits are kept.
        seed: Of every draw.

    Returns:
        A valid blueprint. Its experiment plants a lift of 5 % in the rate, to be edited.
    """
    # A diagnosis describes shapes by this package, and needs no model of a blueprint.
    from assay.spec import Blueprint
    from assay.spec.law import write_law

    document = {
        "name": _name(name),
        "seed": seed,
        "start": _START,
        "population": {
            "initial": world.units,
            "country": {"all": 1.0},
            "tier": {"all": 1.0},
            "market": {"assets": ["asset"]},
        },
        "facts": {
            "trades": {
                "table": "silver.trades",
                "unit": "customer_id",
                "time": "traded_at",
                "values": ["notional"],
                "generate": {"rate": write_law(world.rate), "values": {"notional": write_law(world.value)}},
            }
        },
        "metrics": _METRICS,
        "experiments": {
            "example": {
                "first_week": 2,
                "weeks": min(max(round(world.weeks), 1), _MOST_WEEKS),
                "metrics": list(_METRICS),
                "arms": [
                    {"name": "control", "allocation": 0.5},
                    {"name": "treatment", "allocation": 0.5, "effects": {"trades.rate": _LIFT}},
                ],
            }
        },
    }
    return Blueprint.model_validate(document)


def as_yaml(blueprint: Blueprint, *, comment: str) -> str:
    """A blueprint's file.

    Args:
        blueprint: What to write; `load_blueprint` of the file gives an equal one.
        comment: Stands above it, one sentence a line.
    """
    tree = blueprint.model_dump(mode="json", exclude_defaults=True)
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + yaml.safe_dump(
        tree, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True
    )


def _name(text: str) -> str:
    """A blueprint's name: lower case, digits and underscores, starting with a letter."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"data_{plain}".rstrip("_"))[:63]

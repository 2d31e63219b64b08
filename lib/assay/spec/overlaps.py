"""Experiments of other layers that reach the units of one: the truth of those that overlap is not known."""

from __future__ import annotations

from datetime import date

from assay.errors import InputError
from assay.spec.blueprint import Blueprint
from assay.spec.experiment import PlannedExperiment


def refuse_other_layers(
    blueprint: Blueprint, planned: PlannedExperiment, facts: set[str], as_of: date
) -> None:
    """Effects of another layer would reach both arms for part of the time: not covered by the formulas.

    Bots of another layer are there at all times; units that it has lost stay away after its end.

    Args:
        blueprint: A synthetic one.
        planned: The round whose truth is asked for.
        facts: On which its metric rests.
        as_of: The look.

    Raises:
        InputError: Another layer has effects on one of the facts in the same weeks, bots or attrition.
    """
    until = min(as_of, planned.end)
    for other in blueprint.plan(until):
        if _apart(blueprint, planned, other.experiment) or other.end <= planned.start:
            continue
        touched = {target.partition(".")[0] for arm in other.arms for target in arm.targets}
        faults = blueprint.experiments[other.experiment].planted
        if faults is not None and faults.interference:
            touched |= facts
        for fact in sorted(touched & facts):
            raise InputError(
                f"experiments {planned.id!r} and {other.id!r} overlap in different layers, and the second "
                f"has an effect on fact {fact!r}; put them in one layer to have a known truth"
            )
    for name, experiment in sorted(blueprint.experiments.items()):
        faults = experiment.planted
        if faults is None or _apart(blueprint, planned, name):
            continue
        begun = blueprint.week_start(experiment.first_week) < until
        kind = "bots" if faults.bots else "attrition" if faults.attrition and begun else None
        if kind:
            raise InputError(
                f"experiment {name!r} has {kind} and is not in the layer of {planned.id!r}, whose units it "
                f"reaches; put them in one layer to have a known truth"
            )


def _apart(blueprint: Blueprint, planned: PlannedExperiment, other: str) -> bool:
    """Whether another experiment shares no unit with a round, or is its own."""
    layer = blueprint.experiments[planned.experiment].layer
    if other == planned.experiment:
        return True
    return layer is not None and blueprint.experiments[other].layer == layer

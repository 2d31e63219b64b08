"""Where exposures stand, for experiments whose units were assigned by a system of the user's own."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from assay.spec.model import Extended, Name


class Exposures(Extended):
    """A table with a row (or more) for each unit that saw an arm; the earliest one counts.

    Attributes:
        table: For example `silver.assignments`.
        unit: Column that names the unit.
        arm: Column with the name of the arm.
        time: Column with the time of the exposure (a timestamp in UTC, or a day).
        experiment: Column with the id of the experiment (or round); None where the table is of the one
            experiment that the blueprint has.
        cluster: Column with the group of units that was assigned as a whole: a school, a household, a
            village. It comes with the unit's first exposure. None where units were assigned one by one.
    """

    later: ClassVar[frozenset[str]] = frozenset({"cluster"})

    table: str = Field(pattern=r"^silver\.[a-z][a-z0-9_]*$")
    unit: Name
    arm: Name
    time: Name
    experiment: Name | None = None
    cluster: Name | None = None


SHIPPED = Exposures(
    table="silver.exposures", unit="unit", arm="arm", time="exposed_at", experiment="experiment"
)
"""The brokerage's own table, which a blueprint uses that names none."""

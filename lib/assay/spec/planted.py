"""What goes wrong in a synthetic experiment, with its records, its events and its units."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from assay.spec.model import Extended, Model, Name, Share


class Bots(Model):
    """Units that act far more often than any law of people says, in both arms, for good.

    Attributes:
        share: Of the experiment's units.
        factor: By which their rate is multiplied, above 1.
    """

    share: Share
    factor: float = Field(gt=1, le=10_000)


class Interference(Model):
    """Units of a cluster reach each other: a unit's rate depends on its neighbours' arms.

    With a share f of its neighbours assigned to arms other than the first, a unit's rate is 1 + spill f times
    what it would be, from its own exposure on, in all arms. Clusters are of consecutive customers.

    Attributes:
        size: Units of a cluster; neighbours outside the experiment count as not treated.
        spill: Relative change of the rate if all neighbours are treated, above -1.
    """

    size: Literal[2, 4, 8, 16, 32, 64]
    spill: float = Field(gt=-1, le=10)


class Planted(Extended):
    """Faults of a synthetic experiment: in its records of exposures, in its events, in its units.

    Attributes:
        lost_exposures: Arm to the share of its units all of whose records are lost: a sample ratio mismatch.
        repeats_per_week: Probability that a unit is recorded again in a later week of the experiment.
        multi_arm: Share of units also recorded in another arm in the week after their first exposure.
        non_compliance: Share of the units of every arm but the first that do not get their arm's effects; the
            truth is that of the assignment (intention to treat).
        attrition: Share of the units still acting that stops for good at every Monday after their exposure,
            in all arms; below 1.
        late_events: Share of the units' events in the experiment's weeks that arrive a week late. No effect
            on the truth.
        duplicated_events: Share of the units' events in the experiment's weeks that are booked again under
            another id and then deleted. No effect on the truth.
        bots: Units with a huge rate; the truth includes them.
        interference: Within clusters, whose units are then not independent. The truth is what the arms differ
            by as randomised, not by how much a world with everyone treated differs from one with nobody.
    """

    later: ClassVar[frozenset[str]] = frozenset(
        {"non_compliance", "attrition", "late_events", "duplicated_events", "bots", "interference"}
    )

    lost_exposures: dict[Name, Share] = Field(default_factory=dict)
    repeats_per_week: Share = 0.0
    multi_arm: Share = 0.0
    non_compliance: Share = 0.0
    attrition: float = Field(default=0.0, ge=0, lt=1)
    late_events: Share = 0.0
    duplicated_events: Share = 0.0
    bots: Bots | None = None
    interference: Interference | None = None

"""When customers act, and with what value: a Poisson process per customer, drawn exactly.

Candidates come at the highest rate of the week; each is kept with the probability of the true rate at its
time over that highest rate (thinning). Before sign-up the rate is 0.

References:
    Lewis and Shedler (1979), Simulation of Nonhomogeneous Poisson Processes by Thinning, Theorem 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay import seeds
from assay.distributions import Distribution
from assay.generators import intensity
from assay.generators.columns import WEEK, Floats, Ints
from assay.generators.customers import Customers, week_begin
from assay.generators.units import scales
from assay.spec import Blueprint

_DAY = WEEK // 7


@dataclass(frozen=True, slots=True)
class Events:
    """Events of a block's customers in a week, in order of time; arrays of shape `(m,)`.

    Attributes:
        rows: Positions of the customers in the block.
        at: Times, microseconds since 1970.
    """

    rows: Ints
    at: Ints


def events(
    blueprint: Blueprint, fact: str, customers: Customers, rate: Floats, week: int, block: int
) -> Events:
    """Draw the events of a week.

    Args:
        blueprint: A synthetic one.
        fact: Names the streams and the target `<fact>.rate` of planted effects.
        customers: Customers of the block at the end of the week.
        rate: Their events per week without effects, shape `(n,)`.
        week: Number of the week.
        block: Which block.
    """
    found = intensity.effects(blueprint, customers, week, f"{fact}.rate")
    calendar = blueprint.generated(fact).calendar(week)
    bound = intensity.highest(found, len(rate)) * calendar.max()
    counts = seeds.stream(blueprint.seed, f"{fact}.events", week, block).poisson(rate * bound)
    rows = np.repeat(np.arange(len(rate), dtype=np.int64), counts)
    rng = seeds.stream(blueprint.seed, f"{fact}.times", week, block)
    when = week_begin(blueprint, week) + rng.integers(0, WEEK, len(rows))
    wanted = intensity.at(found, rows, when) * calendar[(when - week_begin(blueprint, week)) // _DAY]
    accepted = rng.random(len(rows)) * bound[rows] < wanted
    kept = np.flatnonzero(accepted & (when >= customers.signed_up[rows]))
    order = kept[np.argsort(when[kept], kind="stable")]
    return Events(rows[order], when[order])


def values(
    blueprint: Blueprint,
    target: str,
    law: Distribution,
    drawn: Events,
    customers: Customers,
    week: int,
    block: int,
) -> Floats:
    """One value per event, multiplied by what is planted at the event's time and by its unit's scale.

    Args:
        blueprint: A synthetic one.
        target: For example `"trades.notional"`; names the stream too.
        law: Of the value without effects.
        drawn: The events.
        customers: Customers of the block.
        week: Number of the week.
        block: Which block.

    Returns:
        Shape `(m,)`.
    """
    plain = law.draw(seeds.stream(blueprint.seed, target, week, block), len(drawn.rows))
    found = intensity.effects(blueprint, customers, week, target)
    planted = plain * intensity.at(found, drawn.rows, drawn.at)
    fact, _, column = target.partition(".")
    scale = scales(blueprint, fact, column, block, len(customers.ids))
    return planted if scale is None else planted * scale[drawn.rows]

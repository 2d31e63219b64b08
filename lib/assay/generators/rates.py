"""How often each customer acts, for good."""

from __future__ import annotations

from assay import seeds
from assay.distributions import Distribution
from assay.generators.columns import Floats
from assay.generators.customers import BLOCK
from assay.spec import Blueprint


def rates(blueprint: Blueprint, fact: str, law: Distribution, block: int, count: int) -> Floats:
    """Events per week of a block's customers, for good.

    Args:
        blueprint: Gives the seed.
        fact: Names the stream.
        law: Of the rate between customers.
        block: Which block; it is drawn whole.
        count: How many of its customers there are.

    Returns:
        Shape `(count,)`.
    """
    return law.draw(seeds.stream(blueprint.seed, f"{fact}.rate", 0, block), BLOCK)[:count]

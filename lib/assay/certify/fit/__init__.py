"""From real data to a law: what a metric's values are like, and the blueprint that draws such values."""

from __future__ import annotations

from assay.certify.fit.candidates import Candidate
from assay.certify.fit.document import as_yaml, blueprint_of
from assay.certify.fit.shape import Shape, shape
from assay.certify.fit.tail import Tail
from assay.certify.fit.world import Totals, World, halves_correlation, world_of_events, world_of_units

__all__ = [
    "Candidate",
    "Shape",
    "Tail",
    "Totals",
    "World",
    "as_yaml",
    "blueprint_of",
    "halves_correlation",
    "shape",
    "world_of_events",
    "world_of_units",
]

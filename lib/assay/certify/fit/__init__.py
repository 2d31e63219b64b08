"""From real data to a law: what a metric's values are like, and the blueprint that draws such values."""

from __future__ import annotations

from assay.certify.fit.candidates import Candidate
from assay.certify.fit.shape import Shape, shape
from assay.certify.fit.tail import Tail

__all__ = ["Candidate", "Shape", "Tail", "shape"]

"""Certificates for people: heat maps, and the rule that they imply."""

from __future__ import annotations

from assay.serving.certificates.heatmap import svg
from assay.serving.certificates.page import page

__all__ = ["page", "svg"]

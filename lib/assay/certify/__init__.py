"""Statistics held to account: measured error rates, comparison with planted truth, the gate on canaries."""

from __future__ import annotations

from assay.certify.certificate import Certificate
from assay.certify.compare import Comparison, compare, planted
from assay.certify.gate import check
from assay.certify.rerandomise import certify

__all__ = ["Certificate", "Comparison", "certify", "check", "compare", "planted"]

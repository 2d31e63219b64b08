"""The gate: a run fails when its planted experiments do not come out as planted."""

from __future__ import annotations

from assay.certify.gate.check import Passed, check

__all__ = ["Passed", "check"]

"""The lake: tables by contract, written to a branch, audited, published."""

from __future__ import annotations

from assay.lake.contracts import Contract
from assay.lake.publish import Commit
from assay.lake.tables import Lake

__all__ = ["Commit", "Contract", "Lake"]

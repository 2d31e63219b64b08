"""How results become decisions: the plan's looks and levels, families of comparisons, guardrails, posteriors.

Plain Python on the few rows that the driver holds: what is decided at a look depends on other rows, of other
metrics and of earlier looks.
"""

from __future__ import annotations

from assay.medallion.decisions.decide import decide
from assay.medallion.decisions.explore import explore
from assay.medallion.decisions.levels import interval_level
from assay.medallion.decisions.result import Decision, Result
from assay.medallion.decisions.words import DECISIONS

__all__ = ["DECISIONS", "Decision", "Result", "decide", "explore", "interval_level"]

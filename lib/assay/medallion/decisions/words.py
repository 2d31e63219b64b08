"""What a look can say of a comparison."""

from __future__ import annotations

RUNNING = "running"
BETTER, WORSE, UNDECIDED = "better", "worse", "no difference shown"
WITHIN, HARMED, NOT_SHOWN = "within margin", "harmed", "margin not shown"
INVALID = "invalid: sample ratio mismatch"
EXPLORATORY = "exploratory"

DECISIONS = (RUNNING, BETTER, WORSE, UNDECIDED, WITHIN, HARMED, NOT_SHOWN, INVALID, EXPLORATORY)
"""All of them, in the order of the contract; the words of guardrails are the fifth to the seventh, and of a
segment there is only the last."""

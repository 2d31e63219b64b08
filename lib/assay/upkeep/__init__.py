"""What an operator does to a lake: look at its states, maintain it, roll back, replay, forget.

One module per action. They are carried out by the job `maintain`, on Glue as on one machine; the command line
starts it.
"""

from __future__ import annotations

from assay.upkeep import (
    alarms,
    backfill,
    branches,
    compare,
    contracts,
    forget,
    maintenance,
    quarantine,
    rollback,
    snapshots,
)
from assay.upkeep.action import ACTIONS, Action, Context, find, without_rows

__all__ = [
    "ACTIONS",
    "Action",
    "Context",
    "alarms",
    "backfill",
    "branches",
    "compare",
    "contracts",
    "find",
    "forget",
    "maintenance",
    "quarantine",
    "rollback",
    "snapshots",
    "without_rows",
]

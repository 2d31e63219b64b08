"""Which triggers are active, and for which times of their schedules they have fired."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class TriggerBook:
    """What is kept of the triggers; one of which nothing is kept is active.

    Attributes:
        database: The history's.
    """

    database: sqlite3.Connection

    def inactive(self) -> frozenset[str]:
        """Names of the triggers that were deactivated."""
        with closing(self.database.execute("SELECT name FROM triggers WHERE NOT active")) as rows:
            return frozenset(row["name"] for row in rows)

    def set_active(self, name: str, *, active: bool) -> None:
        """Activate or deactivate a trigger."""
        self.database.execute(
            "INSERT INTO triggers (name, active) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET active = excluded.active",
            (name, active),
        )

    def fire(self, name: str, due: datetime) -> bool:
        """Note that a scheduled trigger fires for a time of its schedule.

        Returns:
            Whether it had not yet fired for that time, or a later one.
        """
        done = self.database.execute(
            "INSERT INTO triggers (name, active, fired_for) VALUES (?, 1, ?)"
            " ON CONFLICT (name) DO UPDATE SET fired_for = excluded.fired_for"
            " WHERE coalesce(fired_for, '') < excluded.fired_for",
            (name, due.astimezone(UTC).isoformat()),
        )
        return done.rowcount == 1

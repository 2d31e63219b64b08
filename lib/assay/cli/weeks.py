"""Which weeks does `assay run` run? It goes on where the last run ended, and first mends what broke off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assay.errors import InputError
from assay.spec import Blueprint

BATCH = 8
_RUNS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks for; None where nothing is said.

    Attributes:
        weeks: How many weeks.
        week: This one week, again.
        from_week: From this week on, again.
    """

    weeks: int | None = None
    week: int | None = None
    from_week: int | None = None

    def check(self) -> None:
        """Refuse what can be refused without looking at the data.

        Raises:
            InputError: A number below 1, or options that exclude each other.
        """
        for name in ("weeks", "week", "from_week"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name.replace('_', '-')} is {value}; it must be 1 or greater")
        if self.week is not None and (self.weeks is not None or self.from_week is not None):
            raise InputError("--week stands alone; use --from-week with --weeks for more than one week")


def choose(asked: Asked, upcoming: int) -> range:
    """The numbers of the weeks to run.

    Without a wish they end a batch of eight: 1-8, then 9-16; a run that broke off in week 5 goes on with 5-8.

    Args:
        asked: What the user asks for, checked.
        upcoming: The first week that is not complete.

    Raises:
        InputError: A week is asked for whose predecessors have not been run.
    """
    first = asked.week or asked.from_week or upcoming
    if first > upcoming:
        raise InputError(f"week {first} cannot be run before week {upcoming}; weeks follow one another")
    if asked.week is not None:
        return range(first, first + 1)
    if asked.weeks is not None:
        return range(first, first + asked.weeks)
    return range(first, first + BATCH - (first - 1) % BATCH)


def upcoming(blueprint: Blueprint, loaded: date | None, succeeded: Collection[date]) -> int:
    """The number of the first week that is not complete.

    Args:
        blueprint: Counts the weeks.
        loaded: The latest week in the database, None if there is none.
        succeeded: Weeks whose workflow run ended well.
    """
    if loaded is None:
        return 1
    number = blueprint.week_number(loaded)
    return number + 1 if loaded in succeeded else number


def loaded(dsn: str, blueprint: str) -> date | None:
    """The latest week of a blueprint that is complete in the database.

    Args:
        dsn: Connection string.
        blueprint: The blueprint's name.
    """
    import psycopg

    with psycopg.connect(dsn) as connection:
        try:
            row = connection.execute(
                "SELECT max(week) FROM brokerage.loads WHERE blueprint = %s", [blueprint]
            ).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return None  # nothing was ever loaded
    return row[0] if row else None


def succeeded(folder: Path, names: Collection[str]) -> set[date]:
    """The weeks of a blueprint whose workflow run ended well on this stack.

    Args:
        folder: Where the history of runs is.
        names: What runs call the blueprint.
    """
    from assay.local.history import History

    with History(folder) as history:
        runs = history.runs(_RUNS_REMEMBERED)
    return {
        date.fromisoformat(run.properties["week"])
        for run in runs
        if run.succeeded and run.properties.get("blueprint") in names and "week" in run.properties
    }

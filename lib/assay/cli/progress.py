"""Progress of what takes long: a moving bar on a terminal; for `assay run` a line per week everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from assay.cli.run import WeekDone
    from assay.local.execution import Event


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for work that can be counted, with the time that is left.

    Args:
        what: Stands beside the bar.

    Yields:
        Tell it how much is done, and how much there is.
    """
    console = Console(stderr=True, highlight=False)
    bar = Bar(
        TextColumn(what),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class Progress:
    """Shows weeks and jobs as they go; use as a context manager.

    Args:
        weeks: How many weeks there are.
        jobs: How many jobs each has.
        console: Where to print; stderr if not given.
    """

    def __init__(self, weeks: int, jobs: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._weeks = weeks
        self._week = 0
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("jobs"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            # Without a terminal the bar would only be printed once, at the end.
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=weeks * jobs)

    def __enter__(self) -> Self:
        """Start to draw."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the bar; the lines stay."""
        self._bar.stop()

    def week(self, number: int, monday: date) -> None:
        """The week that starts now."""
        self._week += 1
        self._title = f"week {self._week} of {self._weeks} (number {number}, {monday})"
        self._bar.update(self._task, description=self._title)

    def event(self, event: Event) -> None:
        """What the workflow reports."""
        if event.kind == "job started":
            self._bar.update(self._task, description=f"{self._title}: {event.job}")
        elif event.kind == "job ended" and event.retrying:
            self._console.print(f"  {event.job} failed and is tried again: {event.error}", markup=False)
        elif event.kind == "job ended":
            self._bar.advance(self._task)

    def done(self, week: WeekDone) -> None:
        """The week that ended, in one line."""
        jobs = ", ".join(
            f"{name} {seconds:.1f} s" + (f" ({week.rows[name]:,} rows)" if name in week.rows else "")
            for name, seconds in week.jobs.items()
        )
        self._console.print(f"{self._title}: {week.seconds:.1f} s: {jobs}", markup=False, soft_wrap=True)

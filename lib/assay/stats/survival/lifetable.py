"""Life tables: how many were still watched, and to how many it happened, at each time; they merge by adding.

A unit enters at time 0 and leaves once: by the event, or censored, because it is watched no longer. At equal
times events come before censorings. Nobody enters late.

References:
    Kaplan and Meier (1958), Nonparametric Estimation from Incomplete Observations, section 2. Klein and
    Moeschberger (2003), Survival Analysis, section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape

# How far rounding of weighted counts may make more units leave than there were.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LifeTable:
    """Life table of one arm, or of a batch of arms on one grid of times.

    A unit censored between two times of the grid counts as censored at the earlier one, after its events.
    Counts may be NaN; a method answers them with a reason code.

    Attributes:
        times: The grid, shape (m,), increasing, 0 or greater, in any unit of time.
        at_risk: Units watched just before each time, shape (..., m).
        events: Units to which it happened at each time, shape (..., m).

    Raises:
        InputError: A grid that does not increase, a negative count, more events than units at risk, units at
            risk that come from nowhere, or shapes that do not broadcast.

    Example:
        >>> table = LifeTable.of([2.0, 3.0, 3.0, 5.0], [True, True, False, False])
        >>> table.at_risk.tolist(), table.events.tolist()
        ([4.0, 3.0, 1.0], [1.0, 1.0, 0.0])
    """

    times: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]

    def __post_init__(self) -> None:
        times = not_negative("times", self.times, finite=True)
        if times.ndim != 1 or times.size == 0 or np.any(np.diff(times) <= 0):
            raise InputError(
                f"times is of shape {times.shape}; it must be one axis of at least one time, each greater "
                "than the one before"
            )
        at_risk, events = not_negative("at_risk", self.at_risk), not_negative("events", self.events)
        shape = shared_shape(times=times, at_risk=at_risk, events=events)
        if shape[-1] != times.size:
            raise InputError(
                f"at_risk has shape {at_risk.shape} and events {events.shape}; "
                f"the last axis must be that of the {times.size} times"
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "at_risk", np.broadcast_to(at_risk, shape))
        object.__setattr__(self, "events", np.broadcast_to(events, shape))
        _refuse_impossible_counts(self)

    @classmethod
    def of(cls, time: ArrayLike, event: ArrayLike) -> LifeTable:
        """Life table of units.

        Args:
            time: When each unit left, by event or by censoring; 0 or greater; shape (..., n).
            event: Whether by the event (1 or true), or censored (0 or false); broadcasts.

        Returns:
            Table on the grid of all times that occur. A batch element with a NaN or infinite time has NaN
            counts.

        Raises:
            InputError: A negative time, an event that is neither 0 nor 1, or shapes that do not fit.
        """
        left, happened = not_negative("time", time), numbers("event", event)
        if not np.all((happened == 0) | (happened == 1)):
            first = float(happened[(happened != 0) & (happened != 1)].ravel()[0])
            raise InputError(f"event is {first:g}; it must be 0 (censored) or 1 (it happened)")
        shape = shared_shape(time=left, event=happened)
        if not shape:
            raise InputError("time is a single number; units need an axis")
        rows = np.broadcast_to(left, shape).reshape(int(np.prod(shape[:-1])), shape[-1])
        weights = np.broadcast_to(happened, shape).reshape(rows.shape)
        finite = np.isfinite(rows)
        grid = np.unique(rows[finite])
        grid = grid if grid.size else np.zeros(1)
        row = grid.size * np.arange(len(rows))[:, None]
        cell = np.searchsorted(grid, np.where(finite, rows, grid[0])) + row
        size = grid.size * len(rows)
        usable = np.all(finite, axis=-1)[:, None]
        counts = (
            np.bincount(cell.ravel(), weights=kind.ravel(), minlength=size).reshape(len(rows), grid.size)
            for kind in (weights, 1 - weights)
        )
        events, censored = (
            np.where(usable, count, np.nan).reshape((*shape[:-1], grid.size)) for count in counts
        )
        return cls.of_counts(grid, events, censored)

    @classmethod
    def of_counts(cls, times: ArrayLike, events: ArrayLike, censored: ArrayLike) -> LifeTable:
        """Life table from the units that left, per day for example.

        Args:
            times: The grid, shape (m,), increasing.
            events: Units to which it happened at each time, shape (..., m).
            censored: Units that were watched up to that time and no longer; broadcasts.

        Returns:
            The table; all units that it knows have left by its last time.

        Raises:
            InputError: As for the type itself.
        """
        happened, left = not_negative("events", events), not_negative("censored", censored)
        shared_shape(times=np.asarray(times), events=happened, censored=left)
        leaving = happened + left
        return cls(numbers("times", times), np.cumsum(leaving[..., ::-1], axis=-1)[..., ::-1], happened)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: that of the counts without the axis of times."""
        return self.at_risk.shape[:-1]

    @property
    def series(self) -> frozenset[str]:
        """What the table carries: `at_risk` and `events`."""
        return frozenset({"at_risk", "events"})

    @property
    def n(self) -> NDArray[np.float64]:
        """Units of the arm, shape of the batch."""
        return self.at_risk[..., 0]

    def on(self, times: ArrayLike) -> LifeTable:
        """The same table on a finer grid.

        Args:
            times: The new grid; holds every time of this one.

        Returns:
            The table with that grid.

        Raises:
            InputError: A time of this table is not on the new grid.
        """
        grid = numbers("times", times)
        lost = np.setdiff1d(self.times, grid)
        if lost.size:
            raise InputError(f"times lacks {lost[0]:g}; the new grid must hold every time of the old one")
        following = np.searchsorted(self.times, grid)
        hit = np.isin(grid, self.times)
        # Who is at risk at a new time leaves at an old one not before it; after the last, nobody is left.
        at_risk = np.concatenate([self.at_risk, np.zeros((*self.shape, 1))], axis=-1)[..., following]
        events = np.where(hit, self.events[..., np.minimum(following, self.times.size - 1)], 0.0)
        return LifeTable(grid, at_risk, events)

    def merge(self, other: LifeTable) -> LifeTable:
        """Life table of the units of both, which must be disjoint.

        Args:
            other: A table on any grid; shapes of the batch broadcast.

        Returns:
            Table of the union on the union of both grids; the order does not matter.

        Raises:
            InputError: The shapes do not fit.
        """
        one, two = aligned(self, other)
        shared_shape(self=one.at_risk, other=two.at_risk)
        return LifeTable(one.times, one.at_risk + two.at_risk, one.events + two.events)

    def merge_all(self, axis: int = -1) -> LifeTable:
        """Merge along an axis of the batch.

        Args:
            axis: The axis of parts (partitions, strata); must exist.

        Returns:
            Table of the shape without `axis`.

        Raises:
            InputError: There is no such axis.
        """
        if not -len(self.shape) <= axis < len(self.shape):
            raise InputError(f"axis is {axis}; tables of shape {self.shape} have {len(self.shape)} axes")
        along = axis if axis >= 0 else axis - 1
        return LifeTable(self.times, np.sum(self.at_risk, axis=along), np.sum(self.events, axis=along))


def aligned(one: LifeTable, two: LifeTable) -> tuple[LifeTable, LifeTable]:
    """Both tables on the union of their grids."""
    if np.array_equal(one.times, two.times):
        return one, two
    grid = np.union1d(one.times, two.times)
    return one.on(grid), two.on(grid)


def _refuse_impossible_counts(table: LifeTable) -> None:
    at_risk, events = table.at_risk, table.events
    slack = _ROUNDING * at_risk
    if np.any(over := events > at_risk + slack):
        raise InputError(
            f"events is {float(events[over][0]):g} where at_risk is {float(at_risk[over][0]):g}; "
            "only units at risk can have the event"
        )
    if np.any(late := at_risk[..., 1:] > (at_risk - events + slack)[..., :-1]):
        raise InputError(
            f"at_risk rises to {float(at_risk[..., 1:][late][0]):g}; it must fall from one time to the "
            "next by at least the events: nobody enters late"
        )

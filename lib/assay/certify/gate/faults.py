"""Seven things that go wrong in platforms, done to the records of canaries.

Each is a function of the records that a right platform would have analysed to those that it analysed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assay.certify.gate.records import Records
from assay.generators.columns import WEEK, Ints

Fault = Callable[[Records, np.random.Generator], Records]
DROPPED = 0.02
_DAY, _HOUR = WEEK // 7, WEEK // 168
_SEGMENT = 5
"""One unit in so many is of the segment that a fault strikes."""
_CAP = 0.99


def dropped(records: Records, rng: np.random.Generator) -> Records:
    """2 % of the events of the treatment are lost."""
    treated = records.arm[records.unit] == 1
    return records.trades(~(treated & (rng.random(len(records.unit)) < DROPPED)))


def partition_twice(records: Records, _: np.random.Generator) -> Records:
    """Thursday's events are loaded twice."""
    return _again(records, records.at // _DAY == 3)  # noqa: PLR2004 - Monday is 0


def late_ignored(records: Records, _: np.random.Generator) -> Records:
    """Events that arrive after their week do not count."""
    return records.trades(~records.late)


def swapped(records: Records, _: np.random.Generator) -> Records:
    """In a segment of a fifth of the units the arms have each other's names."""
    return replace(records, arm=np.where(_segment(records), 1 - records.arm, records.arm))


def multiplied(records: Records, _: np.random.Generator) -> Records:
    """A join finds two partners for a fifth of the units, and their events count twice."""
    return _again(records, _segment(records)[records.unit])


def shifted(records: Records, _: np.random.Generator) -> Records:
    """Events are an hour late on the clock, exposures are not; what leaves the week is in no week of them."""
    moved = replace(records, at=records.at + _HOUR)
    return moved.trades(moved.at < WEEK)


def capped(records: Records, _: np.random.Generator) -> Records:
    """Of the treatment's events only, the largest 1 % are cut down to the 99 % quantile."""
    limit = int(np.quantile(records.cents, _CAP))
    treated = records.arm[records.unit] == 1
    return replace(records, cents=np.where(treated, np.minimum(records.cents, limit), records.cents))


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "2 % of treatment events dropped": dropped,
        "a partition loaded twice": partition_twice,
        "late rows ignored": late_ignored,
        "arms swapped for one segment": swapped,
        "a join that multiplies rows": multiplied,
        "a time zone shifted by an hour": shifted,
        "capping one arm only": capped,
    }
)
"""What the gate's certificate plants, by its name in the table."""


def _segment(records: Records) -> NDArray[np.bool_]:
    return np.asarray(np.arange(len(records.arm)) % _SEGMENT == 0)


def _again(records: Records, chosen: NDArray[np.bool_]) -> Records:
    """The chosen events a second time."""
    twice: Ints = np.concatenate([np.arange(len(chosen)), np.flatnonzero(chosen)])
    return records.trades(twice)

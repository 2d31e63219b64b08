"""What each source of the stand-in market says, with the faults that are planted in it.

Without them all three would agree, and nothing would show what the rule for conflicts does:

- DAX is split 10:1 on `SPLIT.day`: API and page quote in new units from that day on, the old database from
  the next session on.
- The page rounds to a tenth, shows SMI's close of the day before on `STALE`, and shows FTSE on a Saturday,
  `CLOSED`.
- The API lacks CAC on `LACKING`.
- The old database has FTSE ten times too high on `SLIPPED`.
- Nobody has CAC on `SILENT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from assay.local.market.replay import Replay, Series


@dataclass(frozen=True, slots=True)
class Split:
    """Old units become more of new ones.

    Attributes:
        asset: The index.
        day: The first session in new units.
        ratio: New units for an old one.
    """

    asset: str
    day: date
    ratio: Decimal


SPLIT = Split("DAX", date(2026, 1, 13), Decimal(10))
LACKING = ("CAC", date(2026, 1, 8))
STALE = ("SMI", date(2026, 1, 14))
SLIPPED = ("FTSE", date(2026, 1, 15))
CLOSED = ("FTSE", date(2026, 1, 17))
SILENT = ("CAC", date(2026, 1, 16))
_DAY = timedelta(days=1)
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")

Said = Mapping[str, Series]
"""Index → day → close, as one source says it."""


def api(replay: Replay) -> Said:
    """What the API says."""
    return _said(replay, SPLIT.day, without={LACKING})


def page(replay: Replay) -> Said:
    """What the page says."""
    said = _said(replay, SPLIT.day, rounded=_TENTH)
    asset, day = STALE
    said[asset][day] = said[asset][day - _DAY]
    asset, day = CLOSED
    said[asset][day] = said[asset][day - _DAY]
    said[asset] = dict(sorted(said[asset].items()))
    return said


def legacy(replay: Replay) -> Said:
    """What the old database says, in units and not in hundredths of them."""
    said = _said(replay, SPLIT.day + _DAY, rounded=_HUNDREDTH)
    asset, day = SLIPPED
    said[asset][day] *= 10
    return said


def _said(
    replay: Replay,
    split: date,
    *,
    rounded: Decimal | None = None,
    without: set[tuple[str, date]] | frozenset[tuple[str, date]] = frozenset(),
) -> dict[str, Series]:
    """The closes of every index, in new units from a day on."""
    return {
        asset: dict(_quoted(asset, closes, split, rounded, {SILENT, *without}))
        for asset, closes in replay.closes.items()
    }


def _quoted(
    asset: str, closes: Series, split: date, rounded: Decimal | None, without: set[tuple[str, date]]
) -> Iterator[tuple[date, Decimal]]:
    for day, close in closes.items():
        if (asset, day) in without:
            continue
        price = close / SPLIT.ratio if asset == SPLIT.asset and day >= split else close
        yield day, price if rounded is None else price.quantize(rounded)

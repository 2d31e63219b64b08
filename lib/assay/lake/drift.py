"""Has a table drifted from its own past: in how much it grows, and in how a column's values lie?

The values of a week are counted in bins that are as fine as the data allow, in Spark; a handful of numbers
then decides here. The population stability index of two histograms p and q is the sum of (p - q) ln(p / q),
which is Jeffreys' divergence. For histograms of n and m rows that come from one law, it times nm / (n + m) is
about chi-squared with one degree less than there are bins: a small week is not called drifted for its noise.

References:
    Siddiqi (2006), Credit Risk Scorecards, chapter 5 (the index and its customary limits). Kullback (1959),
    Information Theory and Statistics, chapter 6, section 4 (the law of the divergence).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import median

from scipy.stats import chi2

from assay.lake.iceberg import Snapshot
from assay.lake.summary import RUN, WATERMARK

GROUPS = 10
"""Bins of about the same number of earlier rows, for which the index's customary limits are meant."""
LEAST_ROWS = 100
LEAST_COMMITS = 3
LEVEL = 0.001
"""Level of the test that the shift is more than noise."""
Histogram = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far two histograms are apart.

    Attributes:
        index: Population stability index, 0 or greater.
        p_value: Probability of an index as large or larger without any shift.
    """

    index: float
    p_value: float

    def exceeds(self, limit: float) -> bool:
        """Whether the shift is larger than the limit, and more than noise."""
        return self.index > limit and self.p_value < LEVEL


def shift(now: Histogram, past: Histogram, *, ordered: bool) -> Shift | None:
    """How far a histogram is from an earlier one.

    Args:
        now: Bin → rows.
        past: The same of earlier rows.
        ordered: Whether neighbouring bins hold neighbouring values, so that they can be put together.

    Returns:
        None where either has fewer than `LEAST_ROWS` rows.
    """
    n, m = sum(now.values()), sum(past.values())
    if min(n, m) < LEAST_ROWS:
        return None
    bins = sorted({*now, *past})
    groups = _groups(bins, past, m) if ordered else [[each] for each in bins]
    # Half a row more in each: an empty bin would make the index infinite.
    p = [(sum(now.get(b, 0) for b in group) + 0.5) / (n + 0.5 * len(groups)) for group in groups]
    q = [(sum(past.get(b, 0) for b in group) + 0.5) / (m + 0.5 * len(groups)) for group in groups]
    index = sum((a - b) * log(a / b) for a, b in zip(p, q, strict=True))
    freedom = max(len(groups) - 1, 1)
    return Shift(index, float(chi2.sf(index * n * m / (n + m), freedom)))


def growth(history: Iterable[Snapshot]) -> Iterator[int]:
    """By how many rows each commit of new data changed a table, newest first.

    Args:
        history: The table's states, newest first, asked for no further than the answers are. Commits that
            moved no watermark (a replay, a compaction) and the first one, which holds everything until then,
            are left out.
    """
    ours = (snapshot for snapshot in history if RUN in snapshot.summary)
    for new, old in pairwise(ours):
        if _marks(new) != _marks(old) and old.count("total-records"):
            yield new.count("total-records") - old.count("total-records")


def usual(growths: Sequence[int], factor: float) -> tuple[float, float] | None:
    """The growth that is to be expected after earlier ones.

    Args:
        growths: Earlier growths, rows.
        factor: How far from their median it may be.

    Returns:
        Least and most; None where there are fewer than `LEAST_COMMITS`, or their median is not above 0.
    """
    middle = median(growths) if len(growths) >= LEAST_COMMITS else 0
    return (middle / factor, middle * factor) if middle > 0 else None


def _groups(bins: Sequence[int], past: Histogram, rows: int) -> list[list[int]]:
    """Neighbouring bins put together, so that each group has about a tenth of the earlier rows."""
    groups: list[list[int]] = [[]]
    seen = 0
    for each in bins:
        groups[-1].append(each)
        seen += past.get(each, 0)
        if seen >= rows * len(groups) / GROUPS and each != bins[-1]:
            groups.append([])
    return groups


def _marks(snapshot: Snapshot) -> dict[str, str]:
    return {key: value for key, value in snapshot.summary.items() if key.startswith(WATERMARK)}

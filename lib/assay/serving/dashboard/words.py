"""What a result means beside the truth that was planted."""

from __future__ import annotations

import pandas as pd

AS_PLANTED, FALSE_ALARM, MISSED, WRONG_SIGN = "as planted", "false alarm", "missed", "wrong sign"
INVALID, REAL = "not judged: sample ratio mismatch", "real data"
_KINDS = {"none": AS_PLANTED, "type I": FALSE_ALARM, "type II": MISSED, "type S": WRONG_SIGN}


def verdicts(results: pd.DataFrame) -> pd.Series[str]:
    """The verdict on each row of `reading.results`.

    Args:
        results: With the columns `srm`, `truth` and `error_kind`.

    Returns:
        One of this module's words per row.
    """
    found = results["error_kind"].map(_KINDS).fillna(REAL)
    found = found.mask(results["truth"].isna(), REAL)
    return found.mask(results["srm"].astype(bool), INVALID)


def summary(verdicts: pd.Series[str]) -> str:
    """How many comparisons there are, and how those with a planted truth came out.

    Example:
        >>> summary(pd.Series(["as planted", "as planted", "missed", "real data"]))
        '4 comparisons; of 3 with a planted truth: 2 as planted, 1 missed'
    """
    counts = {word: int((verdicts == word).sum()) for word in _KINDS.values()}
    total = f"{len(verdicts):,} comparison{'' if len(verdicts) == 1 else 's'}"
    judged = sum(counts.values())
    if not judged:
        return f"{total}; none with a planted truth"
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    return f"{total}; of {judged:,} with a planted truth: {said}"

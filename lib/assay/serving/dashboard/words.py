"""What results mean, in sentences: by themselves, and beside the truth that was planted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assay.serving.analysis.words import p_value, relative

AS_PLANTED, FALSE_ALARM, MISSED, WRONG_SIGN = "as planted", "false alarm", "missed", "wrong sign"
INVALID, REAL, RUNNING = "not judged: sample ratio mismatch", "real data", "running"
_KINDS = {"none": AS_PLANTED, "type I": FALSE_ALARM, "type II": MISSED, "type S": WRONG_SIGN}
_SEQUENCES = "confidence_sequence"


def verdicts(results: pd.DataFrame) -> pd.Series[str]:
    """The verdict on each row of `reading.experiments.RESULTS`.

    Args:
        results: With the columns `decision`, `srm`, `truth` and `error_kind`.

    Returns:
        One of this module's words per row.
    """
    found = results["error_kind"].map(_KINDS).fillna(REAL)
    found = found.mask(results["truth"].isna(), REAL)
    found = found.mask(results["srm"].astype(bool), INVALID)
    return found.mask(results["decision"] == RUNNING, RUNNING)


def summary(verdicts: pd.Series[str]) -> str:
    """How many comparisons are decided, and how those with a planted truth came out.

    Example:
        >>> summary(pd.Series(["as planted", "as planted", "missed", "real data", "running"]))
        '4 comparisons; of 3 with a planted truth: 2 as planted, 1 missed; 1 running'
    """
    counts = {word: int((verdicts == word).sum()) for word in _KINDS.values()}
    running = int((verdicts == RUNNING).sum())
    decided = len(verdicts) - running
    total = f"{decided:,} comparison{'' if decided == 1 else 's'}"
    judged = sum(counts.values())
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    planted = f"of {judged:,} with a planted truth: {said}" if judged else "none with a planted truth"
    return f"{total}; {planted}" + (f"; {running:,} running" if running else "")


def sentence(row: Mapping[Any, Any]) -> str:
    """What a look says of one comparison, with how far its method can be trusted here.

    Args:
        row: Of `reading.experiments.looks`; a missing number is NaN.
    """
    lift = relative(*(_number(row[f"relative_{name}"]) for name in ("estimate", "lower", "upper")))
    found = (
        f"{row['metric']}, {row['contrast']}: {row['decision']}. {_number(row['mean_treatment']):.4g} "
        f"against {_number(row['mean_control']):.4g}, {lift}, {_evidence(row)} ({row['method']})."
    )
    return f"{found} {_certified(row)}{_planted(row)}"


def of_the_looks(looks: pd.DataFrame) -> str:
    """What the intervals of an experiment's looks promise, and what decides.

    Args:
        looks: Rows of `reading.experiments.looks`.
    """
    if looks["p_value"].isna().all():
        return (
            "Intervals hold the difference with the probability that the plan asks for, given the prior; a "
            "decision falls at the planned end."
        )
    if looks["method"].str.startswith(_SEQUENCES).all():
        return "Intervals are a confidence sequence: they hold at all looks together, so any look may decide."
    return (
        "Each interval is that of its look alone; a look that may decide by the plan does so where its "
        "p-value lies below the bar, which is set so that all looks and comparisons together keep the error "
        "rate."
    )


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))


def _evidence(row: Mapping[str, Any]) -> str:
    probability = _number(row["probability_greater"])
    if pd.isna(row["p_value"]) and not pd.isna(probability):
        return f"greater with a probability of {probability:.1%}"
    return p_value(_number(row["p_value"]))


def _certified(row: Mapping[str, Any]) -> str:
    if pd.isna(row["type_i_error"]):
        return "Not certified yet."
    return (
        f"On units like these the method calls {row['type_i_error']:.1%} of true nulls different "
        f"({row['type_i_lower']:.1%} to {row['type_i_upper']:.1%})."
    )


def _planted(row: Mapping[str, Any]) -> str:
    if pd.isna(row["truth"]):
        return ""
    lift = "" if pd.isna(row["relative_truth"]) else f" ({100 * row['relative_truth']:+.3g} %)"
    return f" Planted: {row['truth']:.4g}{lift}."

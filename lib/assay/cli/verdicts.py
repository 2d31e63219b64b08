"""Was a result right? Each comparison beside the truth that the blueprint planted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assay.medallion.decisions import words
from assay.spec import Blueprint, Metric
from assay.spec.canaries import is_canary

SQL = """
SELECT experiment, as_of, metric, contrast, method, estimate, lower, upper, relative_estimate,
       relative_lower, relative_upper, p_value, decision, srm, final, truth, relative_truth, type_i_error
FROM gold.experiment_results
WHERE segment = 'all'
ORDER BY experiment, metric, contrast, method, as_of
"""
FOUND, NOTHING, MISSED, FALSE_ALARM = "found", "rightly nothing", "missed", "false alarm"
TOO_SMALL = "below minimum effect"
SAFE, UNSAFE, UNSHOWN = "rightly within margin", "wrongly within margin", "rightly not shown"
WRONG_SIGN, CAUGHT, UNCAUGHT, FALSE_SRM = "wrong sign", "mismatch caught", "mismatch missed", "false mismatch"
# What the analytic truth of equal arms may differ from 0 by rounding.
_NOTHING = 1e-12
RUNNING, REAL = "running", "real data"
GOOD = frozenset({FOUND, NOTHING, CAUGHT, TOO_SMALL, SAFE, UNSHOWN})
BAD = frozenset({MISSED, FALSE_ALARM, WRONG_SIGN, UNCAUGHT, FALSE_SRM, UNSAFE})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison at its latest look.

    Attributes:
        experiment: Its id.
        metric: Name of the metric.
        contrast: `<treatment> vs <control>`.
        method: Name of the method.
        as_of: The look's date.
        final: The experiment has ended.
        planted_lift: Relative truth; None where nothing is planted.
        lift: Relative estimate.
        lower: Lower end of its interval; None if unbounded.
        upper: Upper end; None if unbounded.
        p_value: Of no difference.
        decision: As in gold.experiment_results.
        verdict: One of this module's words.
        type_i_error: Share of true nulls that the method rejects on units like these; None until certified.
    """

    experiment: str
    metric: str
    contrast: str
    method: str
    as_of: date
    final: bool
    planted_lift: float | None
    lift: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    decision: str
    verdict: str
    type_i_error: float | None


def judge(rows: Iterable[Mapping[str, Any]], blueprint: Blueprint, until: date) -> list[Verdict]:
    """The latest look of each comparison of the blueprint's experiments.

    Args:
        rows: Answers to `SQL`, in its order.
        blueprint: Whose experiments to judge.
        until: Rounds that start before this date.
    """
    planned = {each.id: each for each in blueprint.plan(until)}
    latest = {
        (row["experiment"], row["metric"], row["contrast"], row["method"]): row
        for row in rows
        if row["experiment"] in planned
    }
    return [
        _verdict(
            row,
            mismatch_planted=_loses(blueprint, planned[row["experiment"]].experiment),
            metric=blueprint.metrics[row["metric"]],
        )
        for row in latest.values()
    ]


def canaries(rows: Iterable[Mapping[str, Any]]) -> int:
    """How many final results of canaries there are.

    Args:
        rows: Answers to `SQL`.
    """
    return sum(is_canary(row["experiment"]) and row["final"] for row in rows)


def word(row: Mapping[str, Any], *, mismatch_planted: bool, metric: Metric) -> str:
    """The verdict on one row of gold.experiment_results.

    Args:
        row: The row.
        mismatch_planted: Whether the experiment loses exposures.
        metric: Its metric; an effect smaller than the smallest that it is meant to find is no mistake if it
            was not found.
    """
    if row["decision"] == words.RUNNING:
        return RUNNING
    if row["srm"]:
        return CAUGHT if mismatch_planted else FALSE_SRM
    if mismatch_planted:
        return UNCAUGHT
    if row["truth"] is None:
        return REAL
    if row["decision"] in (words.WITHIN, words.HARMED, words.NOT_SHOWN):
        return _guarded(row, metric)
    return _against(row, metric.minimum_effect or 0.0)


def _guarded(row: Mapping[str, Any], metric: Metric) -> str:
    """The verdict on a guardrail; without a planted lift its margin means nothing."""
    if row["relative_truth"] is None:
        return REAL
    harm = -row["relative_truth"] if metric.higher_is_better else row["relative_truth"]
    if row["decision"] == words.HARMED:
        return FOUND if harm > _NOTHING else FALSE_ALARM
    safe = harm < (metric.margin or 0.0)
    if row["decision"] == words.WITHIN:
        return SAFE if safe else UNSAFE
    return MISSED if safe else UNSHOWN


def _against(row: Mapping[str, Any], minimum_effect: float) -> str:
    shown = row["decision"] in (words.BETTER, words.WORSE)
    if abs(row["truth"]) <= _NOTHING:
        return FALSE_ALARM if shown else NOTHING
    if shown:
        return FOUND if (row["estimate"] > 0) == (row["truth"] > 0) else WRONG_SIGN
    lift = row["relative_truth"]
    return TOO_SMALL if lift is not None and abs(lift) < minimum_effect else MISSED


def _verdict(row: Mapping[str, Any], *, mismatch_planted: bool, metric: Metric) -> Verdict:
    return Verdict(
        experiment=row["experiment"],
        metric=row["metric"],
        contrast=row["contrast"],
        method=row["method"],
        as_of=row["as_of"],
        final=row["final"],
        planted_lift=row["relative_truth"],
        lift=row["relative_estimate"],
        lower=row["relative_lower"],
        upper=row["relative_upper"],
        p_value=row["p_value"],
        decision=row["decision"],
        verdict=word(row, mismatch_planted=mismatch_planted, metric=metric),
        type_i_error=row["type_i_error"],
    )


def _loses(blueprint: Blueprint, experiment: str) -> bool:
    planted = blueprint.experiments[experiment].planted
    return planted is not None and any(share > 0 for share in planted.lost_exposures.values())

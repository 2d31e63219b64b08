"""May the results of this week be shown? Not if planted experiments come out wrong beyond chance.

The planted experiments (canaries) travel through the same jobs as real ones. At their final looks three
things must hold, each with a false alarm of at most `LEVEL`, however the metrics of an experiment depend on
each other:

* distance: no estimate is further from the truth than its standard error explains (Bonferroni over all);
* coverage: for no metric do more intervals miss the truth, over experiments, than a binomial law allows;
* sample ratio: a planted loss of exposures is caught wherever its power is near 1, and arms without one are
  flagged no more often than the test's level allows.

What is missing (an estimate, an interval, a certificate) fails the gate: a check that cannot run has not
passed.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from scipy.stats import binom, chi2, ncx2, norm

from assay.certify.compare import planted
from assay.errors import TerminalError
from assay.spec import Blueprint, PlannedExperiment
from assay.stats import SRM_LEVEL

LEVEL = 1e-4
_NEEDED = ("estimate", "std_error", "truth", "covered", "certificate_id")
Result = Mapping[str, object]


def check(
    blueprint: Blueprint, results: Iterable[Result], certificates: Iterable[str], *, until: date
) -> int:
    """Judge the final looks of planted experiments.

    Args:
        blueprint: The blueprint in force.
        results: Rows of gold.experiment_results, by column; looks that are not final are left out.
        certificates: Ids of gold.certificates.
        until: End of the newest week, exclusive: experiments planned to end by then must have final results.

    Returns:
        The number of results that were judged; 0 if no planted experiment has ended.

    Raises:
        TerminalError: The canaries are off beyond chance, or something needed to judge them is missing; the
            message lists every finding.
    """
    finals = {_key(row): row for row in results if row["final"]}
    wanted = list(_wanted(blueprint, until))
    canaries = [finals[key] for key in wanted if key in finals]
    absent = [" ".join(key[:2]) + f" ({key[2]}) has no final result" for key in wanted if key not in finals]
    findings = [*absent, *_missing(canaries, set(certificates))] or [
        *_distant(canaries),
        *_uncovered(canaries),
        *_sample_ratios(blueprint, canaries),
    ]
    if findings:
        raise TerminalError(
            f"the planted experiments do not come out as planted ({len(wanted)} final results expected): "
            + "; ".join(findings)
            + ". Do not use this week's results; compare gold.experiment_results with its column truth"
        )
    return len(canaries)


def _wanted(blueprint: Blueprint, until: date) -> Iterator[tuple[str, str, str]]:
    for planned_round in blueprint.plan(until):
        if planned_round.end > until:
            continue
        control, *treatments = [arm.name for arm in planned_round.arms]
        for metric in planned_round.metrics:
            if planted(blueprint, planned_round.id, metric, planned_round.end) is not None:
                yield from (
                    (planned_round.id, metric, f"{treatment} vs {control}") for treatment in treatments
                )


def _key(row: Result) -> tuple[str, str, str]:
    return str(row["experiment"]), str(row["metric"]), str(row["contrast"])


def _name(row: Result) -> str:
    return f"{row['experiment']} {row['metric']} ({row['contrast']}) at {row['as_of']}"


def _number(row: Result, column: str) -> float:
    return float(str(row[column]))


def _missing(canaries: Sequence[Result], certificates: set[str]) -> Iterator[str]:
    for row in canaries:
        absent = [column for column in _NEEDED if row[column] is None]
        if absent:
            yield f"{_name(row)} has no {', '.join(absent)}"
        elif row["certificate_id"] not in certificates:
            yield f"{_name(row)} names certificate {row['certificate_id']}, which does not exist"


def _distant(canaries: Sequence[Result]) -> Iterator[str]:
    if not canaries:
        return
    limit = float(norm.isf(LEVEL / len(canaries) / 2))
    for row in canaries:
        distance = abs(_number(row, "estimate") - _number(row, "truth"))
        if not distance <= limit * _number(row, "std_error"):
            yield (
                f"{_name(row)} is {_number(row, 'estimate'):.6g}, planted {_number(row, 'truth'):.6g}, "
                f"more than {limit:.1f} standard errors apart"
            )


def _uncovered(canaries: Sequence[Result]) -> Iterator[str]:
    """Per metric one comparison of each experiment, whose units are drawn independently of the others'."""
    missed: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in canaries:
        missed[str(row["metric"])].setdefault(str(row["experiment"]), not row["covered"])
    alpha = max((_number(row, "alpha") for row in canaries), default=0.0)
    for metric, by_experiment in sorted(missed.items()):
        misses, total = sum(by_experiment.values()), len(by_experiment)
        if binom.sf(misses - 1, total, alpha) < LEVEL / len(missed):
            yield f"{misses} of {total} intervals of {metric} miss the planted truth at alpha {alpha:g}"


def _sample_ratios(blueprint: Blueprint, canaries: Sequence[Result]) -> Iterator[str]:
    sound: list[bool] = []
    for experiment in sorted({str(row["experiment"]) for row in canaries}):
        rows = [row for row in canaries if row["experiment"] == experiment]
        planned = blueprint.round_of(experiment)
        lost = _lost(blueprint, planned)
        flagged = any(bool(row["srm"]) for row in rows)
        if not lost:
            sound.append(flagged)
        elif not flagged and _power(planned, lost, _units(rows)) > 1 - LEVEL:
            yield f"{experiment} loses exposures by plan, and its sample ratio mismatch was not found"
    if binom.sf(sum(sound) - 1, len(sound), SRM_LEVEL) < LEVEL:
        yield f"{sum(sound)} of {len(sound)} experiments without a planted loss show a sample ratio mismatch"


def _lost(blueprint: Blueprint, planned: PlannedExperiment) -> dict[str, float]:
    faults = blueprint.experiments[planned.experiment].planted
    return {} if faults is None else {arm: share for arm, share in faults.lost_exposures.items() if share > 0}


def _units(rows: Sequence[Result]) -> float:
    arms = {str(row["control"]): _number(row, "n_control") for row in rows}
    arms |= {str(row["treatment"]): _number(row, "n_treatment") for row in rows}
    return sum(arms.values())


def _power(planned: PlannedExperiment, lost: Mapping[str, float], units: float) -> float:
    """Power of the chi-square test of the allocation when these shares of the arms are lost.

    Noncentrality n·Σ (s - a)² / a of the shares s that remain against the allocation a (Cohen 1988, chapter
    7).
    """
    kept = {arm: share * (1 - lost.get(arm, 0.0)) for arm, share in planned.allocations.items()}
    whole = sum(kept.values())
    distance = sum((kept[arm] / whole - share) ** 2 / share for arm, share in planned.allocations.items())
    df = len(kept) - 1
    return float(ncx2.sf(chi2.isf(SRM_LEVEL, df), df, units * distance))

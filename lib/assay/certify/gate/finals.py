"""Do the declared planted experiments come out as planted when they end?

At their final looks three things must hold, together with a false alarm of at most `LEVEL` per run, however
the metrics of an experiment depend on each other:

* distance: no estimate is further from the truth than its standard error explains (Bonferroni over all);
* coverage: for no metric do more intervals miss the truth, over experiments, than a binomial law allows;
* sample ratio: a planted loss of exposures is caught wherever its power is near 1, and arms without one are
  flagged no more often than the test's level allows.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from scipy.stats import binom, chi2, ncx2, norm

from assay.certify.gate.outcomes import Result
from assay.spec import Blueprint, PlannedExperiment
from assay.stats import SRM_LEVEL

LEVEL = 2e-4
"""A fifth of one in a thousand; the detector has the rest."""
_SHARE = LEVEL / 3


def findings(blueprint: Blueprint, results: Sequence[Result]) -> Iterator[str]:
    """What is off beyond chance, a sentence for each.

    Args:
        blueprint: The blueprint in force.
        results: Final rows of gold.experiment_results of planted experiments; none lacks a figure.
    """
    yield from _distant(results)
    yield from _uncovered(results)
    yield from _sample_ratios(blueprint, results)


def _name(row: Result) -> str:
    return f"{row['experiment']} {row['metric']} ({row['contrast']}) at {row['as_of']}"


def _number(row: Result, column: str) -> float:
    return float(str(row[column]))


def _distant(results: Sequence[Result]) -> Iterator[str]:
    if not results:
        return
    limit = float(norm.isf(_SHARE / len(results) / 2))
    for row in results:
        distance = abs(_number(row, "estimate") - _number(row, "truth"))
        if not distance <= limit * _number(row, "std_error"):
            yield (
                f"{_name(row)} is {_number(row, 'estimate'):.6g}, planted {_number(row, 'truth'):.6g}, "
                f"more than {limit:.1f} standard errors apart"
            )


def _uncovered(results: Sequence[Result]) -> Iterator[str]:
    """Per metric one comparison of each experiment, whose units are drawn independently of the others'."""
    missed: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in results:
        missed[str(row["metric"])].setdefault(str(row["experiment"]), not row["covered"])
    for metric, by_experiment in sorted(missed.items()):
        misses, total = sum(by_experiment.values()), len(by_experiment)
        # Plans may ask for intervals of different levels: the widest miss that any of them allows.
        alpha = max(_number(row, "alpha") for row in results if row["metric"] == metric)
        if binom.sf(misses - 1, total, alpha) < _SHARE / len(missed):
            yield f"{misses} of {total} intervals of {metric} miss the planted truth at alpha {alpha:g}"


def _sample_ratios(blueprint: Blueprint, results: Sequence[Result]) -> Iterator[str]:
    sound: list[bool] = []
    for experiment in sorted({str(row["experiment"]) for row in results}):
        rows = [row for row in results if row["experiment"] == experiment]
        planned = blueprint.round_of(experiment)
        lost = _lost(blueprint, planned)
        flagged = any(bool(row["srm"]) for row in rows)
        if not lost:
            sound.append(flagged)
        elif not flagged and _power(planned, lost, _units(rows)) > 1 - _SHARE:
            yield f"{experiment} loses exposures by plan, and its sample ratio mismatch was not found"
    if binom.sf(sum(sound) - 1, len(sound), SRM_LEVEL) < _SHARE:
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

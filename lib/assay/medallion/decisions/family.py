"""Comparisons that share one level: a correction decides which of them are shown to differ, look by look.

The correction is applied at every look to the least evidence so far. That is what it would be applied to if
this look was the last, and it keeps its promise over all looks, because evidence holds at all of them
together (`levels`).

References:
    Dmitrienko and D'Agostino (2013), Traditional Multiplicity Adjustment Methods in Clinical Trials. Liu and
    Anderson (2008), On Adaptive Extensions of Group Sequential Trials for Clinical Investigations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.medallion.decisions import levels
from assay.medallion.decisions.result import Decision, Key, Result
from assay.medallion.decisions.words import BETTER, RUNNING, UNDECIDED, WORSE
from assay.spec import Metric, PlannedExperiment
from assay.spec.plan import Multiplicity
from assay.stats import CORRECTIONS, Corrected

Array = NDArray[np.float64]


def decide(
    planned: PlannedExperiment,
    multiplicity: Multiplicity,
    metrics: Mapping[str, Metric],
    alpha: float,
    rows: Sequence[Result],
) -> dict[Key, Decision]:
    """Decide on a family.

    Args:
        planned: A round of an experiment whose plan is not Bayesian.
        multiplicity: The correction.
        metrics: The blueprint's metrics by name.
        alpha: Error rate of the family.
        rows: Results of its comparisons, of the same looks each.

    Returns:
        What was decided once stands at every later look; its side is that of the look with the least p-value
        until then.
    """
    if not rows:
        return {}
    looks = sorted({row.as_of for row in rows})
    table = {row.key: row for row in rows}
    members = sorted({row.key[:2] for row in rows})
    p_values = np.array([[_trusted(table[*member, look]) for look in looks] for member in members])
    held = levels.evidence(planned, looks, p_values, alpha)
    corrected = _correction(multiplicity)(np.fmin.accumulate(held, axis=1), alpha)
    rejected = corrected.p_value < alpha
    found: dict[Key, Decision] = {}
    for i, member in enumerate(members):
        first = int(np.argmax(rejected[i])) if rejected[i].any() else len(looks)
        for j, look in enumerate(looks):
            level = levels.nominal(planned, look, float(corrected.alpha[i, j]))
            if j < first:
                word = UNDECIDED if look == planned.end else RUNNING
                found[*member, look] = Decision(word, None, level)
            else:
                clearest = looks[int(np.nanargmin(held[i, : first + 1]))]
                word = _side(table[*member, clearest].estimate, metrics[member[0]])
                found[*member, look] = Decision(word, looks[first], level)
    return found


def _trusted(row: Result) -> float:
    """A p-value to decide by: of arms that are as large as they should be."""
    return np.nan if row.p_value is None or row.srm else row.p_value


def _correction(multiplicity: Multiplicity) -> Callable[[Array, float], Corrected]:
    """The correction over comparisons, which are along the first axis."""
    if multiplicity == "none":
        return lambda p, alpha: Corrected(p, np.full(p.shape, alpha))
    return lambda p, alpha: CORRECTIONS[multiplicity](p, alpha=alpha, axis=0)


def _side(estimate: float | None, metric: Metric) -> str:
    return BETTER if ((estimate or 0.0) > 0) == metric.higher_is_better else WORSE

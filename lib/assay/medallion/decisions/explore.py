"""What looks say of a part of the units: an estimate with its interval, and no decision.

A plan decides on everyone. Each of its parts has fewer units and there are many, so that some differ by
chance; who searches them for one that does must hold it to a level divided by their number.

References:
    Dunn (1961), Multiple Comparisons among Means (the level, Bonferroni's). Wang, Lagakos, Ware, Hunter and
    Drazen (2007), Statistics in Medicine: Reporting of Subgroup Analyses in Clinical Trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assay.medallion.decisions.result import Decision, Result
from assay.medallion.decisions.words import EXPLORATORY
from assay.spec import Bayesian, PlannedExperiment


def explore(planned: PlannedExperiment, alpha: float, rows: Sequence[Result]) -> list[Decision]:
    """What looks say of the segments of one round of an experiment.

    Args:
        planned: The round.
        alpha: The blueprint's level.
        rows: Results of all its segments, in any order.

    Returns:
        For each result, in the same order, that it is exploratory, at every look; and alpha divided by the
        number of segments with the same metric, contrast and look. Posteriors are held to no level.
    """
    if isinstance(planned.plan, Bayesian):
        return [Decision(EXPLORATORY, None, None) for _ in rows]
    parts = Counter(row.key for row in rows)
    return [Decision(EXPLORATORY, None, alpha / parts[row.key]) for row in rows]
